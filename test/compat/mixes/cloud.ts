import { join } from 'node:path';
import { openDoorway } from '../../../src/onehost/emulated/doorway.ts';
import type { Agent } from '../../../src/resources/shapes.ts';
import { ApiClient } from '../../support/api.ts';
import { raiseServices } from '../../support/controller.ts';
import { type EmulatedHost, type HostProcess, type Lab, openLab } from '../../support/hosts.ts';
import { Program, project } from '../../support/programs.ts';
import { until } from '../../support/wait.ts';
import {
  type AgentName,
  type AgentOptions,
  type Kind,
  NOVA_PORT,
  prepareHost,
  type Sections,
  writeAgentFiles,
  writeServerFiles,
} from './configuration.ts';

/** Python's programs need seconds of a core to start. */
const START_MS = 120_000;

/**
 * A controller with MariaDB, RabbitMQ and a neutron-server, ours or Python's, and compute hosts on one wire, whose agents
 * are ours or Python's: emulated hosts, the real programs, the same files for both kinds.
 */
export class Cloud implements AsyncDisposable {
  readonly server: Program;
  readonly api: ApiClient;
  readonly #lab: Lab;
  readonly #controller: EmulatedHost;
  readonly #how: { tunnels?: boolean; options?: Sections };
  readonly #undo: AsyncDisposableStack;
  readonly #novas = new Map<string, HostProcess>();

  private constructor(parts: {
    server: Program;
    api: ApiClient;
    lab: Lab;
    controller: EmulatedHost;
    how: { tunnels?: boolean; options?: Sections };
    undo: AsyncDisposableStack;
  }) {
    this.server = parts.server;
    this.api = parts.api;
    this.#lab = parts.lab;
    this.#controller = parts.controller;
    this.#how = parts.how;
    this.#undo = parts.undo;
  }

  /**
   * Raises the controller and waits for the server's first answer.
   * @param how see writeServerFiles
   */
  static async raise(kind: Kind, how: { tunnels?: boolean; options?: Sections } = {}): Promise<Cloud> {
    await using undo = new AsyncDisposableStack();
    const lab = await openLab();
    const ended: { removeFiles?(): void } = {};
    undo.defer(async () => {
      await lab.close();
      ended.removeFiles?.();
    });
    const controller = await lab.addHost({ name: 'controller' });
    await prepareHost(controller);
    Object.assign(ended, await raiseServices(controller));
    const files = await writeServerFiles(controller, how);
    const migrate = [pathOf('neutron-db-manage', kind), ...files, 'upgrade', 'head'];
    await controller.run(migrate, { timeoutMs: START_MS });
    const server = program('neutron-server', kind, controller, files);
    undo.use(server);
    const api = new ApiClient(await openDoorway(controller, 9696));
    const cloud = new Cloud({ server, api, lab, controller, how, undo: undo.move() });
    await cloud.startServer().catch(async (error) => {
      await cloud[Symbol.asyncDispose]();
      throw error;
    });
    return cloud;
  }

  /** Where the wires are: everybody outside. */
  get outside(): EmulatedHost {
    return this.#lab.fabric;
  }

  async startServer(): Promise<void> {
    this.server.start();
    const answers = async () => (await this.api.request('GET', '/v2.0/networks')).status === 200;
    await this.server.ready('its first answer', answers, START_MS);
  }

  /** A compute host: eth0 to the controller, eth1 on the wire `physnet1`, and a Nova that answers metadata requests. */
  async addHost(name: string): Promise<EmulatedHost> {
    const host = await this.#lab.addHost({ name, wires: ['physnet1'] });
    await prepareHost(host);
    const nova = host.spawn([
      process.execPath,
      join(project, 'test/compat/mixes/programs/nova-metadata.ts'),
      `${NOVA_PORT}`,
    ]);
    await until('Nova listens', () => nova.output.includes('ready'));
    this.#novas.set(name, nova);
    return host;
  }

  /** An agent that does not run yet. */
  async makeAgent(name: AgentName, kind: Kind, host: EmulatedHost, options: AgentOptions = {}): Promise<Program> {
    return this.#undo.use(program(name, kind, host, await this.#agentFiles(name, host, options)));
  }

  /** How an agent is started. */
  async argvOf(name: AgentName, kind: Kind, host: EmulatedHost): Promise<string[]> {
    return [pathOf(name, kind), ...(await this.#agentFiles(name, host))];
  }

  #agentFiles(name: AgentName, host: EmulatedHost, options: AgentOptions = {}): Promise<string[]> {
    const queue = `rabbit://openstack:openstack@${this.#controller.address}:5672/`;
    return writeAgentFiles(host, name, { ...options, queue, tunnels: this.#how.tunnels ?? false });
  }

  /** A program of the controller, with the server's files. @returns exit code and what it printed */
  async onController(name: string, kind: Kind, ...args: string[]): Promise<{ code: number; output: string }> {
    const argv = [pathOf(name, kind), ...(await writeServerFiles(this.#controller, this.#how)), ...args];
    const { code, stdout, stderr } = await this.#controller.run(argv, { okCodes: [0, 1], timeoutMs: START_MS });
    return { code, output: stdout + stderr };
  }

  /** Starts an agent and waits until it has reported. */
  async startAgent(agent: Program): Promise<void> {
    const before = await this.agentOf(agent);
    agent.start();
    const reported = async () => {
      const now = await this.agentOf(agent);
      return now?.alive && now.started_at !== before?.started_at;
    };
    await agent.ready('its first report', reported, START_MS);
  }

  /** What the server knows of an agent. */
  async agentOf(agent: Program): Promise<Agent | undefined> {
    const [found] = await this.api.list('agent', `binary=${agent.name}&host=${agent.host!.name}`);
    return found;
  }

  async agent(name: AgentName, kind: Kind, host: EmulatedHost, options: AgentOptions = {}): Promise<Program> {
    const agent = await this.makeAgent(name, kind, host, options);
    await this.startAgent(agent);
    return agent;
  }

  /** What the Nova of a host was asked for metadata. */
  metadataRequests(host: EmulatedHost): { url: string; headers: Record<string, string> }[] {
    const lines = this.#novas
      .get(host.name)!
      .output.split('\n')
      .filter((line) => line.startsWith('{'));
    return lines.map((line) => JSON.parse(line));
  }

  async portStatus(id: string, status: string): Promise<void> {
    const is = async () => (await this.api.show('port', id)).status === status;
    await until(`port ${id} ${status}`, is, { timeoutMs: 60_000, everyMs: 100 });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#undo.disposeAsync();
  }
}

const pathOf = (name: string, kind: Kind): string =>
  kind === 'ours' ? join(project, 'bin', name) : `/usr/bin/${name}`;

function program(name: string, kind: Kind, host: EmulatedHost, args: readonly string[]): Program {
  const path = pathOf(name, kind);
  // What Python prints to a pipe waits in its buffer otherwise.
  return new Program({ name, host, args, path, env: { PYTHONUNBUFFERED: '1' } });
}
