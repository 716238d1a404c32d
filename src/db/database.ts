import type { Kysely } from 'kysely';
import { type Logger, silentLogger } from '../lib/log.ts';
import type { Connection, Dialect, DialectName, PoolOptions, PoolUsage, StartOptions } from './dialect/contract.ts';
import { createKysely } from './dialect/kysely.ts';
import { openDialect } from './dialect/registry.ts';
import { parseConnectionUrl } from './dialect/url.ts';
import { atOneMoment, attach, query } from './handle.ts';
import { type RetryOptions, type RetryReason, withRetry } from './retry.ts';
import type { Schema } from './schema.ts';
import { counted, type DatabaseStatistics } from './statistics.ts';

/** A connection to ask: the database outside a transaction (committed rows only) or the inside of one. */
export type Db = Kysely<Schema>;

declare const inTransaction: unique symbol;

/** The inside of a transaction. Rows only: never await RPC, a command or a timer while holding one. */
export type Tx = Db & { readonly [inTransaction]: true };

export interface DatabaseOptions {
  /**
   * An oslo.db URL: `sqlite:////var/lib/neutron/neutron.sqlite`, `mysql+pymysql://user:password@host/neutron`,
   * `postgresql://user:password@host/neutron`.
   */
  readonly connection: string;
  /** SQLite: `full` survives a power cut, `normal` the end of any process. */
  readonly synchronous?: 'normal' | 'full';
  /** Connections to a database server; oslo.db's defaults when not given. */
  readonly pool?: PoolOptions;
  /** How long to wait for a server that is starting; not at all when not given. */
  readonly start?: StartOptions;
  /** Galera's `wsrep_sync_wait` for each session; the server's when not given. */
  readonly wsrepSyncWait?: number | null;
  /** Where its use is counted; it is not when left out. */
  readonly statistics?: DatabaseStatistics | null;
  readonly logger?: Logger;
}

const DEFAULT_POOL: PoolOptions = { size: 5, overflow: 50, waitMs: 30_000, recycleMs: 3_600_000 };

/** @throws ConnectionError with one line for the operator */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  const url = parseConnectionUrl(options.connection);
  const complete = {
    synchronous: 'normal',
    pool: DEFAULT_POOL,
    start: { attempts: 0, pauseMs: 0 },
    wsrepSyncWait: null,
    statistics: null,
    logger: silentLogger,
    ...options,
  } as const;
  const dialect = await openDialect({ url, ...complete });
  const { statistics } = complete;
  return new Database(statistics === null ? dialect : counted(dialect, statistics), complete);
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
    const handle = { dialect, connection: null };
    const reading: Connection = { query: (sql, values) => query(handle, sql, values) };
    this.db = createKysely(dialect, { acquire: async () => reading, release: async () => {} });
    attach(this.db, handle);
  }

  /**
   * Runs `work` in one transaction; what it returns comes back after the commit, what it throws after the rollback. Deadlocks
   * and `RetryRequest`s are tried again, so `work` must not change anything but rows. An error inside ends the transaction:
   * do not catch a failed statement and go on (PostgreSQL cannot).
   */
  transaction<T>(work: (tx: Tx) => Promise<T>, retry: RetryOptions = {}): Promise<T> {
    const { statistics } = this.options;
    const onRetry = (why: RetryReason) => {
      if (statistics !== null) statistics.retries[why] += 1;
    };
    const once = () => this.#dialect.transaction((connection) => work(this.#bound(connection) as Tx));
    return withRetry(once, { ...retry, onRetry });
  }

  /** Runs `work` on a connection whose statements all see the same moment; again, when the connection was lost in it. */
  snapshot<T>(work: (db: Db) => Promise<T>): Promise<T> {
    return atOneMoment({ dialect: this.#dialect, connection: null }, ({ connection }) =>
      work(this.#bound(connection!)),
    );
  }

  /** How the connections to a database server are used; null where there are none. */
  get pool(): PoolUsage | null {
    return this.#dialect.pool ?? null;
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

  /** The same inside, for steps that make tables: each database has its own way to say what they are. */
  forTables(tx: Tx): Tx {
    return this.#dialect.tablePlugins().reduce((db, plugin) => db.withPlugin(plugin), tx as Db) as Tx;
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
