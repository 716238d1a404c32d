import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { type Database, type Db, openDatabase, type Tx } from './database.ts';
import { handleOf } from './handle.ts';
import { upgrade } from './migrate.ts';

/** A migrated database, and what the steps have put into it. */
interface Made {
  readonly connection: string;
  readonly rows: ReadonlyMap<string, readonly Record<string, unknown>[]>;
}

/** Making one takes 200 ms, emptying one 10: they are used again. */
const free = new Map<string, Made[]>();

/** An empty, migrated database on a server; emptied again when it is closed. */
export async function databaseOn(server: string): Promise<Database> {
  const made = free.get(server)?.pop() ?? (await make(server));
  const database = await openDatabase({ connection: made.connection });
  database.beforeClose(async () => {
    await empty(database, made);
    free.set(server, [...(free.get(server) ?? []), made]);
  });
  return database;
}

/** The URL of a new database without tables: for tests whose servers and processes share one. */
export async function newDatabaseOn(server: string): Promise<string> {
  const name = `t${randomUUID().replaceAll('-', '')}`;
  const first = server.startsWith('postgres') ? 'postgres' : 'mysql';
  const administration = await openDatabase({ connection: at(server, first) });
  try {
    await administrate(administration, `create database ${name}`);
  } finally {
    await administration.close();
  }
  return at(server, name);
}

/** @param server `mysql://root@127.0.0.1:3306/?charset=utf8mb4`: what comes after the name follows it */
function at(server: string, name: string): string {
  const [base, query] = server.split('?');
  return `${base!.replace(/\/?$/, '/')}${name}${query === undefined ? '' : `?${query}`}`;
}

async function make(server: string): Promise<Made> {
  const connection = await newDatabaseOn(server);
  const database = await openDatabase({ connection });
  try {
    await upgrade(database);
    return { connection, rows: await rowsOf(database.db) };
  } finally {
    await database.close();
  }
}

/** Drops a MariaDB database that may be dropped without asking, and makes it anew, without tables. */
export async function renewDatabase(connection: string): Promise<void> {
  const name = new URL(connection).pathname.slice(1);
  const database = await openDatabase({ connection });
  try {
    await administrate(database, `drop database ${name}`, `create database ${name} character set utf8mb4`);
  } finally {
    await database.close();
  }
}

/** Not in a transaction, where PostgreSQL makes no databases. */
async function administrate({ db }: Database, ...statements: readonly string[]): Promise<void> {
  const { dialect } = handleOf(db);
  const connection = await dialect.acquire(false);
  try {
    const writable =
      dialect.name === 'postgres' ? 'set default_transaction_read_only = off' : 'set session transaction read write';
    await connection.query(writable, []);
    for (const statement of statements) await connection.query(statement, []);
  } finally {
    await dialect.release(connection);
  }
}

async function tablesOf(db: Db): Promise<string[]> {
  const schema = handleOf(db).dialect.name === 'postgres' ? sql`current_schema()` : sql`database()`;
  const { rows } = await sql<{ name: string }>`
    select table_name as name from information_schema.tables
    where table_schema = ${schema} and table_name <> 'neutrino_version'`.execute(db);
  return rows.map(({ name }) => name);
}

async function rowsOf(db: Db): Promise<Made['rows']> {
  const all = new Map<string, readonly Record<string, unknown>[]>();
  for (const table of await tablesOf(db)) {
    const { rows } = await sql<Record<string, unknown>>`select * from ${sql.table(table)}`.execute(db);
    all.set(table, rows);
  }
  return all;
}

/** Without minding who refers to whom. Few of the hundred and fifty tables hold anything, so they are asked first, all at once. */
async function empty(database: Database, { rows }: Made): Promise<void> {
  await database.transaction(async (tx) => {
    const filled = await filledOf(tx, [...rows.keys()]);
    await mindReferences(tx, false);
    for (const [table, first] of rows) {
      if (filled.has(table)) await sql`delete from ${sql.table(table)}`.execute(tx);
      if (first.length > 0)
        await tx
          .insertInto(table as never)
          .values(first as never)
          .execute();
    }
    await mindReferences(tx, true);
  });
}

/** Which of the tables hold a row. */
async function filledOf(tx: Tx, tables: readonly string[]): Promise<Set<string>> {
  const asked = tables.map(
    (table) =>
      sql`select ${sql.lit(table)} as name from (select 1 as one) as t where exists (select 1 from ${sql.table(table)})`,
  );
  const { rows } = await sql<{ name: string }>`${sql.join(asked, sql` union all `)}`.execute(tx);
  return new Set(rows.map(({ name }) => name));
}

async function mindReferences(tx: Tx, mind: boolean): Promise<void> {
  const { name } = handleOf(tx).dialect;
  if (name === 'mysql') await sql`set foreign_key_checks = ${sql.lit(mind ? 1 : 0)}`.execute(tx);
  else await sql`set local session_replication_role = ${sql.lit(mind ? 'origin' : 'replica')}`.execute(tx);
}
