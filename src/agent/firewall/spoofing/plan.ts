import type { Rule, SavedChain, SavedTable } from './saved-table.ts';

export interface DesiredChain {
  readonly policy: string;
  /** The first rules, exactly these. */
  readonly rules: readonly Rule[];
  /** Further rules in any order, for chains that all ports share; without it the chain has no further ones. */
  readonly members?: readonly Rule[];
}

export interface Jump {
  readonly from: string;
  readonly rule: Rule;
  /** Before all that is in the chain, or behind. */
  readonly at: 'top' | 'end';
}

export interface DesiredTable {
  readonly chains: ReadonlyMap<string, DesiredChain>;
  readonly jumps: readonly Jump[];
  /** Chains of ours that must not be there. */
  readonly removed: readonly string[];
}

export interface TablePlan {
  /** Between `*table` and `COMMIT`; empty when nothing is to do. */
  readonly lines: readonly string[];
  /** What is done, for people. */
  readonly steps: readonly string[];
  /** The table when it is done. */
  readonly next: SavedTable;
}

/**
 * What turns a table into the desired one. A chain that differs is emptied and filled in the same transaction, so that
 * no packet sees it half: rules are not deleted one by one, for ebtables-nft 1.8.9 cannot delete those with
 * `--among-src` on recent kernels. Only in chains of many members single ones come and go.
 *
 * @param declaration what stands behind a chain's name and policy
 */
export function planTable(present: SavedTable, desired: DesiredTable, declaration = ''): TablePlan {
  const next = new Map(present);
  const lines: string[] = [];
  const steps: string[] = [];
  const change = (step: string, text: readonly string[]) => {
    steps.push(step);
    lines.push(...text);
  };
  for (const [name, chain] of desired.chains) {
    const there = present.get(name);
    const { rules, text, step } = changeOfChain(name, chain, there, declaration);
    if (step) change(step, text);
    next.set(name, { policy: there && !step ? there.policy : chain.policy, rules });
  }
  for (const from of new Set(desired.jumps.map((jump) => jump.from))) {
    const { rules, removed, top, end } = changeOfJumps(
      desired.jumps.filter((jump) => jump.from === from),
      next.get(from)?.rules ?? [],
    );
    if (removed.length > 0) {
      change(
        `chain ${from}: ${removed.length} doubles less`,
        removed.map(({ text }) => `-D ${from} ${text}`),
      );
    }
    if (top.length + end.length > 0) {
      change(`chain ${from}: ${top.length + end.length} jumps more`, [
        ...top.map(({ text }) => `-I ${from} ${text}`),
        ...end.map(({ text }) => `-A ${from} ${text}`),
      ]);
    }
    setRules(next, from, rules);
  }
  const gone = new Set(desired.removed.filter((name) => present.has(name)));
  for (const [name, { rules }] of gone.size > 0 ? [...next] : []) {
    if (gone.has(name)) continue;
    const jumps = rules.filter(({ text }) => gone.has(targetOf(text)));
    if (jumps.length === 0) continue;
    lines.push(...jumps.map(({ text }) => `-D ${name} ${text}`));
    setRules(
      next,
      name,
      rules.filter((one) => !jumps.includes(one)),
    );
  }
  for (const name of gone) {
    steps.push(`remove chain ${name}`);
    next.delete(name);
  }
  // All are emptied before the first is removed: one may be the target of another.
  lines.push(...[...gone].map((name) => `-F ${name}`), ...[...gone].map((name) => `-X ${name}`));
  // A rule may jump to a chain that is made behind it.
  const isDeclaration = (line: string) => line.startsWith(':');
  return { lines: [...lines.filter(isDeclaration), ...lines.filter((line) => !isDeclaration(line))], steps, next };
}

/** Each jump once. Where it stands already it may stay. */
function changeOfJumps(
  jumps: readonly Jump[],
  there: readonly Rule[],
): { rules: Rule[]; removed: Rule[]; top: Rule[]; end: Rule[] } {
  const wanted = new Set(jumps.map(({ rule }) => rule.key));
  const had = new Set<string>();
  const removed = there.filter(({ key }) => wanted.has(key) && had.size === had.add(key).size);
  const missing = jumps.filter(({ rule }) => !had.has(rule.key));
  const top = missing.filter(({ at }) => at === 'top').map(({ rule }) => rule);
  const end = missing.filter(({ at }) => at === 'end').map(({ rule }) => rule);
  const surplus = new Set(removed);
  // Each is put in front of those before.
  return { rules: [...top.toReversed(), ...there.filter((one) => !surplus.has(one)), ...end], removed, top, end };
}

function changeOfChain(
  name: string,
  { policy, rules, members }: DesiredChain,
  there: SavedChain | undefined,
  declaration: string,
): { rules: readonly Rule[]; text: string[]; step: string | null } {
  const isHead = there?.policy === policy && isHeadOf(there.rules, rules);
  const tail = there?.rules.slice(rules.length) ?? [];
  if (isHead && tail.length === 0 && !members?.length) return { rules: there!.rules, text: [], step: null };
  if (isHead && members) {
    const wanted = new Set(members.map(({ key }) => key));
    const had = new Set<string>();
    // A second one of the same is one too many.
    const removed = tail.filter(({ key }) => !wanted.has(key) || had.size === had.add(key).size);
    const added = members.filter(({ key }) => !had.has(key));
    if (removed.length + added.length === 0) return { rules: there!.rules, text: [], step: null };
    if (removed.length + added.length < (rules.length + members.length) / 2 + 2) {
      const left = there!.rules.filter((one, at) => at < rules.length || !removed.includes(one));
      return {
        rules: [...left, ...added],
        text: [...removed.map(({ text }) => `-D ${name} ${text}`), ...added.map(({ text }) => `-A ${name} ${text}`)],
        step: `chain ${name}: ${added.length} rules more, ${removed.length} less`,
      };
    }
  }
  // The list itself: at the next pass it is known again without a look at its rules.
  const all = members ? [...rules, ...members] : rules;
  return {
    rules: all,
    text: [
      `:${name} ${policy}${declaration}`,
      ...(there ? [`-F ${name}`] : []),
      ...all.map(({ text }) => `-A ${name} ${text}`),
    ],
    step: `${there ? 'write chain' : 'make chain'} ${name}`,
  };
}

/** Whether a chain begins with these rules. Those that are the same objects need no keys. */
function isHeadOf(there: readonly Rule[], rules: readonly Rule[]): boolean {
  return there === rules || rules.every((one, at) => one === there[at] || one.key === there[at]?.key);
}

export function targetOf(text: string): string {
  return /(?:^| )-[jg] (\S+)/.exec(text)?.[1] ?? '';
}

function setRules(table: Map<string, SavedChain>, name: string, rules: readonly Rule[]): void {
  table.set(name, { policy: table.get(name)?.policy ?? 'ACCEPT', rules });
}
