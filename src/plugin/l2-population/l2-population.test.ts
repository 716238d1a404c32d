import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { setPortStatus } from '../../db/write/ports.ts';
import { tapName } from '../../lib/names.ts';
import { type ForwardingMethods, fdbDigest } from '../../rpc/contract.ts';
import { all, createFixture, type Fixture, type Network, type Port } from '../fixture.ts';

const FLOOD = ['00:00:00:00:00:00', '0.0.0.0'];
const FANOUT = 'q-agent-notifier-l2population-update_fanout';
const ends: Record<string, string> = { host1: '192.0.2.1', host2: '192.0.2.2', host3: '192.0.2.3' };
/** Longer than an agent counts as starting. */
const BOOT_MS = 181_000;

let f: Fixture;
let network: Network;

beforeEach(async () => {
  f = await createFixture({
    ml2: { mechanism_drivers: ['linuxbridge', 'l2population'], tenant_network_types: ['vxlan'] },
    vxlan: { vni_ranges: ['101:199'] },
  });
  for (const host of Object.keys(ends)) await report(host);
  f.clock.nowMs += BOOT_MS;
  for (const host of Object.keys(ends)) await report(host);
  network = await f.network();
  await f.subnet(network.id, { enable_dhcp: false });
  await told();
});
afterEach(() => f[Symbol.asyncDispose]());

const report = (host: string) =>
  f.bridgeAgent(host, { tunneling_ip: ends[host], tunnel_types: ['vxlan'], l2_population: true });
const on = (host: string, input = {}): Promise<Port> =>
  f.port(network.id, { 'binding:host_id': host, device_owner: 'compute:nova', ...input });
const device = (port: Port, host: string) => ({ device: tapName(port.id), host, agent_id: 'a' });
async function up(port: Port, host: string): Promise<void> {
  await f.ask('get_devices_details_list', { devices: [tapName(port.id)], host, agent_id: 'a' });
  await f.ask('update_device_up', device(port, host));
}
const own = (port: Port) => port.fixed_ips.map(({ ip_address }) => [port.mac_address, ip_address]);
const entries = (ports: object) => ({
  fdb_entries: { [network.id]: { segment_id: expect.any(Number), network_type: 'vxlan', ports } },
});
/** What was said of the places of ports, in order. */
async function told(): Promise<[to: string, method: string, args: unknown][]> {
  const messages = await f.told();
  return messages.filter(({ method }) => method.includes('fdb')).map(({ to, method, args }) => [to, method, args]);
}
async function wired(host: string, input = {}): Promise<Port> {
  const port = await on(host, input);
  await up(port, host);
  await told();
  return port;
}

