import { after, before, describe, it } from 'node:test';
import { expect } from 'vitest';
import { bridgeName, tapName } from '../../src/lib/names.ts';
import { createFixture, type Fixture, type Network, type Port } from '../../src/plugin/fixture.ts';
import { type Guest, plugGuest } from '../support/guest.ts';
import { type EmulatedHost, type Lab, openLab } from '../support/hosts.ts';
import { ServedHost } from '../support/served-host.ts';
import { VlanSwitch } from '../support/vlan-switch.ts';
import { until } from '../support/wait.ts';

/**
 * VLAN networks on three hosts with two cards each: the first ones behind a switch that carries VLANs 100 and 101, the
 * second ones on a wire of their own. A machine that knows no VLANs is on an access port of the switch.
 */
let lab: Lab;
let ovs: VlanSwitch;
let server: Fixture;
const hosts: EmulatedHost[] = [];
const served: ServedHost[] = [];
/** Ports of the switch by the name of the host. */
const ports = new Map<string, string>();

/** Half a minute for a card that vanishes, which `test/functional/l3-faults.test.ts` has for a card without VLANs in every run. */
const isLong = process.env.NEUTRINO_TEST_LONG !== undefined;

const on = (physical: string) => ({ 'provider:network_type': 'vlan', 'provider:physical_network': physical });

async function makeNetwork(provider: Record<string, unknown>): Promise<Network> {
  const network = await server.network(provider);
  await server.subnet(network.id, { cidr: '10.5.0.0/24', enable_dhcp: false, gateway_ip: null });
  return network;
}

const portNow = (id: string) => server.plugin.collections.ports.get(server.context, id) as Promise<Port>;

interface Member {
  guest: Guest;
  port: Port;
}
const members: Member[] = [];

/** A guest of Nova's with its address, once its port is ACTIVE. */
async function addGuest(network: Network, host: EmulatedHost, address: string): Promise<Member> {
  const port = await server.port(network.id, {
    ...{ device_owner: 'compute:nova', 'binding:host_id': host.name },
    fixed_ips: [{ ip_address: address }],
  });
  const guest = await plugGuest(host, port);
  await host.ipBatch([`addr add ${address}/24 dev eth0`], guest.netns);
  await until('the port ACTIVE', async () => (await portNow(port.id)).status === 'ACTIVE');
  members.push({ guest, port });
  return { guest, port };
}

const masters = async (host: EmulatedHost) => {
  const links = await host.json<{ ifname: string; master?: string }[]>(['ip', '-j', 'link', 'show']);
  return Object.fromEntries(links.map(({ ifname, master }) => [ifname, master ?? null]));
};

