import type { Migration } from './contract.ts';
import { ID, index, NAME, unique } from './tables.ts';

/** Whether new security groups are stateful: a row for a project, and one without for everybody else. */
export const defaultStatefulness: Migration = {
  revision: '90c3e5a7b21d',
  branch: 'expand',
  title: 'default statefulness of security groups',
  async up(db, { flag }) {
    await db.schema
      .createTable('security_groups_default_statefulness')
      .addColumn('id', ID, (c) => c.primaryKey())
      .addColumn('project_id', NAME)
      // The project, or '' for the row without: null is never the same as null, so it cannot be the key.
      .addColumn('project_key', NAME, (c) => c.notNull())
      .addColumn('stateful', flag, (c) => c.notNull())
      .execute();
    await unique(db, 'security_groups_default_statefulness', 'project_key');
    await index(db, 'security_groups_default_statefulness', 'project_id');
  },
};