describe('a port that comes up', () => {
  it('is told to all, with the flood entry of a host that is new on the network, which is told of the others', async () => {
    const first = await on('host1');
    await up(first, 'host1');
    expect(await told()).toEqual([[FANOUT, 'add_fdb_entries', entries({ '192.0.2.1': [FLOOD, ...own(first)] })]]);
    const second = await on('host2');
    await up(second, 'host2');
    expect(await told()).toEqual([
      [
        'q-agent-notifier-l2population-update.host2',
        'add_fdb_entries',
        entries({ '192.0.2.1': [FLOOD, ...own(first)] }),
      ],
      [FANOUT, 'add_fdb_entries', entries({ '192.0.2.2': [FLOOD, ...own(second)] })],
    ]);
  });

  it('is told alone on a host that has others of its network', async () => {
    await wired('host1');
    const more = await on('host1');
    await up(more, 'host1');
    expect(await told()).toEqual([[FANOUT, 'add_fdb_entries', entries({ '192.0.2.1': own(more) })]]);
  });

  it('brings the list for those that come up at the same moment', async () => {
    const there = await wired('host1');
    const ports = [await on('host2'), await on('host2')];
    await Promise.all(ports.map((port) => up(port, 'host2')));
    const messages = await told();
    expect(messages.filter(([to]) => to.endsWith('.host2'))).toEqual([
      [expect.anything(), 'add_fdb_entries', entries({ '192.0.2.1': [FLOOD, ...own(there)] })],
    ]);
    const added = messages
      .filter(([to]) => to === FANOUT)
      .map(([, , args]) => JSON.stringify(args))
      .join();
    for (const port of ports) expect(added).toContain(port.mac_address);
    expect(added).toContain(FLOOD[0]);
  });

  it('brings the list again while the agent of its host has just started', async () => {
    await wired('host1');
    await wired('host2');
    await f.transport.tell('q-reports-plugin', 'report_state', {
      agent_state: {
        agent_state: {
          agent_type: 'Linux bridge agent',
          binary: 'neutron-linuxbridge-agent',
          host: 'host2',
          topic: 'N/A',
          configurations: { tunneling_ip: ends.host2, tunnel_types: ['vxlan'], l2_population: true },
          start_flag: true,
        },
      },
      time: `${new Date(f.clock.nowMs).toISOString().slice(0, -1)}000`,
    });
    const more = await on('host2');
    await up(more, 'host2');
    expect((await told()).map(([to]) => to)).toContain('q-agent-notifier-l2population-update.host2');
  });

  it('is told nothing of where its network is no tunnel, or its host has no tunnel end', async () => {
    await f.bridgeAgent('host4', { interface_mappings: { public: 'eth0' } });
    const flat = await f.network({ 'provider:network_type': 'flat', 'provider:physical_network': 'public' });
    await f.subnet(flat.id, { cidr: '10.9.0.0/24', enable_dhcp: false });
    const port = await f.port(flat.id, { 'binding:host_id': 'host4' });
    await up(port, 'host4');
    expect(port['binding:vif_type']).toBe('bridge');
    expect(await told()).toEqual([]);
  });
});

describe('a port that goes', () => {
  it('is taken back, with the flood entry of its host when it was the last there', async () => {
    const [one, two] = [await wired('host1'), await wired('host1')];
    await f.ask('update_device_down', device(one, 'host1'));
    expect(await told()).toEqual([[FANOUT, 'remove_fdb_entries', entries({ '192.0.2.1': own(one) })]]);
    await f.plugin.collections.ports.delete!(f.context, two.id);
    expect(await told()).toEqual([[FANOUT, 'remove_fdb_entries', entries({ '192.0.2.1': [FLOOD, ...own(two)] })]]);
  });

  it('stays known while its agent wires it anew', async () => {
    const port = await wired('host1');
    await f.ask('get_devices_details_list', { devices: [tapName(port.id)], host: 'host1', agent_id: 'a' });
    expect(await told()).toEqual([]);
    expect((await asked('host2')).fdb_entries[network.id]?.ports).toEqual({ '192.0.2.1': [FLOOD, ...own(port)] });
  });

  it('is taken back when it is switched off, or its host changes', async () => {
    const [one, two] = [await wired('host1'), await wired('host1')];
    const ports = f.plugin.collections.ports;
    await ports.update!(f.context, one.id, { admin_state_up: false });
    expect(await told()).toEqual([[FANOUT, 'remove_fdb_entries', entries({ '192.0.2.1': own(one) })]]);
    await ports.update!(f.context, two.id, { 'binding:host_id': 'host2' });
    expect(await told()).toEqual([[FANOUT, 'remove_fdb_entries', entries({ '192.0.2.1': [FLOOD, ...own(two)] })]]);
    await up(two, 'host2');
    expect((await told()).at(-1)).toEqual([FANOUT, 'add_fdb_entries', entries({ '192.0.2.2': [FLOOD, ...own(two)] })]);
  });
});

describe('addresses of a port', () => {
  it('that change are told as such: its MAC stays where it is', async () => {
    const port = await wired('host1');
    const subnet_id = port.fixed_ips[0]!.subnet_id;
    const changed = await f.plugin.collections.ports.update!(f.context, port.id, {
      fixed_ips: [{ subnet_id, ip_address: '10.0.0.99' }],
    });
    const change = { [network.id]: { '192.0.2.1': { before: own(port), after: own(changed) } } };
    expect(await told()).toEqual([[FANOUT, 'update_fdb_entries', { fdb_entries: { chg_ip: change } }]]);
  });

  it('that come and go with a subnet are told, too', async () => {
    const port = await wired('host1');
    const slaac = { ip_version: 6, ipv6_ra_mode: 'slaac', ipv6_address_mode: 'slaac', cidr: '2001:db8::/64' };
    const subnet = await f.subnet(network.id, slaac);
    const { fixed_ips } = await f.plugin.collections.ports.get(f.context, port.id);
    const six = fixed_ips?.[1]?.ip_address;
    const at = (change: object) => ({ fdb_entries: { chg_ip: { [network.id]: { '192.0.2.1': change } } } });
    expect(await told()).toEqual([[FANOUT, 'update_fdb_entries', at({ after: [[port.mac_address, six]] })]]);
    await f.plugin.collections.subnets.delete!(f.context, subnet.id);
    expect(await told()).toEqual([[FANOUT, 'update_fdb_entries', at({ before: [[port.mac_address, six]] })]]);
  });
});

