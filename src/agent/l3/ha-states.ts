import { readFile } from 'node:fs/promises';
import { type Logger, silentLogger } from '../../lib/log.ts';

/** As the state file and upstream's runbooks have it. */
export type KeeperState = 'primary' | 'backup';

/** How long changes are gathered: a host that fails takes all its routers over at once. */
const GATHER_MS = 50;
/** After a report that did not reach the server. */
const AGAIN_MS = 1_000;

/** Tells the server of changed states, many in one call, the last word of each router only. */
export class StateReports {
  readonly #send: (states: Record<string, 'active' | 'standby'>) => Promise<void>;
  readonly #logger: Logger;
  #waiting = new Map<string, KeeperState>();
  #timer: NodeJS.Timeout | null = null;
  #sending: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(send: (states: Record<string, 'active' | 'standby'>) => Promise<void>, logger: Logger = silentLogger) {
    this.#send = send;
    this.#logger = logger;
  }

  add(routerId: string, state: KeeperState): void {
    this.#waiting.set(routerId, state);
    this.#later(GATHER_MS);
  }

  forget(routerId: string): void {
    this.#waiting.delete(routerId);
  }

  /** Whatever was not told yet is told by the next start. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#timer) clearTimeout(this.#timer);
    await this.#sending;
  }

  #later(ms: number): void {
    if (this.#closed) return;
    this.#timer ??= setTimeout(() => {
      this.#sending = this.#flush();
    }, ms);
  }

  /** One at a time: a second call must not overtake the first. */
  async #flush(): Promise<void> {
    const told = this.#waiting;
    this.#waiting = new Map();
    const entries = [...told].map(([id, state]) => [id, state === 'primary' ? 'active' : 'standby'] as const);
    let pauseMs = GATHER_MS;
    try {
      if (entries.length > 0) await this.#send(Object.fromEntries(entries));
    } catch (error) {
      this.#logger.warn(
        { routers: entries.length, error: String(error) },
        'reporting states of HA routers failed, trying again',
      );
      for (const [id, state] of told) if (!this.#waiting.has(id)) this.#waiting.set(id, state);
      pauseMs = AGAIN_MS;
    }
    this.#timer = null;
    if (this.#waiting.size > 0) this.#later(pauseMs);
  }
}

/**
 * Whether an address is one of the namespace that a process is in, without a command: one read of what the kernel routes to
 * itself. Null when the process is gone.
 */
export async function hasAddress(pidFile: string, cidr: string): Promise<boolean | null> {
  try {
    const pid = Number(await readFile(pidFile, 'utf8'));
    if (!Number.isInteger(pid) || pid <= 1) return null;
    const table = await readFile(`/proc/${pid}/net/fib_trie`, 'utf8');
    const address = cidr.split('/')[0]!.replaceAll('.', '\\.');
    return new RegExp(`\\|-- ${address}\\n\\s+/32 host LOCAL`).test(table);
  } catch {
    return null;
  }
}
