import type { Exec } from './contract.ts';
import { CommandFailed } from './contract.ts';

/** Whose rules: `ebtables` filters frames in bridges, the others packets. */
export type Tool = 'iptables' | 'ip6tables' | 'ebtables';

/** Chains of ours in one table, and from which chains of the table they are entered. */
export interface OwnChains {
  table: 'filter' | 'nat' | 'mangle' | 'raw';
  chains: readonly { name: string; rules: readonly (readonly string[])[] }[];
  jumps: readonly Jump[];
}

export interface Jump {
  from: string;
  chain: string;
  /** Matches of the jump rule, as `['-i', 'brq+']`. */
  match?: readonly string[];
  /** Behind all rules there are, instead of before them: for what others shall decide first. */
  last?: boolean;
}

const LOCK_WAIT_S = '10';
const RESTORE_TIMEOUT_MS = 30_000;
/** Without a kernel that has the table the save command fails with one of these. */
export const FLAVOURS = ['', '-nft', '-legacy'] as const;
export type Flavour = (typeof FLAVOURS)[number];

/**
 * Our own chains in the tables of one tool, put there and taken away as a whole by one `…-restore --noflush` that leaves
 * everybody else's rules alone. Takes the flavour (nft or legacy) the host itself uses, or the first that works.
 */
export class RuleTables {
  readonly #exec: Exec;
  readonly #tool: Tool;
  #flavour: Flavour | null = null;
  #isNft = false;

  /** @param flavour one for certain, instead of the host's own */
  constructor(exec: Exec, tool: Tool, flavour: '-nft' | '-legacy' | null = null) {
    this.#exec = exec;
    this.#tool = tool;
    this.#flavour = flavour;
  }

  /** Whether what was saved last are tables of nftables. */
  get isNft(): boolean {
    return this.#isNft;
  }

  /** Makes the chains exactly so, and the jumps to them as the first (or last) rules of their chains; does it in one transaction. */
  async ensure(own: OwnChains, netns?: string): Promise<void> {
    const there = await this.save(own.table, netns);
    await this.restore(renderEnsure(own, there, this.#tool), netns);
  }

  /** Removes the chains and every jump to them that is there; nothing of others. */
  async remove(table: OwnChains['table'], chains: readonly string[], netns?: string): Promise<void> {
    const text = renderRemove(table, chains, await this.save(table, netns));
    if (text) await this.restore(text, netns);
  }

  /** The table as `iptables-save` prints it. */
  async save(table: OwnChains['table'], netns?: string): Promise<string> {
    const [saved] = await this.saveEach([table], netns);
    return saved as string;
  }

  /** Several tables; of ebtables by one command, for it prints all it has. */
  async saveEach(tables: readonly OwnChains['table'][], netns?: string): Promise<string[]> {
    if (this.#tool === 'ebtables') {
      const all =
        this.#flavour === null ? (await this.#probe(netns)).saved : await this.#print(this.#flavour, [], netns);
      return tables.map((table) => sectionOf(all, table));
    }
    const print = async (table: string) => {
      const text = await (this.#flavour === null
        ? this.#probe(netns, table).then(({ saved }) => saved)
        : this.#print(this.#flavour, ['-t', table], netns));
      return sectionOf(text, table);
    };
    return await Promise.all(tables.map(print));
  }

  /** Feeds `…-restore --noflush`: what the text does not name stays as it is. */
  async restore(text: string, netns?: string): Promise<void> {
    const flavour = await this.#choose(netns);
    const wait = this.#tool === 'ebtables' ? [] : ['-w', LOCK_WAIT_S];
    const argv = [`${this.#tool}${flavour}-restore`, '--noflush', ...wait];
    await this.#exec.run(argv, { stdin: text, netns, timeoutMs: RESTORE_TIMEOUT_MS });
  }

  async #choose(netns: string | undefined): Promise<Flavour> {
    return this.#flavour ?? (await this.#probe(netns)).flavour;
  }

  /** The first flavour that works, and what it printed. */
  async #probe(netns: string | undefined, table = 'filter'): Promise<{ flavour: Flavour; saved: string }> {
    let failure: unknown;
    for (const flavour of FLAVOURS) {
      try {
        const saved = await this.#print(flavour, this.#tool === 'ebtables' ? [] : ['-t', table], netns);
        this.#flavour = flavour;
        return { flavour, saved };
      } catch (error) {
        failure = error instanceof CommandFailed ? error : failure;
      }
    }
    throw failure;
  }

  /** @param words none for ebtables: its save knows no `-t` */
  async #print(flavour: Flavour, words: readonly string[], netns: string | undefined): Promise<string> {
    const { stdout } = await this.#exec.run([`${this.#tool}${flavour}-save`, ...words], { netns });
    this.#isNft = isNftSave(stdout);
    return stdout;
  }
}

