import type { Link, NetworkOperation, NetworkState } from '../contract.ts';
import { moveAddresses } from '../move-addresses.ts';

/**
 * What must be done to remove a network's bridge: its card gets the addresses back and leaves, the bridge goes. Taps that
 * are still in it are let go, as by upstream.
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
  const card = ports.find((port) => nics.has(port.name)) ?? ports.find((port) => !port.name.startsWith('tap'));
  const remove: NetworkOperation = { op: 'delete_link', name: bridgeName };
  if (!card) return [remove];
  const leave: NetworkOperation = { op: 'set_master', name: card.name, master: null };
  return [...moveAddresses(actual, bridge, card, 'back', [leave]), remove];
}

export function bridgePorts(bridgeName: string, actual: NetworkState): Link[] {
  return [...actual.links.values()].filter((link) => link.master === bridgeName);
}
