import type { Db, Tx } from './database.ts';
import { holdOutbox, type OutboxClaim } from './outbox.ts';
import { type OutboxRow, outboxColumns } from './write/outbox.ts';
import { holdName } from './write/turns.ts';

/**
 * Tasks of one type that are done in one order, whichever server wrote them: a lane of the outbox. Whoever holds some of
 * its rows has the whole lane; a hold lapses as every claim does.
 */

/** Rows per statement, well below every database's limit of parameters. */
const AT_ONCE = 500;

/** Takes the oldest rows of the lane; none while another server has some. */
export async function claimLane(tx: Tx, type: string, { before, now, limit }: OutboxClaim): Promise<OutboxRow[]> {
  await holdName(tx, `outbox ${type}`);
  const held = await tx
    .selectFrom('outbox')
    .select('id')
    .where('resource_type', '=', type)
    .where('attempted_at', '>', before)
    .limit(1)
    .executeTakeFirst();
  if (held !== undefined) return [];
  const rows = await tx
    .selectFrom('outbox')
    .select(outboxColumns)
    .where('resource_type', '=', type)
    .orderBy('id')
    .limit(limit)
    .execute();
  for (let start = 0; start < rows.length; start += AT_ONCE) {
    await tx
      .updateTable('outbox')
      .set((eb) => ({ attempted_at: now, attempts: eb('attempts', '+', 1) }))
      .where(
        'id',
        'in',
        rows.slice(start, start + AT_ONCE).map(({ id }) => id),
      )
      .execute();
  }
  return rows;
}

/** Leaves rows to whoever asks next. */
export function releaseLane(tx: Tx, ids: readonly number[]): Promise<void> {
  return holdOutbox(tx, ids, 0);
}

export async function laneWaits(db: Db, type: string): Promise<boolean> {
  const row = await db.selectFrom('outbox').select('id').where('resource_type', '=', type).limit(1).executeTakeFirst();
  return row !== undefined;
}

/** How much waits in it, and since when (milliseconds since the epoch). */
export async function laneCounts(db: Db, type: string): Promise<{ total: number; oldest: number | null }> {
  const row = await db
    .selectFrom('outbox')
    .select((eb) => [eb.fn.countAll().as('total'), eb.fn.min('created_at').as('oldest')])
    .where('resource_type', '=', type)
    .executeTakeFirstOrThrow();
  return { total: Number(row.total), oldest: row.oldest === null ? null : Number(row.oldest) };
}

/**
 * Drops what waits too long, or too much of it: the oldest rows.
 * @param most.newerThan milliseconds since the epoch
 * @returns how many rows went
 */
export async function trimLane(tx: Tx, type: string, most: { newerThan: number; rows: number }): Promise<number> {
  const first = await tx
    .selectFrom('outbox')
    .select('id')
    .where('resource_type', '=', type)
    .orderBy('id', 'desc')
    .limit(1)
    .offset(most.rows)
    .executeTakeFirst();
  const { numDeletedRows } = await tx
    .deleteFrom('outbox')
    .where('resource_type', '=', type)
    .where((eb) => eb.or([eb('created_at', '<', most.newerThan), eb('id', '<=', first?.id ?? 0)]))
    .executeTakeFirstOrThrow();
  return Number(numDeletedRows);
}
