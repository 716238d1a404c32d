import type { RouterTable } from '../contract.ts';

/** Chains by table, with their rules' bodies in order, as iptables-save prints them. */
export type SavedRules = ReadonlyMap<RouterTable, ReadonlyMap<string, readonly string[]>>;

/** Reads what iptables-save prints. */
export function parseRules(text: string): SavedRules {
  const tables = new Map<RouterTable, Map<string, string[]>>();
  let chains = new Map<string, string[]>();
  for (const line of text.split('\n')) {
    if (line.startsWith('*')) {
      chains = new Map();
      tables.set(line.slice(1) as RouterTable, chains);
    } else if (line.startsWith(':')) {
      chains.set(line.slice(1, line.indexOf(' ')), []);
    } else if (line.startsWith('-A ')) {
      const end = line.indexOf(' ', 3);
      const chain = line.slice(3, end);
      const body = line.slice(end + 1).trimEnd();
      const rules = chains.get(chain);
      if (rules) rules.push(body);
      else chains.set(chain, [body]);
    }
  }
  return tables;
}
