import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { type Database, openDatabase } from '../../src/db/database.ts';
import { type ApiClient, type HttpAnswer, httpRequest } from '../support/api.ts';
import { type DatabaseServer, startServer } from '../support/database-servers.ts';
import { type Deployment, makeDeployment } from '../support/deployment.ts';
import { brokenInvariants } from '../support/invariants.ts';
import { MysqlProxy } from '../support/mysql-proxy.ts';
import { isLong } from '../support/turns.ts';
import { until } from '../support/wait.ts';

/**
 * The program `neutron-server` over a MariaDB that takes no changes, has no connection left, or dies and is followed by its
 * replica. It never has to be started again.
 */
const OUTAGE_MS = isLong ? 120_000 : 500;
const MOST_CONNECTIONS = 20;

let folder: string;
let primary: DatabaseServer;
let replica: DatabaseServer;
let proxy: MysqlProxy;
let server: Deployment;
let api: ApiClient;
let pid: number | null;
/** Names of networks whose making was answered 201. */
let said: Set<string>;

/** Statements of the administrator, past the proxy (which lives in this process: it must not be held). */
function tell(database: DatabaseServer, statements: string): Promise<string> {
  const argv = ['--no-defaults', '--batch', '-h127.0.0.1', `-P${database.port}`, '-uroot', '-e', statements];
  return new Promise((resolve, reject) => {
    execFile('mariadb', argv, (error, stdout) => (error ? reject(error) : resolve(stdout)));
  });
}

vi.setConfig({ testTimeout: 60_000 + 2 * OUTAGE_MS });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'neutrino-outages-'));
  // What was committed is on the replica before it is answered.
  const both = ['--log-bin', '--gtid-strict-mode', `--max-connections=${MOST_CONNECTIONS}`];
  const semi = (role: string) => [`--rpl-semi-sync-${role}-enabled=1`, '--rpl-semi-sync-master-wait-point=AFTER_SYNC'];
  [primary, replica] = await Promise.all([
    startServer('mysql', [...both, '--server-id=1', ...semi('master'), '--rpl-semi-sync-master-timeout=60000']),
    startServer('mysql', [...both, '--server-id=2', ...semi('slave')]),
  ]);
  await tell(
    replica,
    `change master to master_host='127.0.0.1', master_port=${primary.port}, master_user='root', master_use_gtid=slave_pos;
     start slave; set global read_only = 1;`,
  );
  // Not the administrator, whom neither read-only nor the last connection stops.
  await tell(primary, 'create database neutron; create user neutron; grant all on neutron.* to neutron;');
  proxy = await MysqlProxy.before(primary.port);
  server = await makeDeployment({
    folder,
    server: {
      database: { connection: `mysql+pymysql://neutron@127.0.0.1:${proxy.port}/neutron`, max_pool_size: 4 },
      quotas: { quota_network: -1 },
    },
  });
  await server.start();
  pid = await server.server.pid();
  api = server.api;
});

afterAll(async () => {
  await server?.close();
  await proxy?.[Symbol.asyncDispose]();
  await Promise.all([primary?.stop(), replica?.stop()]);
  await rm(folder, { recursive: true, force: true });
});

beforeEach(() => {
  said = new Set();
});

/** Nothing half done, nothing lost, the same process. */
afterEach(async () => {
  const names = (await api.list('network')).map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  expect([...said].filter((name) => !names.includes(name))).toEqual([]);
  const database = await openDatabase({ connection: `mysql+pymysql://neutron@127.0.0.1:${proxy.port}/neutron` });
  try {
    expect(await brokenInvariants(database.db)).toEqual([]);
  } finally {
    await database.close();
  }
  expect(await server.server.pid()).toBe(pid);
});

async function make(): Promise<HttpAnswer> {
  const name = randomUUID();
  const answer = await api.request('POST', '/v2.0/networks', { network: { name } });
  if (answer.status === 201) said.add(name);
  return answer;
}
const health = async () => (await httpRequest({ port: server.port }, { method: 'GET', path: '/healthcheck' })).status;
/** What a client is told, which must be to try again later. */
function reason({ status, headers, body }: HttpAnswer): string {
  expect([status, headers['retry-after'], body.NeutronError.type]).toEqual([503, '1', 'ServiceUnavailable']);
  return body.NeutronError.message;
}
const again = (what: string) => `The database ${what} at this moment; try again.`;
/** Four clients make networks until `over`; the answers that were not 201. */
function load(): { refused: HttpAnswer[]; end(): Promise<void> } {
  const refused: HttpAnswer[] = [];
  let over = false;
  const clients = Array.from({ length: 4 }, async () => {
    while (!over) {
      const answer = await make();
      if (answer.status !== 201) refused.push(answer);
    }
  });
  return {
    refused,
    async end() {
      over = true;
      await Promise.all(clients);
    },
  };
}

