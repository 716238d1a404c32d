import type { Commented } from './comments.ts';
import { chains, FILTER_TOP } from './names.ts';
import type { Line, Table } from './unit.ts';

/** What is there whatever ports there are; the same in both families. */
export interface CommonRules {
  /** Chains of ours without lines of ports, whole. */
  readonly chains: Readonly<Record<Table, ReadonlyMap<string, readonly string[]>>>;
  /** In shared chains. */
  readonly lines: readonly Line[];
  /** From where our chains are entered: in this order, before the rules of anybody but Neutron's agents. */
  readonly jumps: Readonly<Record<Table, ReadonlyMap<string, readonly string[]>>>;
}

/**
 * As upstream, and closed for what nobody knows: a tap in a network's bridge that has no line in `sg-from` and `sg-to` passes
 * nothing, so that a guest whose tap Nova plugs before the agent hears of it waits. This is asked first: whatever else is
 * known of a frame's other end, it would be accepted. Taps in other bridges are somebody else's.
 */
export function commonRules(commented: Commented): CommonRules {
  const drop = (match: string) => commented(`${match}-j DROP`, 'closed');
  const routed = `-m physdev --physdev-in tap+ ! --physdev-is-bridged -g ${chains.input}`;
  return {
    chains: {
      filter: new Map([
        [FILTER_TOP, [`-j ${chains.local}`]],
        [chains.local, []],
        [chains.output, []],
        [chains.fallback, [commented('-j DROP', 'unmatched')]],
        [
          chains.closed,
          [
            `-i brq+ -m physdev --physdev-in tap+ --physdev-is-bridged -j ${chains.from}`,
            `-o brq+ -m physdev --physdev-out tap+ --physdev-is-bridged -j ${chains.to}`,
          ],
        ],
      ]),
      raw: new Map(),
    },
    lines: [
      { table: 'filter', chain: chains.forward, body: commented(routed, 'routed') },
      { table: 'filter', chain: chains.input, body: drop('-i brq+ -m physdev --physdev-in tap+ ') },
      { table: 'filter', chain: chains.from, body: drop('') },
      { table: 'filter', chain: chains.to, body: drop('') },
      { table: 'filter', chain: chains.groups, body: '-j ACCEPT' },
    ],
    jumps: {
      filter: new Map([
        ['FORWARD', [`-j ${FILTER_TOP}`, `-j ${chains.closed}`, `-j ${chains.forward}`]],
        ['INPUT', [`-j ${chains.input}`]],
        ['OUTPUT', [`-j ${FILTER_TOP}`, `-j ${chains.output}`]],
      ]),
      raw: new Map([
        ['PREROUTING', [`-j ${chains.prerouting}`]],
        ['OUTPUT', [`-j ${chains.output}`]],
      ]),
    },
  };
}
