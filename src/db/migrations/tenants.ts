import type { Migration } from './contract.ts';
import { index, NAME } from './tables.ts';

/** What projects need: limits, and look-ups by the project that looks. */
export const tenants: Migration = {
  revision: '2c94e1f7a06b',
  branch: 'expand',
  title: 'quotas, and what a project sees',
  async up(db, columns) {
    await index(db, 'networkrbacs', 'target_project', 'object_id');
    await index(db, 'networkrbacs', 'project_id');
    await columns
      .clustered(db.schema.createTable('quotas'))
      .addColumn('project_id', NAME, (c) => c.notNull())
      .addColumn('resource', 'varchar(64)', (c) => c.notNull())
      .addColumn('limit', 'integer', (c) => c.notNull())
      .addPrimaryKeyConstraint('pk_quotas', ['project_id', 'resource'])
      .execute();
  },
};
