import { join } from 'node:path';
import { testServer } from '../../src/db/temporary.ts';
import { newDatabaseOn } from '../../src/db/temporary-on-server.ts';

/**
 * The URL of a new database that several processes of a test share: a file in the folder, or a database on the server that
 * the project's set-up started.
 */
export async function sharedDatabase(folder: string): Promise<string> {
  const server = testServer();
  return server !== null ? newDatabaseOn(server) : `sqlite:///${join(folder, 'shared.sqlite')}`;
}
