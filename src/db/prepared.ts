import type { Compilable, Kysely } from 'kysely';
import type { DialectName, QueryOutcome, Statement } from './dialect/contract.ts';
import { createKysely, rowsAsObjects } from './dialect/kysely.ts';
import { type Handle, handleOf, later, query } from './handle.ts';
import type { Schema } from './schema.ts';

/**
 * Queries that are built once. kysely takes 5 to 30 µs to build and compile a statement, more than SQLite takes to run
 * it, so what every request asks is written like this and compiled once per dialect:
 *
 *     const portName = prepared((db, p: { id: string }) => db.selectFrom('ports').select('name').where('id', '=', p.id));
 *     const row = await portName.first(tx, { id });
 *
 * `p` stands for the parameters: use its members as values, do not look at them.
 */
export interface Prepared<P, R> {
  /** All rows. */
  all(db: Kysely<Schema>, parameters: P): Promise<R[]>;
  /** The first row, or null. */
  first(db: Kysely<Schema>, parameters: P): Promise<R | null>;
  /** Runs an insert, update or delete. */
  run(db: Kysely<Schema>, parameters: P): Promise<Written>;
  /**
   * The same where nobody waits for the outcome: it is run with the transaction's next statement, or with the commit, in one
   * round trip. Whatever `run` would throw is thrown there.
   */
  later(db: Kysely<Schema>, parameters: P, written?: (outcome: Written) => void): Promise<void>;
  /** All rows as arrays in the order of the columns selected: what hot readers use. */
  arrays<Row = readonly unknown[]>(db: Kysely<Schema>, parameters: P): Promise<readonly Row[]>;
  /** As `arrays`, behind a handle. */
  query(handle: Handle, parameters: P): Promise<QueryOutcome>;
  /** What `query` would ask, to be asked together with others (`queryAll`). */
  statement(handle: Handle, parameters: P): Statement;
}

export interface Written {
  readonly changes: number;
  readonly insertId: number | null;
}

/** @param dialect for the few statements that are not the same everywhere */
type Build<P, R> = (db: Kysely<Schema>, parameters: P, dialect: DialectName) => Compilable<R>;

export function prepared<P extends object, R>(build: Build<P, R>): Prepared<P, R> {
  return new PreparedQuery(build);
}

interface Compiled {
  readonly sql: string;
  /** A parameter's name, or (as `{ value }`) a constant of the query. */
  readonly slots: readonly (string | { readonly value: unknown })[];
}

/** Stands in the query where a parameter goes; kysely carries it to the compiled query's parameter list unseen. */
class Placeholder {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

const placeholders: Record<string, unknown> = new Proxy({}, { get: (_, name) => new Placeholder(String(name)) });

class PreparedQuery<P extends object, R> implements Prepared<P, R> {
  readonly #build: Build<P, R>;
  readonly #compiled = new Map<DialectName, Compiled>();

  constructor(build: Build<P, R>) {
    this.#build = build;
  }

  async all(db: Kysely<Schema>, parameters: P): Promise<R[]> {
    return rowsAsObjects<R>(await this.query(handleOf(db), parameters));
  }

  async first(db: Kysely<Schema>, parameters: P): Promise<R | null> {
    return rowsAsObjects<R>(await this.query(handleOf(db), parameters))[0] ?? null;
  }

  async run(db: Kysely<Schema>, parameters: P): Promise<Written> {
    return writtenBy(await this.query(handleOf(db), parameters));
  }

  later(db: Kysely<Schema>, parameters: P, written?: (outcome: Written) => void): Promise<void> {
    const handle = handleOf(db);
    return later(handle, this.statement(handle, parameters), written && ((outcome) => written(writtenBy(outcome))));
  }

  async arrays<Row>(db: Kysely<Schema>, parameters: P): Promise<readonly Row[]> {
    return (await this.query(handleOf(db), parameters)).rows as readonly Row[];
  }

  query(handle: Handle, parameters: P): Promise<QueryOutcome> {
    const { sql, values } = this.statement(handle, parameters);
    return query(handle, sql, values);
  }

  statement(handle: Handle, parameters: P): Statement {
    const { sql, slots } = this.#compiled.get(handle.dialect.name) ?? this.#compile(handle);
    const values: unknown[] = new Array(slots.length);
    for (let i = 0; i < slots.length; i++) {
      const slot = slots[i]!;
      values[i] = typeof slot === 'string' ? (parameters as Record<string, unknown>)[slot] : slot.value;
    }
    return { sql, values };
  }

  #compile(handle: Handle): Compiled {
    const { sql, parameters } = this.#build(builderFor(handle), placeholders as P, handle.dialect.name).compile();
    const slots = parameters.map((value) => (value instanceof Placeholder ? value.name : { value }));
    const compiled = { sql, slots };
    this.#compiled.set(handle.dialect.name, compiled);
    return compiled;
  }
}

