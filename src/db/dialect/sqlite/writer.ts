import { setTimeout as delay, setImmediate as endOfTurn } from 'node:timers/promises';
import { causedBy, onBehalf } from '../../../lib/cause.ts';
import type { Logger } from '../../../lib/log.ts';
import { BoundConnection } from '../bound-connection.ts';
import type { Connection } from '../contract.ts';
import type { SqliteConnection } from './connection.ts';
import { isSqliteBusy, sqliteError } from './errors.ts';

interface Job {
  readonly work: (connection: Connection) => Promise<unknown>;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** One commit carries at most this many transactions that were waiting at the same moment. */
const JOBS_PER_COMMIT = 64;
/** How long one commit may be put off for those behind it: keeps the loop's longest step short. */
const COMMIT_AFTER_MS = 8;
/** A transaction that lasts this long awaits something it must not: RPC, a timer, another transaction. */
const LONG_JOB_MS = 5_000;
const LONG_JOB = 'a database transaction stays open; all others wait for it';
/** How long to go on asking for the write lock while another process has it. */
const LOCK_WAIT_MS = 30_000;
const LOCK_POLL_MS = 3;

/**
 * The one connection that writes, and the queue before it. Transactions run one after the other; those that wait while one
 * runs are put behind it in the same SQLite transaction, each in a savepoint of its own, and share one commit (with
 * `synchronous=full`: one fsync). None is answered before that commit. A failed one is rolled back alone.
 */
export class SqliteWriter {
  readonly #connection: SqliteConnection;
  readonly #onCommit: () => void;
  readonly #logger: Logger;
  #queue: Job[] = [];
  #running: Promise<void> | null = null;

  constructor(connection: SqliteConnection, options: { onCommit: () => void; logger: Logger }) {
    this.#connection = connection;
    this.#onCommit = options.onCommit;
    this.#logger = options.logger;
  }

  transaction<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#queue.push({ work: onBehalf(work), resolve: resolve as (value: unknown) => void, reject });
      this.#running ??= causedBy([], () => this.#drain());
    });
  }

  /** Settles when no transaction runs or waits. */
  async idle(): Promise<void> {
    while (this.#running !== null) await this.#running;
  }

  async #drain(): Promise<void> {
    try {
      while (this.#queue.length > 0) await this.#commitTogether();
    } finally {
      this.#running = null;
    }
  }

  /** Begins, runs waiting jobs until it is time, commits, answers. */
  async #commitTogether(): Promise<void> {
    try {
      await this.#begin();
    } catch (error) {
      this.#queue.shift()!.reject(error);
      return;
    }
    const done: { job: Job; value: unknown }[] = [];
    const deadline = performance.now() + COMMIT_AFTER_MS;
    do {
      const job = this.#queue.shift()!;
      const nested = done.length > 0;
      if (nested) this.#do('savepoint job');
      const connection = new BoundConnection(this.#connection);
      const watch = setTimeout(() => this.#logger.warn({ seconds: LONG_JOB_MS / 1000 }, LONG_JOB), LONG_JOB_MS);
      try {
        const value = await job.work(connection);
        connection.end();
        if (nested) this.#do('release job');
        done.push({ job, value });
      } catch (error) {
        connection.end();
        const lost = this.#undo(nested);
        job.reject(error);
        if (lost !== null) for (const { job: other } of done) other.reject(lost);
        if (lost !== null || !nested) return;
      } finally {
        clearTimeout(watch);
      }
    } while (done.length < JOBS_PER_COMMIT && performance.now() < deadline && (await this.#moreCome()));
    try {
      this.#do('commit');
    } catch (error) {
      this.#undo(false);
      for (const { job } of done) job.reject(error);
      return;
    }
    this.#onCommit();
    for (const { job, value } of done) job.resolve(value);
  }

  /**
   * Whether another job waits, now or at the end of this turn of the loop: requests that were read in the same turn share
   * a commit, which costs more than all their statements (two writes per changed page).
   */
  async #moreCome(): Promise<boolean> {
    if (this.#queue.length === 0) await endOfTurn();
    return this.#queue.length > 0;
  }

  /**
   * Undoes the failed job; returns an error when that was not possible, and so all others of this commit are lost too.
   * SQLite itself rolls the whole transaction back on a full disk or an I/O error.
   */
  #undo(nested: boolean): unknown {
    try {
      if (nested) {
        this.#do('rollback to job');
        this.#do('release job');
      } else {
        this.#do('rollback');
      }
      return null;
    } catch (error) {
      try {
        this.#do('rollback');
      } catch {
        // Nothing was open any more.
      }
      return error;
    }
  }

  /** Takes the write lock. Never sleeps inside SQLite for long: that would hold the whole loop. */
  async #begin(): Promise<void> {
    const deadline = performance.now() + LOCK_WAIT_MS;
    for (;;) {
      try {
        this.#do('begin immediate');
        return;
      } catch (error) {
        const busy = error instanceof Error && isSqliteBusy(error.cause);
        if (!busy || performance.now() > deadline) throw error;
        await delay(LOCK_POLL_MS * (1 + Math.random()));
      }
    }
  }

  #do(sql: string): void {
    try {
      this.#connection.querySync(sql, []);
    } catch (error) {
      throw sqliteError(error, sql);
    }
  }
}
