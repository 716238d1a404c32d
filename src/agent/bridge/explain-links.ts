import { tapName } from '../../lib/names.ts';
import type { Link, NetworkState } from '../../linux/contract.ts';
import type { ExplainStep } from '../../rpc/contract.ts';

/** Is the tap there, and up as the port is? */
export function explainTap(name: string, tap: Link | undefined, adminUp: boolean): ExplainStep {
  const expected = `device ${name}, ${adminUp ? 'up' : 'down'}`;
  const base = { step: 'tap', expected, device: name, check: `ip -s link show ${name}` };
  if (!tap) {
    const remedy = 'start the guest, or plug the port with: neutrino plug PORT --netns NAME';
    return { ...base, state: 'waiting', found: 'no such device', remedy };
  }
  const found = `device ${name}, ${tap.up ? 'up' : 'down'}${tap.up && !tap.carrier ? ', nobody at its other end' : ''}`;
  if (tap.up !== adminUp) {
    return { ...base, state: 'fault', found, remedy: 'see the log of the bridge agent on this host' };
  }
  if (tap.up && !tap.carrier) {
    return { ...base, state: 'waiting', found, remedy: 'bring up the interface inside the guest' };
  }
  return { ...base, state: 'ok', found };
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
  const base = { step: 'bridge', expected, device: name, check: `ip link show master ${name}` };
  if (!bridge) {
    const remedy = 'the bridge agent makes it with the first tap of the network; see its log';
    return { ...base, state: 'waiting', found: 'no such bridge', remedy };
  }
  if (bridge.up) return { ...base, state: 'ok', found: expected };
  return { ...base, state: 'fault', found: `bridge ${name}, down`, remedy: `ip link set ${name} up` };
}

/** The card that is itself a port of the bridge. */
export function explainNic(nic: string | null, bridge: string, state: NetworkState): ExplainStep {
  if (nic === null) {
    const expected = "no card: the network stays on this host, or its bridge is the operator's";
    return { step: 'nic', state: 'not_applicable', expected, found: '' };
  }
  const expected = `${nic} in bridge ${bridge}, up with carrier`;
  const base = { step: 'nic', expected, device: nic, check: `ip -s link show ${nic}` };
  const card = state.links.get(nic);
  if (!card) {
    const remedy = 'correct physical_interface_mappings of this host';
    return { ...base, state: 'fault', found: `there is no ${nic}`, remedy };
  }
  const place = card.master === null ? 'in no bridge' : `in bridge ${card.master}`;
  const found = `${nic} ${place}, ${card.up ? 'up' : 'down'}${card.carrier ? ' with carrier' : ' without carrier'}`;
  if (card.master === bridge && card.up && card.carrier) return { ...base, state: 'ok', found };
  const remedy = card.master === bridge ? 'look at the cable and the other end' : 'see the log of the bridge agent';
  return { ...base, state: 'fault', found, remedy };
}

/** A step is read by people: more taps than this are counted. */
const NAMED = 6;

/** Whether the taps of a network's ports on this host are there, and in its bridge. */
export function explainTaps(portIds: readonly string[], bridge: string, state: NetworkState): ExplainStep {
  const check = `ip -br link show master ${bridge}`;
  const expected = `the taps of ${counted(portIds.length, 'port')} in bridge ${bridge}`;
  const missing = portIds.filter((id) => state.links.get(tapName(id))?.master !== bridge);
  const base = { step: 'taps', expected, check };
  if (missing.length === 0) return { ...base, state: 'ok', found: `${portIds.length} of ${portIds.length}` };
  const named = missing.slice(0, NAMED).map((id) => `${tapName(id)} (port ${id})`);
  const more = missing.length > NAMED ? ` and ${missing.length - NAMED} more` : '';
  const found = `${portIds.length - missing.length} of ${portIds.length}; missing: ${named.join(', ')}${more}`;
  return { ...base, state: 'waiting', found, remedy: `neutrino explain port ${missing[0]}` };
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
