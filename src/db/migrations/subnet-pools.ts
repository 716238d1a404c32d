import type { Migration } from './contract.ts';
import { ID, index, NAME, rbacTable, resource } from './tables.ts';

/** Address scopes, subnet pools and their prefixes, and whom they are shared with. */
export const subnetPools: Migration = {
  revision: '8c41f6a09d57',
  branch: 'expand',
  title: 'address scopes and subnet pools',
  async up(db, columns) {
    await db.schema
      .createTable('address_scopes')
      .addColumn('id', ID, (c) => c.primaryKey())
      .addColumn('project_id', NAME, (c) => c.notNull())
      .addColumn('name', NAME, (c) => c.notNull())
      .addColumn('ip_version', 'integer', (c) => c.notNull())
      .execute();
    await index(db, 'address_scopes', 'project_id');
    await rbacTable(db, 'addressscoperbacs', 'address_scopes');

    await resource(db.schema.createTable('subnetpools'), columns)
      .addColumn('ip_version', 'integer', (c) => c.notNull())
      .addColumn('default_prefixlen', 'integer', (c) => c.notNull())
      .addColumn('min_prefixlen', 'integer', (c) => c.notNull())
      .addColumn('max_prefixlen', 'integer', (c) => c.notNull())
      .addColumn('is_default', columns.flag, (c) => c.notNull())
      .addColumn('default_quota', 'bigint')
      .addColumn('hash', 'varchar(36)', (c) => c.notNull())
      .addColumn('address_scope_id', ID, (c) => c.references('address_scopes.id'))
      .execute();
    await index(db, 'subnetpools', 'project_id');
    await index(db, 'subnetpools', 'address_scope_id');
    await index(db, 'subnetpools', 'is_default', 'ip_version');
    await rbacTable(db, 'subnetpoolrbacs', 'subnetpools');

    await columns
      .clustered(db.schema.createTable('subnetpoolprefixes'))
      .addColumn('subnetpool_id', ID, (c) => c.notNull().references('subnetpools.id').onDelete('cascade'))
      .addColumn('cidr', 'varchar(64)', (c) => c.notNull())
      .addPrimaryKeyConstraint('pk_subnetpoolprefixes', ['subnetpool_id', 'cidr'])
      .execute();

    await index(db, 'subnets', 'subnetpool_id');
  },
};
