import { after, before, describe, it } from 'node:test';
import { expect } from 'vitest';
import { BridgeAgent } from '../../src/agent/bridge/agent.ts';
import { bridgeAgentOptions, linuxBridgeOptions, securityGroupOptions } from '../../src/agent/bridge/options.ts';
import { vxlanOptions } from '../../src/agent/bridge/vxlan-options.ts';
import { silentLogger } from '../../src/lib/log.ts';
import { bridgeName, tapName } from '../../src/lib/names.ts';
import { defaultValues } from '../../src/lib/options.ts';
import { createFixture, type Fixture, type Network, type Port } from '../../src/plugin/fixture.ts';
import { type Guest, plugGuest } from '../support/guest.ts';
import { type EmulatedHost, type Lab, openLab } from '../support/hosts.ts';
import { openRemoteHost, type RemoteHost } from '../support/remote-host.ts';
import { type SubPort, type Trunk, vlan } from '../support/trunks.ts';
import { until } from '../support/wait.ts';

/**
 * A guest that speaks VLANs 100, 101 and 102 on its one card: ports of three networks, whose own VLANs are others (and one of
 * them another's number). A machine outside, that no agent serves, is in all of them. The parent is on a wire of its own.
 * Plugin and agents are in this process, since every process more takes a minute here; the hosts are real.
 */
let lab: Lab;
let server: Fixture;
let trunkId: string;
let parent: Port;
let guest: Guest;

interface Served {
  readonly host: EmulatedHost;
  readonly linux: RemoteHost;
  agent: BridgeAgent;
}
let first: Served;

interface Side {
  readonly network: Network;
  readonly subPort: Port;
  /** The VLAN that the guest speaks. */
  readonly vid: number;
  /** Of the machine outside. */
  readonly there: string;
  readonly device: string;
}
const sides: Side[] = [];
/** The machine outside, in the parent's network. */
const BASE = '10.4.0.12';
/** The guest's 100 is 200 outside, its 101 is 100 there: neither may be taken for the other. */
const vlans = [
  { vid: 100, outside: 200, subnet: '10.5.0' },
  { vid: 101, outside: 100, subnet: '10.6.0' },
  { vid: 102, outside: 202, subnet: '10.7.0' },
] as const;

const wires = ['vlans', 'flat'];
const compute = (name: string) => ({ device_owner: 'compute:nova', 'binding:host_id': name });
const flat = { 'provider:network_type': 'flat', 'provider:physical_network': 'physnet2' };
const tagged = (segmentation_id: number) => ({
  'provider:network_type': 'vlan',
  'provider:physical_network': 'physnet1',
  'provider:segmentation_id': segmentation_id,
});

async function startAgent(host: string, linux: RemoteHost): Promise<BridgeAgent> {
  const options = {
    linuxBridge: defaultValues(linuxBridgeOptions, {
      physical_interface_mappings: ['physnet1:eth1', 'physnet2:eth2'],
    }),
    vxlan: defaultValues(vxlanOptions, { enable_vxlan: false }),
    agent: defaultValues(bridgeAgentOptions),
    securityGroup: defaultValues(securityGroupOptions, { enable_security_group: false }),
  };
  const agent = new BridgeAgent({ host, options, transport: server.transport, linux, logger: silentLogger });
  await agent.start();
  await agent.idle();
  return agent;
}

async function serve(name: string): Promise<Served> {
  const host = await lab.addHost({ name, wires });
  const linux = await openRemoteHost(host);
  return { host, linux, agent: await startAgent(name, linux) };
}

async function makeNetwork(provider: object, cidr: string): Promise<Network> {
  const network = await server.network({ ...provider });
  await server.subnet(network.id, { cidr, enable_dhcp: false, gateway_ip: null });
  return network;
}

const trunks = () => server.plugin.collections.trunks!;
const trunkNow = () => trunks().get(server.context, trunkId) as Promise<Trunk>;
const portNow = (port: Port) => server.plugin.collections.ports.get(server.context, port.id);
const isActive = () => until('the trunk ACTIVE', async () => (await trunkNow()).status === 'ACTIVE');
const hasStatus = ({ subPort }: Side, status: string) =>
  until(`a sub-port ${status}`, async () => (await portNow(subPort)).status === status);
