import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Database, openDatabase } from './database.ts';
import { enterDatabase } from './entrance.ts';
import { currentRevision, upgrade } from './migrate.ts';
import type { Migration } from './migrations/contract.ts';
import { migrations } from './migrations/list.ts';
import { readServers } from './presence.ts';

const step = (revision: string, branch: Migration['branch'], table: string): Migration => ({
  revision,
  branch,
  title: `${branch} ${table}`,
  up: async (db) => {
    if (branch === 'expand') await db.schema.createTable(table).addColumn('id', 'integer').execute();
    else await db.schema.dropTable(table).execute();
  },
});
const expand = step('eeee00000001', 'expand', 'one');
const contract = step('cccc00000002', 'contract', 'one');
const expandMore = step('eeee00000003', 'expand', 'two');
const later = [...migrations, expand, contract, expandMore];

let folder: string;
let database: Database;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'neutrino-entrance-'));
  database = await openDatabase({ connection: `sqlite:///${join(folder, 'test.sqlite')}` });
});
afterEach(async () => {
  await database.close();
  await rm(folder, { recursive: true, force: true });
});

const enter = (name: string, steps: readonly Migration[] = migrations) =>
  enterDatabase(database, { name, configFiles: ['/etc/neutron/neutron.conf'], steps });
const names = async () => (await readServers(database.db)).map(({ name }) => name);

describe('a server', () => {
  it('tells what to run when the tables are not there or old', async () => {
    const command = 'run "neutron-db-manage --config-file /etc/neutron/neutron.conf upgrade head" first\\.$';
    await expect(enter('a')).rejects.toThrow(new RegExp(`^The database sqlite:///\\S+ has no tables yet: ${command}`));
    await upgrade(database);
    await expect(enter('a', later)).rejects.toThrow(new RegExp(`needs ${expandMore.revision}: ${command}`));
    expect(await names()).toEqual([]);
    await (await enter('a'))[Symbol.asyncDispose]();
    expect(await names()).toEqual([]);
  });

  it("does not tell to upgrade a database of Python's Neutron", async () => {
    await database.transaction((tx) => sql`create table alembic_version (version_num varchar(32))`.execute(tx));
    await expect(enter('a')).rejects.toThrow(/^The database holds the tables of Python's Neutron .* name an empty one/);
  });

  it('works on tables of a later release until something is taken away, and on its own before that', async () => {
    expect(await upgrade(database, { steps: later, branch: 'expand' })).toBe(expand.revision);
    await using _older = await enter('older');
    await using _newer = await enter('newer', [...migrations, expand, contract]);
    expect(await names()).toEqual(['newer', 'older']);
    await _older[Symbol.asyncDispose]();
    await upgrade(database, { steps: later });
    await expect(enter('older')).rejects.toThrow(
      new RegExp(
        `of a later release, and its step ${contract.revision} took away what this one needs: upgrade this server`,
      ),
    );
    // What came after that it need not know.
    await using _middle = await enter('middle', [...migrations, expand, contract]);
    expect(await names()).toEqual(['middle', 'newer']);
  });
});

describe('a step that takes something away', () => {
  it('is not made while a server of an older release lives, and nothing is left of the attempt', async () => {
    await upgrade(database);
    const older = await enter('host1 17');
    await expect(upgrade(database, { steps: later })).rejects.toThrow(
      new RegExp(
        `^Step ${contract.revision} \\(contract one\\) takes away what servers of older releases need, and host1 17 is one`,
      ),
    );
    expect(await currentRevision(database, later)).toBe(expand.revision);
    // It may start again.
    await older[Symbol.asyncDispose]();
    await (await enter('host1 18'))[Symbol.asyncDispose]();
    await using _newer = await enter('host2 19', later.slice(0, -1));
    expect(await upgrade(database, { steps: later })).toBe(expandMore.revision);
  });

  it('is made when those that are noted have been silent for long', async () => {
    await upgrade(database);
    await database.transaction((tx) =>
      tx
        .insertInto('neutrino_servers')
        .values({ name: 'dead 1', revision: migrations.at(-1)!.revision, beat: 5 })
        .execute(),
    );
    const waited: unknown[] = [];
    const onWait = (rows: readonly object[], silenceMs: number) => waited.push(rows, silenceMs);
    expect(await upgrade(database, { steps: later, silenceMs: 300, onWait })).toBe(expandMore.revision);
    expect(waited).toEqual([[{ name: 'dead 1', revision: migrations.at(-1)!.revision, beat: 5 }], 300]);
    expect(await names()).toEqual([]);
  });
});
