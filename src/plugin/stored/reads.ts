import type { Db } from '../../db/database.ts';
import type { Reader } from '../../db/read/resource.ts';
import { type ResourceSpec, specReader } from '../../db/read/spec.ts';
import { UnknownMarkerError } from '../../db/read/view.ts';
import type { Context } from '../../lib/context.ts';
import type { NeutronError } from '../../lib/errors.ts';
import type { ListQuery, Page } from '../../lib/query.ts';
import { type Shared, viewOf, wholeView } from '../parts.ts';

/** The reading half of a collection over a spec, and what the plugin's own work needs of it. */
export interface StoredReads<R extends { id: string }> {
  list(context: Context, query: ListQuery): Promise<Page<R>>;
  get(context: Context, id: string, fields?: readonly string[] | null): Promise<R>;
  /** As the caller sees it, inside a transaction. @throws the resource's not-found error */
  stored(db: Db, context: Context, id: string): Promise<R>;
  /** Whoever looks: all of it; null when there is none. */
  whole(db: Db, id: string): Promise<R | null>;
  find(db: Db, query: Partial<ListQuery>): Promise<R[]>;
  /** As `find`, of what the caller sees. */
  visible(db: Db, context: Context, query: Partial<ListQuery>): Promise<R[]>;
}

/** @param notFound the resource's error for an id that names nothing (or nothing that the caller sees) */
export function storedReads<R extends { id: string }>(
  shared: Shared,
  spec: ResourceSpec,
  notFound: (id: string) => NeutronError,
): StoredReads<R> {
  return readsOver(shared, specReader<R>(spec), notFound);
}

/** The same over a hand-written definition. */
export function readsOver<R extends { id: string }>(
  shared: Shared,
  read: Reader<R>,
  notFound: (id: string) => NeutronError,
): StoredReads<R> {
  const stored = async (db: Db, context: Context, id: string, fields: readonly string[] | null = null): Promise<R> => {
    const resource = await read.get(db, id, viewOf(shared, context), fields);
    if (resource === null) throw notFound(id);
    return resource;
  };
  return {
    async list(context, query) {
      try {
        return await read.list(shared.database, query, viewOf(shared, context));
      } catch (error) {
        if (error instanceof UnknownMarkerError) throw notFound(error.marker);
        throw error;
      }
    },
    get: (context, id, fields = null) => stored(shared.database.db, context, id, fields),
    stored,
    whole: (db, id) => read.get(db, id, wholeView(shared)),
    find: (db, query) => read.find(db, query, wholeView(shared)),
    visible: (db, context, query) => read.find(db, query, viewOf(shared, context)),
  };
}
