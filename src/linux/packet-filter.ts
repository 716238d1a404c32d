import { CommandFailed, type Exec } from './contract.ts';
import { FLAVOURS, type Flavour } from './iptables.ts';

/** What went wrong with a restore: nothing of the table it stopped in is changed. */
export class RestoreFailed extends Error {
  /** The line of the text it is about, from 1; null when it does not say. */
  readonly line: number | null;
  /** It is no rule's fault: somebody holds the lock, or the program did not run to its end. Try again later. */
  readonly isPassing: boolean;

  constructor(reason: string, line: number | null, isPassing: boolean, cause: unknown) {
    super(reason, { cause });
    this.name = 'RestoreFailed';
    this.line = line;
    this.isPassing = isPassing;
  }
}

/** Seconds to wait for whoever holds the lock of iptables (the legacy flavour has one). */
const LOCK_WAIT_S = '10';
/** Twenty thousand rules take half a second; on a busy machine much longer. */
const TIMEOUT_MS = 120_000;

/** What was read to find out the flavour is the first picture, too, for this long. */
const FIRST_PICTURE_MS = 3_000;
/** Tables that nobody asked for are read along unless they are so much more than those that were. */
const MOST_BESIDE = 1;
/** Below this it does not matter, in characters. */
const SMALL_TEXT = 100_000;

/** Several tables of one family of packets, read and changed by one program each. */
export class PacketFilter {
  readonly #exec: Exec;
  readonly #tool: 'iptables' | 'ip6tables';
  #flavour: Flavour | null;
  #first: { text: string; atMs: number } | null = null;
  #isByTable = false;

  /** @param flavour one for certain, instead of the host's own */
  constructor(exec: Exec, tool: 'iptables' | 'ip6tables', flavour: Flavour | null = null) {
    this.#exec = exec;
    this.#tool = tool;
    this.#flavour = flavour;
  }

  /** What works on this host; null as long as it is not known. */
  get flavour(): Flavour | null {
    return this.#flavour;
  }

  /** Finds out what works on this host; the `save` that follows at once costs nothing. @throws CommandFailed */
  async open(tables: readonly string[]): Promise<void> {
    this.#first = { text: await this.save(tables), atMs: performance.now() };
  }

  /** What `open` found, as long as no `save` has taken it: for others who want a part of it. */
  get firstPicture(): string | null {
    const first = this.#first;
    return first !== null && performance.now() - first.atMs < FIRST_PICTURE_MS ? first.text : null;
  }

  /** What was read before does not count. */
  distrust(): void {
    this.#first = null;
  }

  /**
   * These tables, as `iptables-save` prints them, and maybe others. One process for all: to print one table the nft flavour
   * reads nearly as much as for all of them (with 20,000 rules 90 of 135 ms). Where the tables of others are the larger
   * part they are left alone.
   *
   * @throws CommandFailed
   */
  async save(tables: readonly string[]): Promise<string> {
    const first = this.firstPicture;
    this.#first = null;
    if (first !== null) return first;
    const whole = this.#isByTable ? '' : await this.#saveAll();
    if (tables.every((table) => holdsTable(whole, table))) {
      this.#flavour ??= '';
      this.#isByTable = besideOf(whole, tables) > MOST_BESIDE;
      return whole;
    }
    // A table that was never used is not printed, and printing it by name makes it.
    const isOwn = this.#flavour !== null || (await this.#choose()) === '';
    const kept = isOwn ? whole : '';
    const missing = tables.filter((table) => !holdsTable(kept, table));
    const argvs = missing.map((table) => [`${this.#tool}${this.#flavour}-save`, '-t', table]);
    const results = await Promise.all(argvs.map((argv) => this.#exec.run(argv, { timeoutMs: TIMEOUT_MS })));
    return [kept, ...results.map(({ stdout }) => stdout)].join('');
  }

  /** One table with what each rule counted: `[packets:bytes] -A …`. @throws CommandFailed */
  async saveCounted(table: string): Promise<string> {
    const argv = [`${this.#tool}${await this.#choose()}-save`, '-c', '-t', table];
    return (await this.#exec.run(argv, { timeoutMs: TIMEOUT_MS })).stdout;
  }

  /** Empty where the host's own flavour does not work. */
  async #saveAll(): Promise<string> {
    const argv = [`${this.#tool}${this.#flavour ?? ''}-save`];
    try {
      return (await this.#exec.run(argv, { timeoutMs: TIMEOUT_MS })).stdout;
    } catch (error) {
      if (this.#flavour !== null || !(error instanceof CommandFailed)) throw error;
      return '';
    }
  }

  /** Each table of the text is changed wholly or not at all. @throws RestoreFailed */
  async restore(text: string): Promise<void> {
    this.#first = null;
    try {
      const argv = [`${this.#tool}${await this.#choose()}-restore`, '--noflush', '-w', LOCK_WAIT_S];
      await this.#exec.run(argv, { stdin: text, timeoutMs: TIMEOUT_MS });
    } catch (error) {
      throw restoreFailure(error);
    }
  }

  /** What the host itself uses, or the first that works. */
  async #choose(): Promise<Flavour> {
    if (this.#flavour !== null) return this.#flavour;
    let failure: unknown;
    for (const flavour of FLAVOURS) {
      try {
        await this.#exec.run([`${this.#tool}${flavour}-save`, '-t', 'raw']);
        this.#flavour = flavour;
        return flavour;
      } catch (error) {
        failure = error;
      }
    }
    throw failure;
  }
}

/** Whether a text of `iptables-save` has this table. */
export function holdsTable(text: string, table: string): boolean {
  return text.startsWith(`*${table}\n`) || text.includes(`\n*${table}\n`);
}

/** How much larger the other tables in a text are than these. */
function besideOf(text: string, tables: readonly string[]): number {
  let asked = 0;
  for (const table of tables) {
    const start = text.indexOf(`*${table}\n`);
    const end = text.indexOf('\n*', start);
    asked += (end < 0 ? text.length : end) - start;
  }
  const other = text.length - asked;
  return other > SMALL_TEXT ? other / asked : 0;
}

function restoreFailure(error: unknown): RestoreFailed {
  if (!(error instanceof CommandFailed)) return new RestoreFailed(String(error), null, true, error);
  const { code, stderr } = error;
  const isLocked = /xtables[ .]lock/.test(stderr);
  const line = /Error occurred at line: (\d+)|^line (\d+): |line (\d+) failed/m.exec(stderr);
  const number = line ? Number(line[1] ?? line[2] ?? line[3]) : null;
  return new RestoreFailed(reasonOf(error), number, isLocked || code === null, error);
}

/** The first line that says something, without the program's name and version. */
function reasonOf({ stderr, message }: CommandFailed): string {
  const lines = stderr
    .split('\n')
    .map((line) => line.replace(/^ip6?tables\S* ?(v[\d.]+ \([^)]*\))?: */, '').trim())
    .filter((line) => line !== '' && !/^(Error occurred|Try `|Warning: )/.test(line));
  return lines[0] ?? message;
}
