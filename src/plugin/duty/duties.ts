import { randomBytes } from 'node:crypto';
import type { Database } from '../../db/database.ts';
import { addDuties, type DutyRow, leaveDuties, raiseBeats, readDuties, takeDuty } from '../../db/duties.ts';
import { isUniqueViolation } from '../../db/retry.ts';
import { causedBy } from '../../lib/cause.ts';
import type { Logger } from '../../lib/log.ts';

/** Periodic work that one server at a time does, of all on a database. */
export interface Duty {
  /** At most 64 characters; the same on every server. */
  readonly name: string;
  /** Milliseconds from the beginning of one time to the next; a whole number of beats in effect. */
  readonly everyMs: number;
  /**
   * Does it once. Work of several steps asks before each whether it still has the duty, and stops when not: another server
   * may be at it.
   */
  work(stillOurs: () => boolean): Promise<void>;
}

/** Who does a duty, as this server knows it: for figures and tests. */
export interface DutyState {
  readonly name: string;
  readonly ours: boolean;
  /** How often this server did it, and in how many of those it failed. */
  readonly done: number;
  readonly failed: number;
  /** Milliseconds since the epoch when it last did; null: never. */
  readonly lastMs: number | null;
}

export interface DutyTimes {
  /** How often a server shows that it lives, and looks at the others. */
  readonly beatMs: number;
  /** A holder that has not shown it for so long has lost its duties. */
  readonly lapseMs: number;
  /** For tests: does every duty this often. */
  readonly everyMs?: number;
}

/** A duty is taken over 5 to 6 s after its holder died, within the ten that are promised. */
export const DUTY_TIMES: DutyTimes = { beatMs: 1_000, lapseMs: 5_000 };

interface Kept {
  readonly duty: Duty;
  ours: boolean;
  /** By the clock that nobody sets, as every time here but `lastMs`. */
  dueMs: number;
  running: Promise<void> | null;
  done: number;
  failed: number;
  lastMs: number | null;
}

/** What another server's row looked like, and since when. */
interface Watched {
  readonly row: DutyRow;
  readonly sinceMs: number;
}

/**
 * Divides duties among servers that know nothing of each other but the table: each has a row, which its holder changes once
 * a second. Whoever sees the same row for `lapseMs` takes it. A holder that was held up (stopped, swapped out, cut off from
 * the database) counts from its last beat, too, and stops before anybody may have taken over.
 */
export class Duties {
  readonly #database: Database;
  readonly #logger: Logger;
  readonly #times: DutyTimes;
  readonly #holder: string;
  readonly #elapsed: () => number;
  readonly #kept = new Map<string, Kept>();
  readonly #watched = new Map<string, Watched>();
  /** The beginning of the last beat that reached the database. */
  #shownMs = Number.NEGATIVE_INFINITY;
  #added = false;
  #timer: NodeJS.Timeout | null = null;
  #beating: Promise<void> = Promise.resolve();
  #closed = false;

  /**
   * @param parts.host this server's name; a process of the same name is another holder
   * @param parts.elapsed milliseconds of a clock that nobody sets; tests bring their own
   */
  constructor(parts: {
    database: Database;
    logger: Logger;
    host: string;
    times?: DutyTimes;
    elapsed?: () => number;
  }) {
    this.#database = parts.database;
    this.#logger = parts.logger;
    this.#times = parts.times ?? DUTY_TIMES;
    this.#elapsed = parts.elapsed ?? (() => performance.now());
    this.#holder = `${parts.host.slice(0, 200)} ${process.pid} ${randomBytes(6).toString('hex')}`;
  }

  /** To be called before `start`. */
  add(duty: Duty): void {
    this.#kept.set(duty.name, { duty, ours: false, dueMs: 0, running: null, done: 0, failed: 0, lastMs: null });
  }

