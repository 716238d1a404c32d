import { sql } from 'kysely';
import type { Db, Tx } from './database.ts';
import { handleOf } from './handle.ts';
import { type OutboxRow, outboxColumns } from './write/outbox.ts';

export { deleteOutbox, insertOutbox, type OutboxRow } from './write/outbox.ts';

export interface OutboxClaim {
  /** Rows written or last taken up at or before this moment (milliseconds since the epoch) are free to take. */
  readonly before: number;
  /** What to note as the moment of this attempt. */
  readonly now: number;
  readonly limit: number;
  /** Types of resources whose tasks somebody else looks after. */
  readonly except?: readonly string[];
}

/**
 * Takes up what a server left undone: the oldest rows first, and never a row whose resource has an older one that someone
 * else took up lately, so that work on one resource stays in order. Claiming is one transaction: of two servers asking at
 * the same moment, each row goes to one. A claim lapses by itself (`before` moves on), so a server that dies loses nothing.
 */
export async function claimOutbox(tx: Tx, { before, now, limit, except = [] }: OutboxClaim): Promise<OutboxRow[]> {
  let due = tx
    .selectFrom('outbox')
    .select(outboxColumns)
    .where('created_at', '<=', before)
    .where('attempted_at', '<=', before)
    .where((eb) =>
      eb.not(
        eb.exists(
          eb
            .selectFrom('outbox as older')
            .select(sql.lit(1).as('one'))
            .whereRef('older.resource_type', '=', 'outbox.resource_type')
            .whereRef('older.resource_id', '=', 'outbox.resource_id')
            .whereRef('older.id', '<', 'outbox.id')
            .where('older.attempted_at', '>', before),
        ),
      ),
    )
    .orderBy('id')
    .limit(limit);
  if (except.length > 0) due = due.where('resource_type', 'not in', except);
  // SQLite has one writer at a time and no row locks.
  if (handleOf(tx).dialect.name !== 'sqlite') due = due.forUpdate().skipLocked();
  const rows = await due.execute();
  if (rows.length === 0) return [];
  const ids = rows.map(({ id }) => id);
  await tx
    .updateTable('outbox')
    .set((eb) => ({ attempted_at: now, attempts: eb('attempts', '+', 1) }))
    .where('id', 'in', ids)
    .execute();
  return rows.map((row) => ({ ...row, attempted_at: now, attempts: row.attempts + 1 }));
}

/** Rows per statement, well below every database's limit of parameters. */
const HELD_AT_ONCE = 500;

/** Renews the claim on rows that this server is still working on: no other takes them up, nor later ones of their resources. */
export async function holdOutbox(tx: Tx, ids: readonly number[], now: number): Promise<void> {
  for (let start = 0; start < ids.length; start += HELD_AT_ONCE) {
    const piece = ids.slice(start, start + HELD_AT_ONCE);
    await tx.updateTable('outbox').set({ attempted_at: now }).where('id', 'in', piece).execute();
  }
}

/** Which of these are not done yet, by this server or another. */
export async function remainingOutbox(tx: Tx, ids: readonly number[]): Promise<number[]> {
  const found: number[] = [];
  for (let start = 0; start < ids.length; start += HELD_AT_ONCE) {
    const piece = ids.slice(start, start + HELD_AT_ONCE);
    const rows = await tx.selectFrom('outbox').select('id').where('id', 'in', piece).execute();
    found.push(...rows.map(({ id }) => id));
  }
  return found;
}

/** How much waits (of all types but these): for metrics, and for tests that wait until all is told. */
export async function outboxCounts(
  db: Db,
  except: readonly string[] = [],
): Promise<{ total: number; oldest: number | null }> {
  let counted = db
    .selectFrom('outbox')
    .select((eb) => [eb.fn.countAll().as('total'), eb.fn.min('created_at').as('oldest')]);
  if (except.length > 0) counted = counted.where('resource_type', 'not in', except);
  const row = await counted.executeTakeFirstOrThrow();
  return { total: Number(row.total), oldest: row.oldest === null ? null : Number(row.oldest) };
}

/** For which of all resources of a type a task with this action waits, or is being done. */
export async function resourcesWaitingFor(db: Db, type: string, action: string): Promise<Set<string>> {
  const rows = await db
    .selectFrom('outbox')
    .select('resource_id')
    .where('resource_type', '=', type)
    .where('action', '=', action)
    .execute();
  return new Set(rows.map(({ resource_id }) => resource_id));
}
