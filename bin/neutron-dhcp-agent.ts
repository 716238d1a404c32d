import { dhcpAgentOptions, dhcpOptions } from '../src/agent/dhcp/options.ts';
import { commonOptions } from '../src/config/options/common.ts';
import { metricsOptions } from '../src/metrics/options.ts';
import { connectAgent, dryRunOption, printPlan } from './frame/agent.ts';
import { commandFigures, openFigures, queueFigures, syncFigures } from './frame/metrics.ts';
import { runProgram } from './frame/program.ts';

const about = `usage: neutron-dhcp-agent [options]

Gives guests their addresses: one dnsmasq per network, in the namespace qdhcp-<network id>. Needs root. Where no
--config-file is given it reads neutron.conf and dhcp_agent.ini in /etc/neutron.`;

await runProgram({
  name: 'neutron-dhcp-agent',
  about,
  groups: [dhcpOptions, dhcpAgentOptions, metricsOptions],
  needs: ['queue'],
  extras: [dryRunOption],
  root: true,
  service: true,
  async start(parts) {
    const { config, logger, args, service } = parts;
    const [{ DhcpAgent }, { openHost }] = await Promise.all([
      import('../src/agent/dhcp/agent.ts'),
      import('../src/linux/host.ts'),
    ]);
    await using undo = new AsyncDisposableStack();
    const linux = await openHost({ logger });
    undo.defer(() => linux.close());
    const transport = await connectAgent('neutron-dhcp-agent', parts);
    undo.defer(() => transport.close());
    const { host, state_path } = config.get(commonOptions);
    const agent = new DhcpAgent({
      host,
      statePath: state_path,
      options: config.get(dhcpOptions),
      agentOptions: config.get(dhcpAgentOptions),
      transport,
      linux,
      logger,
      onSetUp: service.ready,
    });
    if (args.flags.has('dry-run')) return await printPlan(agent.dryRun());
    const metrics = await openFigures('neutron-dhcp-agent', parts);
    if (metrics !== null) undo.defer(() => metrics.close());
    service.describe(() => agent.status);
    undo.defer(() => agent.close());
    await agent.start();
    if (metrics !== null) {
      queueFigures(metrics.figures, transport);
      commandFigures(metrics.figures, linux.exec.statistics);
      const read = () => agent.statistics;
      syncFigures(metrics.figures, () => ({ ...read(), rounds: read().syncs }));
      metrics.figures.gauge(
        'neutrino_dhcp_networks',
        'Networks that have their dnsmasq here.',
        [],
        () => read().networks,
      );
      metrics.figures.gauge('neutrino_dhcp_ports', 'Ports of these networks.', [], () => read().ports);
      metrics.figures.gauge(
        'neutrino_dhcp_failing',
        'Networks that are not served as they should be.',
        [],
        () => read().failing,
      );
    }
    const started = undo.move();
    return { close: () => started.disposeAsync() };
  },
});
