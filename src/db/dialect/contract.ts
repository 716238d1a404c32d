import type { DialectAdapter, KyselyPlugin, QueryCompiler } from 'kysely';
import type { Logger } from '../../lib/log.ts';

/**
 * What a kind of database brings. Each lives in a folder of its own beside this file (`sqlite/`), all with the same files
 * (dialect, connection, errors); `registry.ts` names them, and `test/contract/db-dialect.test.ts` is the suite that every
 * one of them passes.
 *
 * A dialect hands out connections and knows how its errors read. Everything above (kysely, prepared queries, retry,
 * migrations, reads) is the same code for all.
 */
export interface Dialect {
  readonly name: DialectName;
  createAdapter(): DialectAdapter;
  createQueryCompiler(): QueryCompiler;
  /** How connections are used, where there are several. */
  readonly pool?: PoolUsage;
  /** What makes this database's tables of the same migration steps. */
  tablePlugins(): KyselyPlugin[];
  /**
   * A connection that sees committed rows and cannot write. Between `acquire` and `release` all its statements see the same
   * moment when `snapshot` is true; otherwise each sees what is committed when it runs.
   */
  acquire(snapshot: boolean): Promise<Connection>;
  release(connection: Connection): Promise<void>;
  /** Reads all of it at one moment in one round trip, where the database can. */
  readTogether?(statements: readonly Statement[]): Promise<QueryOutcome[]>;
  /**
   * Runs `work` in one transaction and settles after the commit (or the rollback, when `work` throws). Does not retry.
   * Statements on a connection whose transaction is over are refused.
   */
  transaction<T>(work: (connection: Connection) => Promise<T>): Promise<T>;
  /** Runs `work` while no other process does so: for migrations. `work` opens its own transactions. */
  exclusively<T>(work: () => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export type DialectName = 'sqlite' | 'mysql' | 'postgres';

/** One statement at a time; values are positional. Booleans may be given everywhere. */
export interface Connection {
  /**
   * @throws DatabaseError
   */
  query(sql: string, values: readonly unknown[]): Promise<QueryOutcome>;
  /**
   * Several in one round trip, where the database can: statements that need nothing of each other's answers. When one fails,
   * none after it is run and all are lost.
   * @throws DatabaseError
   */
  queryAll?(statements: readonly Statement[]): Promise<QueryOutcome[]>;
  /**
   * Inside a transaction: a statement that nobody waits for, where that saves a round trip. It goes to the server before the
   * next one and together with it, at the latest with the commit. What it fails with is thrown there.
   * @param answered called when it has been run
   */
  later?(statement: Statement, answered: (outcome: QueryOutcome) => void): void;
}

export interface Statement {
  readonly sql: string;
  readonly values: readonly unknown[];
}

/** Rows come as arrays in column order: half the cost of objects, and most readers build their own objects anyway. */
export interface QueryOutcome {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
  /** Rows inserted, changed or deleted; 0 for a select. */
  readonly changes: number;
  /** The generated key of an insert, when there is one. */
  readonly insertId: number | null;
}

export interface DialectOptions {
  /** What stands behind `scheme://` in the URL, already split off and decoded. */
  readonly url: ConnectionUrl;
  readonly synchronous: 'normal' | 'full';
  readonly pool: PoolOptions;
  readonly start: StartOptions;
  /** Galera: what a session waits for before it reads (`wsrep_sync_wait`); null leaves the server's setting. */
  readonly wsrepSyncWait: number | null;
  readonly logger: Logger;
}

/** Connections of one process to a database server. */
export interface PoolOptions {
  /** Kept open; 0: as many as there were at once. */
  readonly size: number;
  /** Opened beyond that when busy; negative: without limit. */
  readonly overflow: number;
  /** How long a caller waits when all are in use. */
  readonly waitMs: number;
  /** A connection that is older is renewed; negative: never. */
  readonly recycleMs: number;
}

export interface PoolUsage {
  readonly inUse: number;
  readonly idle: number;
  readonly waiting: number;
}

/** How long a starting program waits for its database. */
export interface StartOptions {
  /** How often it tries again; negative: for ever. */
  readonly attempts: number;
  readonly pauseMs: number;
}

/** An oslo.db / SQLAlchemy URL: `dialect+driver://user:password@host:port/database?query`. */
export interface ConnectionUrl {
  readonly dialect: DialectName;
  readonly user: string | null;
  readonly password: string | null;
  readonly host: string | null;
  readonly port: number | null;
  /** SQLite: the file's path. */
  readonly database: string;
  readonly query: Readonly<Record<string, string>>;
}
