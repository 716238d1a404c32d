import type { ListQuery } from '../../lib/query.ts';
import { type Handle, query as run } from '../handle.ts';
import { builderFor, type PreparedIn, preparedIn } from '../prepared.ts';
import { type AnyExpressions, type AnyQuery, type Definition, type Row, rowsOf, scopeFor } from './definition.ts';
import { afterMarker, applyOrder, orderOf, selectKeys } from './paging.ts';
import { UnknownMarkerError, type View, viewer } from './view.ts';

/**
 * The rows a query asks for, in its order.
 *
 * @param columns when not all of the definition's: the first is `id`
 * @throws UnknownMarkerError
 */
export async function findRows(
  handle: Handle,
  definition: Definition,
  query: ListQuery,
  view: View,
  columns = definition.columns,
): Promise<readonly Row[]> {
  const wanted = columns === definition.columns ? definition : { ...definition, columns };
  const known = query.marker === null ? compiledFor(handle, wanted, query, view) : null;
  const { sql, parameters } = known ?? (await compile(handle, wanted, query, view));
  const { rows } = await run(handle, sql, parameters);
  return query.pageReverse ? rows.toReversed() : rows;
}

/** The rows of these ids, in any order. */
export async function rowsByIds(
  handle: Handle,
  definition: Definition,
  ids: readonly string[],
): Promise<readonly Row[]> {
  let byIds = allByIds.get(definition);
  if (byIds === undefined) {
    byIds = preparedIn((db, values: string[]) =>
      rowsOf(db, definition)
        .select(definition.columns as string[])
        .where('id', 'in', values),
    );
    allByIds.set(definition, byIds);
  }
  return byIds.query(handle, ids);
}

const allByIds = new WeakMap<Definition, PreparedIn<string, unknown>>();

interface Statement {
  readonly sql: string;
  readonly parameters: readonly unknown[];
}

async function compile(handle: Handle, definition: Definition, query: ListQuery, view: View): Promise<Statement> {
  if (query.marker === null) return build(handle, definition, query, view).compile();
  const order = orderOf(definition, query);
  const table = rowsOf(builderFor(handle), definition);
  let place = selectKeys(table, order, view).where('id', '=', query.marker);
  const scope = scopeFor(definition, view, query.ways);
  if (scope !== null) place = place.where((eb: AnyExpressions) => scope(eb, viewer(view)));
  const keys = place.compile();
  const marker = (await run(handle, keys.sql, keys.parameters)).rows[0];
  if (marker === undefined) throw new UnknownMarkerError(query.marker);
  return build(handle, definition, query, view)
    .where((eb: AnyExpressions) => afterMarker(eb, order, marker, view))
    .compile();
}

function build(handle: Handle, definition: Definition, query: ListQuery, view: View): AnyQuery {
  const table = rowsOf(builderFor(handle), definition);
  let select = table.select(definition.columns as string[]);
  for (const [attribute, values] of Object.entries(query.filters)) {
    const filter = definition.filters[attribute];
    if (filter === undefined) throw new Error(`${definition.table} cannot be filtered by ${attribute}`);
    select = select.where((eb: AnyExpressions) => filter(eb, values, view));
  }
  const scope = scopeFor(definition, view, query.ways);
  if (scope !== null) select = select.where((eb: AnyExpressions) => scope(eb, viewer(view)));
  select = applyOrder(select, orderOf(definition, query), handle.dialect.name, view);
  return query.limit === null ? select : select.limit(query.limit);
}

/** A compiled query of one shape: each parameter is the value of the filter of that number, the viewer, or a constant. */
interface Shape {
  readonly sql: string;
  readonly slots: readonly { readonly filter: number; readonly constant: unknown }[];
}

/**
 * Queries of a shape that was asked before, with other values. Building and compiling takes 50 to 100 µs, running a short
 * list less than that, and clients ask few shapes: everything, by name, by device. Null: a shape that cannot be kept.
 */
const shapes = new Map<string, Shape | null>();
const SHAPES_KEPT = 200;
/** Instead of a filter's number: the looking project, and what stands for it while the query is built. */
const VIEWER = -2;
const VIEWER_MARK = '\u0000viewer';

function compiledFor(handle: Handle, definition: Definition, query: ListQuery, view: View): Statement | null {
  const key = shapeOf(handle, definition, query, view);
  if (key === null) return null;
  let shape = shapes.get(key);
  if (shape === undefined) {
    shape = makeShape(handle, definition, query, view);
    if (shapes.size >= SHAPES_KEPT) shapes.delete(shapes.keys().next().value!);
    shapes.set(key, shape);
  }
  if (shape === null) return null;
  const values = Object.values(query.filters);
  return {
    sql: shape.sql,
    parameters: shape.slots.map(({ filter, constant }) =>
      filter >= 0 ? values[filter]![0] : filter === VIEWER ? viewer(view) : constant,
    ),
  };
}

/** What decides the text of a query; null when values do, too (flags, lists, pairs, the moment). */
function shapeOf(handle: Handle, definition: Definition, query: ListQuery, view: View): string | null {
  const { table, columns, union } = definition;
  let key = `${handle.dialect.name} ${table} ${namesOf(columns)} ${query.limit} ${query.pageReverse} ${view.all}`;
  if (query.ways !== undefined) key += ` ${query.ways.join()}`;
  if (union !== undefined) key += ` ${Object.keys(union.tables).join()}`;
  for (const attribute in query.filters) {
    const values = query.filters[attribute]!;
    const [value] = values;
    // An empty value may mean another condition, one with a comma several.
    if (values.length !== 1 || typeof value !== 'string' || value === '' || value.includes(',')) return null;
    key += `\n${attribute}`;
  }
  for (const sort of query.sorts) {
    if (typeof definition.sorts[sort.key] === 'function') return null;
    key += `\n${sort.key}\t${sort.direction}`;
  }
  return key;
}

/** Tells definitions over the same table apart. */
function namesOf(columns: readonly string[]): string {
  let names = columnNames.get(columns);
  if (names === undefined) {
    names = columns.join();
    columnNames.set(columns, names);
  }
  return names;
}

const columnNames = new WeakMap<readonly string[], string>();

/** Builds the query with marks for values and looks where they come out. */
function makeShape(handle: Handle, definition: Definition, query: ListQuery, view: View): Shape | null {
  const attributes = Object.keys(query.filters);
  const marks = attributes.map((_, i) => `\u0000value ${i}`);
  const filters = Object.fromEntries(attributes.map((attribute, i) => [attribute, [marks[i]!]]));
  const marked = { ...view, projectId: VIEWER_MARK };
  const { sql, parameters } = build(handle, definition, { ...query, filters }, marked).compile();
  const slots = parameters.map((constant) => ({
    filter: constant === VIEWER_MARK ? VIEWER : marks.indexOf(constant as string),
    constant,
  }));
  const found = slots.filter(({ filter }) => filter >= 0).length;
  return found === marks.length ? { sql, slots } : null;
}
