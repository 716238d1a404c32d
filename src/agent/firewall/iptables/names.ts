import type { IpVersion } from '../../../lib/ip/address.ts';

/**
 * Names in the host's tables, as upstream's bridge agent has them (agent/linux/iptables_manager.py): runbooks know them, and
 * a host that is taken over from it keeps its rules. A chain's name has at most 28 characters: 16 of the program's, a
 * hyphen, 11.
 */
export const PREFIX = 'neutron-linuxbri-';

/** Shared by all of Neutron's agents of a host; whoever comes first makes it. */
export const FILTER_TOP = 'neutron-filter-top';

export const chains = {
  forward: `${PREFIX}FORWARD`,
  input: `${PREFIX}INPUT`,
  output: `${PREFIX}OUTPUT`,
  local: `${PREFIX}local`,
  prerouting: `${PREFIX}PREROUTING`,
  groups: `${PREFIX}sg-chain`,
  fallback: `${PREFIX}sg-fallback`,
  /** Ours alone: what comes from or goes to a tap that has no line in the two lists below ends here. */
  closed: `${PREFIX}sg-closed`,
  from: `${PREFIX}sg-from`,
  to: `${PREFIX}sg-to`,
} as const;

const SHORT = 10;

/** What the names of a port's chains end in; upstream's form. Taps whose names differ only in the last character share it. */
export function chainKey(tap: string): string {
  return tap.slice(3, 3 + SHORT);
}

/** The same for a tap whose `chainKey` another one has: no hyphen, one more digit. */
export function otherChainKey(tap: string): string {
  return tap.slice(3).replace('-', '').slice(0, SHORT);
}

/** To the guest, from the guest, and the guest's own addresses. */
export function portChain(kind: 'i' | 'o' | 's', key: string): string {
  return `${PREFIX}${kind}${key}`;
}

const reserved = new Set<string>(Object.values(chains));

/** Whether a chain could be a port's: some of the others begin with the same letters. */
export function isPortChain(name: string): boolean {
  return /^neutron-linuxbri-[ios]\S+$/.test(name) && !reserved.has(name);
}

/** What upstream's comments in table raw call a port: its tap without the first four characters. */
export function commentName(tap: string): string {
  return tap.startsWith('tap') ? tap.slice(4) : tap;
}

const SET_NAME_LENGTH = 29;

/** The set of the addresses of a group or address group. Two characters are left for `-n`, a set that is being made. */
export function setName(id: string, version: IpVersion): string {
  return `NIPv${version}${id}`.slice(0, SET_NAME_LENGTH);
}

export const NEW_SET = '-n';

/** Whether a set is one that agents make, for a group with an id of the API. */
export function isSetName(name: string): boolean {
  return /^NIPv[46][0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-?(-n)?$/.test(name);
}
