import type { Link, NetworkOperation, NetworkState } from '../contract.ts';
import { isBare, isLeg } from '../legs.ts';
import { moveAddresses } from '../move-addresses.ts';

/**
 * What must be done to remove a network's bridge: its card gets the addresses back and leaves, its legs and the bridge go.
 * Taps that are still in it are let go, as by upstream. A VLAN device that gets addresses back was somebody's before it was
 * a leg, and stays.
 *
 * @param nics the configured cards; a port that is neither one of them nor a tap counts as card too, so that a bridge
 *   made under another configuration does not take the host's addresses with it
 */
export function planBridgeRemoval(
  bridgeName: string,
  actual: NetworkState,
  nics: ReadonlySet<string>,
): NetworkOperation[] {
  const bridge = actual.links.get(bridgeName);
  if (bridge?.kind !== 'bridge') return [];
  const ports = bridgePorts(bridgeName, actual);
  const card = ports.find((port) => nics.has(port.name)) ?? ports.find((port) => mayHaveAddresses(port, bridge));
  const legs = ports.filter((port) => isLeg(port) && isBare(port) && port !== card && !nics.has(port.name));
  const removed = [...legs.map(({ name }) => name), bridgeName];
  const remove = removed.map((name): NetworkOperation => ({ op: 'delete_link', name }));
  if (!card) return remove;
  const leave: NetworkOperation = { op: 'set_master', name: card.name, master: null };
  return [...moveAddresses(actual, bridge, card, 'back', [leave]), ...remove];
}

function mayHaveAddresses(port: Link, bridge: Link): boolean {
  if (port.name.startsWith('tap') || port.vxlan) return false;
  return !isLeg(port) || !isBare(bridge) || !isBare(port);
}

export function bridgePorts(bridgeName: string, actual: NetworkState): Link[] {
  return [...actual.links.values()].filter((link) => link.master === bridgeName);
}