const change = (what: 'add' | 'remove', sub_ports: readonly Partial<SubPort>[]) =>
  server.plugin.routes[`PUT trunks/{id}/${what}_subports`]!({
    ...{ context: server.context, params: { id: trunkId }, input: { sub_ports }, parameters: [], ifRevision: null },
  });

/** What a guest does that knows its trunk: the VLAN on its card, with the MAC and an address of the sub-port. */
async function speakVlan(guest: Guest, vid: number, { mac_address }: Port, cidr: string): Promise<string> {
  const device = `${guest.card}.${vid}`;
  await guest.host.ipBatch(
    [
      `link add link ${guest.card} name ${device} type vlan id ${vid}`,
      `link set ${device} address ${mac_address} up`,
      `addr add ${cidr} dev ${device}`,
    ],
    guest.netns,
  );
  return device;
}

/** Whether an address answers on one card of a guest. */
async function answersOn(guest: Guest, device: string, address: string): Promise<boolean> {
  const argv = ['ping', '-n', '-I', device, '-i', '0.2', '-W', '2', '-c', '2', address];
  return (await guest.run(argv, { okCodes: [0, 1, 2] })).code === 0;
}

/** The guest of the parent on a host, with all its VLANs. */
async function plugTrunked(host: EmulatedHost): Promise<Guest> {
  const plugged = await plugGuest(host, parent);
  await host.ipBatch([`addr add ${parent.fixed_ips[0]!.ip_address}/24 dev eth0`], plugged.netns);
  for (const { vid, subPort } of sides)
    await speakVlan(plugged, vid, subPort, `${subPort.fixed_ips[0]!.ip_address}/24`);
  return plugged;
}

const reaches = ({ device, there }: Side) => answersOn(guest, device, there);

/** The VLAN devices of taps: on which one, as which VLAN, in which bridge. */
async function carried(host: EmulatedHost): Promise<Record<string, [link?: string, id?: number, master?: string]>> {
  type Row = { ifname?: string; link?: string; master?: string; linkinfo?: { info_data?: { id?: number } } };
  const rows = await host.json<Row[]>(['ip', '-j', '-d', 'link', 'show', 'type', 'vlan']);
  return Object.fromEntries(
    rows
      .filter(({ ifname }) => ifname?.startsWith('tap'))
      .map(({ ifname, link, master, linkinfo }) => [ifname, [link, linkinfo?.info_data?.id, master]]),
  );
}
const place = ({ subPort, vid, network }: Side) => [
  tapName(subPort.id),
  [tapName(parent.id), vid, bridgeName(network.id)],
];

