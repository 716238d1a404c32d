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

/** Several tables of one family of packets, read and changed by one program each. */
export class PacketFilter {
  readonly #exec: Exec;
  readonly #tool: 'iptables' | 'ip6tables';
  #flavour: Flavour | null;

  /** @param flavour one for certain, instead of the host's own */
  constructor(exec: Exec, tool: 'iptables' | 'ip6tables', flavour: '-nft' | '-legacy' | null = null) {
    this.#exec = exec;
    this.#tool = tool;
    this.#flavour = flavour;
  }

  /** These tables, as `iptables-save` prints them. Others, which may be large, are not read. @throws CommandFailed */
  async save(tables: readonly string[]): Promise<string> {
    const flavour = await this.#choose();
    const argvs = tables.map((table) => [`${this.#tool}${flavour}-save`, '-t', table]);
    const results = await Promise.all(argvs.map((argv) => this.#exec.run(argv, { timeoutMs: TIMEOUT_MS })));
    return results.map(({ stdout }) => stdout).join('');
  }

  /** Each table of the text is changed wholly or not at all. @throws RestoreFailed */
  async restore(text: string): Promise<void> {
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
