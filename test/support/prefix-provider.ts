import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { EmulatedHost, HostProcess } from './hosts.ts';
import { until } from './wait.ts';

/** Prefixes of 56 bits are handed out of these. */
export const pools = { first: '2001:db8:100::/40', second: '2001:db8:200::/40' };

/** When a client is to ask again, whom, and until when it has what it was given; in seconds. */
export interface LeaseTimes {
  readonly renew: number;
  readonly rebind: number;
  readonly preferred: number;
  readonly valid: number;
}

/** Long enough to stay while a busy machine has no time, short enough to be waited for. */
export const longTimes: LeaseTimes = { renew: 5, rebind: 300, preferred: 500, valid: 900 };
export const shortTimes: LeaseTimes = { renew: 3, rebind: 6, preferred: 10, valid: 15 };

/** A provider's DHCPv6 server (kea) on the external network of a lab, whose prefix is 2001:db8:e::/64. */
export class PrefixProvider {
  readonly #host: EmulatedHost;
  #process: HostProcess | null = null;
  #count = 0;

  constructor(host: EmulatedHost) {
    this.#host = host;
  }

  /** What the one that serves now has said. */
  get output(): string {
    return this.#process?.output ?? '';
  }

  /** @param pool where it takes prefixes from; it knows nothing of those that one before gave */
  async serve(pool: string, times: LeaseTimes): Promise<void> {
    await this.kill();
    const folder = await this.#host.makeFolder(`kea${++this.#count}`);
    const file = join(folder, 'kea.json');
    await writeFile(file, JSON.stringify({ Dhcp6: configuration(folder, pool, times) }));
    const env = { KEA_PIDFILE_DIR: folder, KEA_LOCKFILE_DIR: folder };
    const server = this.#host.spawn(['kea-dhcp6', '-c', file], { env });
    this.#process = server;
    await until('the provider', () => {
      if (!server.running) throw new Error(server.output.slice(-2000));
      return server.output.includes('DHCP6_STARTED');
    });
  }

  async kill(): Promise<void> {
    await this.#process?.kill('SIGKILL');
    await this.#process?.finished;
  }
}

function configuration(folder: string, pool: string, times: LeaseTimes) {
  const [prefix, length] = pool.split('/');
  return {
    'interfaces-config': { interfaces: ['eth1'] },
    'server-id': { type: 'EN', 'enterprise-id': 2495, identifier: '0102030405', persist: false },
    'lease-database': { type: 'memfile', name: join(folder, 'leases.csv') },
    ...{ 'renew-timer': times.renew, 'rebind-timer': times.rebind },
    ...{ 'preferred-lifetime': times.preferred, 'valid-lifetime': times.valid },
    subnet6: [
      {
        ...{ id: 1, subnet: '2001:db8:e::/64', interface: 'eth1' },
        'pd-pools': [{ prefix, 'prefix-len': Number(length), 'delegated-len': 56 }],
      },
    ],
    loggers: [{ name: 'kea-dhcp6', severity: 'DEBUG', debuglevel: 50, output_options: [{ output: 'stdout' }] }],
  };
}
