import { bridgeAgentOptions, linuxBridgeOptions, securityGroupOptions } from '../src/agent/bridge/options.ts';
import { vxlanOptions } from '../src/agent/bridge/vxlan-options.ts';
import { qosOptions } from '../src/agent/qos/options.ts';
import { commonOptions, concurrencyOptions } from '../src/config/options/common.ts';
import { metricsOptions } from '../src/metrics/options.ts';
import { connectAgent, dryRunOption, printPlan } from './frame/agent.ts';
import { byLabel, commandFigures, openFigures, queueFigures, syncFigures } from './frame/metrics.ts';
import { runProgram } from './frame/program.ts';

const about = `usage: neutron-linuxbridge-agent [options]

Makes this host's bridges: one per network, with the taps of its ports and the card that leads to the physical network.
Needs root. Where no --config-file is given it reads neutron.conf and plugins/ml2/linuxbridge_agent.ini in /etc/neutron.`;

await runProgram({
  name: 'neutron-linuxbridge-agent',
  about,
  groups: [linuxBridgeOptions, vxlanOptions, bridgeAgentOptions, securityGroupOptions, qosOptions, metricsOptions],
  needs: ['queue'],
  extras: [dryRunOption],
  root: true,
  service: true,
  async start(parts) {
    const { config, logger, args, service } = parts;
    const [{ BridgeAgent }, { hostFilters }, { openHost }, { SHARED_LOCK_PATH }, { NftablesWatch }] = await Promise.all(
      [
        import('../src/agent/bridge/agent.ts'),
        import('../src/agent/bridge/filters.ts'),
        import('../src/linux/host.ts'),
        import('../src/linux/lock.ts'),
        import('../src/linux/table-watch.ts'),
      ],
    );
    await using undo = new AsyncDisposableStack();
    const linux = await openHost({ logger });
    undo.defer(() => linux.close());
    const transport = await connectAgent('neutron-linuxbridge-agent', parts);
    undo.defer(() => transport.close());
    const options = {
      linuxBridge: config.get(linuxBridgeOptions),
      vxlan: config.get(vxlanOptions),
      agent: config.get(bridgeAgentOptions),
      securityGroup: config.get(securityGroupOptions),
      qos: config.get(qosOptions),
    };
    const lockPaths = [config.get(concurrencyOptions).lock_path, SHARED_LOCK_PATH];
    const agent = new BridgeAgent({
      host: config.get(commonOptions).host,
      options,
      transport,
      linux,
      logger,
      onSetUp: service.ready,
      statePath: config.get(commonOptions).state_path,
      lockPaths,
      drivers: await hostFilters({ options, linux, logger, lockPaths }),
      tableWatch: new NftablesWatch(linux.exec, logger),
    });
    if (args.flags.has('dry-run')) return await printPlan(agent.dryRun());
    const metrics = await openFigures('neutron-linuxbridge-agent', parts);
    if (metrics !== null) undo.defer(() => metrics.close());
    service.describe(() => agent.status);
    undo.defer(() => agent.close());
    await agent.start();
    if (metrics !== null) {
      queueFigures(metrics.figures, transport);
      commandFigures(metrics.figures, linux.exec.statistics);
      syncFigures(metrics.figures, () => agent.statistics);
      metrics.figures.gauge('neutrino_devices', 'Taps on this host.', [], () => agent.statistics.devices);
      metrics.figures.counter('neutrino_operations_total', 'Operations on the host.', ['state'], () => {
        const { planned, applied } = agent.statistics;
        return byLabel('state', { planned, applied });
      });
    }
    const started = undo.move();
    return { close: () => started.disposeAsync() };
  },
});
