import { CauseList, causedBy } from '../lib/cause.ts';

/**
 * Remembers what failed and tries it again: `resync_interval` after it failed, and never more often than every
 * `resync_throttle`. A reason without an id means everything.
 */
export class Resync {
  readonly #intervalMs: number;
  readonly #throttleMs: number;
  readonly #run: (subjects: ReadonlyMap<string, string[]> | 'all', reasons: string[]) => void;
  #all: string[] = [];
  #subjects = new Map<string, string[]>();
  #timer: NodeJS.Timeout | null = null;
  readonly #causes = new CauseList();
  #lastMs = Number.NEGATIVE_INFINITY;
  #closed = false;

  constructor(parts: {
    intervalMs: number;
    throttleMs: number;
    run: (subjects: ReadonlyMap<string, string[]> | 'all', reasons: string[]) => void;
  }) {
    this.#intervalMs = parts.intervalMs;
    this.#throttleMs = parts.throttleMs;
    this.#run = parts.run;
  }

  /** @param id of a network or a router; null for everything */
  need(reason: string, id: string | null): void {
    if (this.#closed) return;
    this.#causes.add();
    if (id === null) this.#all.push(reason);
    else this.#subjects.set(id, [...(this.#subjects.get(id) ?? []), reason]);
    if (this.#timer) return;
    const sinceMs = performance.now() - this.#lastMs;
    this.#timer = setTimeout(
      () => causedBy(this.#causes.take(), () => this.#fire()),
      Math.max(this.#intervalMs, this.#throttleMs - sinceMs),
    );
  }

  close(): void {
    this.#closed = true;
    if (this.#timer) clearTimeout(this.#timer);
  }

  #fire(): void {
    const [all, subjects] = [this.#all, this.#subjects];
    this.#timer = null;
    this.#all = [];
    this.#subjects = new Map();
    this.#lastMs = performance.now();
    if (all.length > 0) this.#run('all', [...all, ...[...subjects.values()].flat()]);
    else this.#run(subjects, [...subjects.values()].flat());
  }
}
