import type { Migration } from './contract.ts';
import { ID, index, rbacTable, resource } from './tables.ts';

/** Address groups, their addresses, and whom they are shared with. */
export const addressGroups: Migration = {
  revision: '5b1d7c30e8a2',
  branch: 'expand',
  title: 'address groups',
  async up(db, columns) {
    await resource(db.schema.createTable('address_groups'), columns).execute();
    await index(db, 'address_groups', 'project_id');

    await columns
      .clustered(db.schema.createTable('address_associations'))
      .addColumn('address_group_id', ID, (c) => c.notNull().references('address_groups.id').onDelete('cascade'))
      .addColumn('address', 'varchar(64)', (c) => c.notNull())
      .addPrimaryKeyConstraint('pk_address_associations', ['address_group_id', 'address'])
      .execute();

    await rbacTable(db, 'addressgrouprbacs', 'address_groups');
  },
};
