import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApplyFailed, type Host, type LinkEvent, type NetworkOperation } from '../../src/linux/contract.ts';
import { FakeHost } from '../../src/linux/fake/host.ts';
import { printRoute, printState } from '../../src/linux/fake/print.ts';
import { type Lab, openLab } from '../support/hosts.ts';
import { openRemoteHost } from '../support/remote-host.ts';
import { until } from '../support/wait.ts';

/**
 * One suite for the fake host and for the real one inside an emulated host: what plans rely on must be the same on both.
 * Both have a card `eth0` with 10.9.9.2/24 and a default route by 10.9.9.1, and a card `eth1` without anything.
 */
interface Subject {
  name: string;
  open(): Promise<{ host: Host; close(): Promise<void> }>;
}

const fake: Subject = {
  name: 'fake host',
  open: async () => {
    const host = new FakeHost();
    host.addNic('eth0', { addresses: ['10.9.9.2/24'] });
    host.root.giveRoute({ destination: 'default', via: '10.9.9.1', device: 'eth0' });
    host.addNic('eth1');
    return { host, close: () => host.close() };
  },
};

let lab: Lab;
let hosts = 0;
beforeAll(async () => {
  lab = await openLab();
});
afterAll(async () => {
  await lab.close();
});

const real: Subject = {
  name: 'real host',
  open: async () => {
    hosts += 1;
    const emulated = await lab.addHost({ name: `contract${hosts}`, wires: ['w1'] });
    await emulated.ipBatch([
      'addr flush dev eth0',
      'addr add 10.9.9.2/24 dev eth0',
      'route replace default via 10.9.9.1 dev eth0',
    ]);
    const host = await openRemoteHost(emulated);
    return {
      host,
      close: async () => {
        await host.close();
        await lab.removeHost(emulated);
      },
    };
  },
};

