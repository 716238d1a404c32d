import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { newDatabaseOn, renewDatabase } from '../src/db/temporary-on-server.ts';
import { KeystoneClient } from '../src/keystone/client.ts';
import { FakeKeystone } from '../src/keystone/fake.ts';
import { type ServerKind, startServer } from '../test/support/database-servers.ts';
import { makeDeployment } from '../test/support/deployment.ts';
import { RabbitMq } from '../test/support/rabbitmq.ts';
import { type Caller, call, type Server } from './load.ts';
import { processTree, pssMb } from './processes.ts';

/** A server that is measured, and what was seen of it before. */
export interface Started extends AsyncDisposable {
  readonly server: Server;
  readonly coldStartMs: number | null;
  readonly idlePssMb: number | null;
}

/** An identity service with an administrator and a member of another project, and how a server of ours uses it. */
interface Identity extends AsyncDisposable {
  readonly admin: Caller;
  readonly tenant: Caller;
  readonly options: Record<string, string>;
}

/** The folder of `bench/peer/peer-up`: the real Keystone, and the real server's processes and database. */
export class Peer {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async identity(): Promise<Identity> {
    const service = this.#openrc('openrc-neutron');
    const options = {
      auth_url: service.OS_AUTH_URL!,
      auth_type: 'password',
      project_domain_name: service.OS_PROJECT_DOMAIN_NAME!,
      user_domain_name: service.OS_USER_DOMAIN_NAME!,
      project_name: service.OS_PROJECT_NAME!,
      username: service.OS_USERNAME!,
      password: service.OS_PASSWORD!,
    };
    const [admin, tenant] = [await this.#signIn('openrc'), await this.#signIn('openrc-demo')];
    return { admin, tenant, options, [Symbol.asyncDispose]: async () => {} };
  }

