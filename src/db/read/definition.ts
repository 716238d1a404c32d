import type { Compilable, Expression, ExpressionBuilder, Kysely, SelectQueryBuilder, SqlBool } from 'kysely';
import type { FilterValue } from '../../lib/query.ts';
import type { Handle } from '../handle.ts';
import { type Prepared, prepared, preparedIn } from '../prepared.ts';
import type { Schema } from '../schema.ts';
import type { View } from './view.ts';

/** A row as an array, in the order of the definition's columns. */
export type Row = readonly unknown[];

// Which table a definition reads is data, so kysely's types cannot follow; the contract suite runs every one of them.
// biome-ignore lint/suspicious/noExplicitAny: see above
export type AnyQuery = SelectQueryBuilder<any, any, any>;
// biome-ignore lint/suspicious/noExplicitAny: see above
export type AnyExpressions = ExpressionBuilder<any, any>;

/** One attribute of a resource: when it exists and how it comes from the rows. */
export interface Attribute {
  readonly key: string;
  /** The extension that brings it; null for the core ones. */
  readonly alias: string | null;
  /** The child table it is read from, by its name in `children`. */
  readonly child?: string;
  /** @param children the row's own rows of `child`; `undefined` as a result leaves the key out */
  readonly value: (row: Row, children: readonly Row[], view: View) => unknown;
}

/** Turns the accepted values of one attribute into a condition. */
export type Filter = (eb: AnyExpressions, values: readonly FilterValue[], view: View) => Expression<SqlBool>;

/** How one resource is read. Everything else (paging, fields, threads) is the same for all. */
export interface Definition {
  readonly table: keyof Schema & string;
  /** What is read of each row; the first is `id`. */
  readonly columns: readonly string[];
  /** In the order in which the API shows them. */
  readonly attributes: readonly Attribute[];
  readonly children: Readonly<Record<string, Child>>;
  readonly filters: Readonly<Record<string, Filter>>;
  /** Attribute → what to sort by. */
  readonly sorts: Readonly<Record<string, Sort>>;
}

/** A column, or an expression that depends on the view. */
export type Sort = string | ((eb: AnyExpressions, view: View) => Expression<unknown>);

/** Rows of another table that belong to a resource: the first column selected is the parent's id. */
export interface Child {
  /** Of one parent. */
  of(handle: Handle, id: string): Promise<readonly Row[]>;
  /** Of several, or (`null`) of all there are. */
  ofAll(handle: Handle, ids: readonly string[] | null): Promise<readonly Row[]>;
  /** How many rows there are in all: decides whether reading all is cheaper than asking for each. */
  readonly size: Prepared<object, { rows: unknown }>;
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
  const size = prepared((db, _: object) =>
    select(db)
      .clearSelect()
      .clearOrderBy()
      .select((eb) => eb.fn.countAll().as('rows')),
  ) as Prepared<object, { rows: unknown }>;
  return {
    of: async (handle, id) => (await one.query(handle, { id })).rows,
    ofAll: async (handle, ids) => (ids === null ? (await all.query(handle, {})).rows : some.query(handle, ids)),
    size,
  };
}

/** A value straight from a column. */
export function columnReader(columns: readonly string[]) {
  const position = (name: string): number => {
    const index = columns.indexOf(name);
    if (index < 0) throw new Error(`no column ${name}`);
    return index;
  };
  return {
    plain: (name: string) => {
      const i = position(name);
      return (row: Row): unknown => row[i];
    },
    flag: (name: string) => {
      const i = position(name);
      return (row: Row): boolean => toBoolean(row[i]);
    },
    maybeFlag: (name: string) => {
      const i = position(name);
      return (row: Row): boolean | null => (row[i] === null ? null : toBoolean(row[i]));
    },
    json: (name: string) => {
      const i = position(name);
      return (row: Row): unknown => parseJson(row[i] as string);
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
