import { bridgeAgentOptions, linuxBridgeOptions, securityGroupOptions } from '../src/agent/bridge/options.ts';
import { vxlanOptions } from '../src/agent/bridge/vxlan-options.ts';
import { qosOptions } from '../src/agent/qos/options.ts';
import { commonOptions, concurrencyOptions } from '../src/config/options/common.ts';
import { runHostAgent } from './frame/host-agent.ts';
import { byLabel, syncFigures } from './frame/metrics.ts';

const about = `usage: neutron-linuxbridge-agent [options]

Makes this host's bridges: one per network, with the taps of its ports and the card that leads to the physical network.
Needs root. Where no --config-file is given it reads neutron.conf and plugins/ml2/linuxbridge_agent.ini in /etc/neutron.`;

const load = async () => {
  const [{ BridgeAgent }, { hostFilters }, { SHARED_LOCK_PATH }, { NftablesWatch }] = await Promise.all([
    import('../src/agent/bridge/agent.ts'),
    import('../src/agent/bridge/filters.ts'),
    import('../src/linux/lock.ts'),
    import('../src/linux/table-watch.ts'),
  ]);
  return { BridgeAgent, hostFilters, SHARED_LOCK_PATH, NftablesWatch };
};

await runHostAgent({
  name: 'neutron-linuxbridge-agent',
  about,
  groups: [linuxBridgeOptions, vxlanOptions, bridgeAgentOptions, securityGroupOptions, qosOptions],
  load,
  async make(modules, { linux, transport }, { config, logger, service }) {
    const options = {
      linuxBridge: config.get(linuxBridgeOptions),
      vxlan: config.get(vxlanOptions),
      agent: config.get(bridgeAgentOptions),
      securityGroup: config.get(securityGroupOptions),
      qos: config.get(qosOptions),
    };
    const { host, state_path: statePath } = config.get(commonOptions);
    const lockPaths = [config.get(concurrencyOptions).lock_path, modules.SHARED_LOCK_PATH];
    return new modules.BridgeAgent({
      ...{ host, options, transport, linux, logger, statePath, lockPaths },
      onSetUp: service.ready,
      drivers: await modules.hostFilters({ options, linux, logger, lockPaths }),
      tableWatch: new modules.NftablesWatch(linux.exec, logger),
    });
  },
  figures(figures, agent) {
    syncFigures(figures, () => agent.statistics);
    figures.gauge('neutrino_devices', 'Taps on this host.', [], () => agent.statistics.devices);
    figures.counter('neutrino_operations_total', 'Operations on the host.', ['state'], () => {
      const { planned, applied } = agent.statistics;
      return byLabel('state', { planned, applied });
    });
  },
});
