import { Database } from '../../src/db/database.ts';
import type { Connection, Dialect } from '../../src/db/dialect/contract.ts';
import { openDialect } from '../../src/db/dialect/registry.ts';
import { parseConnectionUrl } from '../../src/db/dialect/url.ts';
import { silentLogger } from '../../src/lib/log.ts';

export interface Statement {
  readonly sql: string;
  readonly values: readonly unknown[];
}

/** A second way into a database, by which every statement is written down. What the reader thread asks is not among them. */
export async function recordingDatabase(database: Database): Promise<{ recorded: Database; statements: Statement[] }> {
  const statements: Statement[] = [];
  const url = parseConnectionUrl(database.options.connection);
  const dialect = await openDialect({ ...database.options, url, logger: silentLogger });
  const originals = new WeakMap<Connection, Connection>();
  const recording = (connection: Connection): Connection => {
    const wrapped: Connection = {
      query: (sql, values) => {
        statements.push({ sql, values });
        return connection.query(sql, values);
      },
    };
    originals.set(wrapped, connection);
    return wrapped;
  };
  const wrapper: Dialect = {
    name: dialect.name,
    createAdapter: () => dialect.createAdapter(),
    createQueryCompiler: () => dialect.createQueryCompiler(),
    tablePlugins: () => dialect.tablePlugins(),
    acquire: async (snapshot) => recording(await dialect.acquire(snapshot)),
    release: (connection) => dialect.release(originals.get(connection)!),
    transaction: (work) => dialect.transaction((connection) => work(recording(connection))),
    exclusively: (work) => dialect.exclusively(work),
    close: () => dialect.close(),
  };
  return { recorded: new Database(wrapper, database.options), statements };
}
