import { metadataRateOptions } from '../src/agent/daemons/metadata-rate.ts';
import { dhcpAgentOptions, dhcpOptions } from '../src/agent/dhcp/options.ts';
import { commonOptions } from '../src/config/options/common.ts';
import { runHostAgent } from './frame/host-agent.ts';
import { syncFigures } from './frame/metrics.ts';

const about = `usage: neutron-dhcp-agent [options]

Gives guests their addresses: one dnsmasq per network, in the namespace qdhcp-<network id>. Needs root. Where no
--config-file is given it reads neutron.conf and dhcp_agent.ini in /etc/neutron.`;

await runHostAgent({
  name: 'neutron-dhcp-agent',
  about,
  groups: [dhcpOptions, dhcpAgentOptions, metadataRateOptions],
  load: () => import('../src/agent/dhcp/agent.ts'),
  make({ DhcpAgent }, { linux, transport }, { config, logger, service }) {
    const { host, state_path: statePath } = config.get(commonOptions);
    const options = config.get(dhcpOptions);
    const agentOptions = config.get(dhcpAgentOptions);
    const metadataRate = config.get(metadataRateOptions);
    const onSetUp = service.ready;
    return new DhcpAgent({
      ...{ host, statePath, options, agentOptions, metadataRate, transport, linux, logger, onSetUp },
    });
  },
  figures(figures, agent) {
    const read = () => agent.statistics;
    syncFigures(figures, () => ({ ...read(), rounds: read().syncs }));
    const gauge = (name: string, help: string, value: () => number) =>
      figures.gauge(`neutrino_dhcp_${name}`, help, [], value);
    gauge('networks', 'Networks that have their dnsmasq here.', () => read().networks);
    gauge('ports', 'Ports of these networks.', () => read().ports);
    gauge('failing', 'Networks that are not served as they should be.', () => read().failing);
  },
});
