import type { Db, Tx } from '../database.ts';

/** Figures of a moment, by who told them. */
export interface UsageSample {
  /** Milliseconds since the epoch. */
  at: number;
  /** At most 255 characters. */
  source: string;
  /** JSON. */
  figures: string;
}

/** In place of what the same source said of the same moment. */
export async function writeSample(tx: Tx, sample: UsageSample): Promise<void> {
  const { at, source } = sample;
  await tx.deleteFrom('neutrino_usage_samples').where('at', '=', at).where('source', '=', source).execute();
  await tx.insertInto('neutrino_usage_samples').values(sample).execute();
}

/** Oldest first. */
export async function samplesSince(db: Db, sinceMs: number): Promise<UsageSample[]> {
  const rows = await db
    .selectFrom('neutrino_usage_samples')
    .selectAll()
    .where('at', '>=', sinceMs)
    .orderBy('at')
    .execute();
  return rows.map((row) => ({ ...row, at: Number(row.at) }));
}

export async function newestSample(db: Db, source: string): Promise<UsageSample | null> {
  const row = await db
    .selectFrom('neutrino_usage_samples')
    .selectAll()
    .where('source', '=', source)
    .orderBy('at', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row === undefined ? null : { ...row, at: Number(row.at) };
}

export async function forgetSamplesBefore(tx: Tx, ms: number): Promise<void> {
  await tx.deleteFrom('neutrino_usage_samples').where('at', '<', ms).execute();
}
