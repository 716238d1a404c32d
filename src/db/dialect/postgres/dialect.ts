import { createHash } from 'node:crypto';
import { type KyselyPlugin, PostgresAdapter, PostgresQueryCompiler } from 'kysely';
import type { ClientConfig } from 'pg';
import { DatabaseError } from '../../errors.ts';
import { BoundConnection } from '../bound-connection.ts';
import type { Connection, Dialect, DialectOptions, QueryOutcome, Statement } from '../contract.ts';
import { firstConnection } from '../first-connection.ts';
import { Pool } from '../pool.ts';
import { PostgresConnection } from './connection.ts';
import { isAnswer, postgresError } from './errors.ts';
import { whyNoConnection } from './refusals.ts';
import { postgresSettings } from './settings.ts';
import { postgresTables } from './tables.ts';

/** Opens a pool of connections to PostgreSQL. @throws ConnectionError */
export async function openPostgres(options: DialectOptions): Promise<Dialect> {
  const { url, pool, start, logger } = options;
  const config = postgresSettings(url);
  const why = (error: unknown) => whyNoConnection(error, url);
  const first = await firstConnection(() => PostgresConnection.open(config), { start, logger, why });
  first.close();
  return new PostgresDialect(config, new Pool(() => open(config), pool));
}

/** A connection of the running server: one that cannot be had now may be had a little later. */
async function open(config: ClientConfig): Promise<PostgresConnection> {
  try {
    return await PostgresConnection.open(config);
  } catch (error) {
    const known = postgresError(error, '');
    throw known instanceof DatabaseError
      ? new DatabaseError('busy', known.message, { unfit: known.unfit, sql: '', cause: error })
      : known;
  }
}

const BEGIN_READING: Statement = { sql: 'begin isolation level repeatable read, read only', values: [] };
const COMMIT: Statement = { sql: 'commit', values: [] };

class PostgresDialect implements Dialect {
  readonly name = 'postgres';
  readonly #config: ClientConfig;
  readonly #pool: Pool<PostgresConnection>;
  readonly #snapshots = new Set<PostgresConnection>();
  #migrating = false;

  constructor(config: ClientConfig, pool: Pool<PostgresConnection>) {
    this.#config = config;
    this.#pool = pool;
  }

  get pool() {
    return this.#pool.usage;
  }

  createAdapter(): PostgresAdapter {
    return new PostgresAdapter();
  }

  createQueryCompiler(): PostgresQueryCompiler {
    return new PostgresQueryCompiler();
  }

  tablePlugins(): KyselyPlugin[] {
    return [postgresTables()];
  }

  async acquire(snapshot: boolean): Promise<Connection> {
    const connection = await this.#pool.acquire();
    if (snapshot) {
      connection.begin(BEGIN_READING.sql);
      this.#snapshots.add(connection);
    }
    return connection;
  }

  async release(connection: Connection): Promise<void> {
    const own = connection as PostgresConnection;
    // Nobody waits for the end of what was only read: whoever has the connection next speaks after it.
    if (this.#snapshots.delete(own) && !own.isBroken) void own.end('commit').catch(() => own.close());
    this.#release(own);
  }

  async readTogether(statements: readonly Statement[]): Promise<QueryOutcome[]> {
    const connection = await this.#pool.acquire();
    try {
      if (statements.length === 1) return await connection.queryAll(statements);
      return (await connection.queryAll([BEGIN_READING, ...statements, COMMIT])).slice(1, -1);
    } catch (error) {
      // The transaction may be open still.
      connection.close();
      throw error;
    } finally {
      this.#release(connection);
    }
  }

  async transaction<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
    const connection = await this.#pool.acquire();
    connection.begin('begin isolation level read committed, read write');
    if (this.#migrating) connection.waitForEver();
    connection.writing = true;
    const bound = new BoundConnection(connection);
    try {
      const result = await work(bound);
      bound.end();
      await commit(connection);
      return result;
    } catch (error) {
      bound.end();
      if (!connection.isBroken) await connection.rollBack().catch(() => connection.close());
      throw error;
    } finally {
      connection.writing = false;
      if (this.#migrating) connection.close();
      this.#release(connection);
    }
  }

  /** One program migrates at a time: the lock is the server's and goes with the connection that holds it. */
  async exclusively<T>(work: () => Promise<T>): Promise<T> {
    const holder = await open(this.#config);
    try {
      holder.waitForEver();
      await holder.query('set lock_timeout = 0', []);
      await holder.query('select pg_advisory_lock($1::bigint)', [lockNumber('neutrino migrations')]);
      this.#migrating = true;
      return await work();
    } finally {
      this.#migrating = false;
      holder.close();
    }
  }

  close(): Promise<void> {
    return this.#pool.close();
  }

  #release(connection: PostgresConnection): void {
    // One that broke by itself tells that the others did, too.
    const { isBroken } = connection;
    this.#pool.release(connection);
    if (isBroken && !this.#migrating) this.#pool.dropIdle();
  }
}

/** @throws DatabaseError `in_doubt` when the connection was lost before the server said that it is done */
async function commit(connection: PostgresConnection): Promise<void> {
  try {
    await connection.end('commit');
  } catch (error) {
    if (!connection.isBroken || !(error instanceof DatabaseError) || isAnswer(error.cause)) throw error;
    throw new DatabaseError('in_doubt', 'the connection was lost while committing', { sql: 'commit', cause: error });
  }
}

/** Advisory locks go by number; each database has its own. */
function lockNumber(name: string): string {
  return String(BigInt.asIntN(64, createHash('sha256').update(name).digest().readBigInt64BE()));
}
