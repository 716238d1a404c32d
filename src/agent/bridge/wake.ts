import { CauseList, causedBy } from '../../lib/cause.ts';
import type { Logger } from '../../lib/log.ts';

/** After a failed pass the next comes after this, doubling up to the longest. */
const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 20_000;

/**
 * Runs one piece of work at a time, soon after it was asked for: whoever asks while it runs, or while it waits for more,
 * is served by one more run, on behalf of all that asked.
 */
export class Wake {
  readonly #work: () => Promise<{ againInMs?: number } | undefined>;
  readonly #logger: Logger;
  readonly #causes = new CauseList();
  #timer: NodeJS.Timeout | null = null;
  #dueMs = Number.POSITIVE_INFINITY;
  #running: Promise<void> | null = null;
  #retryMs = FIRST_RETRY_MS;
  #closed = false;

  constructor(work: () => Promise<{ againInMs?: number } | undefined>, logger: Logger) {
    this.#work = work;
    this.#logger = logger;
  }

  /** Asks for a run in so many milliseconds, or earlier if somebody else asked for that. */
  in(delayMs: number): void {
    const dueMs = performance.now() + delayMs;
    this.#causes.add();
    if (this.#closed || dueMs >= this.#dueMs) return;
    this.#dueMs = dueMs;
    if (this.#running) return;
    this.#arm();
  }

  /** Settles when nothing runs and nothing is due within the settling time. */
  async idle(): Promise<void> {
    // What was announced just now has its turn first.
    await new Promise((resolve) => setImmediate(resolve));
    while (!this.#closed && (this.#running || this.#dueMs - performance.now() < 1_000)) {
      if (this.#running) await this.#running;
      else await new Promise((resolve) => setTimeout(resolve, Math.max(1, this.#dueMs - performance.now())));
    }
  }

  /** Waits for the run that is under way. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#timer) clearTimeout(this.#timer);
    await this.#running;
  }

  #arm(): void {
    if (this.#timer) clearTimeout(this.#timer);
    if (this.#closed || this.#dueMs === Number.POSITIVE_INFINITY) return;
    this.#timer = setTimeout(() => this.#run(), Math.max(0, this.#dueMs - performance.now()));
  }

  #run(): void {
    this.#dueMs = Number.POSITIVE_INFINITY;
    this.#running = causedBy(this.#causes.take(), () => this.#runOnce()).finally(() => {
      this.#running = null;
      this.#arm();
    });
  }

  async #runOnce(): Promise<void> {
    try {
      const result = await this.#work();
      if (result?.againInMs !== undefined) this.in(result.againInMs);
      else this.#retryMs = FIRST_RETRY_MS;
    } catch (error) {
      if (this.#closed) return;
      this.#logger.error({ error: String(error), again_in_ms: this.#retryMs }, 'Work on the host failed, trying again');
      this.in(this.#retryMs);
      this.#retryMs = Math.min(this.#retryMs * 2, LONGEST_RETRY_MS);
    }
  }
}
