import type { Tx } from '../database.ts';
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

/** By name: PostgreSQL refuses a prepared statement whose columns are others since an upgrade added one. */
export const outboxColumns = [
  'id',
  'resource_type',
  'resource_id',
  'action',
  'payload',
  'created_at',
  'attempted_at',
  'attempts',
] as const satisfies readonly (keyof OutboxRow)[];

const insert = preparedInsert(
  'outbox',
  ['resource_type', 'resource_id', 'action', 'payload', 'created_at', 'attempted_at', 'attempts'],
  'id',
);

/** @param written is given the row's id, by which it is deleted when done: at the latest before the transaction ends */
export async function insertOutbox(
  tx: Tx,
  row: Pick<OutboxRow, 'resource_type' | 'resource_id' | 'action' | 'payload' | 'created_at'>,
  written: (id: number) => void,
): Promise<void> {
  await insert.later(tx, { ...row, attempted_at: 0, attempts: 0 }, ({ insertId }) => written(insertId!));
}

const remove = preparedIn((db, ids: number[]) => db.deleteFrom('outbox').where('id', 'in', ids));

export async function deleteOutbox(tx: Tx, ids: readonly number[]): Promise<void> {
  await remove.run(tx, ids);
}
