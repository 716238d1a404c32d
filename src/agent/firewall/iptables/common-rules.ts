import type { Commented } from './comments.ts';
import { chains, FILTER_TOP } from './names.ts';
import type { Line, Table } from './unit.ts';

/** What is there whatever ports there are; the same in both families. */
export interface Base {
  /** Chains of ours without lines of ports, whole. */
  readonly chains: Readonly<Record<Table, ReadonlyMap<string, readonly string[]>>>;
  /** In shared chains. */
  readonly lines: readonly Line[];
  /** From where our chains are entered: in this order, before the rules of anybody but Neutron's agents. */
  readonly jumps: Readonly<Record<Table, ReadonlyMap<string, readonly string[]>>>;
}

/**
 * As upstream, and closed for what nobody knows: a tap in a network's bridge that no line stands for passes nothing, so
 * that a guest whose tap Nova plugs before the agent hears of it waits. Taps in other bridges are somebody else's.
 */
export function baseRules(commented: Commented): Base {
  const drop = (match: string) => commented(`${match} -j DROP`, 'closed');
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
            drop('-i brq+ -m physdev --physdev-in tap+ --physdev-is-bridged'),
            drop('-o brq+ -m physdev --physdev-out tap+ --physdev-is-bridged'),
          ],
        ],
      ]),
      raw: new Map(),
    },
    lines: [
      { table: 'filter', chain: chains.forward, body: commented(routed, 'routed') },
      { table: 'filter', chain: chains.input, body: drop('-i brq+ -m physdev --physdev-in tap+') },
      { table: 'filter', chain: chains.groups, body: '-j ACCEPT' },
    ],
    jumps: {
      filter: new Map([
        ['FORWARD', [`-j ${FILTER_TOP}`, `-j ${chains.forward}`, `-j ${chains.closed}`]],
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
