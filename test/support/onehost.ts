import { join } from 'node:path';
import { openDoorway } from '../../src/onehost/emulated/doorway.ts';
import { agentNames } from '../../src/onehost/instance.ts';
import type { Network, Port, Subnet } from '../../src/resources/shapes.ts';
import { ApiClient } from './api.ts';
import { findGuest, type Guest } from './guest.ts';
import type { EmulatedHost, Finished } from './hosts.ts';
import { Program, project } from './programs.ts';

/** `neutrino up` on an emulated host, as a user starts it. */
export class OneHost implements AsyncDisposable {
  readonly host: EmulatedHost;
  readonly stateDir: string;
  readonly port: number;
  readonly up: Program;
  #api: ApiClient | null = null;

  constructor(
    host: EmulatedHost,
    { name = 'state', port = 9696, options = [] }: { name?: string; port?: number; options?: readonly string[] } = {},
  ) {
    this.host = host;
    this.stateDir = join(host.folder, name);
    this.port = port;
    const listen = port === 9696 ? [] : ['--listen', `127.0.0.1:${port}`];
    this.up = new Program({
      name: 'neutrino',
      host,
      args: ['up', '--no-install', '--state-dir', this.stateDir, ...listen, ...options],
    });
  }

  get api(): ApiClient {
    if (!this.#api) throw new Error('neutrino up was not started');
    return this.#api;
  }

  /**
   * Starts it and waits until it says that it is up, and for its agents alive. Returns how long that took, in ms.
   * The answer of the API alone proves nothing: programs of an earlier run that are just ending answer, too.
   */
  async start(): Promise<number> {
    const from = performance.now();
    this.up.start();
    this.#api ??= new ApiClient(await openDoorway(this.host, this.port));
    await this.up.ready(
      'that it is up, with its agents alive',
      async () => {
        if (!this.up.recentOutput.includes(' is up after ')) return false;
        const agents = await this.api.list('agent');
        return agents.length === agentNames.length && agents.every((agent) => agent.alive);
      },
      30_000,
    );
    return performance.now() - from;
  }

  /** Ctrl-C. Returns the exit code. */
  async interrupt(): Promise<number> {
    await this.up.signal('SIGINT');
    return (await this.up.finished()).code;
  }

  /** `neutrino COMMAND … --state-dir …` */
  neutrino(argv: readonly string[], options: { okCodes?: readonly number[] } = {}): Promise<Finished> {
    return this.host.run([join(project, 'bin/neutrino'), ...argv, '--state-dir', this.stateDir], options);
  }

  /** A network with one subnet. */
  async makeNetwork(
    cidr: string,
    attributes: Record<string, unknown> = {},
  ): Promise<{ network: Network; subnet: Subnet }> {
    const network = await this.api.create('network', attributes);
    const subnet = await this.api.create('subnet', { network_id: network.id, ip_version: 4, cidr });
    return { network, subnet };
  }

  /** A port and a guest on it, plugged by `neutrino plug`; without an address yet. */
  async makeGuest(
    networkId: string,
    name: string,
    attributes: Record<string, unknown> = {},
  ): Promise<{ port: Port; guest: Guest }> {
    const port = await this.api.create('port', { network_id: networkId, name, ...attributes });
    await this.neutrino(['plug', port.id, '--netns', name]);
    return { port, guest: await findGuest(this.host, name) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.up[Symbol.asyncDispose]();
  }
}
