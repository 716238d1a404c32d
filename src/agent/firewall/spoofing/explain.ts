import type { ExplainStep } from '../../../rpc/contract.ts';
import { CLOSED_CHAIN, type GuardedPort, NEIGHBOR_CHAIN, TYPES_IN_CHAIN, TYPES_OUT_CHAIN } from './desired.ts';
import { arpChain, macChain, neighborChain } from './port-rules.ts';
import type { Rule, SavedTable } from './saved-table.ts';

interface Guard {
  step: string;
  expected: string;
  check: string;
  table: SavedTable;
  chain: string;
  rules: readonly Rule[];
  /** Rules elsewhere that lead to the chain, or that belong to it. */
  beside: readonly { chain: string; rule: Rule }[];
}

const REMEDY = 'see the log of the bridge agent on this host; it mends its rules within a minute';

/**
 * What keeps a port to its own MACs and addresses, from the kernel's tables as they are.
 *
 * @param raw of ip6tables; null where neighbour discovery cannot be guarded
 */
export function explainGuards(wanted: GuardedPort, nat: SavedTable, raw: SavedTable | null): ExplainStep[] {
  const { port, rules, shared, problem } = wanted;
  if (port.filter === 'open') {
    const expected = 'nothing: port security is off, or its owner is trusted';
    return [{ step: 'mac_guard', state: 'not_applicable', expected, found: expected }];
  }
  if (!rules) return [explainClosed(wanted, nat, problem)];
  const { tap, mac, addressPairs } = port;
  const cause = [`port ${port.portId}`, ...addressPairs.map((pair) => `pair ${pair.ip_address}`)].join(', ');
  const macs = [...new Set([mac, ...addressPairs.map((pair) => pair.mac_address)])].join(', ');
  const guards: (Guard | null)[] = [
    {
      step: 'mac_guard',
      expected: `frames from ${macs} only`,
      check: `ebtables -t nat -L ${macChain(tap)}`,
      table: nat,
      chain: macChain(tap),
      rules: rules.mac,
      beside: [{ chain: 'PREROUTING', rule: shared.macJump }],
    },
    rules.arp && {
      step: 'arp_guard',
      expected: 'ARP of its own IPv4 addresses only',
      check: `ebtables -t nat -L ${arpChain(tap)}`,
      table: nat,
      chain: arpChain(tap),
      rules: rules.arp,
      beside: [{ chain: 'PREROUTING', rule: shared.arpJump }],
    },
    {
      step: 'type_guard',
      expected: `no frames that filters do not look into${port.guestTags ? ', but those with VLAN tags' : ''}`,
      check: `ebtables -t nat -L ${TYPES_IN_CHAIN}`,
      table: nat,
      chain: TYPES_IN_CHAIN,
      rules: [],
      beside: [
        { chain: TYPES_IN_CHAIN, rule: shared.typesIn },
        { chain: TYPES_OUT_CHAIN, rule: shared.typesOut },
      ],
    },
    raw &&
      rules.neighbors && {
        step: 'nd_guard',
        expected: 'neighbour advertisements of its own IPv6 addresses only',
        check: `ip6tables -t raw -S ${neighborChain(tap)}`,
        table: raw,
        chain: neighborChain(tap),
        rules: rules.neighbors,
        beside: [{ chain: NEIGHBOR_CHAIN, rule: shared.neighborJump }],
      },
  ];
  return guards.flatMap((guard) => (guard ? [explainGuard(guard, cause)] : []));
}

function explainGuard(guard: Guard, cause: string): ExplainStep {
  const { step, expected, check } = guard;
  const fault = faultOf(guard);
  if (fault === null) return { step, state: 'ok', expected, found: 'in force', cause, check };
  return { step, state: 'fault', expected, found: fault, remedy: REMEDY, cause, check };
}

function faultOf({ table, chain, rules, beside }: Guard): string | null {
  const there = table.get(chain);
  if (!there) return `no chain ${chain}`;
  const missing = rules.find(({ key }) => !there.rules.some((one) => one.key === key));
  if (missing) return `not in ${chain}: ${missing.text}`;
  const wanted = new Set(rules.map(({ key }) => key));
  const foreign = rules.length > 0 ? there.rules.find(({ key }) => !wanted.has(key)) : undefined;
  if (foreign) return `in ${chain}, of somebody else: ${foreign.text}`;
  if (rules.some(({ key }, at) => there.rules[at]?.key !== key)) return `rules of ${chain} in another order`;
  const lost = beside.find((one) => !table.get(one.chain)?.rules.some(({ key }) => key === one.rule.key));
  return lost ? `not in ${lost.chain}: ${lost.rule.text}` : null;
}

function explainClosed({ port, shared }: GuardedPort, nat: SavedTable, problem: string | null): ExplainStep {
  const expected = problem === null ? 'nothing passes until its rules are known' : 'nothing passes';
  const drops = nat.get(CLOSED_CHAIN)?.rules ?? [];
  const isShut = shared.closed.every((rule) => drops.some(({ key }) => key === rule.key));
  const check = `ebtables -t nat -L ${CLOSED_CHAIN}`;
  if (problem !== null)
    return { step: 'mac_guard', state: 'fault', expected, found: problem, cause: `port ${port.portId}`, check };
  if (nat.has(macChain(port.tap)))
    return { step: 'mac_guard', state: 'waiting', expected: 'its rules', found: 'the rules of before', check };
  return {
    step: 'mac_guard',
    state: isShut ? 'waiting' : 'fault',
    expected,
    found: isShut ? 'shut' : 'not shut',
    check,
  };
}
