import { CauseList, causedBy } from '../lib/cause.ts';

interface Subject {
  readonly reasons: readonly string[];
  /** Not tried before. */
  readonly fromMs: number;
}

/**
 * Remembers what failed and tries it again: `resync_interval` after it failed, and never more often than every
 * `resync_throttle`. A reason without an id means everything.
 */
export class Resync {
  readonly #intervalMs: number;
  readonly #throttleMs: number;
  readonly #run: (subjects: ReadonlyMap<string, readonly string[]> | 'all', reasons: readonly string[]) => void;
  #all: string[] = [];
  #subjects = new Map<string, Subject>();
  #timer: NodeJS.Timeout | null = null;
  #atMs = 0;
  readonly #causes = new CauseList();
  #lastMs = Number.NEGATIVE_INFINITY;
  #closed = false;

  constructor(parts: {
    intervalMs: number;
    throttleMs: number;
    run: (subjects: ReadonlyMap<string, readonly string[]> | 'all', reasons: readonly string[]) => void;
  }) {
    this.#intervalMs = parts.intervalMs;
    this.#throttleMs = parts.throttleMs;
    this.#run = parts.run;
  }

  /**
   * @param id of a network or a router; null for everything
   * @param pauseMs longer than the interval for what failed again and again; the longest that was asked for counts
   */
  need(reason: string, id: string | null, pauseMs = 0): void {
    if (this.#closed) return;
    this.#causes.add();
    if (id === null) this.#all.push(reason);
    else {
      const { reasons, fromMs } = this.#subjects.get(id) ?? { reasons: [], fromMs: 0 };
      this.#subjects.set(id, { reasons: [...reasons, reason], fromMs: Math.max(fromMs, performance.now() + pauseMs) });
    }
    this.#arm(Math.max(this.#intervalMs, pauseMs));
  }

  close(): void {
    this.#closed = true;
    if (this.#timer) clearTimeout(this.#timer);
  }

  /** What comes while something waits is tried along with it, unless it is not to be tried so soon. */
  #arm(pauseMs: number): void {
    const nowMs = performance.now();
    const atMs = nowMs + Math.max(pauseMs, this.#throttleMs - (nowMs - this.#lastMs));
    if (this.#timer && this.#atMs <= atMs) return;
    if (this.#timer) clearTimeout(this.#timer);
    this.#atMs = atMs;
    this.#timer = setTimeout(() => causedBy(this.#causes.take(), () => this.#fire()), atMs - nowMs);
  }

  #fire(): void {
    this.#timer = null;
    this.#lastMs = performance.now();
    const all = this.#all;
    // A timer may be early by a fraction of a millisecond.
    const isDue = ({ fromMs }: Subject) => all.length > 0 || fromMs <= this.#lastMs + 1;
    const due = new Map([...this.#subjects].filter(([, subject]) => isDue(subject)));
    for (const id of due.keys()) this.#subjects.delete(id);
    this.#all = [];
    const later = [...this.#subjects.values()].map(({ fromMs }) => fromMs);
    if (later.length > 0) this.#arm(Math.min(...later) - this.#lastMs);
    const reasons = [...due].map(([id, subject]) => [id, subject.reasons] as const);
    const told = [...all, ...reasons.flatMap(([, some]) => some)];
    if (all.length > 0) this.#run('all', told);
    else this.#run(new Map(reasons), told);
  }
}
