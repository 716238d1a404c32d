import type { Migration } from './contract.ts';

/** Networks whose guests may use VLANs behind a second tag. Null: made while there was no such thing. */
export const qinq: Migration = {
  revision: '3b8e5f10d6a9',
  branch: 'expand',
  title: 'networks with double tags',
  async up(db, { flag }) {
    await db.schema.alterTable('networks').addColumn('qinq', flag).execute();
  },
};
