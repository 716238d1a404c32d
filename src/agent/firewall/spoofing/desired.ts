import type { FirewallPort } from '../contract.ts';
import type { DesiredChain, DesiredTable, Jump } from './plan.ts';
import { targetOf } from './plan.ts';
import { arpChain, macChain, neighborChain, type PortRules, portRules } from './port-rules.ts';
import { type Rule, rule, type SavedTable } from './saved-table.ts';

/** Drops all from and to taps that must stay shut. Of the same name as the interim chain in the table `filter`. */
export const CLOSED_CHAIN = 'neutrino-closed';
/** Frames of other types than filters understand: from guests, and to them. */
export const TYPES_IN_CHAIN = 'neutrino-types-in';
export const TYPES_OUT_CHAIN = 'neutrino-types-out';
/** Neighbour discovery of guests, in the table `raw` of ip6tables. */
export const NEIGHBOR_CHAIN = 'neutrino-nd';

/**
 * Types that filters look into, and RARP, by which qemu tells switches where a moved guest is now. All else would pass by
 * iptables: above all frames with a VLAN tag, for many receivers take those with tag 0 as if they had none
 * (CVE-2021-27853), and 802.3 frames with IP behind LLC and SNAP (CVE-2021-27854).
 */
const TYPES = [0x0800, 0x0806, 0x8035, 0x86dd];
const VLAN = '0x8100';

/** Everything of one port, kept as long as the port stays the same. */
export interface GuardedPort {
  readonly port: FirewallPort;
  readonly rules: PortRules | null;
  /** Its rules in chains that it shares with others. */
  readonly shared: SharedRules;
  /** Why it cannot be guarded and stays closed. */
  readonly problem: string | null;
}

interface SharedRules {
  readonly macJump: Rule;
  readonly arpJump: Rule;
  readonly neighborJump: Rule;
  readonly typesIn: Rule;
  readonly typesOut: Rule;
  readonly closed: readonly Rule[];
}

export function guarded(port: FirewallPort): GuardedPort {
  const rules = port.filter === 'filtered' ? portRules(port) : null;
  const problem = typeof rules === 'string' ? rules : null;
  return { port, rules: typeof rules === 'string' ? null : rules, shared: sharedRules(port), problem };
}

function sharedRules({ tap, guestTags }: FirewallPort): SharedRules {
  const others = guestTags ? `-p ! ${VLAN} ` : '';
  return {
    macJump: rule(`-i ${tap} -j ${macChain(tap)}`),
    arpJump: rule(`-p 0x806 -i ${tap} -j ${arpChain(tap)}`),
    neighborJump: rule(`-m physdev --physdev-in ${tap} -j ${neighborChain(tap)}`),
    typesIn: rule(`${others}-i ${tap} -j DROP`),
    typesOut: rule(`${others}-o ${tap} -j DROP`),
    closed: [rule(`-i ${tap} -j DROP`), rule(`-o ${tap} -j DROP`)],
  };
}

/** Taps whose chain of MACs is in the table, with the jump to it. */
export function guardedTaps(table: SavedTable): ReadonlySet<string> {
  const jumps = table.get('PREROUTING')?.rules ?? [];
  const taps = jumps
    .map(({ text }) => targetOf(text))
    .filter((chain) => chain.startsWith(macChain('')) && table.has(chain));
  return new Set(taps.map((chain) => chain.slice(macChain('').length)));
}

/** Ports, what the table has now, and which taps of it are not ours to decide over. */
export interface Question {
  readonly ports: ReadonlyMap<string, GuardedPort>;
  readonly present: SavedTable;
  /** Whether rules of a tap stay as they are: it is on the host, and nobody told us of it. */
  readonly isLeft: (tap: string) => boolean;
}

