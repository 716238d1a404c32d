import type { Db, Tx } from '../database.ts';
import { executeLater } from '../handle.ts';
import { type Prepared, prepared, preparedIn, preparedInsert } from '../prepared.ts';
import type { Schema } from '../schema.ts';

/**
 * Writing the rows of one resource that has nothing special about them. Networks, subnets and ports have their own
 * functions; everything else uses this:
 *
 *     const rows = rowStore('address_groups', ['id', 'project_id', 'name', …], { tags: 'address_groups' });
 *     await rows.insert(tx, { id, project_id, name, … });
 */
export interface RowStore<C extends string> {
  /** @throws a unique violation */
  insert(tx: Tx, row: Readonly<Record<C, unknown>>): Promise<void>;
  /** Sets columns; the caller brings revision and time, where the resource has them. */
  update(tx: Tx, id: string, columns: Readonly<Partial<Record<C, unknown>>>): Promise<void>;
  /** Something that belongs to it changed: its revision goes up, by one unless said otherwise. */
  bump(tx: Tx, id: string, updatedAt: string, by?: number): Promise<void>;
  /** Children go by the tables' cascades, tags with it. False when there was no such row. */
  remove(tx: Tx, id: string): Promise<boolean>;
  /** The columns of these rows, in any order. */
  find(db: Db, ids: readonly string[]): Promise<Record<C, unknown>[]>;
}

// Which table it is is data here, so kysely's types cannot follow.
// biome-ignore lint/suspicious/noExplicitAny: see above
type AnyTable = any;

/** @param options.tags `resource_type` of its rows in `tags`, when it takes any */
export function rowStore<C extends string>(
  table: keyof Schema & string,
  columns: readonly C[],
  options: { tags?: string } = {},
): RowStore<C> {
  const insert = preparedInsert(table, columns);
  const found = preparedIn((db, ids: string[]) =>
    (db as AnyTable).selectFrom(table).select(columns).where('id', 'in', ids),
  );
  type Raise = { id: string; updated_at: string; by: number };
  const raise: Prepared<Raise, unknown> = prepared((db, p: Raise) =>
    (db as AnyTable)
      .updateTable(table)
      .set((eb: AnyTable) => ({ revision_number: eb('revision_number', '+', p.by), updated_at: p.updated_at }))
      .where('id', '=', p.id),
  );
  const removeRow: Prepared<{ id: string }, unknown> = prepared((db, p: { id: string }) =>
    (db as AnyTable).deleteFrom(table).where('id', '=', p.id),
  );
  return {
    async insert(tx, row) {
      await insert.later(tx, row);
    },
    async update(tx, id, values) {
      if (Object.keys(values).length === 0) return;
      await executeLater(tx, (tx as AnyTable).updateTable(table).set(values).where('id', '=', id));
    },
    async bump(tx, id, updated_at, by = 1) {
      await raise.later(tx, { id, updated_at, by });
    },
    async remove(tx, id) {
      if (options.tags !== undefined) await deleteTags(tx, options.tags, id);
      return (await removeRow.run(tx, { id })).changes > 0;
    },
    find: async (db, ids) => (await found.all(db, ids)) as Record<C, unknown>[],
  };
}

const tagsOf = prepared((db, p: { resource_type: string; resource_id: string }) =>
  db.deleteFrom('tags').where('resource_type', '=', p.resource_type).where('resource_id', '=', p.resource_id),
);

/** Tags hang on a type and an id, so no cascade takes them along. */
export async function deleteTags(tx: Tx, resourceType: string, resourceId: string): Promise<void> {
  await tagsOf.later(tx, { resource_type: resourceType, resource_id: resourceId });
}

/**
 * The entries of one child table, written as a whole: `replace` takes the parent's new list, in order.
 *
 *     const addresses = childRows('address_associations', 'address_group_id', ['address']);
 */
export function childRows<C extends string>(table: keyof Schema & string, parent: string, columns: readonly C[]) {
  const insert = preparedInsert(table, [parent, ...columns]);
  const clear: Prepared<{ id: string }, unknown> = prepared((db, p: { id: string }) =>
    (db as AnyTable).deleteFrom(table).where(parent, '=', p.id),
  );
  return {
    async add(tx: Tx, id: string, entries: readonly Readonly<Record<C, unknown>>[]): Promise<void> {
      for (const entry of entries) await insert.later(tx, { ...entry, [parent]: id } as never);
    },
    async replace(tx: Tx, id: string, entries: readonly Readonly<Record<C, unknown>>[]): Promise<void> {
      await clear.later(tx, { id });
      for (const entry of entries) await insert.later(tx, { ...entry, [parent]: id } as never);
    },
    /** Removes those entries whose first column has one of these values. */
    async remove(tx: Tx, id: string, values: readonly unknown[]): Promise<void> {
      if (values.length === 0) return;
      await (tx as AnyTable).deleteFrom(table).where(parent, '=', id).where(columns[0], 'in', values).execute();
    },
  };
}
