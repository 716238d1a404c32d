import type { Db, Tx } from './database.ts';

/**
 * Rows that say which server does which periodic work. There are no times in them: whoever watches measures with its own
 * clock for how long a holder's `beat` has not gone up, so clocks that are wrong do no harm.
 */
export interface DutyRow {
  readonly name: string;
  /** Empty when nobody has it. */
  readonly holder: string;
  readonly beat: number;
}

export async function readDuties(db: Db): Promise<DutyRow[]> {
  const rows = await db.selectFrom('neutrino_duties').selectAll().execute();
  return rows.map((row) => ({ ...row, beat: Number(row.beat) }));
}

/** @throws a unique violation when another server added one of them first */
export async function addDuties(tx: Tx, names: readonly string[]): Promise<void> {
  await tx
    .insertInto('neutrino_duties')
    .values(names.map((name) => ({ name, holder: '', beat: 0 })))
    .execute();
}

/** Shows that the holder lives. @returns how many duties it has */
export async function raiseBeats(tx: Tx, holder: string): Promise<number> {
  const { numUpdatedRows } = await tx
    .updateTable('neutrino_duties')
    .set((eb) => ({ beat: eb('beat', '+', 1) }))
    .where('holder', '=', holder)
    .executeTakeFirstOrThrow();
  return Number(numUpdatedRows);
}

/** Takes a duty that still looks as it was seen. @returns whether it did: of several servers one does */
export async function takeDuty(tx: Tx, seen: DutyRow, holder: string): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('neutrino_duties')
    .set({ holder, beat: seen.beat + 1 })
    .where('name', '=', seen.name)
    .where('holder', '=', seen.holder)
    .where('beat', '=', seen.beat)
    .executeTakeFirstOrThrow();
  return Number(numUpdatedRows) === 1;
}

/** Leaves everything to whoever looks next. */
export async function leaveDuties(tx: Tx, holder: string): Promise<void> {
  await tx.updateTable('neutrino_duties').set({ holder: '' }).where('holder', '=', holder).execute();
}