  start(): void {
    if (this.#kept.size === 0) return;
    // For all, not for whoever happens to start it.
    causedBy([], () => this.#next());
  }

  /** Waits for work under way, and leaves the duties to others at once. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#timer) clearTimeout(this.#timer);
    await this.#beating;
    await Promise.all([...this.#kept.values()].map(({ running }) => running));
    if (![...this.#kept.values()].some(({ ours }) => ours)) return;
    await this.#database
      .transaction((tx) => leaveDuties(tx, this.#holder))
      .catch((error) => this.#logger.debug({ error }, 'duties could not be left; they lapse'));
  }

  get states(): readonly DutyState[] {
    return [...this.#kept].map(([name, kept]) => ({
      name,
      ours: this.#isOurs(kept),
      done: kept.done,
      failed: kept.failed,
      lastMs: kept.lastMs,
    }));
  }

  #next(): void {
    if (this.#closed) return;
    this.#beating = this.#beat()
      // A database that is away is complained of by those who need it now.
      .catch((error) => this.#logger.debug({ error }, 'a beat of the duties failed'))
      .then(() => {
        if (this.#closed) return;
        this.#runDue();
        this.#timer = setTimeout(() => this.#next(), this.#times.beatMs);
        this.#timer.unref();
      });
  }

  async #beat(): Promise<void> {
    if (!this.#added) await this.#addMissing();
    const nowMs = this.#elapsed();
    const ours = [...this.#kept.values()].filter((kept) => kept.ours).length;
    let raised = 0;
    if (ours > 0) {
      raised = await this.#database.transaction((tx) => raiseBeats(tx, this.#holder));
      if (raised === ours) this.#shownMs = nowMs;
    }
    if (raised === ours && ours === this.#kept.size) return;
    for (const row of await readDuties(this.#database.db)) {
      const kept = this.#kept.get(row.name);
      if (kept) await this.#judge(kept, row, nowMs);
    }
    if (raised > 0) this.#shownMs = nowMs;
  }

  async #addMissing(): Promise<void> {
    await this.#database.transaction(
      async (tx) => {
        const there = new Set((await readDuties(tx)).map(({ name }) => name));
        const missing = [...this.#kept.keys()].filter((name) => !there.has(name));
        if (missing.length > 0) await addDuties(tx, missing);
      },
      { retryOn: isUniqueViolation },
    );
    this.#added = true;
  }

  /** Whose is it: ours, one's that lives, or free to take? */
  async #judge(kept: Kept, row: DutyRow, nowMs: number): Promise<void> {
    const duty = row.name;
    if (row.holder === this.#holder) {
      kept.ours = true;
      return;
    }
    if (kept.ours) this.#logger.warn({ duty, by: row.holder }, 'a duty of this server was taken over');
    kept.ours = false;
    const watched = this.#watched.get(duty);
    if (!watched || watched.row.holder !== row.holder || watched.row.beat !== row.beat) {
      this.#watched.set(duty, { row, sinceMs: nowMs });
      if (row.holder !== '') return;
    } else if (row.holder !== '' && nowMs - watched.sinceMs < this.#times.lapseMs) return;
    if (!(await this.#database.transaction((tx) => takeDuty(tx, row, this.#holder)))) return;
    const first = ![...this.#kept.values()].some(({ ours }) => ours);
    if (first) this.#shownMs = nowMs;
    kept.ours = true;
    kept.dueMs = 0;
    this.#watched.delete(duty);
    const silentMs = watched === undefined ? 0 : Math.round(nowMs - watched.sinceMs);
    if (row.holder === '') this.#logger.info({ duty }, 'this server has a duty now');
    else this.#logger.warn({ duty, from: row.holder, silentMs }, 'took over a duty from a server that is silent');
  }

  #isOurs(kept: Kept): boolean {
    const { beatMs, lapseMs } = this.#times;
    return kept.ours && !this.#closed && this.#elapsed() - this.#shownMs < lapseMs - beatMs;
  }

  #runDue(): void {
    const nowMs = this.#elapsed();
    for (const kept of this.#kept.values()) {
      if (kept.running || nowMs < kept.dueMs || !this.#isOurs(kept)) continue;
      // Half a beat early rather than one too late.
      kept.dueMs = nowMs + (this.#times.everyMs ?? kept.duty.everyMs) - this.#times.beatMs / 2;
      kept.running = this.#run(kept).finally(() => {
        kept.running = null;
      });
    }
  }

  async #run(kept: Kept): Promise<void> {
    try {
      await kept.duty.work(() => this.#isOurs(kept));
      kept.done += 1;
    } catch (error) {
      kept.failed += 1;
      if (!this.#closed) this.#logger.error({ duty: kept.duty.name, error }, 'a duty could not be done');
    } finally {
      kept.lastMs = Date.now();
    }
  }
}
