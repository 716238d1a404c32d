import type { Exec, NetworkState } from '../../linux/contract.ts';
import { type DeviceKind, knowsKind } from '../../linux/device-kinds.ts';
import { CannotStart } from './cannot-start.ts';
import { underlay } from './legs.ts';
import type { BridgeConfig } from './options.ts';

const REASONS: Record<DeviceKind, string> = {
  vlan: 'the kernel has no VLAN devices: load its module 8021q and restart the agent',
  vxlan: 'the kernel has no VXLAN devices: load its module vxlan and restart the agent',
};

/** Kinds of legs that the kernel cannot make, with the reason; those that the configuration rules out are not looked for. */
export async function findLacking(exec: Exec, config: BridgeConfig): Promise<Map<DeviceKind, string>> {
  const kinds: DeviceKind[] = config.vxlan ? ['vlan', 'vxlan'] : ['vlan'];
  const known = await Promise.all(kinds.map((kind) => knowsKind(exec, kind)));
  return new Map(kinds.filter((_, index) => !known[index]).map((kind) => [kind, REASONS[kind]]));
}

/** @throws CannotStart when this host cannot take part in VXLAN networks as it is told to */
export function checkTunnels(
  { vxlan }: BridgeConfig,
  state: NetworkState,
  lacking: ReadonlyMap<DeviceKind, string>,
): void {
  if (!vxlan) return;
  const reason = lacking.get('vxlan');
  if (reason !== undefined) throw new CannotStart('vxlan', 'enable_vxlan', `${reason}, or set it to False`);
  if (underlay(vxlan.localIp, state)) return;
  throw new CannotStart('vxlan', 'local_ip', `no device of this host has the address ${vxlan.localIp}`);
}

/** What the server is told of networks this host can be led into. */
export function legReport({ vxlan, lacking }: BridgeConfig): Record<string, unknown> {
  const unserved = Object.fromEntries(lacking);
  return {
    tunneling_ip: vxlan?.localIp ?? '',
    tunnel_types: vxlan ? ['vxlan'] : [],
    // Upstream's server takes it for granted that VLANs are served; ours goes by this.
    network_types: ['local', 'flat', ...(lacking.has('vlan') ? [] : ['vlan'])],
    l2_population: vxlan?.mode === 'unicast',
    ...(lacking.size > 0 && { unserved_network_types: unserved }),
  };
}
