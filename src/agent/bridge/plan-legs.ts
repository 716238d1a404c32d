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

/**
 * Legs that no network with a port here has: those of networks whose last port went, and those that are in a bridge beside
 * its own, of its former VLAN or card (two ways out would be a loop, or a leak).
 *
 * For the former the kernel decides, not what is known of ports: a leg stays as long as anything else is in its bridge, so
 * that none goes while the server cannot be asked, or for a port that is unknown for the moment. The bridge stays: Nova
 * may be about to put a tap into it.
 */
export function planNeedlessLegs(desired: HostState, actual: NetworkState): NetworkOperation[] {
  const legs = [...actual.links.values()].filter((link) => isLeg(link) && isBare(link));
  if (legs.length === 0) return [];
  const needed = new Set([...desired.bridges.values()].map(({ nic }) => nic));
  return legs
    .filter(({ name }) => !needed.has(name) && !desired.cards.has(name))
    .filter((leg) => isStray(leg, desired) || (desired.isWhole && isUnused(leg, actual)))
    .map(({ name }) => ({ op: 'delete_link', name }));
}

function isStray({ master }: Link, desired: HostState): boolean {
  return master !== null && (desired.bridges.get(master)?.ours ?? false);
}

function isUnused(leg: Link, actual: NetworkState): boolean {
  const { master } = leg;
  if (master === null) return isMarked(leg);
  const bridge = actual.links.get(master);
  if (!bridge || !master.startsWith('brq') || !isBare(bridge)) return false;
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