describe('trunks', () => {
  before(async () => {
    lab = await openLab();
    const machine = await lab.addHost({ name: 'outside', wires });
    // It is several machines in one: none answers for another's address.
    await machine.run(['sysctl', '-qw', 'net.ipv4.conf.all.arp_ignore=1']);
    await machine.ipBatch([
      `addr add ${BASE}/24 dev eth2`,
      ...vlans.flatMap(({ outside, subnet }) => [
        `link add link eth1 name eth1.${outside} type vlan id ${outside}`,
        `link set eth1.${outside} up`,
        `addr add ${subnet}.12/24 dev eth1.${outside}`,
      ]),
    ]);
    server = await createFixture({
      service: { service_plugins: ['trunk'] },
      ml2: { type_drivers: ['flat', 'vlan'], tenant_network_types: ['vlan'] },
      vlan: { network_vlan_ranges: ['physnet1:100:299'] },
    });
    server.transport.hears = () => true;
    first = await serve('host1');
  });
  after(async () => {
    await first?.agent.close();
    await server?.[Symbol.asyncDispose]();
    await lab?.close();
  });

  it('each VLAN of the guest reaches its own network, and no other', async () => {
    const base = await makeNetwork(flat, '10.4.0.0/24');
    for (const { vid, outside, subnet } of vlans) {
      const network = await makeNetwork(tagged(outside), `${subnet}.0/24`);
      const subPort = await server.port(network.id, { fixed_ips: [{ ip_address: `${subnet}.11` }] });
      sides.push({ network, subPort, vid, there: `${subnet}.12`, device: `eth0.${vid}` });
    }
    const [red, blue, green] = sides as [Side, Side, Side];
    parent = await server.port(base.id, { ...compute('host1'), fixed_ips: [{ ip_address: '10.4.0.11' }] });
    const sub_ports = [red, blue].map(({ subPort, vid }) => vlan(subPort, vid));
    trunkId = (await trunks().create!(server.context, { project_id: 'p1', name: 't', port_id: parent.id, sub_ports }))
      .id;
    guest = await plugTrunked(first.host);
    await isActive();
    for (const side of [red, blue]) await hasStatus(side, 'ACTIVE');
    expect(await carried(first.host)).toEqual(Object.fromEntries([place(red), place(blue)]));
    expect(await answersOn(guest, 'eth0', BASE)).toBe(true);
    expect([await reaches(red), await reaches(blue), await reaches(green)]).toEqual([true, true, false]);
    await guest.run(['ping', '-c1', '-W5', '-M', 'do', '-s', '1472', red.there]);
    for (const [device, address] of [
      [red.device, blue.there],
      [blue.device, red.there],
      ['eth0', red.there],
      [red.device, BASE],
    ] as const) {
      expect(await answersOn(guest, device, address), `${address} on ${device}`).toBe(false);
    }
  });

  it('a sub-port comes and goes while packets of another pass', async () => {
    const [red, , green] = sides as [Side, Side, Side];
    const pings = guest.spawn(['ping', '-n', '-i', '0.2', '-c', '1000', '-I', red.device, red.there]);
    await change('add', [vlan(green.subPort, green.vid)]);
    await isActive();
    await hasStatus(green, 'ACTIVE');
    expect(await reaches(green)).toBe(true);
    await change('remove', [{ port_id: green.subPort.id }]);
    await isActive();
    await hasStatus(green, 'DOWN');
    expect(await reaches(green)).toBe(false);
    await pings.kill('SIGINT');
    expect((await pings.finished).stdout).toMatch(/ 0% packet loss/);
    // The leg that only it had went with it.
    await until('no leg of green', async () => !(await first.host.links()).includes('eth1.202'));
  });

  it('an agent that starts again writes nothing, and has the server write nothing', async () => {
    const [red] = sides as [Side];
    const before = await trunkNow();
    await first.agent.close();
    expect(await reaches(red)).toBe(true);
    const links = await first.host.read(['ip', 'link', 'show']);
    first.agent = await startAgent('host1', first.linux);
    expect(first.agent.statistics).toMatchObject({ rounds: expect.any(Number), planned: 0, applied: 0 });
    expect(await first.host.read(['ip', 'link', 'show'])).toBe(links);
    expect(await trunkNow()).toEqual(before);
    expect(await reaches(red)).toBe(true);
  });

  it('a device that somebody takes away comes back', async () => {
    const [red] = sides as [Side];
    await first.host.run(['ip', 'link', 'del', tapName(red.subPort.id)]);
    await until('the device again', async () => (await carried(first.host))[tapName(red.subPort.id)]?.[2]);
    await until('its answer', () => reaches(red));
    await hasStatus(red, 'ACTIVE');
  });

  it('a parent that is switched off takes its sub-ports down, and up again', async () => {
    const [red] = sides as [Side];
    const { ports } = server.plugin.collections;
    await ports.update!(server.context, parent.id, { admin_state_up: false });
    await hasStatus(red, 'DOWN');
    expect(await reaches(red)).toBe(false);
    await ports.update!(server.context, parent.id, { admin_state_up: true });
    await hasStatus(red, 'ACTIVE');
    await until('its answer', () => reaches(red));
  });

  it('when the parent goes to another host its sub-ports follow', async () => {
    const [red, blue] = sides as [Side, Side, Side];
    const second = await serve('host2');
    await guest.remove();
    await until('no device', async () => Object.keys(await carried(first.host)).length === 0);
    await server.plugin.collections.ports.update!(server.context, parent.id, { 'binding:host_id': 'host2' });
    expect((await trunkNow()).status).toBe('DOWN');
    guest = await plugTrunked(second.host);
    await isActive();
    expect(await portNow(red.subPort)).toMatchObject({ 'binding:host_id': 'host2' });
    for (const side of [red, blue]) await until(side.device, () => reaches(side));
    await trunks().delete!(server.context, trunkId);
    await until('no device', async () => Object.keys(await carried(second.host)).length === 0);
    for (const side of [red, blue]) expect(await reaches(side)).toBe(false);
    // A trunk that is deleted leaves nothing but its parent.
    expect(await answersOn(guest, 'eth0', BASE)).toBe(true);
    await second.agent.close();
  });
});
