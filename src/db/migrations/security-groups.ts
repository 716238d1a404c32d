import { randomUUID } from 'node:crypto';
import { type CreateTableBuilder, sql } from 'kysely';
import type { Columns } from './columns.ts';
import type { Migration } from './contract.ts';
import { type AnyDb, ID, index, NAME, rbacTable, resource, type Table, unique } from './tables.ts';

/** Security groups, their rules, the ports in them, whom they are shared with, and the rules that new ones begin with. */
export const securityGroups: Migration = {
  revision: '8f03a6d1c45e',
  branch: 'expand',
  title: 'security groups',
  async up(db, columns) {
    await resource(db.schema.createTable('securitygroups'), columns)
      .addColumn('stateful', columns.flag, (c) => c.notNull())
      .execute();
    await index(db, 'securitygroups', 'project_id');
    await rules(db, columns);

    await columns
      .clustered(db.schema.createTable('securitygroupportbindings'))
      .addColumn('port_id', ID, (c) => c.notNull().references('ports.id').onDelete('cascade'))
      .addColumn('security_group_id', ID, (c) => c.notNull().references('securitygroups.id'))
      .addPrimaryKeyConstraint('pk_securitygroupportbindings', ['port_id', 'security_group_id'])
      .execute();
    await index(db, 'securitygroupportbindings', 'security_group_id');

    // The key is what makes it one per project, whoever comes first.
    await db.schema
      .createTable('default_security_group')
      .addColumn('project_id', NAME, (c) => c.primaryKey())
      .addColumn('security_group_id', ID, (c) => c.notNull().references('securitygroups.id').onDelete('cascade'))
      .execute();
    await index(db, 'default_security_group', 'security_group_id');

    await rbacTable(db, 'securitygrouprbacs', 'securitygroups');
    await templates(db, columns);
  },
};

async function rules(db: AnyDb, columns: Columns): Promise<void> {
  await matching(
    columns
      .counter(db.schema.createTable('securitygrouprules') as Table, 'standard_attr_id')
      .addColumn('id', ID, (c) => c.notNull().unique())
      .addColumn('project_id', NAME, (c) => c.notNull())
      .addColumn('security_group_id', ID, (c) => c.notNull().references('securitygroups.id').onDelete('cascade')),
  )
    .addColumn('normalized_cidr', 'varchar(64)')
    .addColumn('belongs_to_default_sg', columns.flag, (c) => c.notNull())
    // What two rules of a group must not have in common: which is why a race cannot make one twice.
    .addColumn('rule_key', 'varchar(255)', (c) => c.notNull())
    .addColumn('description', NAME)
    .addColumn('created_at', 'varchar(20)', (c) => c.notNull())
    .addColumn('updated_at', 'varchar(20)', (c) => c.notNull())
    .addColumn('revision_number', 'integer', (c) => c.notNull())
    .addForeignKeyConstraint('fk_securitygrouprules_remote', ['remote_group_id'], 'securitygroups', ['id'], (fk) =>
      fk.onDelete('cascade'),
    )
    .addForeignKeyConstraint('fk_securitygrouprules_addresses', ['remote_address_group_id'], 'address_groups', ['id'])
    .execute();
  await unique(db, 'securitygrouprules', 'security_group_id', 'rule_key');
  await index(db, 'securitygrouprules', 'project_id');
  await index(db, 'securitygrouprules', 'remote_group_id');
  await index(db, 'securitygrouprules', 'remote_address_group_id');
}

async function templates(db: AnyDb, columns: Columns): Promise<void> {
  await matching(
    columns
      .counter(db.schema.createTable('securitygroupdefaultrules') as Table, 'standard_attr_id')
      .addColumn('id', ID, (c) => c.notNull().unique()),
  )
    .addColumn('used_in_default_sg', columns.flag, (c) => c.notNull())
    .addColumn('used_in_non_default_sg', columns.flag, (c) => c.notNull())
    .addColumn('description', 'varchar(1024)', (c) => c.notNull())
    .addColumn('created_at', 'varchar(20)', (c) => c.notNull())
    .addColumn('updated_at', 'varchar(20)', (c) => c.notNull())
    .addColumn('revision_number', 'integer', (c) => c.notNull())
    .execute();
  await index(db, 'securitygroupdefaultrules', 'remote_address_group_id');
  await db.insertInto('securitygroupdefaultrules').values(firstTemplates(columns)).execute();
}

/** What a rule or a template matches. */
function matching(table: CreateTableBuilder<string, string>): Table {
  return table
    .addColumn('direction', 'varchar(7)', (c) => c.notNull())
    .addColumn('ethertype', 'varchar(4)', (c) => c.notNull())
    .addColumn('protocol', 'varchar(40)')
    .addColumn('port_range_min', 'integer')
    .addColumn('port_range_max', 'integer')
    .addColumn('remote_ip_prefix', 'varchar(64)')
    .addColumn('remote_group_id', ID)
    .addColumn('remote_address_group_id', ID);
}

/** Out to anywhere; into default groups from their own members. Literals, so that the steps can be printed as SQL. */
function firstTemplates({ flag }: Columns) {
  const is = (value: boolean) => sql.lit(flag === 'boolean' ? value : Number(value));
  const time = sql.lit(`${new Date().toISOString().slice(0, 19)}Z`);
  return ['egress', 'ingress'].flatMap((direction) =>
    ['IPv4', 'IPv6'].map((ethertype) => ({
      id: sql.lit(randomUUID()),
      direction: sql.lit(direction),
      ethertype: sql.lit(ethertype),
      remote_group_id: sql.lit(direction === 'ingress' ? 'PARENT' : null),
      used_in_default_sg: is(true),
      used_in_non_default_sg: is(direction === 'egress'),
      description: sql.lit(''),
      created_at: time,
      updated_at: time,
      revision_number: sql.lit(0),
    })),
  );
}
