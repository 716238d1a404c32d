import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Database, openDatabase } from './database.ts';
import { upgrade } from './migrate.ts';

/** A migrated SQLite database in a folder of its own, which goes with `close`: for tests and benchmarks. */
export async function temporaryDatabase(): Promise<Database> {
  const folder = await mkdtemp(join(tmpdir(), 'neutrino-db-'));
  const database = await openDatabase({ connection: `sqlite:///${join(folder, 'neutrino.sqlite')}` });
  database.afterClose(() => rm(folder, { recursive: true, force: true }));
  await upgrade(database);
  return database;
}
