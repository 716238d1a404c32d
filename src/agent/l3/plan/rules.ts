import { builtIn, isOurs, isShared, jumpsFrom, routerTables, sharedRules } from '../chains.ts';
import type { RouterRule, RouterTable } from '../contract.ts';
import type { SavedRules } from '../kernel/saved-rules.ts';

type Wanted = ReadonlyMap<RouterTable, ReadonlyMap<string, readonly RouterRule[]>>;
const nothing: ReadonlyMap<string, readonly string[]> = new Map();

/**
 * The text for `iptables-restore --noflush` that makes a namespace's rules the wanted ones; empty when they are. Chains of
 * ours that differ are filled anew, in one transaction per table; rules of others stay where they are.
 *
 * @param seen null: nothing is there
 */
export function planRules(wanted: Wanted, seen: SavedRules | null): string {
  return routerTables
    .map((table) => planTable(table, wanted.get(table) ?? new Map(), seen?.get(table) ?? nothing))
    .join('');
}

function planTable(
  table: RouterTable,
  wanted: ReadonlyMap<string, readonly RouterRule[]>,
  seen: ReadonlyMap<string, readonly string[]>,
): string {
  const declared: string[] = [];
  const rules: string[] = [];
  for (const [chain, list] of wanted) {
    const bodies = list.map(({ body }) => body);
    const present = seen.get(chain);
    if (isShared(chain)) {
      if (!present) declared.push(`:${chain} - [0:0]`);
      rules.push(...planShared(chain, bodies, present ?? []));
    } else if (!present || !isSame(bodies, present)) {
      // Declared, a chain is empty, whatever was in it.
      declared.push(`:${chain} - [0:0]`);
      rules.push(...bodies.map((body) => `-A ${chain} ${body}`));
    }
  }
  for (const chain of builtIn[table]) rules.push(...planShared(chain, jumpsFrom(table, chain), seen.get(chain) ?? []));
  const stale = [...seen.keys()].filter((chain) => isOurs(chain) && !isShared(chain) && !wanted.has(chain));
  // What leads to them from chains that stay is gone by now.
  const removals = [...stale.map((chain) => `-F ${chain}`), ...stale.map((chain) => `-X ${chain}`)];
  const lines = [...declared, ...rules, ...removals];
  return lines.length === 0 ? '' : `*${table}\n${lines.join('\n')}\nCOMMIT\n`;
}

/** A chain that others may have rules in: ours stand first. */
function planShared(chain: string, bodies: readonly string[], present: readonly string[]): string[] {
  const ours = sharedRules(chain, present);
  if (isSame(bodies, ours)) return [];
  return [
    ...ours.map((body) => `-D ${chain} ${body}`),
    ...bodies.map((body, index) => `-I ${chain} ${index + 1} ${body}`),
  ];
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((body, index) => body === b[index]);
}
