import { Database } from '../../src/db/database.ts';
import type { Connection, Dialect, QueryOutcome } from '../../src/db/dialect/contract.ts';
import { openDialect } from '../../src/db/dialect/registry.ts';
import { queryTogether } from '../../src/db/dialect/together.ts';
import { parseConnectionUrl } from '../../src/db/dialect/url.ts';
import { silentLogger } from '../../src/lib/log.ts';

export interface Statement {
  readonly sql: string;
  readonly values: readonly unknown[];
}

export interface RecordedDatabase {
  readonly recorded: Database;
  readonly statements: Statement[];
  /** What goes to a database server in one piece, and is answered in one: of each the statements, and `commit`. */
  readonly trips: string[][];
}

/** A second way into a database, by which every statement is written down. What the reader thread asks is not among them. */
export async function recordingDatabase(database: Database): Promise<RecordedDatabase> {
  const statements: Statement[] = [];
  const trips: string[][] = [];
  const url = parseConnectionUrl(database.options.connection);
  const dialect = await openDialect({ ...database.options, url, logger: silentLogger });
  const recording = (connection: Connection): RecordingConnection => {
    return new RecordingConnection(connection, (all) => {
      statements.push(...all);
      trips.push(all.map(({ sql }) => sql));
    });
  };
  const wrapper: Dialect = {
    name: dialect.name,
    createAdapter: () => dialect.createAdapter(),
    createQueryCompiler: () => dialect.createQueryCompiler(),
    tablePlugins: () => dialect.tablePlugins(),
    acquire: async (snapshot) => recording(await dialect.acquire(snapshot)),
    release: (connection) => dialect.release((connection as RecordingConnection).inner),
    transaction: (work) =>
      dialect.transaction(async (connection) => {
        const wrapped = recording(connection);
        const result = await work(wrapped);
        const left = await wrapped.settle();
        if (left) trips.at(-1)!.push('commit');
        else trips.push(['commit']);
        return result;
      }),
    exclusively: (work) => dialect.exclusively(work),
    close: () => dialect.close(),
  };
  return { recorded: new Database(wrapper, database.options), statements, trips };
}

/** What nobody waits for goes with what comes next, as on a database server; SQLite itself would run it at once. */
class RecordingConnection implements Connection {
  readonly inner: Connection;
  readonly #note: (all: readonly Statement[]) => void;
  #waiting: { statement: Statement; answered: (outcome: QueryOutcome) => void }[] = [];

  constructor(inner: Connection, note: (all: readonly Statement[]) => void) {
    this.inner = inner;
    this.#note = note;
  }

  async query(sql: string, values: readonly unknown[]): Promise<QueryOutcome> {
    return (await this.queryAll([{ sql, values }]))[0]!;
  }

  async queryAll(statements: readonly Statement[]): Promise<QueryOutcome[]> {
    const waiting = this.#waiting;
    this.#waiting = [];
    const all = [...waiting.map(({ statement }) => statement), ...statements];
    this.#note(all);
    const outcomes = await queryTogether(this.inner, all);
    for (const [at, { answered }] of waiting.entries()) answered(outcomes[at]!);
    return outcomes.slice(waiting.length);
  }

  later(statement: Statement, answered: (outcome: QueryOutcome) => void): void {
    this.#waiting.push({ statement, answered });
  }

  /** @returns whether anything was left to do */
  async settle(): Promise<boolean> {
    const left = this.#waiting.length > 0;
    if (left) await this.queryAll([]);
    return left;
  }
}
