import type { Migration } from './contract.ts';
import { ID, NAME, unique } from './tables.ts';

/** Which network and which router was made for a project. The record goes with the network. */
export const autoAllocatedTopologies: Migration = {
  revision: 'b16f3ad8c920',
  branch: 'expand',
  title: 'auto-allocated topologies',
  async up(db) {
    await db.schema
      .createTable('auto_allocated_topologies')
      .addColumn('project_id', NAME, (c) => c.primaryKey())
      .addColumn('network_id', ID, (c) => c.notNull().references('networks.id').onDelete('cascade'))
      .addColumn('router_id', ID)
      .execute();
    await unique(db, 'auto_allocated_topologies', 'network_id');
  },
};
