import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Database, openDatabase } from './database.ts';
import { upgrade } from './migrate.ts';

const FILE = 'neutrino.sqlite';
/** Nothing of these databases need outlive the machine. */
const MEMORY = '/dev/shm';

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

/** A migrated SQLite file, as bytes. Tests make some thousand databases, and each is migrated in 40 ms but copied in one. */
let migrated: Promise<Buffer> | undefined;

/**
 * A migrated database of its own that goes with `close`, for tests and benchmarks: an SQLite file in a folder, or a database
 * on the server that the environment names.
 */
export async function temporaryDatabase(): Promise<Database> {
  const server = testServer();
  if (server !== null) return (await import('./temporary-on-server.ts')).databaseOn(server);
  migrated ??= migratedFile();
  const bytes = await migrated;
  const folder = await newFolder();
  const path = join(folder, FILE);
  await writeFile(path, bytes, { mode: 0o640 });
  const database = await openDatabase({ connection: `sqlite:///${path}` });
  database.afterClose(() => rm(folder, { recursive: true, force: true }));
  return database;
}

async function migratedFile(): Promise<Buffer> {
  const folder = await newFolder();
  try {
    const path = join(folder, FILE);
    const database = await openDatabase({ connection: `sqlite:///${path}` });
    // When the last handle is closed, all of it is in the file itself.
    await upgrade(database).finally(() => database.close());
    return await readFile(path);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const newFolder = () => mkdtemp(join(existsSync(MEMORY) ? MEMORY : tmpdir(), 'neutrino-db-'));
