import type { Migration } from './contract.ts';
import { NAME } from './tables.ts';

/** What the dashboard's charts of the last hour are made from (plugin/usage/usage.ts): by moment and by who says it. */
export const usageSamples: Migration = {
  revision: 'd86f20b3a5e7',
  branch: 'expand',
  title: 'samples of usage',
  async up(db, columns) {
    await columns
      .clustered(db.schema.createTable('neutrino_usage_samples'))
      .addColumn('at', columns.wide, (c) => c.notNull())
      .addColumn('source', NAME, (c) => c.notNull())
      .addColumn('figures', 'text', (c) => c.notNull())
      .addPrimaryKeyConstraint('pk_neutrino_usage_samples', ['at', 'source'])
      .execute();
  },
};
