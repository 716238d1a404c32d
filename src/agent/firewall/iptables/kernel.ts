import { FILTER_TOP, PREFIX } from './names.ts';
import type { Protocols } from './protocols.ts';
import { type Table, tables } from './unit.ts';

/** Rules of one family as a save printed them: our chains, and those of the kernel that ours are entered from. */
export type Saved = Readonly<Record<Table, ReadonlyMap<string, readonly string[]>>>;

/** @param text of `iptables-save`, all tables */
export function parseSave(text: string, protocols: Protocols): Saved {
  const saved = { filter: new Map<string, string[]>(), raw: new Map<string, string[]>() };
  let table: Map<string, string[]> | null = null;
  let current = '';
  let rules: string[] | undefined;
  for (const line of text.split('\n')) {
    if (line.startsWith('*')) {
      const name = line.slice(1).trim();
      table = tables.some((one) => one === name) ? saved[name as Table] : null;
      current = '';
    } else if (table === null) continue;
    else if (line.startsWith(':')) {
      const chain = line.slice(1, line.indexOf(' '));
      if (isWatched(chain)) table.set(chain, []);
    } else if (line.startsWith('-A ')) {
      const end = line.indexOf(' ', 3);
      const chain = end < 0 ? line.slice(3) : line.slice(3, end);
      if (chain !== current) {
        current = chain;
        rules = table.get(chain);
      }
      rules?.push(end < 0 ? '' : canonical(line.slice(end + 1), protocols));
    }
  }
  return saved;
}

/** What a rule took so far. */
export interface RuleCount {
  readonly packets: number;
  readonly bytes: number;
}

/** By chain and body. Rules that are there twice are not told apart: the first is the one that packets meet. */
export type RuleCounts = ReadonlyMap<string, ReadonlyMap<string, RuleCount>>;

/**
 * @param text of `iptables-save -c`, one table
 * @param wanted chains that are asked about: there may be thousands of others
 */
export function parseCounts(text: string, wanted: ReadonlySet<string>, protocols: Protocols): RuleCounts {
  const counts = new Map<string, Map<string, RuleCount>>();
  for (const line of text.split('\n')) {
    const [, packets, bytes, chain = '', body = ''] = /^\[(\d+):(\d+)\] -A (\S+)(?: (.*))?$/.exec(line) ?? [];
    if (!wanted.has(chain)) continue;
    const rules = counts.get(chain) ?? new Map<string, RuleCount>();
    counts.set(chain, rules);
    const key = canonical(body, protocols);
    if (!rules.has(key)) rules.set(key, { packets: Number(packets), bytes: Number(bytes) });
  }
  return counts;
}

function isWatched(chain: string): boolean {
  return chain.startsWith(PREFIX) || chain === FILTER_TOP || /^[A-Z]+$/.test(chain);
}

/** Releases of iptables differ in the case of MACs, the names of protocols, and blanks; our own text is the newest form. */
function canonical(body: string, protocols: Protocols): string {
  let text = body.includes('  ') ? body.trim().replace(/ {2,}/g, ' ') : body;
  if (text.includes('--mac-source')) text = text.replace(/--mac-source \S+/, (words) => words.toLowerCase());
  const at = text.startsWith('-p ') ? 0 : text.indexOf(' -p ') + 1;
  if (at > 0 || text.startsWith('-p ')) {
    const end = text.indexOf(' ', at + 3);
    const word = text.slice(at + 3, end);
    const number = protocols.numberOf(word);
    const ours = number === null ? word : protocols.wordOf(number);
    if (ours !== word) text = `${text.slice(0, at + 3)}${ours}${text.slice(end)}`;
  }
  return text;
}
