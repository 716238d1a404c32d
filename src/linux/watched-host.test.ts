import { beforeEach, expect, it } from 'vitest';
import { FakeHost } from './fake/host.ts';
import { WatchedHost } from './watched-host.ts';

class CountedHost extends FakeHost {
  /** `all`, or the names of links. */
  reads: string[] = [];
  failure: Error | null = null;

  override async readNetwork(netns?: string) {
    this.reads.push(netns ?? 'all');
    return await super.readNetwork(netns);
  }

  override async readAgain(...[state, names]: Parameters<FakeHost['readAgain']>) {
    if (this.failure) throw this.failure;
    this.reads.push(names.join(' '));
    return await super.readAgain(state, names);
  }
}

let host: CountedHost;
let watched: WatchedHost;

beforeEach(async () => {
  host = new CountedHost();
  host.addNic('eth0', { addresses: ['192.168.56.11/24'] });
  host.addTap('tap1');
  watched = new WatchedHost(host);
  await watched.watchLinks(
    () => {},
    () => {},
  );
  await watched.readNetwork();
  host.reads = [];
});

/** What was done to the host has been told. */
const told = () => new Promise(setImmediate);

async function isAsItIs(): Promise<void> {
  await told();
  expect(await watched.readNetwork()).toEqual(host.root.read());
}

it('reads nothing where nothing changed', async () => {
  await isAsItIs();
  expect(host.reads).toEqual([]);
});

it('reads what came, changed or went, and keeps the rest', async () => {
  host.addTap('tap2');
  host.removeLink('tap1');
  await isAsItIs();
  expect(host.reads).toEqual(['tap2 tap1']);
});

it('reads what it did itself, whether or not the kernel has told of it yet', async () => {
  await watched.apply([
    { op: 'ensure_bridge', name: 'brq1' },
    { op: 'sysctl', key: 'net/ipv6/conf/brq1/disable_ipv6', value: '1' },
    { op: 'set_mtu', name: 'tap1', mtu: 1450 },
    { op: 'set_master', name: 'tap1', master: 'brq1' },
    { op: 'set_up', name: 'tap1' },
  ]);
  await isAsItIs();
  expect(host.reads).toEqual(['brq1 tap1']);
});

it.each([
  ['changed that has addresses', () => host.apply([{ op: 'set_mtu', name: 'eth0', mtu: 1400 }])],
  ['went that had addresses', () => host.removeLink('eth0')],
  ['came with an address', () => host.addNic('eth1', { addresses: ['10.0.0.1/24'] })],
])('reads everything when a link %s, for its routes', async (_, change) => {
  await change();
  await isAsItIs();
  expect(host.reads.at(-1)).toBe('all');
});

it('reads everything after it moved an address', async () => {
  await watched.apply([{ op: 'add_address', device: 'tap1', cidr: '10.0.0.1/24' }]);
  await isAsItIs();
  expect(host.reads).toEqual(['all']);
});

it('reads everything when it is told to, when the monitor was lost, and where very much changed', async () => {
  watched.distrust();
  await isAsItIs();
  host.loseMonitor();
  await isAsItIs();
  for (let at = 2; at < 70; at++) host.addTap(`tap${at}`);
  await isAsItIs();
  expect(host.reads).toEqual(['all', 'all', 'all']);
});

it('reads everything after something failed, a look or an operation', async () => {
  host.addTap('tap2');
  await told();
  host.failure = new Error('no helper');
  await expect(watched.readNetwork()).rejects.toThrow('no helper');
  await isAsItIs();
  host.failOn(() => 'busy');
  await expect(watched.apply([{ op: 'set_up', name: 'tap1' }])).rejects.toThrow('busy');
  await isAsItIs();
  expect(host.reads).toEqual(['all', 'all']);
});

it('does not forget that it was told to look again while it looked', async () => {
  watched.distrust();
  const look = watched.readNetwork();
  watched.distrust();
  await look;
  await isAsItIs();
  expect(host.reads).toEqual(['all', 'all']);
});

it('says whether addresses and routes may be older than the rest', async () => {
  expect(watched.mayBeOld).toBe(false);
  await watched.readNetwork();
  expect(watched.mayBeOld).toBe(true);
  watched.distrust();
  await watched.readNetwork();
  expect(watched.mayBeOld).toBe(false);
});

it('reads everything each time while nobody follows the links, and namespaces always', async () => {
  const plain = new WatchedHost(host);
  await host.ensureNetns('other');
  await plain.readNetwork();
  await plain.readNetwork();
  await watched.readNetwork('other');
  await watched.readNetwork('other');
  expect(host.reads).toEqual(['all', 'all', 'other', 'other']);
});
