import type { Kysely } from 'kysely';
import { type Logger, silentLogger } from '../lib/log.ts';
import type { Connection, Dialect, DialectName } from './dialect/contract.ts';
import { createKysely } from './dialect/kysely.ts';
import { openDialect } from './dialect/registry.ts';
import { parseConnectionUrl } from './dialect/url.ts';
import { attach } from './handle.ts';
import { type RetryOptions, withRetry } from './retry.ts';
import type { Schema } from './schema.ts';

/** A connection to ask: the database outside a transaction (committed rows only) or the inside of one. */
export type Db = Kysely<Schema>;

declare const inTransaction: unique symbol;

/** The inside of a transaction. Rows only: never await RPC, a command or a timer while holding one. */
export type Tx = Db & { readonly [inTransaction]: true };

export interface DatabaseOptions {
  /** An oslo.db URL: `sqlite:////var/lib/neutron/neutron.sqlite`. */
  readonly connection: string;
  /** SQLite: `full` survives a power cut, `normal` the end of any process. */
  readonly synchronous?: 'normal' | 'full';
  readonly logger?: Logger;
}

/** @throws ConnectionError with one line for the operator */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  const url = parseConnectionUrl(options.connection);
  const { synchronous = 'normal', logger = silentLogger } = options;
  return new Database(await openDialect({ url, synchronous, logger }), { ...options, synchronous, logger });
}

/**
 * The open database of one process: `db` to read committed rows, `transaction` to change them.
 */
export class Database {
  /** Reads committed rows, each statement for itself; refuses to write. */
  readonly db: Db;
  readonly dialect: DialectName;
  /** How it was opened: the reader thread opens the same. */
  readonly options: Required<DatabaseOptions>;
  readonly #dialect: Dialect;
  readonly #before: (() => Promise<void>)[] = [];
  readonly #after: (() => Promise<void>)[] = [];
  #closed = false;

  constructor(dialect: Dialect, options: Required<DatabaseOptions>) {
    this.#dialect = dialect;
    this.dialect = dialect.name;
    this.options = options;
    const source = {
      acquire: () => dialect.acquire(false),
      release: (connection: Connection) => dialect.release(connection),
    };
    this.db = createKysely(dialect, source);
    attach(this.db, { dialect, connection: null });
  }

  /**
   * Runs `work` in one transaction; what it returns comes back after the commit, what it throws after the rollback. Deadlocks
   * and `RetryRequest`s are tried again, so `work` must not change anything but rows. An error inside ends the transaction:
   * do not catch a failed statement and go on (PostgreSQL cannot).
   */
  transaction<T>(work: (tx: Tx) => Promise<T>, retry: RetryOptions = {}): Promise<T> {
    return withRetry(() => this.#dialect.transaction((connection) => work(this.#bound(connection) as Tx)), retry);
  }

  /** Runs `work` on a connection whose statements all see the same moment. */
  async snapshot<T>(work: (db: Db) => Promise<T>): Promise<T> {
    const connection = await this.#dialect.acquire(true);
    try {
      return await work(this.#bound(connection));
    } finally {
      await this.#dialect.release(connection);
    }
  }

  /** The statements that `work` would run, without running them; every answer is empty. */
  async record(work: (tx: Tx) => Promise<void>): Promise<string[]> {
    const statements: string[] = [];
    const recorder: Connection = {
      query: async (sql) => {
        statements.push(sql);
        return { columns: [], rows: [], changes: 0, insertId: null };
      },
    };
    await work(this.#bound(recorder) as Tx);
    return statements;
  }

  /** Runs `work` while no other process does: for migrations. */
  exclusively<T>(work: () => Promise<T>): Promise<T> {
    return this.#dialect.exclusively(work);
  }

  /** Ends something that lives as long as the database (the reader thread), before it closes. */
  beforeClose(work: () => Promise<void>): void {
    this.#before.push(work);
  }

  /** Clears up behind it, after it has closed. */
  afterClose(work: () => Promise<void>): void {
    this.#after.push(work);
  }

  /** Waits for transactions under way, then closes. Closing again does nothing. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    for (const work of this.#before) await work();
    await this.#dialect.close();
    for (const work of this.#after) await work();
  }

  #bound(connection: Connection): Db {
    const db = createKysely(this.#dialect, { acquire: async () => connection, release: async () => {} });
    attach(db, { dialect: this.#dialect, connection });
    return db;
  }
}
