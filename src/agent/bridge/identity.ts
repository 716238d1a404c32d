import type { NetworkState } from '../../linux/contract.ts';
import { CannotStart } from './cannot-start.ts';
import type { BridgeConfig } from './options.ts';

/** @throws CannotStart when a mapped interface or bridge is not there */
export function checkHost(config: BridgeConfig, state: NetworkState): void {
  for (const [network, name] of config.interfaces) {
    if (state.links.has(name)) continue;
    const reason = `there is no interface ${name} on this host (for physical network ${network})`;
    throw new CannotStart('linux_bridge', 'physical_interface_mappings', reason);
  }
  for (const [network, name] of config.bridges) {
    if (state.links.get(name)?.kind === 'bridge') continue;
    const reason = `there is no bridge ${name} on this host (for physical network ${network})`;
    throw new CannotStart('linux_bridge', 'bridge_mappings', reason);
  }
}

/**
 * `lb` and a MAC without colons: of the first mapped bridge, else the first mapped interface, else the first device that
 * is not one of ours (upstream takes any device, whose MAC may be gone with the next guest).
 */
export function agentId(config: BridgeConfig, state: NetworkState): string {
  const mapped = [...config.bridges.values(), ...config.interfaces.values()];
  const others = [...state.links.keys()].filter((name) => !/^(brq|tap)/.test(name));
  for (const name of [...mapped, ...others]) {
    const mac = state.links.get(name)?.mac;
    if (mac) return `lb${mac.replaceAll(':', '')}`;
  }
  return 'lb000000000000';
}
