import { closeSync, existsSync, openSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { SqliteAdapter, SqliteQueryCompiler } from 'kysely';
import type { Logger } from '../../../lib/log.ts';
import { ConnectionError } from '../../errors.ts';
import type { Connection, Dialect, DialectOptions } from '../contract.ts';
import { Checkpointer } from './checkpointer.ts';
import { SqliteConnection } from './connection.ts';
import { SqliteWriter } from './writer.ts';

/** Within SQLite a wait holds the whole loop, so it is short; the writer goes on asking outside of it. */
const BUSY_TIMEOUT_MS = 5;
/** The checkpoint thread comes long before this many pages (128 MB); if it cannot, a commit does its work. */
const AUTOCHECKPOINT_PAGES = 32_000;
/** What the log file keeps on disk when it is begun anew. */
const LOG_BYTES_KEPT = 67_108_864;
/** Negative: KiB. */
const CACHE_KIB = -16_384;

/** Settings of every handle on the file. */
export function connectionPragmas(synchronous: 'normal' | 'full'): string[] {
  return [
    `pragma busy_timeout = ${BUSY_TIMEOUT_MS}`,
    `pragma synchronous = ${synchronous}`,
    'pragma foreign_keys = on',
    `pragma cache_size = ${CACHE_KIB}`,
    'pragma temp_store = memory',
  ];
}

/**
 * Opens (and where needed creates, mode 0640) the database file in WAL mode: readers never wait for the writer, and a
 * killed process loses nothing that was committed.
 */
export async function openSqlite(options: DialectOptions): Promise<Dialect> {
  const { database } = options.url;
  if (database === '' || database === ':memory:') {
    throw new ConnectionError(
      '[database] connection: an SQLite database in memory cannot be shared; name a file: sqlite:////path/to/file',
    );
  }
  const path = resolve(database);
  if (!existsSync(dirname(path)))
    throw new ConnectionError(
      `[database] connection: the folder ${dirname(path)} does not exist; make it or give another`,
    );
  try {
    closeSync(openSync(path, 'a', 0o640));
    const pragmas = connectionPragmas(options.synchronous);
    // The change to WAL needs the file alone for a moment: others may be doing the same.
    const writer = new SqliteConnection(path, [
      'pragma busy_timeout = 10000',
      'pragma journal_mode = wal',
      ...pragmas,
      `pragma wal_autocheckpoint = ${AUTOCHECKPOINT_PAGES}`,
      `pragma journal_size_limit = ${LOG_BYTES_KEPT}`,
    ]);
    return new SqliteDialect(writer, {
      checkpointer: new Checkpointer(path, options.logger),
      logger: options.logger,
      openReader: () => new SqliteConnection(path, [...pragmas, 'pragma query_only = on']),
    });
  } catch (error) {
    throw new ConnectionError(`[database] connection: cannot use ${path}: ${(error as Error).message}`, error);
  }
}

class SqliteDialect implements Dialect {
  readonly name = 'sqlite';
  readonly #writerConnection: SqliteConnection;
  readonly #checkpointer: Checkpointer;
  readonly #writer: SqliteWriter;
  readonly #openReader: () => SqliteConnection;
  /** For single statements: each is its own snapshot. */
  readonly #reader: SqliteConnection;
  /** Connections for snapshots that are not in use. Few exist: only calls resumed in the same turn overlap. */
  readonly #idle: SqliteConnection[] = [];
  readonly #snapshots = new Set<SqliteConnection>();

  constructor(
    writer: SqliteConnection,
    {
      checkpointer,
      logger,
      openReader,
    }: { checkpointer: Checkpointer; logger: Logger; openReader: () => SqliteConnection },
  ) {
    this.#writerConnection = writer;
    this.#checkpointer = checkpointer;
    this.#writer = new SqliteWriter(writer, { onCommit: () => checkpointer.committed(writer), logger });
    this.#openReader = openReader;
    this.#reader = openReader();
  }

  createAdapter(): SqliteAdapter {
    return new SqliteAdapter();
  }

  createQueryCompiler(): SqliteQueryCompiler {
    return new SqliteQueryCompiler();
  }

  tablePlugins(): never[] {
    return [];
  }

  async acquire(snapshot: boolean): Promise<Connection> {
    if (!snapshot) return this.#reader;
    const connection = this.#idle.pop() ?? this.#openReader();
    connection.querySync('begin', []);
    this.#snapshots.add(connection);
    return connection;
  }

  async release(connection: Connection): Promise<void> {
    if (connection === this.#reader) return;
    const snapshot = connection as SqliteConnection;
    if (!this.#snapshots.delete(snapshot)) throw new Error('this snapshot was released before');
    snapshot.querySync('commit', []);
    this.#idle.push(snapshot);
  }

  transaction<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
    return this.#writer.transaction(work);
  }

  /** Migrations run in transactions that begin with the write lock, which is exclusion enough. */
  exclusively<T>(work: () => Promise<T>): Promise<T> {
    return work();
  }

  async close(): Promise<void> {
    await this.#writer.idle();
    await this.#checkpointer.close();
    for (const connection of [...this.#snapshots, ...this.#idle, this.#reader]) connection.close();
    this.#writerConnection.close();
  }
}
