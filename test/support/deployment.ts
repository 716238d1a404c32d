import { mkdir } from 'node:fs/promises';
import { openDatabase } from '../../src/db/database.ts';
import { upgrade } from '../../src/db/migrate.ts';
import { openDoorway } from '../../src/onehost/emulated/doorway.ts';
import { ApiClient } from './api.ts';
import type { EmulatedHost } from './hosts.ts';
import { freePort, Program, writeConfig } from './programs.ts';
import { until } from './wait.ts';

type Sections = Record<string, Record<string, string | number | boolean>>;

export interface DeploymentOptions {
  /** Folder for state, configuration and the bus; all hosts see it. */
  folder: string;
  /** Where the server runs; null for this machine's loopback. */
  serverHost?: EmulatedHost | null;
  /** Options of the server, over the defaults below. */
  server?: Sections;
  env?: Record<string, string>;
  /** Where there is Keystone: a token that may list networks and agents. */
  token?: string | null;
}

/**
 * The programs as a distributed deployment runs them, each with its own configuration file, on the local bus and SQLite.
 * Several hosts may share it: the bus is a file, and files are shared between emulated hosts.
 */
export class Deployment implements AsyncDisposable {
  readonly server: Program;
  readonly port: number;
  readonly folder: string;
  readonly #serverHost: EmulatedHost | null;
  readonly #token: string | null;
  readonly #agents: Program[] = [];
  #api: ApiClient | null = null;

  constructor(parts: {
    server: Program;
    port: number;
    folder: string;
    serverHost: EmulatedHost | null;
    token: string | null;
  }) {
    this.server = parts.server;
    this.port = parts.port;
    this.folder = parts.folder;
    this.#serverHost = parts.serverHost;
    this.#token = parts.token;
  }

  get api(): ApiClient {
    if (!this.#api) throw new Error('the server was not started');
    return this.#api;
  }

  /** Starts the server and waits for its first answer. */
  async start(env: Record<string, string> = {}): Promise<void> {
    this.server.start(env);
    const where = this.#serverHost ? await openDoorway(this.#serverHost, this.port) : { port: this.port };
    this.#api = new ApiClient(where, this.#token);
    await this.server.ready(
      'its first answer',
      async () => (await this.api.request('GET', '/v2.0/networks')).status === 200,
    );
  }

  /** Waits until the server answers again after a restart. */
  async answering(): Promise<void> {
    await this.server.ready('an answer', async () => (await this.api.request('GET', '/v2.0/networks')).status === 200);
  }

  /** Starts an agent on a host and waits until the server sees it alive. */
  async agent(
    binary:
      | 'neutron-linuxbridge-agent'
      | 'neutron-dhcp-agent'
      | 'neutron-l3-agent'
      | 'neutron-metering-agent'
      | 'neutron-metadata-agent',
    host: EmulatedHost,
    sections: Sections = {},
    env: Record<string, string> = {},
  ): Promise<Program> {
    const folder = `${this.folder}/${host.name}`;
    const file = await writeConfig(folder, `${binary}.conf`, {
      ...sections,
      DEFAULT: {
        state_path: folder,
        host: host.name,
        transport_url: `local://${this.folder}/bus.sock`,
        debug: true,
        ...sections.DEFAULT,
      },
    });
    const agent = new Program({ name: binary, host, args: ['--config-file', file], env });
    this.#agents.push(agent);
    agent.start();
    await agent.ready('alive', () => this.isAlive(binary, host.name));
    return agent;
  }

  async isAlive(binary: string, host: string): Promise<boolean> {
    const agents = await this.api.list('agent', `binary=${binary}&host=${host}`);
    return agents.some((agent) => agent.alive);
  }

  /** Waits for a port's status. */
  async portStatus(id: string, status: string, timeoutMs = 15_000): Promise<void> {
    await until(`port ${id} ${status}`, async () => (await this.api.show('port', id)).status === status, { timeoutMs });
  }

  async close(): Promise<void> {
    await Promise.all(this.#agents.map((agent) => agent[Symbol.asyncDispose]()));
    await this.server[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** Makes the database and writes the server's configuration; `start` starts it. */
export async function makeDeployment({
  folder,
  serverHost = null,
  server = {},
  env = {},
  token = null,
}: DeploymentOptions): Promise<Deployment> {
  const port = serverHost ? 9696 : await freePort();
  const connection = (server.database?.connection as string | undefined) ?? `sqlite:///${folder}/neutron.sqlite`;
  await mkdir(folder, { recursive: true });
  const file = await writeConfig(folder, 'neutron.conf', {
    ...server,
    DEFAULT: {
      state_path: folder,
      transport_url: `local://${folder}/bus.sock`,
      bind_host: '127.0.0.1',
      bind_port: port,
      auth_strategy: 'noauth',
      core_plugin: 'ml2',
      ...server.DEFAULT,
    },
    database: { ...server.database, connection },
    ml2: {
      type_drivers: 'local,flat',
      tenant_network_types: 'local',
      mechanism_drivers: 'linuxbridge',
      extension_drivers: 'port_security',
      ...server.ml2,
    },
    securitygroup: { enable_security_group: false, ...server.securitygroup },
  });
  const database = await openDatabase({ connection });
  await upgrade(database);
  await database.close();
  const program = new Program({ name: 'neutron-server', host: serverHost, args: ['--config-file', file], env });
  return new Deployment({ server: program, port, folder, serverHost, token });
}