describe('a host', () => {
  it('whose tunnels end at another address is told of as such', async () => {
    const port = await wired('host1');
    await f.bridgeAgent('host1', { tunneling_ip: '198.51.100.1', tunnel_types: ['vxlan'], l2_population: true });
    expect(await told()).toEqual([
      [FANOUT, 'remove_fdb_entries', entries({ '192.0.2.1': [FLOOD, ...own(port)] })],
      [FANOUT, 'add_fdb_entries', entries({ '198.51.100.1': [FLOOD, ...own(port)] })],
    ]);
    await report('host2');
    await f.bridgeAgent('host1', { tunneling_ip: '', tunnel_types: [] });
    expect(await told()).toEqual([[FANOUT, 'remove_fdb_entries', entries({ '198.51.100.1': [FLOOD, ...own(port)] })]]);
  });

  it('whose agent is deleted is reached no longer; one that is only silent is', async () => {
    const port = await wired('host1');
    f.clock.nowMs += BOOT_MS;
    expect(await told()).toEqual([]);
    expect((await asked('host2')).fdb_entries[network.id]?.ports).toEqual({ '192.0.2.1': [FLOOD, ...own(port)] });
    const agents = await all(f.plugin.collections.agents, { filters: { host: ['host1'] } });
    await f.plugin.collections.agents.delete!(f.context, agents[0]!.id);
    expect(await told()).toEqual([[FANOUT, 'remove_fdb_entries', entries({ '192.0.2.1': [FLOOD, ...own(port)] })]]);
    expect((await asked('host2')).fdb_entries[network.id]?.ports).toEqual({});
  });
});

describe('a guest that moves', () => {
  const activate = (port: Port, host: string) =>
    f.plugin.routes['PUT ports/{port_id}/bindings/{host}/activate']!({
      context: f.context,
      params: { port_id: port.id, host },
      input: {},
      parameters: [],
      ifRevision: null,
    });
  const prepare = (port: Port, host: string) =>
    f.plugin.children['ports/bindings']!(port.id).create!(f.context, { host, vnic_type: 'normal', profile: {} });

  it('finds its new host prepared: it knows the others, who flood to it', async () => {
    const [port, other] = [await wired('host1'), await wired('host3')];
    await prepare(port, 'host2');
    expect(await told()).toEqual([
      [
        'q-agent-notifier-l2population-update.host2',
        'add_fdb_entries',
        entries({ '192.0.2.1': [FLOOD, ...own(port)], '192.0.2.3': [FLOOD, ...own(other)] }),
      ],
      [FANOUT, 'add_fdb_entries', entries({ '192.0.2.2': [FLOOD] })],
    ]);
    await f.plugin.children['ports/bindings']!(port.id).delete!(f.context, 'host2');
    expect(await told()).toEqual([[FANOUT, 'remove_fdb_entries', entries({ '192.0.2.2': [FLOOD] })]]);
  });

  it('is told on its new host as soon as the binding there is activated, after it was taken from the old one', async () => {
    const port = await wired('host1');
    await prepare(port, 'host2');
    await told();
    await activate(port, 'host2');
    const messages = await told();
    expect(messages[0]).toEqual([FANOUT, 'remove_fdb_entries', entries({ '192.0.2.1': [FLOOD, ...own(port)] })]);
    expect(messages.at(-1)).toEqual([FANOUT, 'add_fdb_entries', entries({ '192.0.2.2': [FLOOD, ...own(port)] })]);
    // Whoever asks before the agent there has reported hears the same.
    expect((await asked('host3')).fdb_entries[network.id]?.ports).toEqual({ '192.0.2.2': [FLOOD, ...own(port)] });
    await up(port, 'host2');
    await f.plugin.children['ports/bindings']!(port.id).delete!(f.context, 'host1');
    expect((await told()).filter(([, method]) => method === 'remove_fdb_entries')).toEqual([]);
  });
});

