import { type ChainDifference, ChainDifferences } from './chain-difference.ts';
import type { CommonRules } from './common-rules.ts';
import { FILTER_TOP } from './names.ts';
import type { Survey } from './survey.ts';
import { isBottom, type Line, type Table, tables, type Unit } from './unit.ts';

/** One change of the tables of one family. */
export type Change = { readonly table: Table; readonly chain: string; readonly owner: string | null } & (
  | { readonly do: 'fill'; readonly bodies: readonly string[] }
  | { readonly do: 'declare' }
  | { readonly do: 'remove' }
  | { readonly do: 'delete' | 'append'; readonly body: string }
  /** `at` counts from 1, as iptables does. */
  | { readonly do: 'insert'; readonly body: string; readonly at: number }
);

export interface PlanInput {
  readonly base: CommonRules;
  readonly have: ReadonlyMap<string, Unit>;
  readonly want: ReadonlyMap<string, Unit>;
  /** What a look at the kernel found; null when there was none since the last change, so that only units differ. */
  readonly seen: Survey | null;
}

/**
 * What has to be done so that each owner in `want` has its unit, and owners that are only in `have` have nothing. In shared
 * chains lines come in at the top (or the bottom) and go by their text: whatever another agent did to such a chain meanwhile,
 * no line gets to where it opens something.
 */
export function planChanges({ base, have, want, seen }: PlanInput): Change[] {
  const plan: Change[] = seen ? baseChanges(base, seen) : [];
  const differences = new ChainDifferences();
  const refill = new Set(seen?.disorder.map(({ table, chain }) => `${table} ${chain}`));
  const gone = new Set<string>(seen?.strays);
  for (const owner of new Set([...have.keys(), ...want.keys()])) {
    const before = have.get(owner) ?? nothing;
    const after = want.get(owner) ?? nothing;
    for (const name of after.chains.keys()) gone.delete(name);
    if (before === after) continue;
    for (const [chain, bodies] of after.chains) {
      // What somebody put there by hand may not go by its text.
      const there = before.chains.get(chain);
      const found = there === undefined ? 'all' : differences.between(there, bodies);
      plan.push(...chainChanges(chain, found !== null && seen !== null ? 'all' : found, bodies, owner));
    }
    for (const chain of before.chains.keys()) if (!after.chains.has(chain)) gone.add(chain);
    plan.push(...lineChanges(before.lines, after.lines, owner, refill));
  }
  for (const { table, chain } of seen?.disorder ?? []) {
    plan.push({ do: 'fill', table, chain, owner: null, bodies: sharedBodies(table, chain, base, want) });
  }
  for (const chain of gone) plan.push({ do: 'remove', table: 'filter', chain, owner: null });
  return plan;
}

const nothing: Unit = { chains: new Map(), lines: [] };

function baseChanges(base: CommonRules, seen: Survey): Change[] {
  const plan: Change[] = [];
  for (const { table, chain, bodies } of seen.wrong) {
    const wanted = base.chains[table].get(chain) as readonly string[];
    if (chain === FILTER_TOP) {
      if (bodies === null) plan.push({ do: 'declare', table, chain, owner: null });
      for (const body of wanted) plan.push({ do: 'append', table, chain, owner: null, body });
    } else plan.push({ do: 'fill', table, chain, owner: null, bodies: wanted });
  }
  const refilled = (line: Line) =>
    seen.disorder.some(({ table, chain }) => table === line.table && chain === line.chain);
  for (const line of seen.missing) {
    if (refilled(line)) continue;
    plan.push(isBottom(line) ? { ...line, do: 'append', owner: null } : { ...line, do: 'insert', at: 1, owner: null });
  }
  for (const { table, chain, bodies } of seen.entries) {
    const jumps = base.jumps[table].get(chain) as readonly string[];
    for (const body of bodies) if (jumps.includes(body)) plan.push({ do: 'delete', table, chain, owner: null, body });
    for (const body of [...jumps].reverse()) plan.push({ do: 'insert', table, chain, owner: null, body, at: 1 });
  }
  return plan;
}

