import { after, before, describe, it } from 'node:test';
import { expect } from 'vitest';
import { bridgeName, tapName } from '../../src/lib/names.ts';
import type { Network, Port } from '../../src/resources/shapes.ts';
import { type Deployment, makeDeployment } from '../support/deployment.ts';
import { type Guest, plugGuest } from '../support/guest.ts';
import { type EmulatedHost, type Lab, openLab } from '../support/hosts.ts';
import type { Program } from '../support/programs.ts';
import { VlanSwitch } from '../support/vlan-switch.ts';
import { until } from '../support/wait.ts';

/**
 * VLAN networks on three hosts with two cards each: the first ones behind a switch that carries VLANs 100 and 101, the
 * second ones on a wire of their own. A machine that knows no VLANs is on an access port of the switch.
 */
let lab: Lab;
let ovs: VlanSwitch;
let hosts: EmulatedHost[];
let bare: EmulatedHost;
let deployment: Deployment;
const agents: Program[] = [];
/** Ports of the switch by the name of the host. */
const ports = new Map<string, string>();

const on = (physical: string) => ({ 'provider:network_type': 'vlan', 'provider:physical_network': physical });

async function makeNetwork(provider: Record<string, unknown> = on('physnet1')): Promise<Network> {
  const network = await deployment.api.create('network', provider);
  await deployment.api.create('subnet', {
    ...{ network_id: network.id, ip_version: 4, cidr: '10.5.0.0/24', enable_dhcp: false, gateway_ip: null },
  });
  return network;
}

interface Member {
  guest: Guest;
  port: Port;
}

/** A guest of Nova's with its address, once its port is ACTIVE. */
async function addGuest(network: Network, host: EmulatedHost, address: string): Promise<Member> {
  const port = await deployment.api.create('port', {
    ...{ network_id: network.id, device_owner: 'compute:nova', 'binding:host_id': host.name },
    fixed_ips: [{ ip_address: address }],
  });
  expect(port['binding:vif_type']).toBe('bridge');
  const guest = await plugGuest(host, port);
  await host.ipBatch([`addr add ${address}/24 dev eth0`], guest.netns);
  await deployment.portStatus(port.id, 'ACTIVE');
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
    hosts = [];
    for (const name of ['host1', 'host2', 'host3']) {
      hosts.push(await lab.addHost({ name, wires: [`${name}a`, 'other'] }));
      ports.set(name, await ovs.connect(`${name}a`, { trunk: [100, 101] }));
    }
    bare = await lab.addHost({ name: 'bare', wires: ['barea'] });
    await bare.ipBatch(['addr add 10.5.0.99/24 dev eth1']);
    await ovs.connect('barea', { access: 100 });
    deployment = await makeDeployment({
      folder: `${lab.folder}/deployment`,
      serverHost: hosts[0]!,
      server: {
        ml2: { type_drivers: 'local,flat,vlan', tenant_network_types: 'vlan' },
        ml2_type_vlan: { network_vlan_ranges: 'physnet1:100:101,physnet2' },
      },
    });
    await deployment.start();
    agents.push(
      ...(await Promise.all(
        hosts.map((host) =>
          deployment.agent('neutron-linuxbridge-agent', host, {
            linux_bridge: { physical_interface_mappings: 'physnet1:eth1,physnet2:eth2' },
            vxlan: { enable_vxlan: false },
            securitygroup: { enable_security_group: false },
          }),
        ),
      )),
    );
  });
  after(async () => {
    await deployment?.close();
    await ovs?.close();
    await lab?.close();
  });

  let red: Network;
  let blue: Network;
  const reds: Member[] = [];
  const blues: Member[] = [];

  it('VLAN 100 on eth1: eth1.100 in the bridge of each host that has a port, and only there', async () => {
    const [host1, host2, host3] = hosts as [EmulatedHost, EmulatedHost, EmulatedHost];
    red = await makeNetwork();
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
    blue = await makeNetwork();
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

  it('an id that the switch does not carry leads nowhere, and ids run out', async () => {
    const none = await deployment.api.request('POST', '/v2.0/networks', { network: on('physnet1') });
    expect([none.status, none.body.NeutronError.type]).toEqual([503, 'NoNetworkAvailable']);
    const dark = await makeNetwork({ ...on('physnet1'), 'provider:segmentation_id': 300 });
    const near = await addGuest(dark, hosts[0]!, '10.5.0.31');
    await addGuest(dark, hosts[1]!, '10.5.0.32');
    expect(await near.guest.ping('10.5.0.32', 1)).toBe(false);
  });

  it('explains where a port hangs', async () => {
    const { steps } = await deployment.api.explain(reds[0]!.port.id);
    const leg = steps.find(({ step }: { step: string }) => step === 'leg');
    expect(leg).toMatchObject({
      state: 'ok',
      found: expect.stringContaining(`eth1.100, VLAN 100 of eth1, in bridge brq`),
    });
  });

  it('an agent that is killed and starts again loses nothing and writes nothing', async () => {
    const before = await hosts[1]!.read(['ip', 'link', 'show']);
    const ping = hosts[0]!.spawn(['ping', '-n', '-i', '0.1', '-W', '5', '10.5.0.12'], { netns: reds[0]!.guest.netns });
    await until('answers', () => ping.output.split('time=').length > 5);
    await agents[1]!.kill9();
    agents[1]!.start();
    await agents[1]!.ready('its first pass', () => agents[1]!.recentOutput.split('"addr","show"').length > 3);
    const seen = ping.output.split('time=').length;
    await until('more answers', () => ping.output.split('time=').length > seen + 5);
    await ping.kill('SIGINT');
    expect((await ping.finished).stdout).toMatch(/ 0% packet loss/);
    expect(await hosts[1]!.read(['ip', 'link', 'show'])).toBe(before);
    expect(agents[1]!.recentOutput).not.toContain('"-batch"');
  });

  it('a card that vanishes and returns gets its legs again', async () => {
    const host = hosts[1]!;
    await host.run(['ip', 'netns', 'add', 'away']);
    await host.ipBatch(['link set eth1 netns away']);
    expect(await masters(host)).not.toHaveProperty('eth1.100');
    await until('the reason in the log', () =>
      agents[1]!.recentOutput.includes('there is no interface eth1 on this host'),
    );
    await host.ipBatch(['link set eth1 netns 1'], 'away');
    await until('the legs', async () => (await masters(host))['eth1.100'] === bridgeName(red.id));
    await until('the way', () => reds[0]!.guest.ping('10.5.0.12', 1));
    await until('the other way', () => blues[0]!.guest.ping('10.5.0.12', 1));
  });

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
    for (const { id } of await deployment.api.list('port')) await deployment.api.remove('port', id);
    for (const { id } of await deployment.api.list('network')) await deployment.api.remove('network', id);
    for (const host of hosts) {
      const ours = async () => Object.keys(await masters(host)).filter((name) => /^brq|\./.test(name));
      await until(`no device of ours on ${host.name}`, async () => (await ours()).length === 0);
    }
  });
});
