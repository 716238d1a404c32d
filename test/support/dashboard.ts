import { openDoorway } from '../../src/onehost/emulated/doorway.ts';
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
