import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openDatabase } from '../../src/db/database.ts';
import { FakeKeystone } from '../../src/keystone/fake.ts';
import { ApiClient, type Json } from '../support/api.ts';
import { type Deployment, makeDeployment } from '../support/deployment.ts';
import { administrator, authtoken, memberOf } from '../support/identity.ts';
import { brokenInvariants } from '../support/invariants.ts';
import { sharedDatabase } from '../support/shared-database.ts';
import { byTurns, databaseTurn, runs } from '../support/turns.ts';
import { until } from '../support/wait.ts';
import { collections, MixClient, type World } from './mix/client.ts';
import { settle } from './mix/settlement.ts';

/**
 * 64 clients of 8 projects, all at once: they create, change, share, tag, list and delete, and each keeps a ledger of what it
 * was told. Afterwards the database holds what the ledgers say, nothing else, and nothing that breaks an invariant.
 */
const CLIENTS = 64;
/** How many times as many answers are waited for when chance has not brought everything yet. */
const MOST_TIMES = 20;
/** For what a busy machine has not come to. */
const PATIENCE_MS = 60_000;
const projects = Array.from({ length: 8 }, (_, i) => `project-${i}`);
/** Small enough to be met all the time. */
const limits = {
  network: 8,
  subnet: 25,
  port: 80,
  security_group: 12,
  security_group_rule: 60,
  rbac_policy: 8,
  address_group: 8,
  subnetpool: 8,
  address_scope: 8,
};

interface Stage extends AsyncDisposable {
  readonly servers: readonly Deployment[];
  readonly connection: string;
  readonly client: (number: number, project: string | null) => ApiClient;
}

async function raise(servers: number): Promise<Stage> {
  const stop = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'neutrino-mix-'));
  stop.defer(() => rm(folder, { recursive: true, force: true }));
  const keystone = stop.use(await FakeKeystone.start());
  const connection = await sharedDatabase(folder);
  const { address_group, subnetpool, address_scope, ...options } = limits;
  const server = {
    DEFAULT: { auth_strategy: 'keystone' },
    keystone_authtoken: authtoken(keystone),
    database: { connection },
    ml2: { type_drivers: 'local,vlan,vxlan', tenant_network_types: 'vlan,vxlan' },
    ml2_type_vlan: { network_vlan_ranges: 'physnet1:100:140' },
    ml2_type_vxlan: { vni_ranges: '1000:2000' },
    quotas: {
      ...Object.fromEntries(Object.entries(options).map(([name, limit]) => [`quota_${name}`, limit])),
      default_quota: 8,
    },
    securitygroup: { enable_security_group: true, firewall_driver: 'noop' },
  };
  const started: Deployment[] = [];
  for (let i = 0; i < servers; i++) {
    const one = stop.use(await makeDeployment({ folder: join(folder, `server-${i}`), server }));
    one.server.start();
    await one.server.ready('an answer', async () => (await new ApiClient(one).request('GET', '/')).status === 200);
    started.push(one);
  }
  return {
    servers: started,
    connection,
    client: (number, project) =>
      new ApiClient(started[number % servers]!, keystone.add(project === null ? administrator : memberOf(project))),
    [Symbol.asyncDispose]: () => stop.disposeAsync(),
  };
}

/** A network for each project, which the next one may use, and a limit of its own for one of them. */
async function furnish(admin: ApiClient): Promise<World['common']> {
  await admin.expect('PUT', `/v2.0/quotas/${projects[0]}`, { quota: { subnetpool: 5, port: 40 } });
  const made: string[] = [];
  for (const [i, project_id] of projects.entries()) {
    const { id } = await admin.create('network', { name: 'common', project_id });
    await admin.create('subnet', { network_id: id, project_id, ip_version: 4, cidr: '10.200.0.0/25' });
    const target_tenant = projects[(i + 1) % projects.length];
    const rbac_policy = {
      object_type: 'network',
      object_id: id,
      action: 'access_as_shared',
      target_tenant,
      project_id,
    };
    await admin.expect('POST', '/v2.0/rbac-policies', { rbac_policy });
    made.push(id);
  }
  return Object.fromEntries(
    projects.map((project, i) => [project, [made[i]!, made[(i + projects.length - 1) % projects.length]!]]),
  );
}

const answersOf = ({ counts }: World): number => Object.values(counts).reduce((sum, count) => sum + count, 0);

/** Ends the last server with `kill -9`, while all its clients wait for answers. */
async function killLast({ servers }: Stage, world: World, after: number): Promise<void> {
  await until('many answers', () => answersOf(world) > after, { timeoutMs: PATIENCE_MS });
  const { server } = servers.at(-1)!;
  await server.kill9();
  server.start();
}

const forms = [
  [1, runs(3_000, 40_000), 'run'],
  [2, runs(2_000, 40_000), 'is killed in the middle and starts again'],
  [2, runs(2_000, 40_000), 'run'],
] as const;

// Each form on one kind of database.
describe.each(byTurns(forms, 1, databaseTurn()))(
  '64 clients of %i server(s) until %i answers, the last of which %s',
  (servers, enough, fate) => {
    const mortal = fate !== 'run';
    it(
      'get what they are told, and leave rows that are right',
      async () => {
        await using stage = await raise(servers);
        const admin = stage.client(0, null);
        const world: World = { projects, common: await furnish(admin), faults: [], counts: {}, mortal };
        const all = async (collection: string): Promise<Json[]> =>
          (await admin.expect('GET', `/v2.0/${collection.replaceAll('_', '-')}`))[collection];
        const before = new Set<string>();
        for (const collection of collections) for (const { id } of await all(collection)) before.add(id);

        const seed = Math.floor(Math.random() * 2 ** 31);
        const clients = Array.from({ length: CLIENTS }, (_, number) => {
          const project = projects[number % projects.length]!;
          return new MixClient({ api: stage.client(number >> 3, project), project, world, number, seed });
        });
        // What is refused must be met as well as what is done, however slow the machine is: otherwise this proves less than it says.
        const kinds = [...collections.map((one) => `POST ${one} 201`), 'POST networks 409', 'DELETE networks 204'];
        const missing = () => kinds.filter((kind) => !world.counts[kind]);
        const isOver = () => answersOf(world) > (missing().length > 0 ? MOST_TIMES * enough : enough);
        const running = clients.map((client) => client.run(isOver));
        if (mortal) await killLast(stage, world, enough / 20);
        await Promise.all(running);
        expect(clients.some((client) => client.doubt() !== null)).toBe(mortal);
        expect(world.faults, `seed ${seed}`).toEqual([]);
        expect(missing()).toEqual([]);

        expect(await settle({ clients, before, all }), `seed ${seed}`).toEqual([]);

        const database = await openDatabase({ connection: stage.connection });
        try {
          await until(
            'an empty outbox',
            async () => (await database.db.selectFrom('outbox').select('id').execute()).length === 0,
            { timeoutMs: PATIENCE_MS },
          );
          expect(await brokenInvariants(database.db, limits), `seed ${seed}`).toEqual([]);
        } finally {
          await database.close();
        }
      },
      // Ends what hangs: all that is waited for may take as long as it may.
      15 * PATIENCE_MS,
    );
  },
);