describe.each([fake, real])('$name', ({ open }) => {
  let host: Host;
  let close: () => Promise<void>;
  beforeAll(async () => {
    ({ host, close } = await open());
  });
  afterAll(async () => {
    await close();
  });

  /** Devices of the host without those that every host has of its own. */
  const text = async (netns?: string) => printState(await host.readNetwork(netns));
  const routes = async () => (await host.readNetwork()).routes.filter((route) => route.family === 4).map(printRoute);

  it('reads cards, addresses and routes', async () => {
    const state = await host.readNetwork();
    const eth0 = state.links.get('eth0');
    expect(eth0).toMatchObject({ name: 'eth0', up: true, mtu: 1500, master: null });
    expect(eth0?.mac).toMatch(/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/);
    expect(eth0?.addresses.filter((address) => address.scope === 'global').map((address) => address.cidr)).toEqual([
      '10.9.9.2/24',
    ]);
    expect(await routes()).toEqual(
      expect.arrayContaining(['default via 10.9.9.1 dev eth0', '10.9.9.0/24 dev eth0 src 10.9.9.2']),
    );
    expect(state.links.get('lo')?.kind).toBe('loopback');
  });

  it('makes a bridge with ports, twice without harm', async () => {
    const operations: NetworkOperation[] = [
      { op: 'ensure_bridge', name: 'brq11111111-11', mtu: 1400 },
      { op: 'ensure_veth', name: 'tap22222222-22', peer: 'inner' },
      { op: 'set_master', name: 'tap22222222-22', master: 'brq11111111-11' },
      { op: 'set_mtu', name: 'tap22222222-22', mtu: 1400 },
      { op: 'set_up', name: 'tap22222222-22' },
      { op: 'set_up', name: 'inner' },
      { op: 'set_up', name: 'brq11111111-11' },
    ];
    await host.apply(operations);
    const once = await text();
    await host.apply(operations);
    expect(await text()).toBe(once);
    expect(once).toContain('brq11111111-11 bridge up mtu 1400\n  tap22222222-22 veth up mtu 1400');
  });

  it('makes a VXLAN device with all it is made of, and refuses what does not fit through the device below it', async () => {
    const operation: NetworkOperation = {
      ...{ op: 'ensure_vxlan', name: 'vxlan-77', vni: 77, link: 'eth0', local: '10.9.9.2', group: '239.0.0.77' },
      ...{ port: 0, sourcePorts: [1000, 2000], ttl: 9, tos: 1, proxy: true },
    };
    await host.apply([operation, operation]);
    const { op, name, ...parameters } = operation as Extract<NetworkOperation, { op: 'ensure_vxlan' }>;
    const link = (await host.readNetwork()).links.get('vxlan-77');
    expect(link).toMatchObject({ kind: 'vxlan', mtu: 1450, up: false });
    expect(link?.vxlan).toEqual({ ...parameters, port: 8472 });
    await expect(host.apply([{ op: 'set_mtu', name: 'vxlan-77', mtu: 1451 }])).rejects.toThrow(/Invalid argument/);
    await expect(host.apply([{ ...operation, name: 'other' }])).rejects.toThrow(/VNI already exists/);
    await host.apply([{ op: 'move_vxlan', name: 'vxlan-77', link: 'brq11111111-11' }]);
    expect((await host.readNetwork()).links.get('vxlan-77')?.vxlan).toMatchObject({ link: 'brq11111111-11', ttl: 9 });
    await host.apply([{ op: 'delete_link', name: 'vxlan-77' }]);
    const plain = { ...{ local: null, group: null, port: 4789, ttl: 0, tos: 0, proxy: false }, link: 'eth0' };
    await host.apply([{ ...operation, ...plain, sourcePorts: [0, 0] }]);
    const made = (await host.readNetwork()).links.get('vxlan-77');
    expect(made?.vxlan).toEqual({ ...plain, sourcePorts: [0, 0], vni: 77 });
    await host.apply([{ op: 'delete_link', name: 'vxlan-77' }]);
  });

  it('reads single links again: changed, new and gone ones', async () => {
    const veth: NetworkOperation = { op: 'ensure_veth', name: 'tap33333333-33', peer: 'vm3' };
    await host.apply([veth, { op: 'ensure_bridge', name: 'brq33333333-33' }]);
    const before = await host.readNetwork();
    await host.apply([
      { op: 'delete_link', name: 'tap33333333-33' },
      { op: 'ensure_veth', name: 'tap44444444-44', peer: 'vm4' },
      { op: 'set_master', name: 'tap44444444-44', master: 'brq33333333-33' },
      { op: 'set_mtu', name: 'vm4', mtu: 1400 },
    ]);
    const names = ['tap33333333-33', 'vm3', 'tap44444444-44', 'vm4', 'brq33333333-33'];
    const again = await host.readAgain(before, names);
    const now = await host.readNetwork();
    for (const name of names) expect(again.links.get(name)).toEqual(now.links.get(name));
    expect([...again.links.keys()].sort()).toEqual([...now.links.keys()].sort());
    expect(again.routes).toEqual(before.routes);
    await host.apply([
      { op: 'delete_link', name: 'tap44444444-44' },
      { op: 'delete_link', name: 'brq33333333-33' },
    ]);
  });

  it('reads links again beside one whose name is no word for a batch', async () => {
    const odd = '"a#';
    await host.exec.run(['ip', 'link', 'add', odd, 'type', 'veth', 'peer', 'name', 'odd']);
    const before = await host.readNetwork();
    const again = await host.readAgain(before, [odd, 'eth1']);
    expect(again.links.get('eth1')).toEqual(before.links.get('eth1'));
    await host.exec.run(['ip', 'link', 'del', odd]);
  });

  it('sees what was enslaved and released by others', async () => {
    await host.apply([{ op: 'set_master', name: 'tap22222222-22', master: null }]);
    expect((await host.readNetwork()).links.get('tap22222222-22')?.master).toBeNull();
    await host.apply([{ op: 'set_master', name: 'tap22222222-22', master: 'brq11111111-11' }]);
    expect((await host.readNetwork()).links.get('tap22222222-22')?.master).toBe('brq11111111-11');
  });

  it('names the operation that failed and does not try later ones', async () => {
    const failing: NetworkOperation = { op: 'set_master', name: 'eth1', master: 'brqnosuch' };
    const failure = await host
      .apply([{ op: 'set_up', name: 'eth1' }, failing, { op: 'set_mtu', name: 'eth1', mtu: 1300 }])
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ApplyFailed);
    expect((failure as ApplyFailed).operation).toEqual(failing);
    expect((failure as ApplyFailed).stderr).toContain('Device does not exist');
    expect((await host.readNetwork()).links.get('eth1')?.mtu).toBe(1500);
  });

  it('goes on behind an operation that had nothing to do', async () => {
    await host.apply([
      { op: 'delete_link', name: 'nosuch' },
      { op: 'delete_address', device: 'eth1', cidr: '10.1.1.1/24' },
      { op: 'delete_route', family: 4, destination: '10.77.0.0/16', via: '10.9.9.1', device: 'eth0' },
      { op: 'ensure_bridge', name: 'brq11111111-11' },
      { op: 'set_mtu', name: 'eth1', mtu: 1450 },
    ]);
    expect((await host.readNetwork()).links.get('eth1')?.mtu).toBe(1450);
  });

  it('adds and deletes addresses and routes of both families', async () => {
    await host.apply([
      { op: 'set_up', name: 'eth1' },
      { op: 'add_address', device: 'eth1', cidr: '192.0.2.5/24', broadcast: '192.0.2.255' },
      { op: 'add_address', device: 'eth1', cidr: '2001:db8::5/64' },
      { op: 'replace_route', family: 4, destination: '198.51.100.0/24', via: '192.0.2.1', device: 'eth1', metric: 50 },
      { op: 'replace_route', family: 6, destination: 'default', via: '2001:db8::1', device: 'eth1', metric: 1023 },
    ]);
    const { links, routes: all } = await host.readNetwork();
    const given = links.get('eth1')?.addresses.filter((address) => address.scope === 'global');
    expect(given?.map((address) => address.cidr)).toEqual(['192.0.2.5/24', '2001:db8::5/64']);
    expect(given?.[0]?.broadcast).toBe('192.0.2.255');
    const told = all.filter((route) => route.device === 'eth1' && route.protocol !== 'kernel').map(printRoute);
    expect(told).toEqual([
      '198.51.100.0/24 via 192.0.2.1 dev eth1 metric 50',
      'default via 2001:db8::1 dev eth1 metric 1023',
    ]);
    await host.apply([
      { op: 'delete_route', family: 4, destination: '198.51.100.0/24', via: '192.0.2.1', device: 'eth1', metric: 50 },
      { op: 'delete_route', family: 6, destination: 'default', via: '2001:db8::1', device: 'eth1', metric: 1023 },
      { op: 'delete_address', device: 'eth1', cidr: '192.0.2.5/24' },
      { op: 'delete_address', device: 'eth1', cidr: '2001:db8::5/64' },
    ]);
    const after = await host.readNetwork();
    expect(after.links.get('eth1')?.addresses.filter((address) => address.scope === 'global')).toEqual([]);
    expect(after.routes.filter((route) => route.device === 'eth1' && route.destination !== 'fe80::/64')).toEqual([]);
  });

  it('makes a veth pair into a namespace, with the MAC inside', async () => {
    await host.ensureNetns('qdhcp-1');
    await host.ensureNetns('qdhcp-1');
    expect(await host.listNetns()).toContain('qdhcp-1');
    await host.apply([
      {
        op: 'ensure_veth',
        name: 'tap33333333-33',
        peer: 'ns-33333333-33',
        peerNetns: 'qdhcp-1',
        peerMac: 'fa:16:3e:11:22:33',
      },
      { op: 'set_up', name: 'tap33333333-33' },
    ]);
    await host.apply(
      [
        { op: 'add_address', device: 'ns-33333333-33', cidr: '192.168.56.2/24' },
        { op: 'set_up', name: 'ns-33333333-33' },
      ],
      'qdhcp-1',
    );
    const outside = (await host.readNetwork()).links.get('tap33333333-33');
    const inside = (await host.readNetwork('qdhcp-1')).links.get('ns-33333333-33');
    expect(inside).toMatchObject({ mac: 'fa:16:3e:11:22:33', up: true, kind: 'veth' });
    expect(outside?.peer).toEqual({ ifindex: inside?.ifindex, elsewhere: true });
    expect(inside?.peer).toEqual({ ifindex: outside?.ifindex, elsewhere: true });
    expect(await text('qdhcp-1')).toBe('ns-33333333-33 veth up mtu 1500 192.168.56.2/24');
  });

  it('moves a device into a namespace under another name', async () => {
    await host.apply([
      { op: 'ensure_veth', name: 'outer', peer: 'guest44' },
      { op: 'set_mac', name: 'guest44', mac: 'fa:16:3e:44:44:44' },
      { op: 'move_to_netns', name: 'guest44', netns: 'qdhcp-1', rename: 'eth0' },
    ]);
    expect((await host.readNetwork('qdhcp-1')).links.get('eth0')?.mac).toBe('fa:16:3e:44:44:44');
    expect((await host.readNetwork()).links.has('guest44')).toBe(false);
  });

  it('takes the veth away with its namespace', async () => {
    await host.removeNetns('qdhcp-1');
    await host.removeNetns('qdhcp-1');
    await until('the veth to go', async () => !(await host.readNetwork()).links.has('tap33333333-33'));
    expect(await host.listNetns()).not.toContain('qdhcp-1');
  });

  it('tells of links that come, change and go', async () => {
    const events: LinkEvent[] = [];
    const watch = await host.watchLinks(
      (event) => events.push(event),
      () => {},
    );
    await host.apply([{ op: 'ensure_bridge', name: 'brqevents' }]);
    await until('added', () => events.find((event) => event.kind === 'added' && event.name === 'brqevents'));
    await host.apply([
      { op: 'set_up', name: 'brqevents' },
      { op: 'set_master', name: 'eth1', master: 'brqevents' },
    ]);
    await until('changed', () => events.find((event) => event.kind === 'changed' && event.name === 'eth1'));
    await host.apply([{ op: 'set_master', name: 'eth1', master: null }]);
    await host.apply([{ op: 'delete_link', name: 'brqevents' }]);
    await until('removed', () => events.find((event) => event.kind === 'removed' && event.name === 'brqevents'));
    expect(events.some((event) => event.kind === 'removed' && event.name === 'eth1')).toBe(false);
    await watch.close();
  });

  it('tells of IPv4 addresses that come and go in namespaces', async () => {
    const events: string[] = [];
    await host.ensureNetns('qrouter-1');
    const make: NetworkOperation = {
      op: 'ensure_veth',
      name: 'tap55555555-55',
      peer: 'ha-55555555-55',
      peerNetns: 'qrouter-1',
    };
    await host.apply([make]);
    const watch = await host.watchAddresses(
      ({ kind, device, cidr }) => events.push(`${kind} ${device} ${cidr}`),
      () => {},
    );
    await host.apply([{ op: 'add_address', device: 'ha-55555555-55', cidr: '169.254.0.5/24' }], 'qrouter-1');
    await until('added', () => events.includes('added ha-55555555-55 169.254.0.5/24'));
    await host.apply([{ op: 'delete_address', device: 'ha-55555555-55', cidr: '169.254.0.5/24' }], 'qrouter-1');
    await until('removed', () => events.includes('removed ha-55555555-55 169.254.0.5/24'));
    await watch.close();
    await host.removeNetns('qrouter-1');
  });

  it('refuses words that would be more than one', async () => {
    const injected: NetworkOperation = { op: 'set_up', name: 'lo\nlink del eth0' };
    if (host instanceof FakeHost) await expect(host.apply([injected])).rejects.toThrow();
    else await expect(host.apply([injected])).rejects.toThrow(/not a word for ip/);
    expect((await host.readNetwork()).links.has('eth0')).toBe(true);
  });
});
