import type { Link, NetworkOperation, NetworkState } from '../../linux/contract.ts';
import { movable, moveAddresses } from '../../linux/move-addresses.ts';
import type { DesiredBridge, DesiredTap, HostState } from './derive.ts';
import { type HostAddresses, planReturn } from './host-addresses.ts';
import { planLeg, planNeedlessLegs } from './plan-legs.ts';

export interface PlanOptions {
  /** Taps of guests that nobody has put into a bridge, or not again after the bridge was lost: we do. */
  orphans?: ReadonlySet<string>;
  /** Bridges and taps to leave alone, because an operation on them has just failed. */
  leaveAlone?: ReadonlySet<string>;
  /** What the host itself had on bridges that were deleted by hand. */
  remembered?: ReadonlyMap<string, HostAddresses>;
}

/**
 * What must be done so that the host becomes as desired: pure, and empty when it is so. Only what `desired` names is
 * looked at, and legs that nobody needs; bridges and taps of others, and empty bridges of ours, stay as they are.
 */
export function plan(desired: HostState, actual: NetworkState, options: PlanOptions = {}): NetworkOperation[] {
  const { orphans = new Set(), leaveAlone = new Set(), remembered = new Map() } = options;
  const operations: NetworkOperation[] = [];
  operations.push(...planNeedlessLegs(desired, actual).filter((operation) => !isOn(operation, leaveAlone)));
  for (const bridge of desired.bridges.values()) {
    if (leaveAlone.has(bridge.name)) continue;
    operations.push(...planBridge(bridge, actual));
    const had = remembered.get(bridge.name);
    if (had && bridge.ours) operations.push(...planReturn(bridge.name, had, actual));
  }
  for (const tap of desired.taps.values()) {
    if (tap.hold || tap.bridge === null || leaveAlone.has(tap.name) || leaveAlone.has(tap.bridge)) continue;
    operations.push(...planTap(tap, tap.bridge, actual, orphans.has(tap.name)));
  }
  return operations;
}

function isOn(operation: NetworkOperation, devices: ReadonlySet<string>): boolean {
  return 'name' in operation && devices.has(operation.name);
}

function planBridge(bridge: DesiredBridge, actual: NetworkState): NetworkOperation[] {
  const there = actual.links.get(bridge.name);
  if (!bridge.ours) return there && !there.up ? [{ op: 'set_up', name: bridge.name }] : [];
  // A VLAN device is born with the MAC of its card.
  const nic = bridge.nic === null ? undefined : actual.links.get(bridge.nic);
  const macOf = nic ?? (bridge.leg?.kind === 'vlan' ? actual.links.get(bridge.leg.link) : undefined);
  const operations: NetworkOperation[] = [];
  if (!there) {
    operations.push(
      { op: 'ensure_bridge', name: bridge.name },
      { op: 'sysctl', key: `net/ipv6/conf/${bridge.name}/disable_ipv6`, value: '1' },
    );
  }
  if (there?.mtu !== bridge.mtu) operations.push({ op: 'set_mtu', name: bridge.name, mtu: bridge.mtu });
  // The bridge gets the card's MAC for good; by itself it would take the lowest of its ports' and change as taps come.
  if (macOf?.mac && nic?.master !== bridge.name && bridge.leg?.kind !== 'vxlan' && there?.mac !== macOf.mac) {
    operations.push({ op: 'set_mac', name: bridge.name, mac: macOf.mac });
  }
  if (!there?.up) operations.push({ op: 'set_up', name: bridge.name });
  if (bridge.leg) operations.push(...planLeg(bridge, bridge.leg, actual));
  if (nic && bridge.leg?.kind !== 'vxlan') operations.push(...planNic(bridge, nic, actual));
  return operations;
}

/** The card becomes a port, and the host's own addresses go from it (or from the bridge it was in) to this bridge. */
function planNic(bridge: DesiredBridge, nic: Link, actual: NetworkState): NetworkOperation[] {
  const there = actual.links.get(bridge.name) ?? { name: bridge.name, addresses: [] };
  const operations: NetworkOperation[] = [];
  // Once, on the way in: a card that the operator sets down later stays so.
  if (!nic.up && nic.master !== bridge.name) operations.push({ op: 'set_up', name: nic.name });
  const oldBridge = nic.master === null || nic.master === bridge.name ? undefined : actual.links.get(nic.master);
  const sources = [nic, ...(oldBridge?.name.startsWith('brq') ? [oldBridge] : [])].filter(
    (source) => movable(source).length > 0,
  );
  if (sources.some((source) => movable(source).some((address) => address.family === 6))) {
    operations.push({ op: 'sysctl', key: `net/ipv6/conf/${bridge.name}/disable_ipv6`, value: '0' });
  }
  const enslave: NetworkOperation[] =
    nic.master === bridge.name ? [] : [{ op: 'set_master', name: nic.name, master: bridge.name }];
  if (sources.length === 0) return [...operations, ...enslave];
  for (const [index, source] of sources.entries()) {
    operations.push(...moveAddresses(actual, source, there, 'to_bridge', index === 0 ? enslave : []));
  }
  return operations;
}

function planTap(tap: DesiredTap, bridge: string, actual: NetworkState, isOrphan: boolean): NetworkOperation[] {
  const there = actual.links.get(tap.name);
  if (!there) return [];
  // Nova makes the bridge before the tap: where the bridge is gone, nobody is about to put the tap into it.
  const isLost = there.master === null && (isOrphan || !actual.links.has(bridge));
  const operations: NetworkOperation[] = [];
  if (there.mtu !== tap.mtu) operations.push({ op: 'set_mtu', name: tap.name, mtu: tap.mtu });
  if (there.master !== bridge && (tap.enslave || isLost)) {
    operations.push({ op: 'set_master', name: tap.name, master: bridge });
  }
  if (there.up !== tap.up) operations.push({ op: tap.up ? 'set_up' : 'set_down', name: tap.name });
  return operations;
}