/** PostgreSQL returns the key as a row. */
function writtenBy(outcome: QueryOutcome): Written {
  const key = outcome.rows[0]?.[0];
  return key === undefined ? outcome : { changes: outcome.changes, insertId: Number(key) };
}

const builders = new Map<DialectName, Kysely<Schema>>();

/** A kysely instance that only builds: one per dialect, without a connection. */
export function builderFor({ dialect }: Handle): Kysely<Schema> {
  let builder = builders.get(dialect.name);
  if (builder === undefined) {
    const none = async (): Promise<never> => {
      throw new Error('a prepared query is only built, not run, through kysely');
    };
    builder = createKysely(dialect, { acquire: none, release: none });
    builders.set(dialect.name, builder);
  }
  return builder;
}

/**
 * A query over a list of values, such as `id in (…)`. SQL text depends on how many there are, so a few sizes are prepared
 * (powers of two) and the list is filled up by repeating its last value. An empty list gives no rows without asking.
 *
 *     const namesOf = preparedIn((db, ids: string[]) => db.selectFrom('ports').select(['id', 'name']).where('id', 'in', ids));
 */
export interface PreparedIn<V, R> {
  all(db: Kysely<Schema>, values: readonly V[]): Promise<R[]>;
  arrays<Row = readonly unknown[]>(db: Kysely<Schema>, values: readonly V[]): Promise<readonly Row[]>;
  run(db: Kysely<Schema>, values: readonly V[]): Promise<{ changes: number }>;
  /** The rows as arrays, behind a handle. */
  query(handle: Handle, values: readonly V[]): Promise<readonly (readonly unknown[])[]>;
  /** What `query` would ask, one or more; their rows together are its rows. */
  statements(handle: Handle, values: readonly V[]): Statement[];
}

/** Values per statement: a longer list is asked for in pieces. Well below every database's limit of parameters. */
const LARGEST_IN = 512;

export function preparedIn<V, R>(build: (db: Kysely<Schema>, values: V[]) => Compilable<R>): PreparedIn<V, R> {
  const sizes = new Map<number, Prepared<Record<string, V>, R>>();
  const ofSize = (size: number): Prepared<Record<string, V>, R> => {
    let query = sizes.get(size);
    if (query === undefined) {
      const names = Array.from({ length: size }, (_, i) => `v${i}`);
      query = prepared<Record<string, V>, R>((db, p) =>
        build(
          db,
          names.map((name) => p[name]!),
        ),
      );
      sizes.set(size, query);
    }
    return query;
  };
  const statements = (handle: Handle, values: readonly V[]): Statement[] => {
    const pieces: Statement[] = [];
    for (let start = 0; start < values.length; start += LARGEST_IN) {
      const piece = values.slice(start, start + LARGEST_IN);
      const size = 2 ** Math.ceil(Math.log2(piece.length));
      const parameters: Record<string, V> = {};
      for (let i = 0; i < size; i++) parameters[`v${i}`] = piece[Math.min(i, piece.length - 1)]!;
      pieces.push(ofSize(size).statement(handle, parameters));
    }
    return pieces;
  };
  const ask = async (handle: Handle, values: readonly V[]): Promise<QueryOutcome[]> => {
    const outcomes: QueryOutcome[] = [];
    for (const { sql, values: bound } of statements(handle, values)) outcomes.push(await query(handle, sql, bound));
    return outcomes;
  };
  const rows = async (handle: Handle, values: readonly V[]): Promise<readonly (readonly unknown[])[]> => {
    const outcomes = await ask(handle, values);
    return outcomes.length === 1 ? outcomes[0]!.rows : outcomes.flatMap((outcome) => outcome.rows);
  };
  return {
    all: async (db, values) => (await ask(handleOf(db), values)).flatMap((outcome) => rowsAsObjects<R>(outcome)),
    arrays: async <Row>(db: Kysely<Schema>, values: readonly V[]) =>
      (await rows(handleOf(db), values)) as readonly Row[],
    run: async (db, values) => ({
      changes: (await ask(handleOf(db), values)).reduce((sum, outcome) => sum + outcome.changes, 0),
    }),
    query: rows,
    statements,
  };
}

/**
 * An insert of one row with exactly these columns.
 *
 *     const insertTag = preparedInsert('tags', ['resource_type', 'resource_id', 'tag']);
 *     await insertTag.run(tx, { resource_type: 'port', resource_id: id, tag });
 *
 * @param counter the column that the database counts by itself, where the caller wants to know it (`insertId`)
 */
export function preparedInsert<T extends keyof Schema & string, C extends string>(
  table: T,
  columns: readonly C[],
  counter?: string,
): Prepared<Record<C, unknown>, unknown> {
  return prepared<Record<C, unknown>, unknown>((db, p, dialect) => {
    const row = Object.fromEntries(columns.map((column) => [column, p[column]]));
    const insert = db.insertInto(table).values(row as never);
    return counter !== undefined && dialect === 'postgres' ? insert.returning(counter as never) : insert;
  });
}
