import { setTimeout as delay } from 'node:timers/promises';
import type { Database, Db } from './database.ts';
import { DatabaseError, SchemaError } from './errors.ts';
import type { Migration } from './migrations/contract.ts';
import { PRESENCE_MS, readServers, type ServerRow } from './presence.ts';

/** A server that has not shown itself for so long is dead. */
const SILENCE_MS = 5 * PRESENCE_MS;
const LOOK_MS = 200;

export interface ContractingOptions {
  /** All steps, oldest first. */
  readonly steps: readonly Migration[];
  readonly silenceMs?: number;
  /** Told once when it must be waited to see who lives. */
  readonly onWait?: (servers: readonly ServerRow[], silenceMs: number) => void;
}

/**
 * Takes away what older servers need, once none of them lives. From here on none starts (it would find the step noted), so one
 * that starts at this moment either is seen here or sees the note.
 *
 * @param work applies the step
 * @throws SchemaError while a server of a release without this step lives; then nothing was changed
 */
export async function contracting(
  database: Database,
  step: Migration,
  work: () => Promise<void>,
  options: ContractingOptions,
): Promise<void> {
  // Before there were such tables nobody announced himself.
  if ((await contractedSteps(database.db)) === null) return work();
  await note(database, step);
  const alive = await olderServer(database, step, options);
  if (alive !== null) {
    await forget(database, step);
    throw new SchemaError(
      `Step ${step.revision} (${step.title}) takes away what servers of older releases need, and ${alive.name} is one ` +
        `(of revision ${alive.revision}) that works: upgrade or stop it, then run this again. Nothing was changed by this step.`,
    );
  }
  await work();
}

/** Contracting steps that were made, or are about to be; null where that is not kept. */
export async function contractedSteps(db: Db): Promise<string[] | null> {
  try {
    const rows = await db.selectFrom('neutrino_contracted').select('version_num').execute();
    return rows.map(({ version_num }) => version_num);
  } catch (error) {
    if (error instanceof DatabaseError && /no such table|doesn't exist|does not exist/.test(error.message)) return null;
    throw error;
  }
}

/** One that lives and whose release does not know the step; rows of dead ones are removed. */
async function olderServer(
  database: Database,
  step: Migration,
  { steps, silenceMs = SILENCE_MS, onWait }: ContractingOptions,
): Promise<ServerRow | null> {
  const at = steps.indexOf(step);
  // A revision that is not known here is of a later release, which knows this step.
  const isOlder = ({ revision }: ServerRow) => steps.slice(0, at).some((known) => known.revision === revision);
  const seen = new Map((await readServers(database.db)).filter(isOlder).map((row) => [row.name, row]));
  if (seen.size === 0) return null;
  onWait?.([...seen.values()], silenceMs);
  const endMs = performance.now() + silenceMs;
  while (performance.now() < endMs) {
    await delay(LOOK_MS);
    const rows = (await readServers(database.db)).filter(isOlder);
    const alive = rows.find(({ name, beat }) => seen.get(name)?.beat !== beat);
    if (alive) return alive;
    if (rows.length === 0) return null;
  }
  await database.transaction((tx) =>
    tx
      .deleteFrom('neutrino_servers')
      .where('name', 'in', [...seen.keys()])
      .execute(),
  );
  return null;
}

async function note(database: Database, { revision }: Migration): Promise<void> {
  if ((await contractedSteps(database.db))?.includes(revision)) return;
  await database.transaction((tx) => tx.insertInto('neutrino_contracted').values({ version_num: revision }).execute());
}

async function forget(database: Database, { revision }: Migration): Promise<void> {
  await database.transaction((tx) =>
    tx.deleteFrom('neutrino_contracted').where('version_num', '=', revision).execute(),
  );
}
