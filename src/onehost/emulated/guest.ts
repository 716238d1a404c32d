import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bridgeName, tapName } from '../../lib/names.ts';
import { type Lease, parseLease } from '../lease.ts';
import type { EmulatedHost } from './host.ts';
import type { Finished, HostProcess } from './process.ts';
import { until } from './wait.ts';

/** What udhcpc runs on a lease. */
const LEASE_SCRIPT = fileURLToPath(new URL('../../linux/exec/lease.sh', import.meta.url));

/**
 * A guest: a namespace whose only card is the far end of a port's tap, with a real DHCP client (busybox udhcpc). The network
 * cannot tell it from a virtual machine; `vm-guest` boots a true one where that matters.
 */
export class Guest {
  readonly host: EmulatedHost;
  /** Its network namespace on the host. */
  readonly netns: string;
  readonly card: string;
  lease: Lease | null = null;

  constructor(host: EmulatedHost, netns: string, card = 'eth0') {
    this.host = host;
    this.netns = netns;
    this.card = card;
  }

  run(argv: readonly string[], options: { okCodes?: readonly number[]; timeoutMs?: number } = {}): Promise<Finished> {
    return this.host.run(argv, { ...options, netns: this.netns });
  }

  spawn(argv: readonly string[]): HostProcess {
    return this.host.spawn(argv, { netns: this.netns });
  }

  /**
   * Asks for a lease as a booting guest does, up to `tries` times a second apart, and configures the card with it.
   * @throws Error when no server gave one
   */
  async dhcp({ tries = 10, hostName }: { tries?: number; hostName?: string } = {}): Promise<Lease> {
    const { argv, env } = await this.dhcpCommand({ tries, ...(hostName ? { hostName } : {}) });
    await this.host.run(argv, { netns: this.netns, env, timeoutMs: (tries + 10) * 1000 });
    return await this.readLease();
  }

  /** The command that does it, for those who want to show it. */
  async dhcpCommand({ tries = 10, hostName }: { tries?: number; hostName?: string } = {}): Promise<{
    argv: string[];
    env: Record<string, string>;
  }> {
    const script = await writeLeaseScript(this.host);
    const wanted = ['26', '42', '66', '121', '150'].flatMap((option) => ['-O', option]);
    const name = hostName ? ['-x', `hostname:${hostName}`] : [];
    const client = ['busybox', 'udhcpc', '-i', this.card, '-f', '-q', '-n', '-t', String(tries), '-T', '1'];
    return { argv: [...client, ...wanted, ...name, '-s', script], env: { LEASE_FILE: this.#leaseFile } };
  }

  /** What the client was last given. */
  async readLease(): Promise<Lease> {
    this.lease = parseLease(await this.host.read(['cat', this.#leaseFile]));
    return this.lease;
  }

  get #leaseFile(): string {
    return join(this.host.folder, `${this.netns}.lease`);
  }

  /** Addresses the card really has, without link-local ones. */
  async addresses(): Promise<string[]> {
    const links = await this.host.json<{ addr_info: { local: string; scope: string }[] }[]>([
      'ip',
      '-n',
      this.netns,
      '-j',
      'addr',
      'show',
      'dev',
      this.card,
    ]);
    return (links[0]?.addr_info ?? []).filter((address) => address.scope === 'global').map((address) => address.local);
  }

  /** True when at least one of `count` pings is answered. */
  async ping(address: string, count = 3): Promise<boolean> {
    const { code } = await this.run(['ping', '-n', '-i', '0.2', '-W', '2', '-c', String(count), address], {
      okCodes: [0, 1, 2],
    });
    return code === 0;
  }

  /** Addresses of a name as the given server (or the lease's first) tells them; empty when it knows none. */
  async lookup(name: string, server = this.lease?.dnsServers[0]): Promise<string[]> {
    if (!server) throw new Error('no DNS server: the lease named none');
    const { stdout } = await this.run(['busybox', 'nslookup', '-type=a', name, server], { okCodes: [0, 1] });
    const answer = stdout.slice(stdout.indexOf('\n\n') + 1);
    return [...answer.matchAll(/^Address(?: \d+)?: (\S+)/gm)].map((found) => found[1]!);
  }

  /** HTTP GET. @throws Error when there is no connection */
  async get(url: string, headers: Record<string, string> = {}): Promise<{ status: number; body: string }> {
    const lines = Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`]);
    const { stdout } = await this.run(['curl', '-sS', '-m', '10', '-w', '\n%{http_code}', ...lines, url]);
    const end = stdout.lastIndexOf('\n');
    return { status: Number(stdout.slice(end + 1)), body: stdout.slice(0, end) };
  }

  /** Removes card and namespace, as an end of the guest does. */
  async remove(): Promise<void> {
    await this.host.run(['ip', 'netns', 'del', this.netns], { okCodes: [0, 1] });
  }
}

/**
 * Starts a guest on a port as Nova would: the tap of the port's name, the port's MAC on the guest's card. For owners that
 * Nova serves (`compute:…`) it also puts the tap into the network's bridge, which it makes when it is the first one there.
 */
export async function plugGuest(
  host: EmulatedHost,
  port: { id: string; network_id: string; mac_address: string; device_owner?: string },
  name = `guest-${port.id.slice(0, 8)}`,
): Promise<Guest> {
  const tap = tapName(port.id);
  const peer = `vm${port.id.slice(0, 11)}`;
  await host.run(['ip', 'netns', 'add', name]);
  await host.ipBatch([
    `link add ${tap} type veth peer name ${peer} address ${port.mac_address}`,
    `link set ${peer} netns ${name}`,
    ...(port.device_owner?.startsWith('compute:') ? await novaPlug(host, tap, bridgeName(port.network_id)) : []),
    `link set ${tap} up`,
  ]);
  await host.ipBatch([`link set lo up`, `link set ${peer} name eth0`, `link set eth0 up`], name);
  return new Guest(host, name);
}

/** Makes the bridge on its own, because the agent may make it at the same moment (exit code 2: it is there already). */
async function novaPlug(host: EmulatedHost, tap: string, bridge: string): Promise<string[]> {
  const make = ['ip', 'link', 'add', bridge, 'type', 'bridge', 'forward_delay', '0', 'stp_state', '0'];
  await host.run(make, { okCodes: [0, 2] });
  return [`link set ${bridge} up`, `link set ${tap} master ${bridge}`];
}

/** Waits until a guest of this namespace has its card: for guests that `neutrino plug` made. */
export async function findGuest(host: EmulatedHost, netns: string): Promise<Guest> {
  return await until(`a card in namespace ${netns}`, async () => {
    const card = (await host.links(netns)).find((name) => name !== 'lo');
    return card ? new Guest(host, netns, card.split('@')[0]) : null;
  });
}

async function writeLeaseScript(host: EmulatedHost): Promise<string> {
  const file = join(host.folder, 'udhcpc-script');
  await copyFile(LEASE_SCRIPT, file);
  return file;
}
