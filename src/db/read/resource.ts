import { everything, type ListQuery, type Page } from '../../lib/query.ts';
import type { Database, Db } from '../database.ts';
import { handleOf } from '../handle.ts';
import { type Prepared, prepared } from '../prepared.ts';
import { buildOne, selectAttributes } from './build.ts';
import { type AnyExpressions, type Attribute, type Definition, rowsOf } from './definition.ts';
import { Fragments } from './fragments.ts';
import { findPage, findResources, LONG_LIST, withNow } from './list.ts';
import { listInThread } from './thread/client.ts';
import type { ListSource } from './thread/messages.ts';
import { fullView, type View, viewer } from './view.ts';

/** Texts kept for lists that are made in line: 1 MB of each kind of resource. */
const MOST_FRAGMENTS = 1_000;

/** Reading one kind of resource. */
export interface Reader<R> {
  /** One by id, or null when there is none that this view sees. All of it unless `fields` says less. */
  get(db: Db, id: string, view?: View, fields?: readonly string[] | null): Promise<R | null>;
  /** Those a query asks for, as objects; inside a transaction, too. */
  find(db: Db, query: Partial<ListQuery>, view?: View): Promise<R[]>;
  /** A page for the API: objects, or for a long list its finished JSON, of a very long one made in the reader thread. */
  list(database: Database, query: ListQuery, view?: View): Promise<Page<R>>;
}

/** @param source the resource's name in the reader thread's list, or the spec that its definition was made of */
export function reader<R>(source: ListSource, definition: Definition): Reader<R> {
  const { scope } = definition;
  const byId: Prepared<{ id: string }, unknown> = prepared((db, p: { id: string }) =>
    rowsOf(db, definition)
      .select(definition.columns as string[])
      .where('id', '=', p.id),
  );
  const scopedById: Prepared<{ id: string; project: string }, unknown> = prepared(
    (db, p: { id: string; project: string }) =>
      rowsOf(db, definition)
        .select(definition.columns as string[])
        .where('id', '=', p.id)
        .where((eb: AnyExpressions) => scope!(eb, p.project)),
  );
  const attributesOf = remembered(definition);
  const longIn = new WeakSet<Database>();
  const fragments = new WeakMap<Database, Fragments>();
  const fragmentsOf = (database: Database): Fragments => {
    const kept = fragments.get(database) ?? new Fragments(MOST_FRAGMENTS);
    fragments.set(database, kept);
    return kept;
  };
  return {
    get: (db, id, view = fullView, fields = null) => {
      const handle = handleOf(db);
      const own =
        view.all || scope === undefined
          ? byId.statement(handle, { id })
          : scopedById.statement(handle, { id, project: viewer(view) });
      const attributes = fields === null ? attributesOf(view) : selectAttributes(definition, view, fields);
      return buildOne<R>(handle, definition, { id, own }, attributes, withNow(view));
    },
    find: (db, query, view = fullView) => findResources<R>(db, definition, { ...everything, ...query }, view),
    list: async (database, query, view = fullView) => {
      const fixed = withNow(view);
      // Everything of a table that was long a moment ago: no need to find out again. A project sees other rows than others.
      const whole = fixed.all && query.limit === null && query.marker === null && noFilter(query);
      const page =
        whole && longIn.has(database)
          ? null
          : await findPage<R>(database.db, definition, query, fixed, fragmentsOf(database));
      if (page !== null) return page;
      const long = await listInThread<R>(database, source, query, fixed);
      if (whole && long.items === undefined) {
        if (long.count > LONG_LIST) longIn.add(database);
        else longIn.delete(database);
      }
      return long;
    },
  };
}

function noFilter({ filters }: ListQuery): boolean {
  return Object.keys(filters).length === 0;
}

/** The attributes of whole resources, worked out once per set of extensions (there is one per process). */
function remembered(definition: Definition): (view: View) => readonly Attribute[] {
  let last: { extensions: View['extensions']; attributes: readonly Attribute[] } | null = null;
  return (view) => {
    if (last === null || last.extensions !== view.extensions) {
      last = { extensions: view.extensions, attributes: selectAttributes(definition, view, null) };
    }
    return last.attributes;
  };
}
