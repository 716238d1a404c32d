import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDoorway } from '../../src/onehost/emulated/doorway.ts';
import type { ApiClient } from './api.ts';
import { type Deployment, type DeploymentOptions, makeDeployment } from './deployment.ts';
import type { EmulatedHost } from './hosts.ts';
import { OneHost } from './onehost.ts';
import { TcpProxy } from './tcp-proxy.ts';

/** `neutrino up` on an emulated host, and its dashboard on a port of this machine's loopback, by a wire that can be cut. */
export class DashboardHost implements AsyncDisposable {
  readonly one: OneHost;
  readonly wire: TcpProxy;

  private constructor(one: OneHost, wire: TcpProxy) {
    this.one = one;
    this.wire = wire;
  }

  static async start(host: EmulatedHost, options: readonly string[] = []): Promise<DashboardHost> {
    const one = new OneHost(host, { options });
    await one.start();
    return new DashboardHost(one, await TcpProxy.before(await openDoorway(host, one.port)));
  }

  /** Where the dashboard is; a page behind `#`, like `/topology`. */
  url(page = '/'): string {
    return `http://127.0.0.1:${this.wire.port}/dashboard/#${page}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.wire[Symbol.asyncDispose]();
    await this.one[Symbol.asyncDispose]();
  }
}

/** `neutron-server` alone on this machine's loopback, with its dashboard: for pages that need no host. */
export class DashboardServer implements AsyncDisposable {
  readonly #folder: string;
  /** For agents that report to it, or run on emulated hosts. */
  readonly deployment: Deployment;

  private constructor(folder: string, deployment: Deployment) {
    this.#folder = folder;
    this.deployment = deployment;
  }

  /** @param token where there is Keystone, as in `makeDeployment` */
  static async start(server: DeploymentOptions['server'] = {}, token: string | null = null): Promise<DashboardServer> {
    const folder = await mkdtemp(join(tmpdir(), 'neutrino-dashboard-'));
    const deployment = await makeDeployment({
      folder,
      token,
      server: {
        ...server,
        DEFAULT: { service_plugins: 'router', ...server.DEFAULT },
        securitygroup: { enable_security_group: true },
      },
    });
    await deployment.start();
    return new DashboardServer(folder, deployment);
  }

  get api(): ApiClient {
    return this.deployment.api;
  }

  /** Its database, of SQLite. */
  get databaseFile(): string {
    return join(this.#folder, 'neutron.sqlite');
  }

  url(page = '/'): string {
    return `http://127.0.0.1:${this.deployment.port}/dashboard/#${page}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.deployment.close();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
