import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';

/** What /proc tells of processes that are nobody's children any more. */

/** What user space is told of the kernel's ticks, whatever the kernel's own are (USER_HZ). */
const TICKS_PER_S = 100;

/** A process's program and arguments; empty when there is none, and of a zombie. */
export async function argvOf(pid: number): Promise<string[]> {
  return (await readOr(`/proc/${pid}/cmdline`, '')).split('\0').slice(0, -1);
}

/**
 * When a process started, in the kernel's ticks; null when it does not run. A crashed daemon may stay a zombie for a
 * while, and a zombie answers `kill -0`: only its state tells.
 */
export async function startOf(pid: number): Promise<string | null> {
  // Without a pause, as command lines below: agents look at hundreds each second.
  const text = readNow(`/proc/${pid}/stat`);
  // The second field is the program's name in parentheses and may hold anything, more parentheses included.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state, startedAt] = [fields[0], fields[19]];
  return state && startedAt && !'ZXx'.includes(state) ? startedAt : null;
}

/** Whether a process of this number runs: a zombie has no program any more. False may also mean that it cannot be said. */
export function isRunning(pid: number): boolean {
  return existsSync(`/proc/${pid}/exe`);
}

/**
 * Ids of processes with a text somewhere in their command line. Each is read without a pause: 10 µs, where a round through the
 * thread pool costs 100. An agent that starts with a hundred networks looks a hundred times.
 */
export function* processesWith(mark: string): Generator<number> {
  for (const entry of readdirSync('/proc')) {
    if (/^\d+$/.test(entry) && commandLine(entry).includes(mark)) yield Number(entry);
  }
}

/**
 * A program on its way to be a daemon, known by a text that only its command line has: when it goes to the background it is
 * another process in the end than at first.
 */
export class ProcessStart {
  readonly #mark: string;
  /** In the kernel's ticks, as `startOf` tells them: one with the same mark that ran before is none of ours. */
  readonly #since: number;
  #known: { pid: number; startedAt: string } | null = null;

  /** To be made before the start. */
  constructor(mark: string) {
    this.#mark = mark;
    this.#since = Math.floor(Number.parseFloat(readFileSync('/proc/uptime', 'utf8')) * TICKS_PER_S);
  }

  async isAlive(): Promise<boolean> {
    if (this.#known && (await startOf(this.#known.pid)) === this.#known.startedAt) return true;
    this.#known = null;
    for (const entry of processesWith(this.#mark)) {
      const startedAt = await startOf(entry);
      if (startedAt === null || Number(startedAt) < this.#since) continue;
      this.#known = { pid: entry, startedAt };
      return true;
    }
    return false;
  }
}

function commandLine(pid: string): string {
  return readNow(`/proc/${pid}/cmdline`);
}

function readNow(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // ended meanwhile
  }
}

async function readOr(path: string, otherwise: string): Promise<string> {
  return await readFile(path, 'utf8').catch(() => otherwise);
}
