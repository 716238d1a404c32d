import type { Migration } from './contract.ts';
import { type AnyDb, ID, index, NAME, rbacTable, resource, unique } from './tables.ts';

/** Policies of quality of service, their rules, and which ports and networks have one. */
export const qos: Migration = {
  revision: '3f0c81a96d27',
  branch: 'expand',
  title: 'quality of service',
  async up(db, columns) {
    await resource(db.schema.createTable('qos_policies'), columns).execute();
    await index(db, 'qos_policies', 'project_id');
    await rbacTable(db, 'qospolicyrbacs', 'qos_policies');
    await db.schema
      .createTable('qos_policies_default')
      .addColumn('project_id', NAME, (c) => c.primaryKey())
      .addColumn('qos_policy_id', ID, (c) => c.notNull().references('qos_policies.id').onDelete('cascade'))
      .execute();
    await index(db, 'qos_policies_default', 'qos_policy_id');
    await bindings(db, 'port');
    await bindings(db, 'network');
    await rules(db, 'qos_bandwidth_limit_rules', ['max_kbps', 'max_burst_kbps'], true);
    await rules(db, 'qos_dscp_marking_rules', ['dscp_mark'], false);
    await rules(db, 'qos_minimum_bandwidth_rules', ['min_kbps'], true);
    await rules(db, 'qos_minimum_packet_rate_rules', ['min_kpps'], true);
    await rules(db, 'qos_packet_rate_limit_rules', ['max_kpps', 'max_burst_kpps'], true);
  },
};

/** A port or a network has one policy at most. No cascade from the policy: one that is in use is not deleted. */
async function bindings(db: AnyDb, what: 'port' | 'network'): Promise<void> {
  const table = `qos_${what}_policy_bindings`;
  await db.schema
    .createTable(table)
    .addColumn(`${what}_id`, ID, (c) => c.primaryKey().references(`${what}s.id`).onDelete('cascade'))
    .addColumn('policy_id', ID, (c) => c.notNull().references('qos_policies.id'))
    .execute();
  await index(db, table, 'policy_id');
}

/** A policy has one rule of a kind, or one for each direction. */
async function rules(db: AnyDb, table: string, numbers: readonly string[], directed: boolean): Promise<void> {
  let create = db.schema
    .createTable(table)
    .addColumn('id', ID, (c) => c.primaryKey())
    .addColumn('qos_policy_id', ID, (c) => c.notNull().references('qos_policies.id').onDelete('cascade'));
  for (const number of numbers) create = create.addColumn(number, 'integer', (c) => c.notNull());
  if (directed) create = create.addColumn('direction', 'varchar(16)', (c) => c.notNull());
  await create.execute();
  await unique(db, table, ...(directed ? ['qos_policy_id', 'direction'] : ['qos_policy_id']));
}
