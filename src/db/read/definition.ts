import {
  type Compilable,
  type Expression,
  type ExpressionBuilder,
  type Kysely,
  type SelectQueryBuilder,
  type SqlBool,
  sql,
} from 'kysely';
import type { FilterValue, Way } from '../../lib/query.ts';
import type { Statement } from '../dialect/contract.ts';
import type { Handle } from '../handle.ts';
import { prepared, preparedIn } from '../prepared.ts';
import type { Schema } from '../schema.ts';
import type { View } from './view.ts';

/** A row as an array, in the order of the definition's columns. */
export type Row = readonly unknown[];

// Which table a definition reads is data, so kysely's types cannot follow; the contract suite runs every one of them.
// biome-ignore lint/suspicious/noExplicitAny: see above
export type AnyQuery = SelectQueryBuilder<any, any, any>;
// biome-ignore lint/suspicious/noExplicitAny: see above
export type AnyExpressions = ExpressionBuilder<any, any>;

/** How a value comes from a row. */
export interface Value {
  /** @param children the row's own rows of the attribute's child table; `undefined` as a result leaves the key out */
  readonly value: (row: Row, children: readonly Row[], view: View) => unknown;
  /**
   * The same as JSON text, for long lists: as `JSON.stringify` would write it, without making the object first. Left out
   * where that would not be shorter.
   */
  readonly json?: (row: Row, children: readonly Row[], view: View) => string;
  /** Where in the row it stands, when it is that and nothing else. */
  readonly position?: number;
}

/** One attribute of a resource: when it exists and how it comes from the rows. */
export interface Attribute extends Value {
  readonly key: string;
  /** The extension that brings it; null for the core ones. */
  readonly alias: string | null;
  /** The child table it is read from, by its name in `children`. */
  readonly child?: string;
}

/** Turns the accepted values of one attribute into a condition. */
export type Filter = (eb: AnyExpressions, values: readonly FilterValue[], view: View) => Expression<SqlBool>;

/** How one resource is read. Everything else (paging, fields, threads) is the same for all. */
export interface Definition {
  readonly table: keyof Schema & string;
  /** What the id is called in the API; `id` when left out. */
  readonly key?: string;
  /** Its rows are those of several tables; `table` is then only a name. See `Union`. */
  readonly union?: Union;
  /** What is read of each row; the first is `id`. */
  readonly columns: readonly string[];
  /** In the order in which the API shows them. */
  readonly attributes: readonly Attribute[];
  readonly children: Readonly<Record<string, Child>>;
  readonly filters: Readonly<Record<string, Filter>>;
  /**
   * Which rows a view that does not see all gets. Every alternative must go by an index: what a project may not see must
   * not cost it time. Absent: all rows, whoever looks.
   */
  readonly scope?: Scope;
  /** Parts of the scope by themselves, for callers to whom policy gives no more (`ListQuery.ways`). */
  readonly ways?: Readonly<Partial<Record<Way, Scope>>>;
  /**
   * Given when what it shows changes only together with its revision, but for these child tables: then its JSON may be
   * kept from list to list. Whoever writes a row that a resource shows raises its revision, as upstream does.
   */
  readonly revised?: {
    readonly except: readonly string[];
    /** It shows whether it is shared with the one who looks. */
    readonly sharing?: boolean;
  };
  /** Attribute → what to sort by. */
  readonly sorts: Readonly<Record<string, Sort>>;
}

/** Tables with the same columns that are read as one; a column of its own says which of them a row is from. */
export interface Union {
  readonly column: string;
  /** Its value → the table. */
  readonly tables: Readonly<Record<string, keyof Schema & string>>;
  /** Those that the tables have. */
  readonly columns: readonly string[];
}

/** The rows of a resource, for a statement to go on from. */
export function rowsOf(db: Kysely<Schema>, { table, union }: Definition): AnyQuery {
  if (union === undefined) return db.selectFrom(table) as AnyQuery;
  const { column, tables, columns } = union;
  const [first, ...others] = Object.entries(tables).map(([value, part]) =>
    (db.selectFrom(part) as AnyQuery).select([...columns, sql.lit(value).as(column)]),
  );
  if (first === undefined) throw new Error(`nothing to read ${table} from`);
  const all = others.reduce((sum, part) => sum.unionAll(part), first);
  return db.selectFrom(all.as(table)) as unknown as AnyQuery;
}

/** @param project the looking project's id: use it as a value, it may stand for a parameter */
export type Scope = (eb: AnyExpressions, project: string) => Expression<SqlBool>;

/** Rows of the project itself. */
export const ownRows: Scope = (eb, project) => eb('project_id', '=', project);

/** Rows on networks of the project. */
export const onOwnNetworks: Scope = (eb, project) =>
  eb('network_id', 'in', eb.selectFrom('networks').select('id').where('project_id', '=', project));

