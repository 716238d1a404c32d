import type { Compilable } from 'kysely';
import type { ListQuery, Page } from '../../lib/query.ts';
import type { Db } from '../database.ts';
import { atOneMoment, type Handle, handleOf, query as run } from '../handle.ts';
import { builderFor } from '../prepared.ts';
import type { AnyExpressions, AnyQuery, Attribute, Definition, Row } from './definition.ts';
import { afterMarker, applyOrder, orderOf, selectKeys } from './paging.ts';
import { UnknownMarkerError, type View } from './view.ts';

/** Longer lists are read in the reader thread. */
export const LONG_LIST = 500;
/** From this many resources on JSON text is written without the objects in between; policies may want to see shorter lists. */
const JSON_FROM = 50;
/** From this many parents on it may pay to read a child table whole … */
const WHOLE_FROM = 20;
/** … which it does as long as it has at most this many rows for each of them. */
const WHOLE_FACTOR = 4;

/** The attributes that exist in this view and are asked for: the one rule by which extensions show or hide theirs. */
export function selectAttributes(
  definition: Definition,
  view: View,
  fields: readonly string[] | null,
): readonly Attribute[] {
  return definition.attributes.filter(
    ({ key, alias }) =>
      (alias === null || view.extensions === null || view.extensions.has(alias)) &&
      (fields === null || fields.includes(key)),
  );
}

/** The resources a query asks for, in its order. A constant number of statements, however many rows there are. */
export async function findResources<R>(db: Db, definition: Definition, query: ListQuery, view: View): Promise<R[]> {
  return atOneMoment(handleOf(db), async (handle) => {
    const fixed = withNow(view);
    const rows = await findRows(handle, definition, query, fixed);
    return build<R>(handle, definition, rows, selectAttributes(definition, fixed, query.fields), fixed);
  });
}

/** Whether a query without (or with a high) limit has more rows than are read on the API's own loop. */
export async function isLong(db: Db, definition: Definition, query: ListQuery, view: View): Promise<boolean> {
  if (query.limit !== null && query.limit <= LONG_LIST) return false;
  const handle = handleOf(db);
  const base = builderFor(handle).selectFrom(definition.table) as AnyQuery;
  const probe = filtered(base.select('id'), definition, query, view).limit(1).offset(LONG_LIST);
  const { rows } = await ask(handle, probe);
  return rows.length > 0;
}

/** A view whose clock stands still, so that every row is judged by the same moment. */
export function withNow(view: View): View {
  return view.nowMs === undefined ? { ...view, nowMs: Date.now() } : view;
}

/** A list as JSON. */
export interface JsonPage {
  readonly json: Uint8Array<ArrayBuffer>;
  readonly count: number;
  readonly firstId: string | null;
  readonly lastId: string | null;
}

/** A list as the API sends it. */
export async function findJson(db: Db, definition: Definition, query: ListQuery, view: View): Promise<JsonPage> {
  return atOneMoment(handleOf(db), async (handle) => {
    const fixed = withNow(view);
    const rows = await findRows(handle, definition, query, fixed);
    return buildJson(handle, definition, rows, selectAttributes(definition, fixed, query.fields), fixed);
  });
}

/** A list as objects, or as JSON where there are many. */
export async function findPage<R>(db: Db, definition: Definition, query: ListQuery, view: View): Promise<Page<R>> {
  return atOneMoment<Page<R>>(handleOf(db), async (handle) => {
    const rows = await findRows(handle, definition, query, view);
    const { fields } = query;
    if (rows.length >= JSON_FROM) {
      return buildJson(handle, definition, rows, selectAttributes(definition, view, fields), view);
    }
    // The API makes links from the items' ids.
    const withId = fields === null || fields.includes('id') ? fields : ['id', ...fields];
    return { items: await build<R>(handle, definition, rows, selectAttributes(definition, view, withId), view) };
  });
}

/** Rows as JSON text without the objects in between: byte for byte what `JSON.stringify` would give. */
async function buildJson(
  handle: Handle,
  definition: Definition,
  rows: readonly Row[],
  attributes: readonly Attribute[],
  view: View,
): Promise<JsonPage> {
  const { slots, own, of } = await childrenOf(handle, definition, rows, attributes);
  const names = attributes.map(({ key }) => `${JSON.stringify(key)}:`);
  const writers = attributes.map(writerOf);
  const texts: string[] = new Array(rows.length);
  for (let r = 0; r < rows.length; r++) {
    const row = rows[r]!;
    of(row);
    let text = '';
    for (let a = 0; a < writers.length; a++) {
      const slot = slots[a]!;
      const value = writers[a]!(row, slot < 0 ? NONE : own[slot]!, view);
      if (value !== undefined) text += (text === '' ? '' : ',') + names[a]! + value;
    }
    texts[r] = `{${text}}`;
  }
  const id = (row: Row | undefined) => (row === undefined ? null : (row[0] as string));
  return {
    // Joined at once: one string grown row by row takes twice as long to encode.
    json: Buffer.from(`[${texts.join(',')}]`),
    count: rows.length,
    firstId: id(rows[0]),
    lastId: id(rows.at(-1)),
  };
}