it('read-only: changes are refused with a reason and no trace, reads are answered, and changes are taken again', async () => {
  // Under load MariaDB itself takes as long for this as a wait for a lock may take: who holds one waits for the switch.
  await tell(primary, 'set global read_only = 1;');
  const clients = load();
  await until('refused', () => clients.refused.length > 4);
  expect((await api.request('GET', '/v2.0/networks?limit=1')).status).toBe(200);
  const before = said.size;
  await delay(OUTAGE_MS);
  expect(said.size).toBe(before);
  await tell(primary, 'set global read_only = 0;');
  await until('taken again', () => said.size > before + 20);
  await clients.end();
  expect(new Set(clients.refused.map(reason))).toEqual(new Set([again('takes no changes')]));
  expect(server.server.output).toMatch(/request failed.*read-only/);
});

it('read-only for a moment: who asked meanwhile waits, and is served', async () => {
  await tell(primary, 'set global read_only = 1;');
  const waiting = Array.from({ length: 4 }, () => make());
  await delay(200);
  await tell(primary, 'set global read_only = 0;');
  expect((await Promise.all(waiting)).map(({ status }) => status)).toEqual([201, 201, 201, 201]);
});

it('out of connections: refused with a reason, seen by the health check, served when there are some', async () => {
  expect(await health()).toBe(200);
  const greedy = await openDatabase({
    connection: `mysql+pymysql://neutron@127.0.0.1:${primary.port}/neutron`,
    pool: { size: MOST_CONNECTIONS, overflow: 0, waitMs: 60_000, recycleMs: -1 },
  });
  const enough = Promise.withResolvers<void>();
  const { held, done } = holdAll(greedy, enough.promise);
  // Before that the server may still come upon one that is free. One is the replica's.
  await until('all are held', () => {
    if (held() < MOST_CONNECTIONS - 1) proxy.cutAll();
    return held() >= MOST_CONNECTIONS - 1;
  });
  await until('refused', async () => (await make()).status === 503);
  expect(reason(await make())).toBe(again('has no connection left'));
  await until('an unhealthy server', async () => (await health()) === 503);
  await delay(OUTAGE_MS);
  expect(reason(await make())).toBe(again('has no connection left'));
  expect(server.server.output).toMatch(/Too many connections/);
  enough.resolve();
  await done;
  await greedy.close();
  await until('served', async () => (await make()).status === 201);
  await until('a healthy server', async () => (await health()) === 200);
});

/** Takes every connection that there is or comes free, until `enough`; `held` tells how many it has now. */
function holdAll(greedy: Database, enough: Promise<void>): { held: () => number; done: Promise<unknown> } {
  let over = false;
  let held = 0;
  void enough.then(() => {
    over = true;
  });
  const hold = async () => {
    held += 1;
    await enough;
  };
  const holders = Array.from({ length: MOST_CONNECTIONS }, async () => {
    while (!over) await greedy.transaction(hold, { attempts: 1 }).catch(() => delay(5));
  });
  return { held: () => held, done: Promise.all(holders) };
}

it('dead, and followed by its replica at the same address: nothing is lost that was answered, nothing done twice', async () => {
  const clients = load();
  await until('some', () => said.size > 20);
  await primary.kill();
  await until('refused', () => clients.refused.length > 4);
  const before = said.size;
  // As a cluster's manager does: the address moves while the new one still takes no changes.
  proxy.failOver(replica.port);
  await delay(OUTAGE_MS);
  expect(said.size).toBe(before);
  await until('all is applied', async () => {
    const state = await tell(replica, 'show slave status');
    return /Slave has read all relay log/.test(state);
  });
  await tell(replica, 'stop slave; set global read_only = 0;');
  await until('taken again', () => said.size > before + 20);
  await clients.end();
  // Of a commit that was under way nobody knows what became of it.
  const told = [again('does not answer'), again('takes no changes'), expect.stringMatching(/lost .* being committed/)];
  for (const message of new Set(clients.refused.map(reason))) expect(told).toContainEqual(message);
  await until('a healthy server', async () => (await health()) === 200);
});