const asked = (host: string, networks: Record<string, string | null> = { [network.id]: null }) =>
  f.transport.tell('neutrino-forwarding', 'get_fdb_entries', { host, networks }) as Promise<
    ForwardingMethods['get_fdb_entries']['result']
  >;

describe('an agent that asks', () => {
  it('is answered what is on other hosts, and only where that differs from what it knows', async () => {
    const [one] = [await wired('host1'), await wired('host2')];
    const answer = await asked('host2');
    const ports = { '192.0.2.1': [FLOOD, ...own(one)] };
    expect(answer).toEqual({ ...entries(ports), same: [] });
    const digest = fdbDigest(answer.fdb_entries[network.id]!.ports);
    expect(await asked('host2', { [network.id]: digest })).toEqual({ fdb_entries: {}, same: [network.id] });
    expect(await asked('host2', { nowhere: null })).toEqual({
      fdb_entries: { nowhere: { segment_id: 0, network_type: '', ports: {} } },
      same: [],
    });
  });
});

describe('two servers', () => {
  it('telling of one host leave what is true, whoever is slower', async () => {
    const [one, two] = [await wired('host1'), await on('host1')];
    await told();
    // While the first port's end is told, the second comes up, by another server's doing.
    const cast = f.transport.cast.bind(f.transport);
    let isLate = false;
    f.transport.cast = async (target, method, args, context) => {
      if (method === 'remove_fdb_entries' && !isLate) {
        isLate = true;
        await f.database.transaction(
          async (tx) => void (await setPortStatus(tx, two.id, 'ACTIVE', '2026-01-01T00:00:00Z')),
        );
      }
      await cast(target, method, args, context);
    };
    await f.ask('update_device_down', device(one, 'host1'));
    const messages = await told();
    expect(messages[0]).toEqual([FANOUT, 'remove_fdb_entries', entries({ '192.0.2.1': [FLOOD, ...own(one)] })]);
    // The flood entry that the other server may have told before this message is told again after it.
    expect(messages.at(-1)).toEqual([FANOUT, 'add_fdb_entries', entries({ '192.0.2.1': [FLOOD] })]);
  });
});

describe('a port whose place changes while it is told of', () => {
  it('is told of until what was said last is true, however often it changes', async () => {
    const [one, two] = [await wired('host1'), await on('host1')];
    await told();
    const cast = f.transport.cast.bind(f.transport);
    let turns = 7;
    f.transport.cast = async (target, method, args, context) => {
      // Comes up while its host is taken from the network, and goes while it is told of again.
      const status = { remove_fdb_entries: 'ACTIVE', add_fdb_entries: 'DOWN' }[method];
      if (status !== undefined && turns > 0) {
        turns -= 1;
        await f.database.transaction(
          async (tx) => void (await setPortStatus(tx, two.id, status, '2026-01-01T00:00:00Z')),
        );
      }
      await cast(target, method, args, context);
    };
    await f.ask('update_device_down', device(one, 'host1'));
    const messages = await told();
    expect(turns).toBe(0);
    // The second port is up at the end: its host is on the network.
    expect(messages.at(-1)).toEqual([FANOUT, 'add_fdb_entries', entries({ '192.0.2.1': [FLOOD] })]);
  });
});

describe('a server that does not populate', () => {
  it('says so, once, when an agent waits for it', async () => {
    await using without = await createFixture();
    const waiting = () => without.bridgeAgent('host1', { tunneling_ip: '192.0.2.1', l2_population: true });
    await waiting();
    await waiting();
    expect(without.complaints.map(({ message }) => message)).toEqual([
      expect.stringContaining('add l2population to [ml2] mechanism_drivers'),
    ]);
    expect(f.complaints).toEqual([]);
  });
});