describe('VLAN networks', () => {
  before(async () => {
    lab = await openLab();
    ovs = await VlanSwitch.open(lab);
    server = await createFixture({
      ml2: { type_drivers: ['flat', 'vlan'], tenant_network_types: ['vlan'] },
      vlan: { network_vlan_ranges: ['physnet1:100:101', 'physnet2'] },
    });
    server.transport.hears = () => true;
    for (const name of ['host1', 'host2', 'host3']) {
      const host = await lab.addHost({ name, wires: [`${name}a`, 'other'] });
      ports.set(name, await ovs.connect(`${name}a`, { trunk: [100, 101] }));
      hosts.push(host);
      served.push(await ServedHost.open(host, server, ['physnet1:eth1', 'physnet2:eth2']));
    }
    const bare = await lab.addHost({ name: 'bare', wires: ['barea'] });
    await bare.ipBatch(['addr add 10.5.0.99/24 dev eth1']);
    await ovs.connect('barea', { access: 100 });
  });
  after(async () => {
    for (const one of served) await one.stop();
    await server?.[Symbol.asyncDispose]();
    await ovs?.close();
    await lab?.close();
  });

  let red: Network;
  let blue: Network;
  const reds: Member[] = [];
  const blues: Member[] = [];

  it('VLAN 100 on eth1: eth1.100 in the bridge of each host that has a port, and only there', async () => {
    const [host1, host2, host3] = hosts as [EmulatedHost, EmulatedHost, EmulatedHost];
    red = await makeNetwork({ ...on('physnet1'), 'provider:segmentation_id': 100 });
    expect(red).toMatchObject({ 'provider:physical_network': 'physnet1', 'provider:segmentation_id': 100, mtu: 1500 });
    reds.push(await addGuest(red, host1, '10.5.0.11'), await addGuest(red, host2, '10.5.0.12'));
    for (const host of [host1, host2]) {
      expect(await masters(host)).toMatchObject({ 'eth1.100': bridgeName(red.id), eth1: null });
      expect(await host.read(['ip', '-d', 'link', 'show', 'eth1.100'])).toMatch(/ vlan protocol 802.1Q id 100 /);
      expect(await host.read(['cat', '/proc/sys/net/ipv6/conf/eth1.100/disable_ipv6'])).toBe('1\n');
    }
    const frames = ovs.watch(ports.get('host1')!, ['-c', '2', 'vlan', '100', 'and', 'icmp']);
    await until('frames', async () => {
      await reds[0]!.guest.ping('10.5.0.12', 1);
      return !frames.running;
    });
    expect((await frames.finished).stdout).toMatch(/ethertype 802\.1Q.* vlan 100, .*10\.5\.0\.11 > 10\.5\.0\.12/);
    expect(Object.keys(await masters(host3)).filter((name) => /^(brq|eth1\.)/.test(name))).toEqual([]);
  });

  it('a packet as large as the MTU passes, with its tag', async () => {
    await reds[0]!.guest.run(['ping', '-c1', '-W5', '-M', 'do', '-s', '1472', '10.5.0.12']);
  });

  it('a machine on an access port of the switch is in the network', async () => {
    expect(await reds[0]!.guest.ping('10.5.0.99', 1)).toBe(true);
  });

  it('another VLAN with the same addresses stays apart', async () => {
    blue = await makeNetwork({ ...on('physnet1'), 'provider:segmentation_id': 101 });
    expect(blue['provider:segmentation_id']).toBe(101);
    blues.push(await addGuest(blue, hosts[0]!, '10.5.0.11'), await addGuest(blue, hosts[1]!, '10.5.0.12'));
    expect(await blues[0]!.guest.ping('10.5.0.12', 1)).toBe(true);
    expect(await blues[0]!.guest.ping('10.5.0.99', 1)).toBe(false);
    const neighbours = await hosts[0]!.read(['ip', '-n', blues[0]!.guest.netns, 'neigh', 'show', '10.5.0.12']);
    expect(neighbours).toContain(blues[1]!.port.mac_address);
  });

  it('the same VLAN of another physical network stays apart, on cards of its own', async () => {
    const green = await makeNetwork({ ...on('physnet2'), 'provider:segmentation_id': 100 });
    const near = await addGuest(green, hosts[0]!, '10.5.0.21');
    await addGuest(green, hosts[2]!, '10.5.0.22');
    expect(await near.guest.ping('10.5.0.22', 1)).toBe(true);
    expect(await near.guest.ping('10.5.0.12', 1)).toBe(false);
    expect(await masters(hosts[2]!)).toMatchObject({ 'eth2.100': bridgeName(green.id) });
    expect(await masters(hosts[2]!)).not.toHaveProperty('eth1.100');
  });

  it('ids run out', async () => {
    await expect(makeNetwork(on('physnet1'))).rejects.toMatchObject({ type: 'NoNetworkAvailable' });
  });

  if (isLong) {
    it('an id that the switch does not carry leads nowhere', async () => {
      const dark = await makeNetwork({ ...on('physnet1'), 'provider:segmentation_id': 300 });
      const near = await addGuest(dark, hosts[0]!, '10.5.0.31');
      await addGuest(dark, hosts[1]!, '10.5.0.32');
      expect(await near.guest.ping('10.5.0.32', 1)).toBe(false);
    });
  }

  it('explains where a port hangs', async () => {
    const { steps } = (await server.plugin.routes['GET ports/{id}/explain']!({
      ...{ context: server.context, params: { id: reds[0]!.port.id }, input: {}, parameters: [], ifRevision: null },
    })) as { steps: { step: string }[] };
    const leg = steps.find(({ step }) => step === 'leg');
    expect(leg).toMatchObject({
      state: 'ok',
      found: expect.stringContaining(`eth1.100, VLAN 100 of eth1, in bridge brq`),
    });
  });

  it('an agent that starts again loses nothing and writes nothing', async () => {
    const before = await hosts[1]!.read(['ip', 'link', 'show']);
    const ping = reds[0]!.guest.spawn(['ping', '-n', '-i', '0.5', '-c', '20', '-W', '10', '10.5.0.12']);
    await until('answers', () => ping.output.includes('time='));
    await served[1]!.stop();
    await served[1]!.start();
    expect((await ping.finished).stdout).toContain('20 packets transmitted, 20 received');
    expect(await hosts[1]!.read(['ip', 'link', 'show'])).toBe(before);
    expect(served[1]!.agent.statistics).toMatchObject({ planned: 0, applied: 0 });
  });

  if (isLong) {
    it('a card that vanishes and returns gets its legs again', async () => {
      const host = hosts[1]!;
      await host.run(['ip', 'link', 'del', 'eth1']);
      expect(await masters(host)).not.toHaveProperty('eth1.100');
      await lab.addCard(host, 'eth1', 'host2again');
      ports.set('host2', await ovs.connect('host2again', { trunk: [100, 101] }));
      await until('the legs', async () => (await masters(host))['eth1.100'] === bridgeName(red.id));
      await until('the way', () => reds[0]!.guest.ping('10.5.0.12', 1));
      await until('the other way', () => blues[0]!.guest.ping('10.5.0.12', 1));
    });
  }

  it('a leg that was deleted or taken out by hand is mended', async () => {
    const host = hosts[1]!;
    await host.run(['ip', 'link', 'del', 'eth1.100']);
    await until('the way', () => reds[0]!.guest.ping('10.5.0.12', 1));
    await host.run(['ip', 'link', 'set', 'eth1.100', 'nomaster']);
    await until('the leg in its bridge', async () => (await masters(host))['eth1.100'] === bridgeName(red.id));
  });

  it('the leg goes with the last port of its network, on that host alone', async () => {
    const [host1, host2] = hosts as [EmulatedHost, EmulatedHost];
    const second = await addGuest(red, host1, '10.5.0.13');
    await host1.run(['ip', 'link', 'del', tapName(reds[0]!.port.id)]);
    expect(await second.guest.ping('10.5.0.12', 1)).toBe(true);
    await host1.run(['ip', 'link', 'del', tapName(second.port.id)]);
    await until('the leg to go', async () => !('eth1.100' in (await masters(host1))));
    expect(await masters(host1)).toMatchObject({ [bridgeName(red.id)]: null, 'eth1.101': bridgeName(blue.id) });
    expect(await masters(host2)).toMatchObject({ 'eth1.100': bridgeName(red.id) });
  });

  it('nothing is left when networks are deleted', async () => {
    const { ports: all, networks } = server.plugin.collections;
    for (const { port } of members) await all.delete!(server.context, port.id);
    for (const id of new Set(members.map(({ port }) => port.network_id))) await networks.delete!(server.context, id);
    for (const host of hosts) {
      const ours = async () => Object.keys(await masters(host)).filter((name) => /^brq|\./.test(name));
      await until(`no device of ours on ${host.name}`, async () => (await ours()).length === 0);
    }
  });
});
