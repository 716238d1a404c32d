import type { ListQuery, Page } from '../../lib/query.ts';
import type { Db } from '../database.ts';
import { atOneMoment, handleOf } from '../handle.ts';
import { build, buildJson, columnsFor, type JsonPage, selectAttributes } from './build.ts';
import type { Definition } from './definition.ts';
import { Fragments } from './fragments.ts';
import { findRows } from './rows.ts';
import type { View } from './view.ts';

/** Longer lists are read in the reader thread. */
export const LONG_LIST = 500;
/** From this many resources on JSON text is written without the objects in between. */
const JSON_FROM = 50;

/** The resources a query asks for, in its order. A constant number of statements, however many rows there are. */
export async function findResources<R>(db: Db, definition: Definition, query: ListQuery, view: View): Promise<R[]> {
  return atOneMoment(handleOf(db), async (handle) => {
    const fixed = withNow(view);
    const attributes = selectAttributes(definition, fixed, query.fields, query.hidden);
    const rows = await findRows(handle, definition, query, fixed, columnsFor(definition, attributes));
    return build<R>(handle, definition, rows, attributes, fixed);
  });
}

/** A list as the API sends it, from fragments where that can be. */
export async function findJson(
  db: Db,
  definition: Definition,
  query: ListQuery,
  view: View,
  fragments: Fragments | null = null,
): Promise<JsonPage> {
  return atOneMoment(handleOf(db), async (handle) => {
    const fixed = withNow(view);
    if (fragments !== null && Fragments.canServe(definition, query)) {
      const keys = await Fragments.keys(handle, definition, query, fixed);
      return fragments.find(handle, definition, keys, fixed, query.hidden);
    }
    const attributes = selectAttributes(definition, fixed, query.fields, query.hidden);
    const rows = await findRows(handle, definition, query, fixed, columnsFor(definition, attributes));
    return buildJson(handle, definition, rows, attributes, fixed);
  });
}

/**
 * A list as objects, or as JSON where there are many; null when there are so many that they are not to be read on the
 * API's own loop.
 */
export async function findPage<R>(
  db: Db,
  definition: Definition,
  query: ListQuery,
  view: View,
  fragments: Fragments,
): Promise<Page<R> | null> {
  return atOneMoment<Page<R> | null>(handleOf(db), async (handle) => {
    const mayBeLong = query.limit === null || query.limit > LONG_LIST;
    const bounded = mayBeLong ? { ...query, limit: LONG_LIST + 1 } : query;
    if (mayBeMany(query) && Fragments.canServe(definition, query)) {
      const keys = await Fragments.keys(handle, definition, bounded, view);
      if (keys.length > LONG_LIST) return null;
      if (keys.length >= JSON_FROM) return fragments.find(handle, definition, keys, view, query.hidden);
    }
    const { fields, hidden } = query;
    const { key = 'id' } = definition;
    // The API makes links from the items' ids.
    const withId = fields === null || fields.includes(key) ? fields : [key, ...fields];
    const attributes = selectAttributes(definition, view, withId, hidden);
    const rows = await findRows(handle, definition, bounded, view, columnsFor(definition, attributes));
    if (rows.length > LONG_LIST) return null;
    if (rows.length >= JSON_FROM) {
      return buildJson(handle, definition, rows, selectAttributes(definition, view, fields, hidden), view);
    }
    return { items: await build<R>(handle, definition, rows, attributes, view) };
  });
}

/** Queries by name, device and the like mostly find one or none. */
function mayBeMany({ filters, limit }: ListQuery): boolean {
  return limit === null ? Object.keys(filters).length === 0 : limit >= JSON_FROM;
}

/** A view whose clock stands still, so that every row is judged by the same moment. */
export function withNow(view: View): View {
  return view.nowMs === undefined ? { ...view, nowMs: Date.now() } : view;
}
