import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Database, openDatabase } from './database.ts';
import { upgrade } from './migrate.ts';

/**
 * The URL of a database server, without a database's name, on which `temporaryDatabase` makes its databases; null for SQLite.
 * Test projects on several servers run side by side: each names its kind, and the set-ups say where those are.
 */
export function testServer(): string | null {
  const kind = process.env.NEUTRINO_TEST_ON;
  return (kind && process.env[serverVariable(kind)]) || null;
}

/** The variable that says where the server of a kind (`mysql`, `postgres`) is. */
export function serverVariable(kind: string): string {
  return `NEUTRINO_TEST_${kind.toUpperCase()}`;
}

/**
 * A migrated database of its own that goes with `close`, for tests and benchmarks: an SQLite file in a folder, or a database
 * on the server that the environment names.
 */
export async function temporaryDatabase(): Promise<Database> {
  const server = testServer();
  if (server !== null) return (await import('./temporary-on-server.ts')).databaseOn(server);
  const folder = await mkdtemp(join(tmpdir(), 'neutrino-db-'));
  const database = await openDatabase({ connection: `sqlite:///${join(folder, 'neutrino.sqlite')}` });
  database.afterClose(() => rm(folder, { recursive: true, force: true }));
  await upgrade(database);
  return database;
}
