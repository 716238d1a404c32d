import type { Migration } from './contract.ts';
import { ID, index, resource, unique } from './tables.ts';

/** Trunks and the ports they carry. The keys are what two requests race for. */
export const trunks: Migration = {
  revision: 'e7a20c94d1b8',
  branch: 'expand',
  title: 'trunks and sub-ports',
  async up(db, columns) {
    await resource(db.schema.createTable('trunks'), columns)
      .addColumn('admin_state_up', columns.flag, (c) => c.notNull())
      .addColumn('port_id', ID, (c) => c.notNull().references('ports.id').onDelete('cascade'))
      .addColumn('status', 'varchar(16)', (c) => c.notNull())
      .execute();
    await unique(db, 'trunks', 'port_id');
    await index(db, 'trunks', 'project_id');

    await columns
      .clustered(db.schema.createTable('subports'))
      .addColumn('port_id', ID, (c) => c.primaryKey().references('ports.id').onDelete('cascade'))
      .addColumn('trunk_id', ID, (c) => c.notNull().references('trunks.id').onDelete('cascade'))
      .addColumn('segmentation_type', 'varchar(32)', (c) => c.notNull())
      .addColumn('segmentation_id', 'integer', (c) => c.notNull())
      .execute();
    await unique(db, 'subports', 'trunk_id', 'segmentation_type', 'segmentation_id');
  },
};