  async realServer(): Promise<Started> {
    const { admin, tenant } = await this.identity();
    const pids = [this.#pid('neutron-server')];
    const helpers = readdirSync(join(this.#folder, 'run'))
      .filter((file) => file.endsWith('.pid'))
      .map((file) => this.#pid(file.slice(0, -'.pid'.length)));
    const seed = (...args: string[]) =>
      promisify(execFile)('/usr/bin/python3', [join(import.meta.dirname, 'peer/seed-peer.py'), ...args]);
    const server: Server = {
      url: new URL(variables(join(this.#folder, 'settings')).NEUTRON_URL!),
      headers: admin.headers,
      project: admin.project,
      tenant,
      pids,
      beside: helpers.filter((pid) => !pids.includes(pid)),
      seed: async (...args) => void (await seed(...args)),
      throwaway: false,
    };
    return { server, coldStartMs: null, idlePssMb: pssMb(pids), [Symbol.asyncDispose]: async () => {} };
  }

  /** Its MariaDB and RabbitMQ, with a database and a vhost for ours. */
  ground(): { database: string; queue: string } {
    const { OUR_DATABASE: database, OUR_QUEUE: queue } = variables(join(this.#folder, 'settings'));
    if (!database || !queue) throw new Error(`${this.#folder}/settings names no database for ours; run peer-up again`);
    return { database, queue };
  }

  async #signIn(file: string): Promise<Caller> {
    const rc = this.#openrc(file);
    const client = new KeystoneClient(rc.OS_AUTH_URL!);
    const { token, projectId } = await client.issue({
      method: 'password',
      user: { name: rc.OS_USERNAME!, domainName: rc.OS_USER_DOMAIN_NAME! },
      password: rc.OS_PASSWORD!,
      scope: { project: { name: rc.OS_PROJECT_NAME!, domainName: rc.OS_PROJECT_DOMAIN_NAME! } },
    });
    client.close();
    return { headers: { 'X-Auth-Token': token }, project: projectId! };
  }

  #openrc(file: string): Record<string, string> {
    return variables(join(this.#folder, file));
  }

  #pid(name: string): number {
    return Number.parseInt(readFileSync(join(this.#folder, 'run', `${name}.pid`), 'utf8'), 10);
  }
}

/** `export NAME=value` or `NAME=value`, one a line. */
function variables(file: string): Record<string, string> {
  const lines = readFileSync(file, 'utf8').matchAll(/^(?:export )?(\w+)=(.*)$/gm);
  return Object.fromEntries([...lines].map(([, name, value]) => [name, value]));
}

/** A Keystone in this process: a server asks it once for each token. */
export async function localIdentity(): Promise<Identity> {
  const keystone = await FakeKeystone.start();
  const caller = (project: string, roles: string[]): Caller => ({
    headers: { 'X-Auth-Token': keystone.add({ user: project, project, roles }) },
    project,
  });
  return {
    admin: caller('admin', ['admin', 'manager', 'member', 'reader']),
    tenant: caller('demo', ['member', 'reader']),
    options: {
      auth_url: keystone.url,
      auth_type: 'password',
      project_name: 'service',
      project_domain_id: 'default',
      user_domain_id: 'default',
      username: 'neutron',
      password: 'secret',
    },
    [Symbol.asyncDispose]: () => keystone[Symbol.asyncDispose](),
  };
}

/** Services of the other server. */
const services = 'segments,trunk,qos,router,port_forwarding,metering';

/** Groups as the other server has them (its agents enforce them, nobody is there here), and its kinds of networks. */
const asMeasured = {
  securitygroup: { enable_security_group: true, firewall_driver: 'noop' },
  ml2: { type_drivers: 'local,flat,vlan,vxlan', tenant_network_types: 'vxlan' },
  ml2_type_vxlan: { vni_ranges: '1000:20000' },
};

/** What a server of ours works on. */
export interface Ground extends AsyncDisposable {
  /** `[database] connection`; null for SQLite in the state folder. */
  readonly database: string | null;
  /** `transport_url`; null for the local bus. */
  readonly queue: string | null;
}

/**
 * @param choice.database `sqlite`, `mariadb` or `postgresql` (a server of its own), `peer`, or an URL
 * @param choice.queue `local`, `rabbitmq` (a broker of its own), `peer`, or an URL
 */
export async function openGround(choice: { database: string; queue: string }, peer: Peer | null): Promise<Ground> {
  await using stop = new AsyncDisposableStack();
  const ofPeer = (name: 'database' | 'queue') => {
    if (peer === null) throw new Error(`--${name} peer: give --peer FOLDER, too`);
    return peer.ground()[name];
  };
  const databases: Record<string, () => Promise<string | null>> = {
    sqlite: async () => null,
    peer: async () => {
      const connection = ofPeer('database');
      await renewDatabase(connection);
      return connection;
    },
    mariadb: () => databaseOf('mysql', stop),
    postgresql: () => databaseOf('postgres', stop),
  };
  const queues: Record<string, () => Promise<string | null>> = {
    local: async () => null,
    peer: async () => ofPeer('queue'),
    rabbitmq: async () => stop.use(await RabbitMq.start({ vhosts: 1 })).url(),
  };
  const database = await (databases[choice.database]?.() ?? choice.database);
  const queue = await (queues[choice.queue]?.() ?? choice.queue);
  const parts = stop.move();
  return { database, queue, [Symbol.asyncDispose]: () => parts.disposeAsync() };
}

async function databaseOf(kind: ServerKind, stop: AsyncDisposableStack): Promise<string> {
  const server = await startServer(kind);
  stop.defer(() => server.stop());
  return newDatabaseOn(server.url(''));
}

/** Ours, with a state folder and a port of its own. */
export async function startOurs(identity: Identity, ground: Ground, workers: number): Promise<Started> {
  const folder = await mkdtemp(join(tmpdir(), 'neutrino-bench-'));
  const stop = new AsyncDisposableStack();
  stop.defer(() => rm(folder, { recursive: true, force: true }));
  try {
    const options = {
      ...asMeasured,
      DEFAULT: {
        auth_strategy: 'keystone',
        service_plugins: services,
        log_dir: folder,
        api_workers: workers,
        ...(ground.queue !== null && { transport_url: ground.queue }),
      },
      ...(ground.database !== null && { database: { connection: ground.database } }),
      keystone_authtoken: identity.options,
    };
    const deployment = stop.use(await makeDeployment({ folder, server: options }));
    const { admin, tenant } = identity;
    const from = {
      url: new URL(`http://127.0.0.1:${deployment.port}`),
      headers: admin.headers,
      project: admin.project,
      tenant,
      pids: [],
      beside: [],
      seed: null,
      throwaway: true,
    };
    const answers = () =>
      deployment.server.ready('its first answer', () => call(from, 'GET', '/v2.0/networks'), 20_000);
    // The first start reads the program from disk; the one that is measured finds it in memory.
    deployment.server.start();
    await answers();
    await deployment.server.stop();
    const began = performance.now();
    deployment.server.start();
    await answers();
    const coldStartMs = performance.now() - began;
    const pid = (await deployment.server.pid())!;
    await new Promise((resolve) => setTimeout(resolve, 2000)); // idle is what is measured
    const server: Server = { ...from, pids: processTree([pid]) };
    return { server, coldStartMs, idlePssMb: pssMb([pid]), [Symbol.asyncDispose]: () => stop.disposeAsync() };
  } catch (error) {
    await stop.disposeAsync();
    throw error;
  }
}