/** Whether a text of `…-save` tells of tables of nftables: its first line names who wrote it. */
export function isNftSave(text: string): boolean {
  return text.slice(0, text.indexOf('\n')).includes('(nf_tables)');
}

/** @param saved the table as it is: jumps that are there already are not added again */
export function renderEnsure({ table, chains, jumps }: OwnChains, saved: string, tool: Tool = 'iptables'): string {
  const lines = [`*${table}`];
  const policy = tool === 'ebtables' ? 'RETURN' : '- [0:0]';
  for (const { name } of chains) lines.push(`:${word(name)} ${policy}`);
  for (const { name } of chains) lines.push(`-F ${word(name)}`);
  for (const { name, rules } of chains) {
    for (const rule of rules) lines.push(`-A ${word(name)} ${rule.map(word).join(' ')}`);
  }
  const present = new Set(saved.split('\n').map(normalize));
  for (const { from, chain, match = [], last = false } of [...jumps].reverse()) {
    const rule = [word(from), ...match.map(word), '-j', word(chain)].join(' ');
    if (!present.has(normalize(`-A ${rule}`))) lines.push(`${last ? '-A' : '-I'} ${rule}`);
  }
  return `${lines.join('\n')}\nCOMMIT\n`;
}

/** The empty text when nothing of it is there. */
export function renderRemove(table: OwnChains['table'], chains: readonly string[], saved: string): string {
  const there = saved.split('\n');
  const names = chains.filter((name) => there.some((line) => line.startsWith(`:${name} `)));
  if (names.length === 0) return '';
  const lines = [`*${table}`];
  for (const line of there) {
    const target = /^-A (\S+) .*-j (\S+)/.exec(line);
    if (target && names.includes(target[2] as string) && !names.includes(target[1] as string)) {
      lines.push(line.replace(/^-A/, '-D').trim());
    }
  }
  for (const name of names) lines.push(`-F ${word(name)}`);
  for (const name of names) lines.push(`-X ${word(name)}`);
  return `${lines.join('\n')}\nCOMMIT\n`;
}

/** Lines of one table out of a save of all. */
export function sectionOf(saved: string, table: string): string {
  const lines = saved.split('\n');
  const start = lines.indexOf(`*${table}`);
  if (start < 0) return '';
  const end = lines.findIndex((line, index) => index > start && line.startsWith('*'));
  return lines.slice(start, end < 0 ? undefined : end).join('\n');
}

/** ebtables prints two blanks here and there, and a continuation after a jump. */
function normalize(line: string): string {
  return line
    .trim()
    .replace(/\s+/g, ' ')
    .replace(/ CONTINUE$/, '');
}

/** One word of a restore file, in quotes where it needs them. @throws on line breaks and other control characters */
function word(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a control character is what must not get in
  if (/[\u0000-\u001f\u007f]/.test(text)) throw new Error(`not a word for a rule: ${JSON.stringify(text)}`);
  if (/^[\w.:/,!+@=-]+$/.test(text)) return text;
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}
