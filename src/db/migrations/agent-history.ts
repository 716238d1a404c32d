import type { Migration } from './contract.ts';
import { ID } from './tables.ts';

/** When agents started, and when they were silent (plugin/agent/history.ts). Kept with the agent, and gone with it. */
export const agentHistory: Migration = {
  revision: '9b4e71c2d6fa',
  branch: 'expand',
  title: 'history of agents',
  async up(db, columns) {
    await columns
      .clustered(db.schema.createTable('neutrino_agent_events'))
      .addColumn('agent_id', ID, (c) => c.notNull().references('agents.id').onDelete('cascade'))
      .addColumn('at', columns.wide, (c) => c.notNull())
      .addColumn('started', columns.flag, (c) => c.notNull())
      .addColumn('silent_since', columns.wide)
      .addPrimaryKeyConstraint('pk_neutrino_agent_events', ['agent_id', 'at'])
      .execute();
  },
};
