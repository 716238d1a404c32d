import type { Db, Tx } from '../database.ts';
import { type Prepared, prepared, preparedInsert } from '../prepared.ts';
import type { RbacTable, Schema } from '../schema.ts';

/** The RBAC entries of one kind of object. */
export interface RbacRows {
  /** @throws a unique violation */
  insert(tx: Tx, entry: RbacTable): Promise<void>;
  /** Opens the object to another project instead. */
  retarget(tx: Tx, id: string, targetProject: string): Promise<void>;
  remove(tx: Tx, id: string): Promise<void>;
  /** All entries of one object. */
  of(db: Db, objectId: string): Promise<RbacTable[]>;
}

const columns = ['id', 'project_id', 'object_id', 'target_project', 'action'] as const;

// Which table it is is data here, so kysely's types cannot follow.
// biome-ignore lint/suspicious/noExplicitAny: see above
type AnyTable = any;

export function rbacRows(table: keyof Schema & string): RbacRows {
  const insert = preparedInsert(table, columns);
  const entries: Prepared<{ object_id: string }, RbacTable> = prepared((db, p: { object_id: string }) =>
    (db as AnyTable).selectFrom(table).select(columns).where('object_id', '=', p.object_id),
  );
  const change: Prepared<{ id: string; target_project: string }, unknown> = prepared(
    (db, p: { id: string; target_project: string }) =>
      (db as AnyTable).updateTable(table).set({ target_project: p.target_project }).where('id', '=', p.id),
  );
  const remove: Prepared<{ id: string }, unknown> = prepared((db, p: { id: string }) =>
    (db as AnyTable).deleteFrom(table).where('id', '=', p.id),
  );
  return {
    insert: async (tx, entry) => insert.later(tx, { ...entry }),
    retarget: async (tx, id, target_project) => change.later(tx, { id, target_project }),
    remove: async (tx, id) => remove.later(tx, { id }),
    of: (db, object_id) => entries.all(db, { object_id }),
  };
}

/** The project a row of a table belongs to; null when there is none. */
export function ownerIn(table: keyof Schema & string): (db: Db, id: string) => Promise<string | null> {
  const owner: Prepared<{ id: string }, { project_id: string }> = prepared((db, p: { id: string }) =>
    (db as AnyTable).selectFrom(table).select('project_id').where('id', '=', p.id),
  );
  return async (db, id) => (await owner.first(db, { id }))?.project_id ?? null;
}
