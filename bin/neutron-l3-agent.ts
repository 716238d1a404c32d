import { metadataRateOptions } from '../src/agent/daemons/metadata-rate.ts';
import { l3AgentOptions, l3Options } from '../src/agent/l3/options.ts';
import { commonOptions } from '../src/config/options/common.ts';
import { runHostAgent } from './frame/host-agent.ts';
import { syncFigures } from './frame/metrics.ts';

const about = `usage: neutron-l3-agent [options]

Makes routers: one namespace qrouter-<router id> each, with the router's addresses, routes, floating IPs and rules. A card
of a router is a veth pair: qr-… (internal) or qg-… (gateway) in the namespace, tap… on the host, where
neutron-linuxbridge-agent takes it into the network's bridge. Needs root. Where no --config-file is given it reads
neutron.conf and l3_agent.ini in /etc/neutron.

What it made goes on routing while it is stopped; look at it with: ip netns exec qrouter-<router id> ip address`;

await runHostAgent({
  name: 'neutron-l3-agent',
  about,
  groups: [l3Options, l3AgentOptions, metadataRateOptions],
  load: () => import('../src/agent/l3/agent.ts'),
  make({ L3Agent }, { linux, transport }, { config, logger, service }) {
    const { host, state_path: statePath } = config.get(commonOptions);
    const options = config.get(l3Options);
    const agentOptions = config.get(l3AgentOptions);
    const metadataRate = config.get(metadataRateOptions);
    const onSetUp = service.ready;
    return new L3Agent({
      ...{ host, statePath, options, agentOptions, metadataRate, transport, linux, logger, onSetUp },
    });
  },
  figures(figures, agent) {
    const read = () => agent.statistics;
    syncFigures(figures, () => ({ ...read(), rounds: read().syncs }));
    const gauge = (name: string, help: string, value: () => number) =>
      figures.gauge(`neutrino_l3_${name}`, help, [], value);
    gauge('routers', 'Routers on this host.', () => read().routers);
    gauge('interfaces', 'Their interfaces on internal networks.', () => read().interfaces);
    gauge('floating_ips', 'Their floating IPs.', () => read().floatingIps);
    gauge('failing', 'Routers that are not as they should be.', () => read().failing);
  },
});
