import type { Database } from './database.ts';

/** Settles when the database has answered a question about a table. @throws DatabaseError */
export async function ping({ db }: Database): Promise<void> {
  await db.selectFrom('neutrino_version').select('version_num').limit(1).execute();
}
