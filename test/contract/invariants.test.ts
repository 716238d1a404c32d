import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Database, openDatabase } from '../../src/db/database.ts';
import { upgrade } from '../../src/db/migrate.ts';
import { temporaryDatabase } from '../../src/db/temporary.ts';
import { brokenInvariants, queries } from '../support/invariants.ts';
import { insertAddress, insertBinding, insertNetwork, insertPort, insertSubnet } from '../support/rows.ts';
import { raise } from './hostile-tenant/stage.ts';
import { plants } from './invariants/plants.ts';

/** That the queries about what must be true find what is not. Foreign keys keep most of it away; the rest is made here. */
let database: Database;
beforeEach(async () => {
  database = await temporaryDatabase();
});
afterEach(() => database.close());

const faults = async (limits = {}) =>
  [...new Set((await brokenInvariants(database.db, limits)).map((fault) => fault.split(': {')[0]!))].sort();

it('nothing is wrong with an empty database', async () => {
  expect(await faults()).toEqual([]);
});

it('ids that are taken for nothing, and segments without theirs, are found', async () => {
  await database.transaction(async (tx) => {
    await tx.insertInto('ml2_vlan_allocations').values({ physical_network: 'p', vlan_id: 7 }).execute();
    await tx.insertInto('ml2_vxlan_allocations').values({ vxlan_vni: 7 }).execute();
    await tx.insertInto('ml2_flat_allocations').values({ physical_network: 'p' }).execute();
    await insertNetwork(tx);
  });
  expect(await faults()).toEqual([
    'a VLAN id that is taken is that of one segment',
    'a VXLAN id that is taken is that of one segment',
    'a network has a segment',
    'a physical network that is taken is that of one flat segment',
  ]);
});

it('ports on networks they may not use, without a binding, with an address of elsewhere, are found', async () => {
  await database.transaction(async (tx) => {
    const network = await insertNetwork(tx, { project_id: 'a' });
    const port = await insertPort(tx, network, { project_id: 'b' });
    const subnet = await insertSubnet(tx, network, { cidr: '10.9.0.0/24', gateway_ip: '10.0.0.5' });
    await insertSubnet(tx, network, { cidr: '10.9.0.128/25' });
    await insertAddress(tx, port, subnet, network, 5);
    await tx.insertInto('tags').values({ resource_type: 'port', resource_id: 'gone', tag: 't' }).execute();
    const bound = await insertPort(tx, network, { project_id: 'a', status: 'ACTIVE' });
    await insertBinding(tx, bound);
    await tx.insertInto('provisioningblocks').values({ port_id: bound, entity: 'L2' }).execute();
  });
  expect((await faults()).map((fault) => fault.replace(/: (10|[0-9a-f]{8}).*/, ''))).toEqual([
    'a gateway is no port’s but a router’s',
    'a network has a segment',
    'a port has one active binding',
    'a port on somebody’s network is there because it is shared',
    'a port that waits for somebody is not active',
    'a tag is on something that is there',
    'an address is in the range of its subnet',
    'ranges of one network_id do not overlap',
  ]);
});

it('more than a project may have is found, by its own limit where it has one', async () => {
  await database.transaction(async (tx) => {
    for (const project_id of ['a', 'a', 'b', 'b', 'c']) await insertNetwork(tx, { project_id });
    await tx.insertInto('quotas').values({ project_id: 'a', resource: 'network', limit: 2 }).execute();
  });
  expect(await faults({ network: 1 })).toEqual(['a network has a segment', 'quota: b has 2 of 1 network']);
});

describe('on rows that a server made', () => {
  let folder: string;
  const file = (name: string) => join(folder, `${name}.sqlite`);

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'neutrino-plants-'));
    const made = await openDatabase({ connection: `sqlite:///${file('made')}` });
    await upgrade(made);
    const { tenants } = await raise({ database: made });
    await tenants[Symbol.asyncDispose]();
    const checkpoint = new DatabaseSync(file('made'));
    checkpoint.exec('pragma wal_checkpoint(truncate)');
    checkpoint.close();
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  async function broken<T>(
    name: string,
    statements: readonly string[],
    look: (database: Database) => Promise<T>,
  ): Promise<T> {
    await copyFile(file('made'), file(name));
    const raw = new DatabaseSync(file(name), { enableForeignKeyConstraints: false });
    for (const statement of statements) raw.exec(statement);
    raw.close();
    const opened = await openDatabase({ connection: `sqlite:///${file(name)}` });
    try {
      return await look(opened);
    } finally {
      await opened.close();
    }
  }

  it('nothing is wrong', async () => {
    expect(await broken('as-made', [], ({ db }) => brokenInvariants(db))).toEqual([]);
  });

  it.each(Object.keys(queries).map((name, i) => [name, i] as const))('what breaks it is found: %s', async (name, i) => {
    const found = await broken(`planted-${i}`, plants[name]!, async ({ db }) => {
      const { rows } = await sql.raw<object>(queries[name]!).execute(db);
      return rows;
    });
    expect(found.length).toBeGreaterThan(0);
  });
});
