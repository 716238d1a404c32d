import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Database, openDatabase } from './database.ts';
import { upgrade } from './migrate.ts';

/** The URL of a database server, without a database's name, on which `temporaryDatabase` makes its databases. */
export const SERVER_VARIABLE = 'NEUTRINO_TEST_DATABASE';

/**
 * A migrated database of its own that goes with `close`, for tests and benchmarks: an SQLite file in a folder, or a database
 * on the server that the environment names.
 */
export async function temporaryDatabase(): Promise<Database> {
  const server = process.env[SERVER_VARIABLE];
  if (server) return (await import('./temporary-on-server.ts')).databaseOn(server);
  const folder = await mkdtemp(join(tmpdir(), 'neutrino-db-'));
  const database = await openDatabase({ connection: `sqlite:///${join(folder, 'neutrino.sqlite')}` });
  database.afterClose(() => rm(folder, { recursive: true, force: true }));
  await upgrade(database);
  return database;
}
