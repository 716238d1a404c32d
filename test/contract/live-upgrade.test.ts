import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Database, openDatabase } from '../../src/db/database.ts';
import { upgrade } from '../../src/db/migrate.ts';
import type { Migration } from '../../src/db/migrations/contract.ts';
import { migrations } from '../../src/db/migrations/list.ts';
import type { HttpAnswer } from '../support/api.ts';
import { type Deployment, makeDeployment } from '../support/deployment.ts';
import { sharedDatabase } from '../support/shared-database.ts';
import { until } from '../support/wait.ts';

/** A server of this release works while the tables are upgraded to one that is yet to come. */
const expand: Migration = {
  revision: 'eeee00000001',
  branch: 'expand',
  title: 'more columns, keys and tables',
  async up(db) {
    for (const table of ['networks', 'ports', 'subnets', 'agents', 'outbox']) {
      await db.schema
        .alterTable(table)
        .addColumn('colour', 'varchar(32)', (c) => c.notNull().defaultTo('grey'))
        .execute();
      await db.schema.alterTable(table).addColumn('weight', 'integer').execute();
    }
    await db.schema.createIndex('ix_ports_colour').on('ports').columns(['colour', 'weight']).execute();
    await db.schema
      .createTable('colours')
      .addColumn('name', 'varchar(32)', (c) => c.primaryKey())
      .execute();
  },
};
const contract: Migration = {
  revision: 'cccc00000002',
  branch: 'contract',
  title: 'ports without a description',
  up: async (db) => {
    await db.schema.alterTable('ports').dropColumn('description').execute();
  },
};
const later = [...migrations, expand, contract];

let folder: string;
let server: Deployment;
let database: Database;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'neutrino-live-'));
  const connection = await sharedDatabase(folder);
  const quotas = { quota_port: -1, quota_network: -1 };
  server = await makeDeployment({ folder, server: { database: { connection }, quotas } });
  await server.start();
  database = await openDatabase({ connection });
});
afterAll(async () => {
  await server?.close();
  await database?.close();
  await rm(folder, { recursive: true, force: true });
});

it('expanding holds nobody up; contracting is refused until the server has ended, which then does not start again', async () => {
  const { api } = server;
  const network = await api.create('network');
  await api.create('subnet', { network_id: network.id, ip_version: 4, cidr: '10.0.0.0/16' });
  const failed: HttpAnswer[] = [];
  let [rounds, over] = [0, false];
  const ask = async (method: string, path: string, body?: object) => {
    const answer = await api.request(method, `/v2.0/${path}`, body);
    if (answer.status >= 300) failed.push(answer);
    return answer.body;
  };
  const clients = Array.from({ length: 4 }, async () => {
    for (; !over; rounds++) {
      const { port } = await ask('POST', 'ports', { port: { network_id: network.id } });
      await ask('PUT', `ports/${port.id}`, { port: { name: 'p' } });
      await ask('GET', `ports/${port.id}`);
      await ask('GET', 'ports?limit=60');
      if (rounds % 2) await ask('DELETE', `ports/${port.id}`);
      await ask('PUT', `networks/${network.id}`, { network: { description: `${rounds}` } });
    }
  });
  await until('some', () => rounds > 20);
  expect(await upgrade(database, { steps: later, branch: 'expand' })).toBe(expand.revision);
  const before = rounds;
  await until('more', () => rounds > before + 20);
  over = true;
  await Promise.all(clients);
  expect(failed).toEqual([]);

  const pid = await server.server.pid();
  await expect(upgrade(database, { steps: later })).rejects.toThrow(
    new RegExp(`^Step ${contract.revision} .* and \\S+ ${pid} is one \\(of revision ${migrations.at(-1)!.revision}\\)`),
  );
  await ask('POST', 'ports', { port: { network_id: network.id } });
  // Nothing was taken away: it may start anew.
  expect(await server.server.stop()).toBe(0);
  server.server.start();
  await server.answering();
  await ask('POST', 'ports', { port: { network_id: network.id } });
  expect(failed).toEqual([]);

  await server.server.stop();
  expect(await upgrade(database, { steps: later })).toBe(contract.revision);
  server.server.start();
  const { code, output } = await server.server.finished();
  expect(code).not.toBe(0);
  expect(output).toContain(`its step ${contract.revision} took away what this one needs: upgrade this server`);
});
