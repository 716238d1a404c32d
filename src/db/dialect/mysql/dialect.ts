import { createHash } from 'node:crypto';
import { type KyselyPlugin, MysqlAdapter, MysqlQueryCompiler } from 'kysely';
import { DatabaseError } from '../../errors.ts';
import { BoundConnection } from '../bound-connection.ts';
import type { Connection, Dialect, DialectOptions, QueryOutcome, Statement } from '../contract.ts';
import { firstConnection } from '../first-connection.ts';
import { Pool } from '../pool.ts';
import { type Mode, MysqlConnection, type MysqlSettings } from './connection.ts';
import { endsConnection, mysqlError } from './errors.ts';
import { whyNoConnection } from './refusals.ts';
import { ResumedConnection } from './resumed-connection.ts';
import { mysqlSettings } from './settings.ts';
import { mysqlTables } from './tables.ts';

/** Other programs that migrate are waited for this long. */
const EXCLUSIVE_WAIT_S = 600;

const BEGIN: Statement = { sql: 'start transaction', values: [] };
const BEGIN_READING: Statement = { sql: 'start transaction read only', values: [] };
const COMMIT: Statement = { sql: 'commit', values: [] };

/** Opens a pool of connections to MariaDB or MySQL. @throws ConnectionError */
export async function openMysql(options: DialectOptions): Promise<Dialect> {
  const { url, pool, wsrepSyncWait, logger } = options;
  const settings: MysqlSettings = { client: mysqlSettings(url), wsrepSyncWait };
  const first = await firstConnection(() => MysqlConnection.open(settings), {
    start: options.start,
    logger,
    why: (error) => whyNoConnection(error, url),
  });
  const version = await first.query('select version()', []);
  first.close();
  return new MysqlDialect(settings, String(version.rows[0]![0]), new Pool(() => open(settings), pool));
}

/** A connection of the running server: one that cannot be had now may be had a little later. */
async function open(settings: MysqlSettings): Promise<MysqlConnection> {
  try {
    return await MysqlConnection.open(settings);
  } catch (error) {
    const known = mysqlError(error, []);
    throw known instanceof DatabaseError && !endsConnection(error)
      ? new DatabaseError('busy', known.message, { sql: '', cause: error })
      : known;
  }
}

class MysqlDialect implements Dialect {
  readonly name = 'mysql';
  readonly #settings: MysqlSettings;
  readonly #collation: string;
  readonly #pool: Pool<MysqlConnection>;
  readonly #snapshots = new Set<MysqlConnection>();
  #migrating = false;

  constructor(settings: MysqlSettings, version: string, pool: Pool<MysqlConnection>) {
    this.#settings = settings;
    // Both compare bytes and do not pad; neither server knows the other's.
    this.#collation = /mariadb/i.test(version) ? 'utf8mb4_nopad_bin' : 'utf8mb4_0900_bin';
    this.#pool = pool;
  }

  get pool() {
    return this.#pool.usage;
  }

  createAdapter(): MysqlAdapter {
    return new MysqlAdapter();
  }

  createQueryCompiler(): MysqlQueryCompiler {
    return new MysqlQueryCompiler();
  }

  tablePlugins(): KyselyPlugin[] {
    return [mysqlTables(this.#collation)];
  }

  async acquire(snapshot: boolean): Promise<Connection> {
    const connection = await this.#acquire('read');
    if (snapshot) {
      connection.begin(BEGIN_READING);
      this.#snapshots.add(connection);
    }
    return connection;
  }

  async release(connection: Connection): Promise<void> {
    const own = connection as MysqlConnection;
    // Nobody waits for the end of what was only read: whoever has the connection next speaks after it. One that fails here
    // is broken, and the pool sees that.
    if (this.#snapshots.delete(own) && !own.isBroken) void own.end('commit').catch(() => own.close());
    this.#release(own);
  }

  async readTogether(statements: readonly Statement[]): Promise<QueryOutcome[]> {
    const connection = await this.#acquire('read');
    try {
      if (statements.length === 1) return await connection.queryAll(statements);
      const outcomes = await connection.queryAll([BEGIN_READING, ...statements, COMMIT]);
      return outcomes.slice(1, -1);
    } catch (error) {
      // The transaction may be open still.
      connection.close();
      throw error;
    } finally {
      this.#release(connection);
    }
  }

  async transaction<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
    const connection = await this.#acquire('write');
    connection.begin(BEGIN);
    if (this.#migrating) connection.waitForEver();
    const bound = new BoundConnection(this.#migrating ? new ResumedConnection(connection) : connection);
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
      if (this.#migrating) connection.close();
      this.#release(connection);
    }
  }

  /** One program migrates at a time: the lock is the server's and goes with the connection that holds it. */
  async exclusively<T>(work: () => Promise<T>): Promise<T> {
    const holder = await open(this.#settings);
    try {
      holder.waitForEver();
      // Names are 64 characters at most, and shared by all databases of a server.
      const database = createHash('sha256').update(String(this.#settings.client.database)).digest('hex').slice(0, 40);
      const { rows } = await holder.query('select get_lock(?, ?)', [`neutrino.${database}`, EXCLUSIVE_WAIT_S]);
      if (Number(rows[0]?.[0]) !== 1) {
        throw new DatabaseError('busy', 'another program has been changing the tables for 10 minutes', {
          sql: '',
          cause: null,
        });
      }
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

  async #acquire(mode: Mode): Promise<MysqlConnection> {
    const connection = await this.#pool.acquire((idle) => idle.mode === mode);
    connection.become(mode);
    return connection;
  }

  #release(connection: MysqlConnection): void {
    // One that broke by itself tells that the others did, too.
    const { isBroken } = connection;
    this.#pool.release(connection);
    if (isBroken && !this.#migrating) this.#pool.dropIdle();
  }
}

/** @throws DatabaseError `in_doubt` when the connection was lost before the server said that it is done */
async function commit(connection: MysqlConnection): Promise<void> {
  try {
    await connection.end('commit');
  } catch (error) {
    if (!connection.isBroken || !(error instanceof DatabaseError) || hasAnswered(error)) throw error;
    throw new DatabaseError('in_doubt', 'the connection was lost while committing', { sql: 'commit', cause: error });
  }
}

/** An error number is the server's own word: it did not commit. */
function hasAnswered({ cause }: DatabaseError): boolean {
  return typeof cause === 'object' && cause !== null && 'sqlState' in cause;
}
