import type { Migration } from './contract.ts';
import { ID, index, NAME } from './tables.ts';

/** Flavors of services, and the profiles behind them. */
export const flavors: Migration = {
  revision: '8e40b2c9d715',
  branch: 'expand',
  title: 'flavors and service profiles',
  async up(db, columns) {
    const { flag } = columns;
    await db.schema
      .createTable('flavors')
      .addColumn('id', ID, (c) => c.primaryKey())
      .addColumn('name', NAME, (c) => c.notNull())
      .addColumn('description', 'varchar(1024)')
      .addColumn('service_type', NAME, (c) => c.notNull())
      .addColumn('enabled', flag, (c) => c.notNull())
      .execute();
    await db.schema
      .createTable('serviceprofiles')
      .addColumn('id', ID, (c) => c.primaryKey())
      .addColumn('description', 'varchar(1024)')
      .addColumn('driver', 'varchar(1024)', (c) => c.notNull())
      .addColumn('metainfo', 'varchar(4096)', (c) => c.notNull())
      .addColumn('enabled', flag, (c) => c.notNull())
      .execute();
    await columns
      .clustered(db.schema.createTable('flavorserviceprofilebindings'))
      .addColumn('flavor_id', ID, (c) => c.notNull().references('flavors.id').onDelete('cascade'))
      .addColumn('service_profile_id', ID, (c) => c.notNull().references('serviceprofiles.id'))
      .addPrimaryKeyConstraint('pk_flavorserviceprofilebindings', ['flavor_id', 'service_profile_id'])
      .execute();
    await index(db, 'flavorserviceprofilebindings', 'service_profile_id');
  },
};
