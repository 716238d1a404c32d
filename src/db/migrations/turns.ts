import { sql } from 'kysely';
import type { Migration } from './contract.ts';

/** What changes take turns by, where the database lets several be under way at once (write/turns.ts). */
export const turns: Migration = {
  revision: '7a4e0c58d2b1',
  branch: 'expand',
  title: 'turns of changes',
  async up(db) {
    await db.schema
      .createTable('neutrino_turns')
      .addColumn('name', 'varchar(255)', (c) => c.primaryKey())
      .addColumn('turns', 'bigint', (c) => c.notNull())
      .execute();
    await db
      .insertInto('neutrino_turns')
      .values({ name: sql.lit('changes'), turns: sql.lit(0) })
      .execute();
  },
};
