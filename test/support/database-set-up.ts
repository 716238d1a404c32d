import { serverVariable } from '../../src/db/temporary.ts';
import { type ServerKind, startServer } from './database-servers.ts';

/** Vitest's set-up of a project that runs on a database server: starts one, and has `temporaryDatabase` make databases there. */
export async function onServer(kind: ServerKind): Promise<() => Promise<void>> {
  const server = await startServer(kind);
  process.env[serverVariable(kind)] = server.url('');
  return async () => {
    delete process.env[serverVariable(kind)];
    await server.stop();
  };
}