type Writer = (row: Row, children: readonly Row[], view: View) => string | undefined;

function writerOf({ value, json }: Attribute): Writer {
  return json ?? ((row, children, view) => JSON.stringify(value(row, children, view)));
}

/** Turns rows into resources, with their children. */
export async function build<R>(
  handle: Handle,
  definition: Definition,
  rows: readonly Row[],
  attributes: readonly Attribute[],
  view: View,
): Promise<R[]> {
  const { slots, own, of } = await childrenOf(handle, definition, rows, attributes);
  return rows.map((row) => {
    of(row);
    const resource: Record<string, unknown> = {};
    for (let a = 0; a < attributes.length; a++) {
      const attribute = attributes[a]!;
      const slot = slots[a]!;
      const value = attribute.value(row, slot < 0 ? NONE : own[slot]!, view);
      if (value !== undefined) resource[attribute.key] = value;
    }
    return resource as R;
  });
}

const NONE: readonly Row[] = [];

interface Children {
  /** For each attribute the place of its child's rows in `own`; -1 for none. */
  readonly slots: readonly number[];
  /** The child rows of the row last given to `of`. */
  readonly own: (readonly Row[])[];
  of(row: Row): void;
}

/** The rows of all child tables that the attributes need. */
async function childrenOf(
  handle: Handle,
  definition: Definition,
  rows: readonly Row[],
  attributes: readonly Attribute[],
): Promise<Children> {
  const needed = [...new Set(attributes.flatMap(({ child }) => child ?? []))];
  const ids = rows.map((row) => row[0] as string);
  const groups: Map<string, Row[]>[] = [];
  for (const name of needed) groups.push(await loadChildren(handle, definition, name, ids));
  const own: (readonly Row[])[] = new Array(needed.length);
  return {
    slots: attributes.map(({ child }) => (child === undefined ? -1 : needed.indexOf(child))),
    own,
    of: (row) => {
      for (let c = 0; c < own.length; c++) own[c] = groups[c]!.get(row[0] as string) ?? NONE;
    },
  };
}

/** Child rows by parent id: asked for by id, or read whole where that is less work. */
async function loadChildren(
  handle: Handle,
  definition: Definition,
  name: string,
  ids: readonly string[],
): Promise<Map<string, Row[]>> {
  const child = definition.children[name]!;
  if (ids.length === 0) return new Map();
  if (ids.length === 1) return group(await child.of(handle, ids[0]!));
  if (ids.length < WHOLE_FROM) return group(await child.ofAll(handle, ids));
  const tooMany = await child.hasMoreThan(handle, ids.length * WHOLE_FACTOR);
  return group(await child.ofAll(handle, tooMany ? ids : null));
}

function group(rows: readonly Row[]): Map<string, Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const of = groups.get(row[0] as string);
    if (of === undefined) groups.set(row[0] as string, [row]);
    else of.push(row);
  }
  return groups;
}

async function findRows(handle: Handle, definition: Definition, query: ListQuery, view: View): Promise<readonly Row[]> {
  const order = orderOf(definition, query);
  const table = builderFor(handle).selectFrom(definition.table) as AnyQuery;
  let select = filtered(table.select(definition.columns as string[]), definition, query, view);
  if (query.marker !== null) {
    const { rows } = await ask(handle, selectKeys(table, order, view).where('id', '=', query.marker));
    const marker = rows[0];
    if (marker === undefined) throw new UnknownMarkerError(query.marker);
    select = select.where((eb: AnyExpressions) => afterMarker(eb, order, marker, view));
  }
  select = applyOrder(select, order, handle.dialect.name, view);
  if (query.limit !== null) select = select.limit(query.limit);
  const { rows } = await ask(handle, select);
  return query.pageReverse ? rows.toReversed() : rows;
}

function filtered(select: AnyQuery, definition: Definition, query: ListQuery, view: View): AnyQuery {
  let result = select;
  for (const [attribute, values] of Object.entries(query.filters)) {
    const filter = definition.filters[attribute];
    if (filter === undefined) throw new Error(`${definition.table} cannot be filtered by ${attribute}`);
    result = result.where((eb: AnyExpressions) => filter(eb, values, view));
  }
  return result;
}

function ask(handle: Handle, select: Compilable<unknown>) {
  const { sql, parameters } = select.compile();
  return run(handle, sql, parameters);
}
