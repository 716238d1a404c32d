import type { Link, NetworkOperation, NetworkState } from '../../linux/contract.ts';
import { isBare, isLeg, isMarked, markOf } from '../../linux/legs.ts';
import type { DesiredBridge, HostState } from './derive.ts';
import { type DesiredLeg, isSameVxlan, legMtu } from './legs.ts';

/**
 * Makes a network's leg, or makes it as it should be. A VLAN device that is there already is put into the bridge as a card
 * is, since the host may have addresses on it.
 */
export function planLeg(bridge: DesiredBridge, leg: DesiredLeg, actual: NetworkState): NetworkOperation[] {
  const { name } = leg;
  const found = actual.links.get(name);
  const operations: NetworkOperation[] = [];
  const change = found ? changeOf(leg, found) : null;
  if (change === 'make anew') operations.push({ op: 'delete_link', name });
  if (change === 'move' && leg.kind === 'vxlan') operations.push({ op: 'move_vxlan', name, link: leg.vxlan.link });
  const there = change === 'make anew' ? undefined : found;
  if (!there) operations.push(...make(leg, bridge.networkId));
  const mtu = legMtu(leg, bridge.mtu, actual);
  if (there?.mtu !== mtu) operations.push({ op: 'set_mtu', name, mtu });
  operations.push(...planUp(leg, there, bridge.name, actual));
  const isPutByCard = leg.kind === 'vlan' && there;
  if (!isPutByCard && there?.master !== bridge.name) operations.push({ op: 'set_master', name, master: bridge.name });
  return operations;
}

/** Other legs in a network's bridge, of its former VLAN or card: two ways out would be a loop, or a leak. */
export function planStrayLegs(bridge: DesiredBridge, desired: HostState, actual: NetworkState): NetworkOperation[] {
  if (!bridge.ours) return [];
  return [...actual.links.values()]
    .filter((link) => link.master === bridge.name && link.name !== bridge.nic)
    .filter((link) => isLeg(link) && isBare(link) && !desired.cards.has(link.name))
    .map(({ name }) => ({ op: 'delete_link', name }));
}

/**
 * Legs of networks that have no port on this host (any more). The kernel says so, not what is known of ports: a leg stays
 * as long as anything else is in its bridge, so that none goes while the server cannot be asked, or for a port that is
 * unknown for the moment. The bridge stays: Nova may be about to put a tap into it.
 */
export function planUnusedLegs(desired: HostState, actual: NetworkState): NetworkOperation[] {
  if (!desired.isWhole) return [];
  const needed = new Set([...desired.bridges.values()].map(({ nic }) => nic));
  return [...actual.links.values()]
    .filter((link) => isLeg(link) && !needed.has(link.name) && !desired.cards.has(link.name))
    .filter((link) => isBare(link) && isUnused(link, desired, actual))
    .map(({ name }) => ({ op: 'delete_link', name }));
}

function isUnused(leg: Link, desired: HostState, actual: NetworkState): boolean {
  const { master } = leg;
  if (master === null) return isMarked(leg);
  const bridge = actual.links.get(master);
  if (!bridge || !master.startsWith('brq') || !isBare(bridge) || desired.bridges.has(master)) return false;
  return [...actual.links.values()].every((port) => port.master !== master || isLeg(port));
}

function changeOf(leg: DesiredLeg, found: Link): 'make anew' | 'move' | null {
  if (leg.kind === 'vlan' || isSameVxlan(found.vxlan, leg.vxlan)) return null;
  const moved = found.vxlan && { ...found.vxlan, link: leg.vxlan.link };
  // The entry for the group goes on naming the old device.
  return leg.vxlan.group === null && isSameVxlan(moved, leg.vxlan) ? 'move' : 'make anew';
}

function make(leg: DesiredLeg, networkId: string): NetworkOperation[] {
  const { name } = leg;
  return [
    leg.kind === 'vlan'
      ? { op: 'ensure_vlan', name, link: leg.link, vid: leg.vid }
      : { op: 'ensure_vxlan', name, ...leg.vxlan },
    { op: 'sysctl', key: `net/ipv6/conf/${name}/disable_ipv6`, value: '1' },
    { op: 'set_alias', name, alias: markOf(networkId) },
  ];
}

/**
 * A VLAN device is up as long as its card is. The card is set up once, on the way in, as one that is itself a port: where
 * the operator sets it down later it stays so.
 */
function planUp(leg: DesiredLeg, there: Link | undefined, bridge: string, actual: NetworkState): NetworkOperation[] {
  const up: NetworkOperation = { op: 'set_up', name: leg.name };
  if (leg.kind === 'vxlan') return there?.up ? [] : [up];
  const card = actual.links.get(leg.link);
  if (there?.master === bridge) return there.up || !card?.up ? [] : [up];
  return [...(card && !card.up ? [{ op: 'set_up', name: card.name } as const] : []), ...(there ? [] : [up])];
}