/** ebtables' table nat. */
export function desiredFrames({ ports, present, isLeft }: Question, permittedTypes: readonly number[]): DesiredTable {
  const chains = new Map<string, DesiredChain>();
  const jumps: Jump[] = [];
  const guardedBefore = guardedTaps(present);
  // Of a port whose new rules are not known yet, what is in force stays.
  const isKept = (tap: string) => isLeft(tap) || (ports.get(tap)?.port.filter === 'closed' && guardedBefore.has(tap));
  const closed = keptMembers(present, CLOSED_CHAIN, isKept);
  const typesIn = keptMembers(present, TYPES_IN_CHAIN, isKept);
  const typesOut = keptMembers(present, TYPES_OUT_CHAIN, isKept);
  for (const [tap, { port, rules, shared, problem }] of ports) {
    if (rules) {
      chains.set(macChain(tap), { policy: 'DROP', rules: rules.mac });
      jumps.push({ from: 'PREROUTING', rule: shared.macJump, at: 'top' });
      if (rules.arp) {
        chains.set(arpChain(tap), { policy: 'DROP', rules: rules.arp });
        // Behind the other: what it accepts is looked at no further.
        jumps.push({ from: 'PREROUTING', rule: shared.arpJump, at: 'end' });
      }
      typesIn.push(shared.typesIn);
      typesOut.push(shared.typesOut);
    } else if (problem !== null || (port.filter === 'closed' && !guardedBefore.has(tap))) {
      closed.push(...shared.closed);
    }
  }
  const heads = [...TYPES, ...permittedTypes].map((type) => rule(`-p 0x${type.toString(16)} -j RETURN`));
  const shared = [
    { name: CLOSED_CHAIN, rules: [], members: closed, from: ['PREROUTING', 'POSTROUTING'] },
    { name: TYPES_IN_CHAIN, rules: heads, members: typesIn, from: ['PREROUTING'] },
    { name: TYPES_OUT_CHAIN, rules: heads, members: typesOut, from: ['POSTROUTING'] },
  ];
  for (const { name, rules, members, from } of shared) {
    if (members.length === 0) continue;
    chains.set(name, { policy: 'RETURN', rules, members });
    for (const start of from) jumps.push({ from: start, rule: rule(`-j ${name}`), at: 'top' });
  }
  const names = shared.map(({ name }) => name);
  return { chains, jumps, removed: removedChains(present, names, chains, isKept) };
}

/** ip6tables' table raw: before connection tracking, which knows neighbour discovery as untracked. */
export function desiredPackets({ ports, present, isLeft }: Question): DesiredTable {
  const chains = new Map<string, DesiredChain>();
  const isKept = (tap: string) => isLeft(tap) || ports.get(tap)?.port.filter === 'closed';
  const members = keptMembers(present, NEIGHBOR_CHAIN, isKept);
  for (const [tap, { rules, shared }] of ports) {
    const chain = neighborChain(tap);
    if (!rules?.neighbors) continue;
    chains.set(chain, { policy: '-', rules: rules.neighbors });
    members.push(shared.neighborJump);
  }
  const jumps: Jump[] = [];
  if (members.length > 0) {
    chains.set(NEIGHBOR_CHAIN, { policy: '-', rules: [], members });
    const told = rule(`-p ipv6-icmp -m icmp6 --icmpv6-type 136 -j ${NEIGHBOR_CHAIN}`);
    // From nobody: somebody asks whether an address is free. Who answers with the same question takes it away.
    const probed = rule(`-s ::/128 -p ipv6-icmp -m icmp6 --icmpv6-type 135 -j ${NEIGHBOR_CHAIN}`);
    for (const jump of [told, probed]) jumps.push({ from: 'PREROUTING', rule: jump, at: 'top' });
  }
  return { chains, jumps, removed: removedChains(present, [NEIGHBOR_CHAIN], chains, isKept) };
}

/**
 * ebtables' table filter: until there were filters, ports were closed by a chain there. What is guarded now leaves it.
 */
export function desiredInterim({ present, isLeft }: Question): DesiredTable {
  const members = keptMembers(present, CLOSED_CHAIN, isLeft);
  const chains = new Map<string, DesiredChain>();
  if (members.length > 0) chains.set(CLOSED_CHAIN, { policy: 'RETURN', rules: [], members });
  return { chains, jumps: [], removed: members.length > 0 ? [] : [CLOSED_CHAIN] };
}

/** Rules of a shared chain that name a tap which is left alone. */
function keptMembers(present: SavedTable, chain: string, isKept: (tap: string) => boolean): Rule[] {
  return (present.get(chain)?.rules ?? []).filter(({ text }) => {
    const tap = /(?:-i|-o|--physdev-in) (\S+)/.exec(text)?.[1];
    return tap !== undefined && isKept(tap);
  });
}

function removedChains(
  present: SavedTable,
  shared: readonly string[],
  wanted: ReadonlyMap<string, unknown>,
  isKept: (tap: string) => boolean,
): string[] {
  return [...present.keys()].filter((name) => {
    if (wanted.has(name)) return false;
    const tap = /^neutr(?:on(?:MAC|ARP)|inoND)-(.+)$/.exec(name)?.[1];
    return tap === undefined ? shared.includes(name) : !isKept(tap);
  });
}
