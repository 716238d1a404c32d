import { DatabaseError } from '../errors.ts';
import type { PoolOptions } from './contract.ts';

/** What a pool hands out: a connection to a database server. */
export interface Pooled {
  /** It cannot be used any more: the server closed it, or an answer is missing. */
  readonly isBroken: boolean;
  /** When it was opened, milliseconds of `performance.now()`. */
  readonly openedAt: number;
  close(): void;
}

interface Waiter<C> {
  take(connection: C): void;
  fail(error: unknown): void;
}

/** Opening one takes as long as ten statements: those of a burst stay for the next one. */
const LINGER_MS = 10_000;
const LOOK_MS = 1_000;

/**
 * Connections to one server, opened when they are needed: up to `size` are kept, up to `overflow` more are opened in a burst
 * and closed when they have not been needed for a while. Who comes when all are in use waits his turn. A connection that broke is not handed out again.
 */
export class Pool<C extends Pooled> {
  readonly #open: () => Promise<C>;
  readonly #options: PoolOptions;
  /** The one used last is taken first: those at the front are needed least. */
  readonly #idle: C[] = [];
  readonly #restingSinceMs = new Map<C, number>();
  #look: NodeJS.Timeout | null = null;
  readonly #waiters: Waiter<C>[] = [];
  readonly #inUse = new Set<C>();
  #opening = 0;
  #closed = false;
  #emptied: (() => void) | null = null;

  constructor(open: () => Promise<C>, options: PoolOptions) {
    this.#open = open;
    this.#options = options;
  }

  /** How many connections are working, how many are at rest, and how many callers wait for one. */
  get usage(): { inUse: number; idle: number; waiting: number } {
    return { inUse: this.#inUse.size, idle: this.#idle.length, waiting: this.#waiters.length };
  }

  /**
   * @param suits among several at rest one for which this is true is taken, if there is one
   * @throws DatabaseError `busy` when none became free in time, or what opening one threw
   */
  async acquire(suits: (connection: C) => boolean = () => true): Promise<C> {
    if (this.#closed) throw new Error('the database is closed');
    const kept = this.#takeIdle(suits);
    if (kept !== null) return this.#lend(kept);
    if (this.#count() < this.#most()) return this.#openOne();
    return this.#wait();
  }

  release(connection: C): void {
    if (!this.#inUse.delete(connection)) throw new Error('this connection was released before');
    const usable = !connection.isBroken && !this.#closed && !this.#isOld(connection);
    const waiter = this.#waiters.shift();
    if (waiter !== undefined) {
      if (usable) waiter.take(this.#lend(connection));
      else {
        connection.close();
        this.#openOne().then(waiter.take, waiter.fail);
      }
    } else if (usable) {
      this.#idle.push(connection);
      this.#restingSinceMs.set(connection, performance.now());
      if (this.#idle.length > this.#kept()) this.#lookLater();
    } else {
      connection.close();
    }
    if (this.#inUse.size === 0) this.#emptied?.();
  }

  /** The server is gone or another one: connections at rest are not worth a try. */
  dropIdle(): void {
    if (this.#look) clearTimeout(this.#look);
    this.#look = null;
    this.#restingSinceMs.clear();
    for (const connection of this.#idle.splice(0)) connection.close();
  }

  /** Closes what a burst left behind. */
  #lookLater(): void {
    this.#look ??= setTimeout(() => {
      this.#look = null;
      const before = performance.now() - LINGER_MS;
      while (this.#idle.length > this.#kept() && this.#restingSinceMs.get(this.#idle[0]!)! < before) {
        this.#rest(0).close();
      }
      if (this.#idle.length > this.#kept()) this.#lookLater();
    }, LOOK_MS).unref();
  }

  /** Takes one that rests out of there. */
  #rest(index: number): C {
    const [connection] = this.#idle.splice(index, 1);
    this.#restingSinceMs.delete(connection!);
    return connection!;
  }

  /** Waits for connections in use, then closes all. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#inUse.size > 0) {
      await new Promise<void>((resolve) => {
        this.#emptied = resolve;
      });
    }
    this.dropIdle();
  }

  #takeIdle(suits: (connection: C) => boolean): C | null {
    for (let i = this.#idle.length - 1; i >= 0; i--) {
      const connection = this.#idle[i]!;
      if (!connection.isBroken && !this.#isOld(connection)) continue;
      this.#rest(i).close();
    }
    const last = this.#idle.length - 1;
    if (last < 0) return null;
    const suited = this.#idle.findLastIndex(suits);
    // Another kind of work is nearly as good as the right one, but not worth holding up the pool's growth to its size.
    if (suited < 0 && this.#count() < this.#kept()) return null;
    return this.#rest(suited < 0 ? last : suited);
  }

  async #openOne(): Promise<C> {
    this.#opening += 1;
    try {
      const connection = await this.#open();
      if (this.#closed) {
        connection.close();
        throw new Error('the database is closed');
      }
      return this.#lend(connection);
    } finally {
      this.#opening -= 1;
    }
  }

  #lend(connection: C): C {
    this.#inUse.add(connection);
    return connection;
  }

  #wait(): Promise<C> {
    return new Promise<C>((resolve, reject) => {
      const waiter: Waiter<C> = {
        take: (connection) => {
          clearTimeout(timer);
          resolve(connection);
        },
        fail: (error) => {
          clearTimeout(timer);
          reject(error);
        },
      };
      const timer = setTimeout(() => {
        this.#waiters.splice(this.#waiters.indexOf(waiter), 1);
        const text = `all ${this.#most()} database connections are in use`;
        reject(new DatabaseError('busy', text, { sql: '', cause: null }));
      }, this.#options.waitMs);
      this.#waiters.push(waiter);
    });
  }

  #count(): number {
    return this.#inUse.size + this.#idle.length + this.#opening;
  }

  /** 0 means no limit, as SQLAlchemy has it. */
  #kept(): number {
    return this.#options.size === 0 ? Number.POSITIVE_INFINITY : this.#options.size;
  }

  #most(): number {
    const { overflow } = this.#options;
    return overflow < 0 ? Number.POSITIVE_INFINITY : this.#kept() + overflow;
  }

  #isOld({ openedAt }: C): boolean {
    const { recycleMs } = this.#options;
    return recycleMs >= 0 && performance.now() - openedAt > recycleMs;
  }
}
