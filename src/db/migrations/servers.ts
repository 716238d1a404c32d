import type { Migration } from './contract.ts';

/** Which servers live, and of which release (presence.ts); what was taken away that older ones need (contracting.ts). */
export const servers: Migration = {
  revision: 'c3f7a91e0b56',
  branch: 'expand',
  title: 'servers that live, contracted steps',
  async up(db) {
    await db.schema
      .createTable('neutrino_servers')
      .addColumn('name', 'varchar(255)', (c) => c.primaryKey())
      .addColumn('revision', 'varchar(32)', (c) => c.notNull())
      .addColumn('beat', 'bigint', (c) => c.notNull())
      .execute();
    await db.schema
      .createTable('neutrino_contracted')
      .addColumn('version_num', 'varchar(32)', (c) => c.primaryKey())
      .execute();
  },
};
