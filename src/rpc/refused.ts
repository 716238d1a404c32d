import type { Logger } from '../lib/log.ts';

const EVERY_MS = 60_000;

interface Counted {
  more: number;
  last: string;
}

/**
 * Complains of messages that cannot be used. Whoever sends them may send thousands a second: of each queue the first is a
 * line at once, and those that follow are one line a minute with their number, until a minute passes without any.
 */
export class RefusedMessages {
  readonly #logger: Logger;
  readonly #everyMs: number;
  readonly #counted = new Map<string, Counted>();
  readonly #timers = new Set<NodeJS.Timeout>();

  constructor(logger: Logger, everyMs = EVERY_MS) {
    this.#logger = logger;
    this.#everyMs = everyMs;
  }

  /**
   * @param what the constant text of the line
   * @param queue where the message came from: one of ours, so that there are only so many
   */
  note(what: string, queue: string, why: string): void {
    const key = `${what} ${queue}`;
    const counted = this.#counted.get(key);
    if (counted !== undefined) {
      counted.more += 1;
      counted.last = why;
      return;
    }
    this.#logger.warn({ queue, error: why }, what);
    this.#counted.set(key, { more: 0, last: why });
    this.#later(() => this.#sum(key, what, queue));
  }

  /** Nothing is said after it. */
  close(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    this.#counted.clear();
  }

  #sum(key: string, what: string, queue: string): void {
    const { more, last } = this.#counted.get(key)!;
    if (more === 0) {
      this.#counted.delete(key);
      return;
    }
    this.#logger.warn({ queue, more, seconds: this.#everyMs / 1000, error: last }, what);
    this.#counted.set(key, { more: 0, last });
    this.#later(() => this.#sum(key, what, queue));
  }

  #later(work: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      work();
    }, this.#everyMs);
    timer.unref();
    this.#timers.add(timer);
  }
}
