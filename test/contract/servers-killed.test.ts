import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Database, openDatabase } from '../../src/db/database.ts';
import { readDuties } from '../../src/db/duties.ts';
import { outboxCounts } from '../../src/db/outbox.ts';
import { type Deployment, makeDeployment } from '../support/deployment.ts';
import { until } from '../support/wait.ts';

/** Two whole servers on one database, of which one is killed under load. */
let folder: string;
let servers: [Deployment, Deployment];
let database: Database;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'neutrino-killed-'));
  const connection = `sqlite:///${join(folder, 'neutron.sqlite')}`;
  const quota = { quota_port: -1, quota_network: -1, quota_subnet: -1 };
  const options = { database: { connection }, quotas: quota };
  servers = [
    await makeDeployment({ folder: join(folder, 'one'), server: options }),
    await makeDeployment({ folder: join(folder, 'two'), server: options }),
  ];
  await Promise.all(servers.map((server) => server.start()));
  database = await openDatabase({ connection });
});
afterAll(async () => {
  for (const server of servers ?? []) await server.close();
  await database?.close();
  await rm(folder, { recursive: true, force: true });
});

const pidOf = (holder: string) => Number(holder.split(' ')[1]);
const holders = async () => (await readDuties(database.db)).map(({ holder }) => holder);

it('no request is lost that was acknowledged, no address is given twice, and the other takes over the duties', async () => {
  const pids = new Map<Deployment, number | null>();
  for (const server of servers) pids.set(server, await server.server.pid());
  const isOf = (server: Deployment, holder: string) => pidOf(holder) === pids.get(server);
  await until('every duty has a server', async () => {
    const all = await holders();
    return all.length >= 3 && all.every((holder) => servers.some((server) => isOf(server, holder)));
  });
  const first = (await holders())[0]!;
  const [killed, left] = isOf(servers[0], first) ? servers : [servers[1], servers[0]];
  const network = await left.api.create('network', { name: 'load' });
  await left.api.create('subnet', { network_id: network.id, ip_version: 4, cidr: '10.0.0.0/16' });
  const made: { id: string; fixed_ips: { ip_address: string }[] }[] = [];
  let ended = false;
  const clients = [0, 1, 2, 3].map(async (i) => {
    const { api } = i % 2 ? killed : left;
    while (!ended) {
      const port = await api.create('port', { network_id: network.id }).catch((error) => {
        if (i % 2) return null; // that server is gone
        throw error;
      });
      if (port === null) return;
      made.push(port as (typeof made)[number]);
    }
  });
  await until('some ports', () => made.length >= 100);
  await killed.server.kill9();
  await until('the other server has the duties', async () => (await holders()).every((holder) => isOf(left, holder)));
  ended = true;
  await Promise.all(clients);
  const ports = await left.api.list('port', `network_id=${network.id}`);
  const ids = new Set(ports.map(({ id }) => id));
  expect(made.filter(({ id }) => !ids.has(id))).toEqual([]);
  const addresses = ports.flatMap(({ fixed_ips }) => fixed_ips.map((ip: { ip_address: string }) => ip.ip_address));
  expect(new Set(addresses).size).toBe(addresses.length);
  await until('nothing is left to be told', async () => (await outboxCounts(database.db)).total === 0, {
    timeoutMs: 15_000,
  });
  await killed.start();
  expect((await killed.api.list('port', `network_id=${network.id}`)).length).toBe(ports.length);
});
