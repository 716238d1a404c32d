import type { IpVersion } from '../../../lib/ip/address.ts';
import type { ExplainStep } from '../../../rpc/contract.ts';
import { builtIn, isOurs, jumpsFrom, routerTables } from '../chains.ts';
import type { RouterState, RouterTable } from '../contract.ts';
import type { RouterObserved } from '../kernel/observe.ts';

const tools = { 4: 'iptables', 6: 'ip6tables' } as const;
/** Of each kind so many are named; a table that was emptied has hundreds. */
const NAMED = 10;

interface Difference {
  readonly family: IpVersion;
  readonly table: RouterTable;
  readonly chain: string;
  readonly body: string;
  readonly cause: string;
  readonly kind: 'missing' | 'foreign' | 'order';
}

/** Rules that are not there, are in another order, or that nobody asked for in chains of ours: each by name. */
export function explainRules(
  state: RouterState,
  observed: RouterObserved,
  about: (body: string) => boolean,
): ExplainStep[] {
  const differences = compareRules(state, observed).filter(({ body }) => about(body));
  const named = differences.slice(0, NAMED).map((one) => stepOf(one, state.namespace));
  const more = differences.length - named.length;
  if (more > 0) {
    const [last] = named.splice(-1);
    named.push({ ...last!, found: `${last!.found}; and ${more} more like this` });
  }
  if (named.length > 0) return named;
  let count = 0;
  for (const family of [4, 6] as const) {
    for (const chains of state.rules[family].values()) {
      for (const rules of chains.values()) count += rules.filter(({ body }) => about(body)).length;
    }
  }
  const expected = `${count} rules of NAT, marks and filters as they should be`;
  const check = `ip netns exec ${state.namespace} iptables-save`;
  return [{ step: 'rules', state: 'ok', expected, found: expected, check }];
}

function compareRules(state: RouterState, observed: RouterObserved): Difference[] {
  const differences: Difference[] = [];
  for (const family of [4, 6] as const) {
    for (const table of routerTables) {
      const there = observed.rules[family].get(table);
      const own = state.rules[family].get(table) ?? new Map<string, { body: string; cause: string }[]>();
      const jumps = builtIn[table].map(
        (chain) => [chain, jumpsFrom(table, chain).map((body) => ({ body, cause: 'every router' }))] as const,
      );
      for (const [chain, rules] of [...jumps, ...own]) {
        const present = there?.get(chain) ?? [];
        const wanted = rules.map(({ body }) => body);
        const missing = withoutEach(rules, present);
        const foreign = isOurs(chain)
          ? withoutEach(
              present.map((body) => ({ body, cause: '' })),
              wanted,
            )
          : [];
        const at = { family, table, chain };
        differences.push(...missing.map((rule) => ({ ...at, ...rule, kind: 'missing' as const })));
        differences.push(...foreign.map((rule) => ({ ...at, ...rule, kind: 'foreign' as const })));
        const ours = present.filter((body) => wanted.includes(body));
        const moved = missing.length > 0 ? -1 : wanted.findIndex((body, index) => ours[index] !== body);
        if (moved >= 0) differences.push({ ...at, ...rules[moved]!, kind: 'order' });
      }
    }
  }
  return differences;
}

/** Those rules that the list does not hold; one that is wanted twice must be there twice. */
function withoutEach<R extends { body: string }>(rules: readonly R[], list: readonly string[]): R[] {
  const left = [...list];
  return rules.filter(({ body }) => {
    const index = left.indexOf(body);
    if (index >= 0) left.splice(index, 1);
    return index < 0;
  });
}

function stepOf({ family, table, chain, body, cause, kind }: Difference, namespace: string): ExplainStep {
  const rule = `-A ${chain} ${body}`;
  const list = `${tools[family]} -t ${table} -S ${chain}`;
  const check = `ip netns exec ${namespace} ${list}`;
  const remedy = 'the L3 agent mends this within a minute; if it comes back, find out who else writes rules there';
  const base = { step: 'rule', state: 'fault' as const, check, remedy };
  if (kind === 'foreign') return { ...base, expected: `nothing in ${chain} that nobody asked for`, found: rule };
  const found = kind === 'missing' ? 'there is no such rule' : 'it is not in its place: another rule counts first';
  return { ...base, expected: `${tools[family]} -t ${table} ${rule}`, found, cause };
}