/** Everything of a shared chain, ports in the order of their names. */
function sharedBodies(table: Table, chain: string, base: CommonRules, want: ReadonlyMap<string, Unit>): string[] {
  const lines = [...want.keys()].sort().flatMap((owner) => (want.get(owner) as Unit).lines);
  const here = [...lines, ...base.lines].filter((line) => line.table === table && line.chain === chain);
  return [...here.filter((line) => !isBottom(line)), ...here.filter(isBottom)].map(({ body }) => body);
}

function lineChanges(
  before: readonly Line[],
  after: readonly Line[],
  owner: string,
  refill: ReadonlySet<string>,
): Change[] {
  if (before === after) return [];
  const isElsewhere = (lines: readonly Line[]) => (line: Line) =>
    !refill.has(`${line.table} ${line.chain}`) &&
    !lines.some(({ table, chain, body }) => table === line.table && chain === line.chain && body === line.body);
  // From the last to the first, each to the top: so they stand in their order.
  const come = after.filter(isElsewhere(before)).reverse();
  return [
    ...come.map(
      (line): Change => (isBottom(line) ? { ...line, do: 'append', owner } : { ...line, do: 'insert', at: 1, owner }),
    ),
    ...before.filter(isElsewhere(after)).map((line): Change => ({ ...line, do: 'delete', owner })),
  ];
}

function chainChanges(
  chain: string,
  difference: ChainDifference | null,
  after: readonly string[],
  owner: string,
): Change[] {
  if (difference === null) return [];
  const at = { table: 'filter', chain, owner } as const;
  if (difference === 'all') return [{ ...at, do: 'fill', bodies: after }];
  return [
    ...difference.gone.map((body): Change => ({ ...at, do: 'delete', body })),
    ...difference.come.map((one): Change => ({ ...at, do: 'insert', ...one })),
  ];
}

/** The text for `iptables-restore --noflush`, and of which change each of its lines is (from line 1). */
export function renderChanges(plan: readonly Change[]): { text: string; changes: (Change | null)[] } {
  const lines: string[] = [];
  const changes: (Change | null)[] = [null];
  const say = (line: string, change: Change | null) => {
    lines.push(line);
    changes.push(change);
  };
  for (const table of tables) {
    const here = plan.filter((change) => change.table === table);
    if (here.length === 0) continue;
    say(`*${table}`, null);
    // Chains first: rules may lead to any of them. Naming one that is there empties it.
    for (const change of here) {
      if (change.do === 'declare' || change.do === 'fill') say(`:${change.chain} - [0:0]`, change);
    }
    for (const change of here) {
      const { chain } = change;
      if (change.do === 'fill') for (const body of change.bodies) say(`-A ${chain} ${body}`, change);
      else if (change.do === 'append') say(`-A ${chain} ${change.body}`, change);
      else if (change.do === 'insert') say(`-I ${chain}${change.at > 1 ? ` ${change.at}` : ''} ${change.body}`, change);
      else if (change.do === 'delete') say(`-D ${chain} ${change.body}`, change);
    }
    const gone = here.filter((change) => change.do === 'remove');
    for (const change of gone) say(`-F ${change.chain}`, change);
    for (const change of gone) say(`-X ${change.chain}`, change);
    say('COMMIT', null);
  }
  return { text: lines.length > 0 ? `${lines.join('\n')}\n` : '', changes };
}

/** A change as the words of an iptables command; a chain that is filled is one line for each rule. */
export function describeChange(change: Change): string[] {
  const { table, chain } = change;
  const say = (words: string) => `-t ${table} ${words}`;
  if (change.do === 'declare') return [say(`-N ${chain}`)];
  if (change.do === 'remove') return [say(`-F ${chain}`), say(`-X ${chain}`)];
  if (change.do === 'fill') return [say(`-F ${chain}`), ...change.bodies.map((body) => say(`-A ${chain} ${body}`))];
  if (change.do === 'insert') return [say(`-I ${chain} ${change.at} ${change.body}`)];
  return [say(`${change.do === 'append' ? '-A' : '-D'} ${chain} ${change.body}`)];
}
