import { l3AgentOptions, l3Options } from '../src/agent/l3/options.ts';
import { commonOptions } from '../src/config/options/common.ts';
import { metricsOptions } from '../src/metrics/options.ts';
import { connectAgent, dryRunOption, printPlan } from './frame/agent.ts';
import { commandFigures, openFigures, queueFigures, syncFigures } from './frame/metrics.ts';
import { runProgram } from './frame/program.ts';

const about = `usage: neutron-l3-agent [options]

Makes routers: one namespace qrouter-<router id> each, with the router's addresses, routes, floating IPs and rules. A card
of a router is a veth pair: qr-… (internal) or qg-… (gateway) in the namespace, tap… on the host, where
neutron-linuxbridge-agent takes it into the network's bridge. Needs root. Where no --config-file is given it reads
neutron.conf and l3_agent.ini in /etc/neutron.

What it made goes on routing while it is stopped; look at it with: ip netns exec qrouter-<router id> ip address`;

await runProgram({
  name: 'neutron-l3-agent',
  about,
  groups: [l3Options, l3AgentOptions, metricsOptions],
  needs: ['queue'],
  extras: [dryRunOption],
  root: true,
  service: true,
  async start(parts) {
    const { config, logger, args, service } = parts;
    const [{ L3Agent }, { openHost }] = await Promise.all([
      import('../src/agent/l3/agent.ts'),
      import('../src/linux/host.ts'),
    ]);
    await using undo = new AsyncDisposableStack();
    const linux = await openHost({ logger });
    undo.defer(() => linux.close());
    const transport = await connectAgent('neutron-l3-agent', parts);
    undo.defer(() => transport.close());
    const { host, state_path } = config.get(commonOptions);
    const agent = new L3Agent({
      host,
      statePath: state_path,
      options: config.get(l3Options),
      agentOptions: config.get(l3AgentOptions),
      transport,
      linux,
      logger,
      onSetUp: service.ready,
    });
    if (args.flags.has('dry-run')) return await printPlan(agent.dryRun());
    const metrics = await openFigures('neutron-l3-agent', parts);
    if (metrics !== null) undo.defer(() => metrics.close());
    service.describe(() => agent.status);
    undo.defer(() => agent.close());
    await agent.start();
    if (metrics !== null) {
      queueFigures(metrics.figures, transport);
      commandFigures(metrics.figures, linux.exec.statistics);
      const read = () => agent.statistics;
      syncFigures(metrics.figures, () => ({ ...read(), rounds: read().syncs }));
      const gauge = (name: string, help: string, value: () => number) =>
        metrics.figures.gauge(`neutrino_l3_${name}`, help, [], value);
      gauge('routers', 'Routers on this host.', () => read().routers);
      gauge('interfaces', 'Their interfaces on internal networks.', () => read().interfaces);
      gauge('floating_ips', 'Their floating IPs.', () => read().floatingIps);
      gauge('failing', 'Routers that are not as they should be.', () => read().failing);
    }
    const started = undo.move();
    return { close: () => started.disposeAsync() };
  },
});