/** Which rows a query of a view that does not see all gets; null: all. */
export function scopeFor(
  { table, scope, ways }: Definition,
  view: View,
  wanted: readonly Way[] | undefined,
): Scope | null {
  if (view.all || scope === undefined) return null;
  if (wanted === undefined) return scope;
  return (eb, project) =>
    eb.or(
      wanted.map((way) => {
        const part = ways?.[way];
        if (part === undefined) throw new Error(`${table} has no way ${way}`);
        return part(eb, project);
      }),
    );
}

/** A column, or an expression that depends on the view. */
export type Sort = string | ((eb: AnyExpressions, view: View) => Expression<unknown>);

/**
 * Rows of another table that belong to a resource: the first column selected is the parent's id. What asks for them is told,
 * not run, so that all children of a resource are asked for together.
 */
export interface Child {
  /** Asks for those of some parents, or (`null`) for all there are. The rows of all its statements are the answer. */
  of(handle: Handle, ids: readonly string[] | null): Statement[];
  /** Has a row if there are more than so many in all: decides whether reading all is cheaper than asking for each. */
  moreThan(handle: Handle, rows: number): Statement;
}

/**
 * @param parent the column that holds the parent's id
 * @param build selects the columns (parent first) in the order wanted among one parent's rows, without a condition on it
 */
export function child(parent: string, build: (db: Kysely<Schema>) => unknown): Child {
  const select = (db: Kysely<Schema>) => build(db) as AnyQuery;
  const one = prepared((db, p: { id: string }) => select(db).where(parent, '=', p.id) as Compilable<unknown>);
  const some = preparedIn((db, ids: string[]) => select(db).where(parent, 'in', ids) as Compilable<unknown>);
  const all = prepared((db) => select(db) as Compilable<unknown>);
  const beyond = prepared((db, p: { rows: number }) =>
    select(db).clearSelect().clearOrderBy().select(sql.lit(1).as('one')).limit(1).offset(p.rows),
  );
  return {
    of: (handle, ids) => {
      if (ids === null) return [all.statement(handle, {})];
      return ids.length === 1 ? [one.statement(handle, { id: ids[0]! })] : some.statements(handle, ids);
    },
    moreThan: (handle, rows) => beyond.statement(handle, { rows }),
  };
}

/** Values straight from a column. */
export function columnReader(columns: readonly string[]) {
  const position = (name: string): number => {
    const index = columns.indexOf(name);
    if (index < 0) throw new Error(`no column ${name}`);
    return index;
  };
  return {
    /** Anything that may need escaping: names, descriptions, what users send. */
    plain: (name: string): Value => {
      const i = position(name);
      return { position: i, value: (row) => row[i], json: (row) => JSON.stringify(row[i]) };
    },
    /** Text of our own that has nothing to escape: ids, addresses, times, states. */
    token: (name: string): Value => {
      const i = position(name);
      return { position: i, value: (row) => row[i], json: (row) => `"${row[i]}"` };
    },
    number: (name: string): Value => {
      const i = position(name);
      return { position: i, value: (row) => row[i], json: (row) => `${row[i]}` };
    },
    /** A number, shown as text. */
    digits: (name: string): Value => {
      const i = position(name);
      return { position: i, value: (row) => String(row[i]), json: (row) => `"${row[i]}"` };
    },
    flag: (name: string): Value => {
      const i = position(name);
      return {
        position: i,
        value: (row) => toBoolean(row[i]),
        json: (row) => (toBoolean(row[i]) ? 'true' : 'false'),
      };
    },
    /** A flag that nobody need have set. */
    flagOr: (name: string, unset: boolean): Value => {
      const i = position(name);
      return { value: (row) => (row[i] === null ? unset : toBoolean(row[i])) };
    },
    maybeFlag: (name: string): Value => {
      const i = position(name);
      return { position: i, value: (row) => (row[i] === null ? null : toBoolean(row[i])) };
    },
    jsonOrNull: (name: string): Value => {
      const i = position(name);
      return { value: (row) => (row[i] === null ? null : parseJson(row[i] as string)) };
    },
    json: (name: string): Value => {
      const i = position(name);
      return { position: i, value: (row) => parseJson(row[i] as string) };
    },
  };
}

/** Flags are 0/1 in SQLite and MariaDB, booleans in PostgreSQL. */
export function toBoolean(value: unknown): boolean {
  return value === 1 || value === true;
}

/** JSON columns are `''` when unset; most hold an empty list or object, which is not worth a parser's call. */
export function parseJson(text: string): unknown {
  if (text === '' || text === '{}') return {};
  if (text === '[]') return [];
  return JSON.parse(text);
}

/** A JSON list of child rows; most lists are empty or have one entry. */
export function listJson(rows: readonly Row[], entry: (row: Row) => string): string {
  if (rows.length === 0) return '[]';
  if (rows.length === 1) return `[${entry(rows[0]!)}]`;
  return `[${rows.map(entry).join(',')}]`;
}
