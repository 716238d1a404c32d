import type { Db, Tx } from '../database.ts';
import { type Prepared, prepared, preparedInsert } from '../prepared.ts';
import type { Schema } from '../schema.ts';

/** Where the tags of one kind of resource are. */
export interface Tagged {
  readonly table: keyof Schema & string;
  /** `resource_type` of its rows in `tags`. */
  readonly type: string;
}

interface One {
  resource_type: string;
  resource_id: string;
}

const ofOne = prepared((db, p: One) =>
  db
    .selectFrom('tags')
    .select('tag')
    .where('resource_type', '=', p.resource_type)
    .where('resource_id', '=', p.resource_id)
    .orderBy('tag'),
);
const insert = preparedInsert('tags', ['resource_type', 'resource_id', 'tag']);
const remove = prepared((db, p: One & { tag: string }) =>
  db
    .deleteFrom('tags')
    .where('resource_type', '=', p.resource_type)
    .where('resource_id', '=', p.resource_id)
    .where('tag', '=', p.tag),
);

export async function tagsOf(db: Db, resource_type: string, resource_id: string): Promise<string[]> {
  return (await ofOne.all(db, { resource_type, resource_id })).map(({ tag }) => tag);
}

/** @throws a unique violation when it has one of them */
export async function addTags(
  tx: Tx,
  resource_type: string,
  resource_id: string,
  tags: readonly string[],
): Promise<void> {
  for (const tag of tags) await insert.later(tx, { resource_type, resource_id, tag });
}

export async function removeTags(
  tx: Tx,
  resource_type: string,
  resource_id: string,
  tags: readonly string[],
): Promise<void> {
  for (const tag of tags) await remove.later(tx, { resource_type, resource_id, tag });
}

/** The revision of a resource of this kind; null when it is gone. */
export function revisionReader({ table }: Tagged): (db: Db, id: string) => Promise<number | null> {
  const read: Prepared<{ id: string }, { revision_number: number }> = prepared((db, p: { id: string }) =>
    // biome-ignore lint/suspicious/noExplicitAny: which table it is is data, so kysely's types cannot follow
    (db as any).selectFrom(table).select('revision_number').where('id', '=', p.id),
  );
  return async (db, id) => (await read.first(db, { id }))?.revision_number ?? null;
}

/** Raises the revision of the resource. False when it is gone. */
export function toucher({ table }: Tagged): (tx: Tx, id: string, updatedAt: string) => Promise<boolean> {
  const raise: Prepared<{ id: string; updated_at: string }, unknown> = prepared(
    (db, p: { id: string; updated_at: string }) =>
      // Which table it is is data, so kysely's types cannot follow.
      // biome-ignore lint/suspicious/noExplicitAny: see above
      (db as any)
        .updateTable(table)
        // biome-ignore lint/suspicious/noExplicitAny: see above
        .set((eb: any) => ({ revision_number: eb('revision_number', '+', 1), updated_at: p.updated_at }))
        .where('id', '=', p.id),
  );
  return async (tx, id, updated_at) => (await raise.run(tx, { id, updated_at })).changes > 0;
}
