import type { CreateTableBuilder, Kysely } from 'kysely';
import type { Columns } from './columns.ts';

/**
 * What most tables begin with and how their keys are called. Released steps use these: what is here may be added to, but
 * must go on making the same tables.
 */
export type Table = CreateTableBuilder<string, string>;

// biome-ignore lint/suspicious/noExplicitAny: see contract.ts
export type AnyDb = Kysely<any>;

export const ID = 'varchar(36)';
export const NAME = 'varchar(255)';

/** Columns of every resource with standard attributes. `id` is unique beside the counter that is the primary key. */
export function resource(table: Table, columns: Columns): Table {
  return standard(
    columns
      .counter(table, 'standard_attr_id')
      .addColumn('id', ID, (c) => c.notNull().unique())
      .addColumn('project_id', NAME, (c) => c.notNull())
      .addColumn('name', NAME, (c) => c.notNull()),
  );
}

/** As `resource`, for those that have no name. */
export function namelessResource(table: Table, columns: Columns): Table {
  return standard(
    columns
      .counter(table, 'standard_attr_id')
      .addColumn('id', ID, (c) => c.notNull().unique())
      .addColumn('project_id', NAME, (c) => c.notNull()),
  );
}

function standard(table: Table): Table {
  return table
    .addColumn('description', NAME, (c) => c.notNull())
    .addColumn('created_at', 'varchar(20)', (c) => c.notNull())
    .addColumn('updated_at', 'varchar(20)', (c) => c.notNull())
    .addColumn('revision_number', 'integer', (c) => c.notNull());
}

export async function index(db: AnyDb, table: string, ...columns: string[]): Promise<void> {
  await db.schema
    .createIndex(`ix_${table}_${columns.join('_')}`)
    .on(table)
    .columns(columns)
    .execute();
}

/** PostgreSQL cuts names that are longer, MariaDB refuses them (beyond 64). */
const LONGEST_NAME = 63;

/** The name oslo.db's conventions give a unique key; MariaDB tells only this name when it is violated. */
export async function unique(db: AnyDb, table: string, ...columns: string[]): Promise<void> {
  await db.schema
    .createIndex(`uniq_${table}0${columns.join('0')}`.slice(0, LONGEST_NAME))
    .on(table)
    .columns(columns)
    .unique()
    .execute();
}

/**
 * The RBAC entries of one kind of object. The second index is what every look-up by a project goes by: what is open to it,
 * or to everybody.
 */
export async function rbacTable(db: AnyDb, name: string, objects: string): Promise<void> {
  await db.schema
    .createTable(name)
    .addColumn('id', ID, (c) => c.primaryKey())
    .addColumn('project_id', NAME, (c) => c.notNull())
    .addColumn('object_id', ID, (c) => c.notNull().references(`${objects}.id`).onDelete('cascade'))
    .addColumn('target_project', NAME, (c) => c.notNull())
    .addColumn('action', NAME, (c) => c.notNull())
    .execute();
  await unique(db, name, 'object_id', 'action', 'target_project');
  await index(db, name, 'target_project', 'object_id');
  await index(db, name, 'project_id');
}
