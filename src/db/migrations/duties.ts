import type { Migration } from './contract.ts';
import { unique } from './tables.ts';

/**
 * Which server does the periodic work, and places for the DHCP agents of a network: two servers that schedule one network at
 * the same moment want the same place. Bindings of older servers have none (NULL, which is equal to nothing).
 */
export const duties: Migration = {
  revision: '5d1c9be2f480',
  branch: 'expand',
  title: 'duties of servers, places of DHCP agents',
  async up(db) {
    await db.schema
      .createTable('neutrino_duties')
      .addColumn('name', 'varchar(64)', (c) => c.primaryKey())
      .addColumn('holder', 'varchar(255)', (c) => c.notNull())
      .addColumn('beat', 'bigint', (c) => c.notNull())
      .execute();
    await db.schema.alterTable('networkdhcpagentbindings').addColumn('binding_index', 'integer').execute();
    await unique(db, 'networkdhcpagentbindings', 'network_id', 'binding_index');
  },
};
