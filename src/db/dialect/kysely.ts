import {
  type CompiledQuery,
  type DatabaseConnection,
  type Driver,
  Kysely,
  type Dialect as KyselyDialect,
  type QueryResult,
} from 'kysely';
import type { Schema } from '../schema.ts';
import type { Connection, Dialect, QueryOutcome } from './contract.ts';

/** Where a kysely instance takes its connection from: one it holds, or one per statement. */
export interface ConnectionSource {
  acquire(): Promise<Connection>;
  release(connection: Connection): Promise<void>;
}

/** A kysely instance over our connections. Transactions are begun by `Database.transaction` and nowhere else. */
export function createKysely(
  dialect: Pick<Dialect, 'createAdapter' | 'createQueryCompiler'>,
  source: ConnectionSource,
): Kysely<Schema> {
  const kyselyDialect: KyselyDialect = {
    createAdapter: () => dialect.createAdapter(),
    createQueryCompiler: () => dialect.createQueryCompiler(),
    createDriver: () => new SourceDriver(source),
    createIntrospector: () => {
      throw new Error('introspection is not part of the dialect contract; ask the catalogue tables directly');
    },
  };
  return new Kysely<Schema>({ dialect: kyselyDialect });
}

class SourceDriver implements Driver {
  readonly #source: ConnectionSource;

  constructor(source: ConnectionSource) {
    this.#source = source;
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    return new KyselyConnection(await this.#source.acquire());
  }

  async releaseConnection(connection: DatabaseConnection): Promise<void> {
    await this.#source.release((connection as KyselyConnection).connection);
  }

  async beginTransaction(): Promise<void> {
    throw new Error('use Database.transaction');
  }

  async commitTransaction(): Promise<void> {
    throw new Error('use Database.transaction');
  }

  async rollbackTransaction(): Promise<void> {
    throw new Error('use Database.transaction');
  }

  async destroy(): Promise<void> {}
}

class KyselyConnection implements DatabaseConnection {
  readonly connection: Connection;

  constructor(connection: Connection) {
    this.connection = connection;
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    const outcome = await this.connection.query(query.sql, query.parameters);
    return {
      rows: rowsAsObjects<R>(outcome),
      numAffectedRows: BigInt(outcome.changes),
      ...(outcome.insertId === null ? {} : { insertId: BigInt(outcome.insertId) }),
    };
  }

  streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new Error('streaming is not part of the dialect contract');
  }
}

/** Rows as plain objects keyed by column. */
export function rowsAsObjects<R>({ columns, rows }: QueryOutcome): R[] {
  const count = columns.length;
  return rows.map((row) => {
    const object: Record<string, unknown> = {};
    for (let i = 0; i < count; i++) object[columns[i]!] = row[i];
    return object as R;
  });
}
