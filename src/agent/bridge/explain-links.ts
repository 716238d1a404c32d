import type { Link, NetworkState } from '../../linux/contract.ts';
import type { ExplainStep } from '../../rpc/contract.ts';

/** Is the tap there, and up as the port is? */
export function explainTap(name: string, tap: Link | undefined, adminUp: boolean): ExplainStep {
  const expected = `device ${name}, ${adminUp ? 'up' : 'down'}`;
  if (!tap) {
    const remedy = 'start the guest, or plug the port with: neutrino plug PORT --netns NAME';
    return { step: 'tap', state: 'waiting', expected, found: 'no such device', remedy };
  }
  const found = `device ${name}, ${tap.up ? 'up' : 'down'}${tap.up && !tap.carrier ? ', nobody at its other end' : ''}`;
  if (tap.up !== adminUp) {
    return { step: 'tap', state: 'fault', expected, found, remedy: 'see the log of the bridge agent on this host' };
  }
  if (tap.up && !tap.carrier) {
    return { step: 'tap', state: 'waiting', expected, found, remedy: 'bring up the interface inside the guest' };
  }
  return { step: 'tap', state: 'ok', expected, found };
}

export function explainPlace(name: string, tap: Link | undefined, bridge: string): ExplainStep {
  const expected = `${name} in bridge ${bridge}`;
  if (!tap) return { step: 'tap_in_bridge', state: 'waiting', expected, found: 'no such device' };
  if (tap.master === bridge) return { step: 'tap_in_bridge', state: 'ok', expected, found: expected };
  const found = tap.master === null ? `${name} in no bridge` : `${name} in bridge ${tap.master}`;
  const remedy = `ip link set ${name} master ${bridge}`;
  return { step: 'tap_in_bridge', state: 'fault', expected, found, remedy };
}

export function explainBridge(name: string, bridge: Link | undefined): ExplainStep {
  const expected = `bridge ${name}, up`;
  if (!bridge) {
    const remedy = 'the bridge agent makes it with the first tap of the network; see its log';
    return { step: 'bridge', state: 'waiting', expected, found: 'no such bridge', remedy };
  }
  if (bridge.up) return { step: 'bridge', state: 'ok', expected, found: expected };
  return { step: 'bridge', state: 'fault', expected, found: `bridge ${name}, down`, remedy: `ip link set ${name} up` };
}

/** The card that is itself a port of the bridge. */
export function explainNic(nic: string | null, bridge: string, state: NetworkState): ExplainStep {
  if (nic === null) {
    const expected = "no card: the network stays on this host, or its bridge is the operator's";
    return { step: 'nic', state: 'not_applicable', expected, found: '' };
  }
  const expected = `${nic} in bridge ${bridge}, up with carrier`;
  const card = state.links.get(nic);
  if (!card) {
    const remedy = 'correct physical_interface_mappings of this host';
    return { step: 'nic', state: 'fault', expected, found: `there is no ${nic}`, remedy };
  }
  const place = card.master === null ? 'in no bridge' : `in bridge ${card.master}`;
  const found = `${nic} ${place}, ${card.up ? 'up' : 'down'}${card.carrier ? ' with carrier' : ' without carrier'}`;
  if (card.master === bridge && card.up && card.carrier) return { step: 'nic', state: 'ok', expected, found };
  const remedy = card.master === bridge ? 'look at the cable and the other end' : 'see the log of the bridge agent';
  return { step: 'nic', state: 'fault', expected, found, remedy };
}
