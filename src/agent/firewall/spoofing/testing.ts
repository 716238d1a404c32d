import type { FirewallPort } from '../contract.ts';
import { type Rule, rule, type SavedChain, type SavedTable } from './saved-table.ts';

/** A filtered port of these tests. */
export function filteredPort(tap: string, more: Partial<FirewallPort> = {}): FirewallPort {
  return {
    tap,
    portId: `id-of-${tap}`,
    bridge: 'brq1',
    filter: 'filtered',
    mac: 'fa:16:3e:00:00:01',
    fixedIps: ['10.0.0.1'],
    addressPairs: [],
    groups: [],
    providerRules: [],
    ...more,
  };
}

/** A table with nothing of ours. */
export function emptyTable(...others: readonly string[]): SavedTable {
  const rules = others.map(rule);
  return new Map<string, SavedChain>([
    ['PREROUTING', { policy: 'ACCEPT', rules }],
    ['OUTPUT', { policy: 'ACCEPT', rules: [] }],
    ['POSTROUTING', { policy: 'ACCEPT', rules: [] }],
  ]);
}

/**
 * What a restore with --noflush makes of a table, as the tools do it: a declared chain is emptied, and what is not there
 * cannot be deleted or jumped to.
 */
export function restored(table: SavedTable, lines: readonly string[]): SavedTable {
  const chains = new Map(
    [...table].map(([name, { policy, rules }]) => [name, { policy, rules: [...rules] as Rule[] }]),
  );
  const chainOf = (name: string) => {
    const chain = chains.get(name);
    // As the nft flavours say it.
    if (!chain) throw new Error(`No chain/target/match by that name: ${name}`);
    return chain;
  };
  for (const line of lines) {
    const [word = '', name = '', ...rest] = line.split(' ');
    const text = rest.join(' ');
    const target = /-j (\S+)/.exec(text)?.[1] ?? 'DROP';
    if (/^-[AI]$/.test(word) && !/^(DROP|RETURN|ACCEPT)$/.test(target)) chainOf(target);
    if (word.startsWith(':')) chains.set(word.slice(1), { policy: name, rules: [] });
    else if (word === '-A') chainOf(name).rules.push(rule(text));
    else if (word === '-I') chainOf(name).rules.unshift(rule(text));
    else if (word === '-F') chainOf(name).rules = [];
    else if (word === '-D') {
      const { rules } = chainOf(name);
      const at = rules.findIndex(({ key }) => key === rule(text).key);
      if (at < 0) throw new Error(`no such rule in ${name}: ${text}`);
      rules.splice(at, 1);
    } else if (word === '-X') {
      if (chainOf(name).rules.length > 0) throw new Error(`${name} is not empty`);
      const user = [...chains].find(([, { rules }]) => rules.some((one) => one.text.endsWith(`-j ${name}`)));
      if (user) throw new Error(`${name} is used by ${user[0]}`);
      chains.delete(name);
    } else throw new Error(`unknown line: ${line}`);
  }
  return chains;
}

/** As `-A CHAIN RULE` lines, to compare; chains in the order of their names. */
export function linesOf(table: SavedTable): string[] {
  return [...table]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([name, { policy, rules }]) => [`:${name} ${policy}`, ...rules.map(({ key }) => `-A ${name} ${key}`)]);
}
