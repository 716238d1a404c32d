import type { Db, Tx } from '../database.ts';
import { preparedIn, preparedInsert } from '../prepared.ts';

/** One thing that is still to be done about a committed change. */
export interface OutboxRow {
  id: number;
  resource_type: string;
  resource_id: string;
  action: string;
  /** JSON. */
  payload: string;
  created_at: number;
  attempted_at: number;
  attempts: number;
}

const insert = preparedInsert('outbox', [
  'resource_type',
  'resource_id',
  'action',
  'payload',
  'created_at',
  'attempted_at',
  'attempts',
]);

/** @returns the row's id, by which it is deleted when done */
export async function insertOutbox(
  tx: Tx,
  row: Pick<OutboxRow, 'resource_type' | 'resource_id' | 'action' | 'payload' | 'created_at'>,
): Promise<number> {
  return (await insert.run(tx, { ...row, attempted_at: 0, attempts: 0 })).insertId!;
}

const remove = preparedIn((db, ids: number[]) => db.deleteFrom('outbox').where('id', 'in', ids));

export async function deleteOutbox(tx: Tx, ids: readonly number[]): Promise<void> {
  await remove.run(tx, ids);
}

/** Rows nobody has finished since `before` (milliseconds since the epoch), oldest first. */
export async function dueOutbox(db: Db, before: number, limit: number): Promise<OutboxRow[]> {
  return db
    .selectFrom('outbox')
    .selectAll()
    .where('created_at', '<=', before)
    .where('attempted_at', '<=', before)
    .orderBy('id')
    .limit(limit)
    .execute();
}

const tries = preparedIn((db, ids: number[]) => db.selectFrom('outbox').select('id').where('id', 'in', ids));

/** Notes that these rows are being worked on now, so that another server leaves them alone for a while. */
export async function markOutboxAttempt(tx: Tx, ids: readonly number[], now: number): Promise<number[]> {
  const found = (await tries.all(tx, ids)).map(({ id }) => id);
  if (found.length > 0) {
    await tx
      .updateTable('outbox')
      .set((eb) => ({ attempted_at: now, attempts: eb('attempts', '+', 1) }))
      .where('id', 'in', found)
      .execute();
  }
  return found;
}
