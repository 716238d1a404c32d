import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { tapName } from '../../lib/names.ts';
import type { VersionedObject } from '../../rpc/contract.ts';
import type { Input } from '../contract.ts';
import { createFixture, type Fixture, failure, type Network, type Port } from '../fixture.ts';
import { captured, capturedPushes } from './captures.ts';

// biome-ignore lint/suspicious/noExplicitAny: data of all types
type Data = any;

const ours = ['Port', 'Network', 'Subnet', 'SecurityGroup', 'SecurityGroupRule', 'AddressGroup', 'QosPolicy'];
const typical = {
  core: { dns_domain: 'peer.example.' },
  ml2: {
    type_drivers: ['flat', 'vxlan'],
    tenant_network_types: ['vxlan'],
    mechanism_drivers: ['linuxbridge'],
    extension_drivers: ['port_security'],
  },
  vxlan: { vni_ranges: ['2000:3000'] },
  securityGroup: { enable_security_group: true, firewall_driver: 'iptables' },
  service: { service_plugins: ['segments', 'qos'] },
};

let f: Fixture;
beforeEach(async () => {
  f = await createFixture(typical);
  f.transport.hears = () => true;
  for (const host of ['host1', 'host2']) {
    await f.bridgeAgent(host, {
      interface_mappings: { physnet1: 'eth1' },
      tunnel_types: ['vxlan'],
      tunneling_ip: '192.0.2.1',
    });
  }
  await f.told();
});
afterEach(() => f[Symbol.asyncDispose]());

interface Push {
  to: string;
  event: string;
  objects: VersionedObject[];
}

async function pushed(): Promise<Push[]> {
  return (await f.told())
    .filter(({ method }) => method === 'push')
    .map(({ to, args }) => ({ to, event: args.event_type, objects: args.resource_list }));
}

/** The newest push of a resource. */
async function objectOf(id: string): Promise<VersionedObject> {
  const all = (await pushed()).flatMap(({ objects }) => objects);
  return all.findLast((object) => object['versioned_object.data'].id === id)!;
}

const dataOf = (object: VersionedObject): Data => object['versioned_object.data'];

/**
 * An object with everything that cannot be the same taken out: ids become the order in which they are met, so that what
 * refers to the same thing still does; moments and what counts changes are only of a kind.
 */
function comparable(object: VersionedObject): unknown {
  const ids = new Map<string, string>();
  const walk = (value: unknown, key = ''): unknown => {
    if (Array.isArray(value)) {
      const items = key === 'rules' ? [...value].sort(byMeaning) : value;
      return items.map((item) => walk(item));
    }
    if (typeof value === 'object' && value !== null) {
      const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
      return Object.fromEntries(entries.map(([name, item]) => [name, walk(item, name)]));
    }
    if (key === 'revision_number') return typeof value;
    if (key === 'project_id') return 'project';
    if (/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(String(value))) return 'moment';
    if (key === 'segmentation_id') return typeof value;
    return typeof value === 'string'
      ? value.replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, (id) => {
          if (!ids.has(id)) ids.set(id, `id${ids.size + 1}`);
          return ids.get(id)!;
        })
      : value;
  };
  return walk(object);
}

function byMeaning(a: VersionedObject, b: VersionedObject): number {
  const key = (rule: VersionedObject) => `${dataOf(rule).direction} ${dataOf(rule).ethertype}`;
  return key(a) < key(b) ? -1 : 1;
}

/** Makes the resource that a captured object shows, through the plugin as a client and agents would. @returns its id */
const make: Record<string, (data: Data) => Promise<string>> = {
  async Network({ name, segments, admin_state_up, mtu }) {
    const flat = dataOf(segments[0]).network_type === 'flat';
    const provider = flat ? { 'provider:network_type': 'flat', 'provider:physical_network': 'physnet1' } : {};
    const { id } = await f.network({ name, admin_state_up, mtu: mtu === 1450 ? undefined : mtu, ...provider });
    return id;
  },
  async Subnet(data) {
    const { id: network } = await f.network({ name: 'n' });
    const { name, ip_version, cidr, gateway_ip, enable_dhcp, ipv6_ra_mode, ipv6_address_mode } = data;
    const { id } = await f.subnet(network, {
      ...{ name, ip_version, cidr, gateway_ip, enable_dhcp, ipv6_ra_mode, ipv6_address_mode },
      allocation_pools: data.allocation_pools.map((pool: Data) => ({
        start: dataOf(pool).start,
        end: dataOf(pool).end,
      })),
      dns_nameservers: data.dns_nameservers.map((one: Data) => dataOf(one).address),
      host_routes: data.host_routes.map((route: Data) => {
        const { destination, nexthop } = dataOf(route);
        return { destination, nexthop };
      }),
    });
    return id;
  },
  async Port(data) {
    const network = await networkOfPorts();
    const first = data.bindings.map(dataOf)[0];
    const pairs = data.allowed_address_pairs.map((pair: Data) => {
      const { mac_address, ip_address } = dataOf(pair);
      return { mac_address, ip_address };
    });
    const fixed_ips = data.fixed_ips
      .map((ip: Data) => ({ ip_address: dataOf(ip).ip_address }))
      .filter(({ ip_address }: Data) => ip_address.includes('.'));
    const { name, mac_address, admin_state_up, device_owner } = data;
    const device_id = data.device_id.replace(data.network_id, network.id);
    const groups = data.security_group_ids.length > 0 ? {} : { security_groups: [] };
    const { id } = await f.port(network.id, {
      ...{ name, mac_address, admin_state_up, device_id, device_owner, fixed_ips, ...groups },
      port_security_enabled: dataOf(data.security).port_security_enabled,
      allowed_address_pairs: pairs,
      extra_dhcp_opts: data.dhcp_options.map((option: Data) => {
        const { opt_name, opt_value, ip_version } = dataOf(option);
        return { opt_name, opt_value, ip_version };
      }),
      'binding:host_id': first.host,
      ...(data.qos_policy_id && { qos_policy_id: (await policy({})).id }),
    });
    const agent = { agent_id: 'lb', host: first.host };
    const device = tapName(id);
    if (['BUILD', 'ACTIVE'].includes(data.status)) {
      await f.ask('get_devices_details_list', { devices: [device], ...agent });
    }
    if (data.status === 'ACTIVE') await f.ask('update_device_up', { device, ...agent });
    return id;
  },
  async SecurityGroup({ name, description, is_default, stateful }) {
    if (is_default) {
      await f.network();
      const { items } = await f.plugin.collections.security_groups!.list(f.context, {
        ...{ filters: { name: ['default'], project_id: ['p1'] }, fields: null, sorts: [] },
        ...{ limit: null, marker: null, pageReverse: false },
      });
      return items![0]!.id!;
    }
    return (await group({ name, description, stateful })).id;
  },
  async SecurityGroupRule(data) {
    const { id: security_group_id } = await group();
    const { direction, ethertype, protocol, port_range_min, port_range_max, remote_ip_prefix, description } = data;
    const { id } = await f.plugin.collections.security_group_rules!.create!(f.context, {
      ...{ project_id: 'p1', security_group_id, direction, ethertype, protocol, port_range_min, port_range_max },
      ...{ remote_ip_prefix, description },
      ...(data.remote_group_id && { remote_group_id: security_group_id }),
      ...(data.remote_address_group_id && { remote_address_group_id: (await addressGroup([])).id }),
    });
    return id;
  },
  async QosPolicy(data) {
    return (await policy(data)).id;
  },
  async AddressGroup({ name, addresses }) {
    return (
      await addressGroup(
        addresses.map((one: Data) => dataOf(one).address),
        name,
      )
    ).id;
  },
};

/** As upstream's callback is called, which is before a rule's revision is written. */
async function policy({ name = 'q', rules = [] }: { name?: string; rules?: Data[] }) {
  const made = await f.plugin.collections.policies!.create!(f.context, { project_id: 'p1', name });
  for (const rule of rules) {
    const { id: _, qos_policy_id: __, ...parameters } = dataOf(rule);
    const kind = 'max_kbps' in parameters ? 'bandwidth_limit' : 'dscp_marking';
    await f.plugin.children[`policies/${kind}_rules`]!(made.id).create!(f.context, parameters);
  }
  return made;
}

const group = (input: Input = {}) =>
  f.plugin.collections.security_groups!.create!(f.context, { project_id: 'p1', name: 'g', description: '', ...input });
const addressGroup = (addresses: string[], name = 'ag') =>
  f.plugin.collections.address_groups!.create!(f.context, { project_id: 'p1', name, addresses });

async function networkOfPorts(): Promise<Network> {
  const network = await f.network();
  await f.subnet(network.id, { cidr: '10.30.0.0/24', enable_dhcp: false });
  const slaac = { ipv6_ra_mode: 'slaac', ipv6_address_mode: 'slaac' };
  await f.subnet(network.id, { cidr: '2001:db8:30::/64', ip_version: 6, enable_dhcp: true, ...slaac });
  return network;
}

/** Why an object of the captures cannot be made here. */
function reasonToSkip(name: string, data: Data): string | null {
  if (!ours.includes(name)) return 'a service that is not there';
  if (name !== 'Port') return null;
  if (data.status === 'N/A' || data.device_owner?.startsWith('network:router')) return 'no routers yet';
  const { host, vif_type } = dataOf(data.bindings[0]);
  if (host !== '' && vif_type === 'unbound') return 'pushed when it is bound, not before';
  if (!data.admin_state_up && data.status === 'ACTIVE') return 'pushed when its agent has taken it down, too';
  return null;
}

const pushes = capturedPushes();
const made = pushes.filter(
  ({ event, objects: [one] }) =>
    event === 'updated' && reasonToSkip(one!['versioned_object.name'], dataOf(one!)) === null,
);

describe('objects are those of the real server, field by field', () => {
  it('of every capture that can be made here', () => {
    const captures = new Set(made.map(({ capture }) => capture));
    expect(captures.size).toBeGreaterThan(20);
    expect(new Set(made.map(({ objects }) => objects[0]!['versioned_object.name']))).toEqual(new Set(ours));
  });

  it.each(
    made.map((push, index) => {
      const [object] = push.objects;
      const { status = '' } = dataOf(object!);
      return [`${index + 1}. ${push.capture} ${object!['versioned_object.name']} ${status}`, push] as const;
    }),
  )('%s', async (_, push) => {
    const expected = push.objects[0]!;
    const name = expected['versioned_object.name'];
    const id = await make[name]!(dataOf(expected));
    const object = await objectOf(id);
    const theirs = structuredClone(expected);
    if (name === 'Port') withOurSlaac(dataOf(theirs), dataOf(object));
    expect(comparable(object)).toEqual(comparable(theirs));
  });

  /** The subnet with SLAAC came to the network later in the captures: a port of before has no address of it. */
  function withOurSlaac(theirs: Data, ours: Data): void {
    const isV6 = (ip: VersionedObject) => dataOf(ip).ip_address.includes(':');
    if (theirs.fixed_ips.some(isV6)) return;
    const { id: port_id, network_id } = theirs;
    const added = ours.fixed_ips.filter(isV6).map((ip: VersionedObject) => structuredClone(ip));
    for (const ip of added) Object.assign(dataOf(ip), { port_id, network_id });
    theirs.fixed_ips.push(...added);
  }
});

describe('an object that is gone', () => {
  it('has its id and what upstream fills in', async () => {
    const bare = (name: string) =>
      pushes.find((push) => push.event === 'deleted' && push.objects[0]!['versioned_object.name'] === name)!
        .objects[0]!;
    const network = await f.network();
    const subnet = await f.subnet(network.id);
    const port = await f.port(network.id);
    const { id: security_group_id } = await group();
    const { collections } = f.plugin;
    const rule = await collections.security_group_rules!.create!(f.context, {
      ...{ project_id: 'p1', security_group_id, direction: 'ingress', ethertype: 'IPv4' },
    });
    const { id: policyId } = await policy({});
    await f.told();
    await collections.policies!.delete!(f.context, policyId);
    await collections.ports.delete!(f.context, port.id);
    await collections.subnets.delete!(f.context, subnet.id);
    await collections.networks.delete!(f.context, network.id);
    await collections.security_group_rules!.delete!(f.context, rule.id);
    const all = await pushed();
    expect(all.map(({ event }) => event)).toEqual(all.map(() => 'deleted'));
    for (const [name, id] of [
      ['Port', port.id],
      ['Subnet', subnet.id],
      ['Network', network.id],
      ['SecurityGroupRule', rule.id],
      ['QosPolicy', policyId],
    ] as const) {
      const gone = all.flatMap(({ objects }) => objects).find((object) => dataOf(object).id === id)!;
      const theirs = bare(name);
      expect({ ...dataOf(gone), id: '' }).toEqual({ ...dataOf(theirs), id: '' });
      expect([...gone['versioned_object.changes']!].sort()).toEqual([...theirs['versioned_object.changes']!].sort());
    }
  });
});

describe('pushes', () => {
  it('of a port that is made and wired: its revisions, and no more messages than the real server sends', async () => {
    const network = await networkOfPorts();
    await f.told();
    const port = await f.port(network.id, { device_owner: 'compute:nova', 'binding:host_id': 'host1' });
    const created = await f.told();
    expect(created.length).toBeLessThanOrEqual(captured('08').length);
    expect(created.map(({ to }) => to)).toEqual([
      'q-agent-notifier-security_group-update_fanout',
      'neutron-vo-Port-1.7_fanout',
    ]);
    const revisions = [dataOf(created[1]!.args.resource_list[0]).revision_number];
    const agent = { agent_id: 'lb', host: 'host1' };
    await f.ask('get_devices_details_list', { devices: [tapName(port.id)], ...agent });
    revisions.push(dataOf(await objectOf(port.id)).revision_number);
    await f.ask('update_device_up', { device: tapName(port.id), ...agent });
    revisions.push(dataOf(await objectOf(port.id)).revision_number);
    expect(revisions).toEqual([2, 3, 4]);
  });

  it('of several ports at once are one message', async () => {
    const network = await networkOfPorts();
    await f.told();
    const input = { project_id: 'p1', network_id: network.id };
    await f.plugin.collections.ports.createBulk!(f.context, [input, input, input]);
    const all = await f.told();
    expect(all.length).toBeLessThanOrEqual(captured('22').length);
    const [push, ...more] = all.filter(({ method }) => method === 'push');
    expect(more).toEqual([]);
    expect(push!.args.resource_list).toHaveLength(3);
  });

  it('of a new name go to who listens, and to no agent', async () => {
    const network = await networkOfPorts();
    const port = await f.port(network.id);
    await f.told();
    await f.plugin.collections.ports.update!(f.context, port.id, { name: 'new' });
    expect((await f.told()).map(({ to }) => to)).toEqual(['neutron-vo-Port-1.7_fanout']);
  });

  it('of ports that get an address by SLAAC come with the subnet, all in one', async () => {
    const network = await f.network();
    const ports = [await f.port(network.id), await f.port(network.id)];
    await f.told();
    const slaac = { ipv6_ra_mode: 'slaac', ipv6_address_mode: 'slaac' };
    await f.subnet(network.id, { cidr: '2001:db8:30::/64', ip_version: 6, ...slaac });
    const all = await pushed();
    expect(all.map(({ to, objects }) => [to, objects.length])).toEqual([
      ['neutron-vo-Port-1.7_fanout', 2],
      ['neutron-vo-Subnet-1.1_fanout', 1],
    ]);
    expect(all[0]!.objects.map((object) => dataOf(object).id).sort()).toEqual(ports.map(({ id }) => id).sort());
    expect(all[0]!.objects.map((object) => dataOf(object).fixed_ips.length)).toEqual([1, 1]);
  });

  it('are left out where nobody listens, and nothing is noted or read for them', async () => {
    f.transport.hears = (topic) => topic === 'neutron-vo-Network-1.1';
    const network = await networkOfPorts();
    await f.port(network.id);
    await group();
    await addressGroup([]);
    expect((await pushed()).map(({ to }) => to)).toEqual(['neutron-vo-Network-1.1_fanout']);
  });
});

describe('versions that agents speak', () => {
  const report = (resource_versions: Record<string, string>, host = 'old') =>
    f.transport.tell('q-reports-plugin', 'report_state', {
      agent_state: {
        agent_state: {
          ...{ binary: 'neutron-linuxbridge-agent', agent_type: 'Linux bridge agent', host, topic: 'N/A' },
          ...{ configurations: {}, start_flag: true, resource_versions },
        },
      },
      time: `${new Date(f.clock.nowMs).toISOString().slice(0, -1)}000`,
    });

  it('are told to other servers', async () => {
    const [theirs] = captured('01').filter(
      ({ oslo_message }) => oslo_message.method === 'report_agent_resource_versions',
    );
    await report(theirs!.oslo_message.args.version_map, 'host1');
    expect(await f.told()).toEqual([
      {
        to: theirs!.exchange,
        method: 'report_agent_resource_versions',
        args: theirs!.oslo_message.args,
      },
    ]);
  });

  it('are served beside the newest; those we do not know are not', async () => {
    const network = await networkOfPorts();
    await report({ Port: '1.3', Network: '9.0', SecurityGroup: '1.2' });
    await f.told();
    const port: Port = await f.port(network.id, { 'binding:host_id': 'host1' });
    await f.network();
    await group();
    const all = await pushed();
    expect(all.map(({ to }) => to).sort()).toEqual([
      'neutron-vo-Network-1.1_fanout',
      'neutron-vo-Port-1.3_fanout',
      'neutron-vo-Port-1.7_fanout',
      'neutron-vo-SecurityGroup-1.2_fanout',
      'neutron-vo-SecurityGroup-1.5_fanout',
    ]);
    const old = all.find(({ to }) => to.includes('Port-1.3'))!.objects[0]!;
    expect(old['versioned_object.version']).toBe('1.3');
    expect(dataOf(old)).not.toHaveProperty('bindings');
    expect(dataOf(old)).not.toHaveProperty('qos_network_policy_id');
    expect(dataOf(dataOf(old).binding)).toMatchObject({ port_id: port.id, host: 'host1', vif_type: 'bridge' });
    const rules = dataOf(all.find(({ to }) => to.includes('SecurityGroup-1.2'))!.objects[0]!).rules;
    for (const rule of rules) {
      expect(rule['versioned_object.version']).toBe('1.0');
      expect(dataOf(rule)).not.toHaveProperty('normalized_cidr');
    }
  });

  it('that another server heard of count, and those in the table', async () => {
    const network = await networkOfPorts();
    await f.told();
    const version_map = { Port: '1.6' };
    await f.transport.tell('q-server-resource-versions', 'report_agent_resource_versions', {
      ...{ agent_type: 'x', agent_host: 'y', version_map },
    });
    await f.port(network.id);
    expect((await pushed()).map(({ to }) => to)).toContain('neutron-vo-Port-1.6_fanout');
  });
});

describe('objects that agents ask for', () => {
  const ask = (method: string, args: object) => f.ask(method, args as Record<string, unknown>);

  it('come in the version asked for', async () => {
    const network = await networkOfPorts();
    const port = await f.port(network.id, { name: 'a' });
    await f.port(network.id, { name: 'b' });
    await f.told();
    const pull = (version: string, filter_kwargs?: object) =>
      ask('bulk_pull', { resource_type: 'Port', version, ...(filter_kwargs && { filter_kwargs }) });
    expect(await pull('1.7')).toHaveLength(2);
    expect(await pull('1.7', { name: ['a', 'c'], network_id: network.id })).toMatchObject([
      { 'versioned_object.version': '1.7', 'versioned_object.data': { id: port.id } },
    ]);
    expect(await pull('1.7', { security_group_ids: ['none'] })).toEqual([]);
    expect((await pull('1.1', { id: port.id }))[0]).toMatchObject({ 'versioned_object.version': '1.1' });
    expect(await failure(pull('1.8'))).toMatchObject({ message: 'Invalid target version 1.8' });
  });

  it('are single QoS policies, and nothing for one that is gone', async () => {
    const rules = [{ 'versioned_object.data': { max_kbps: 1000, max_burst_kbps: 800, direction: 'ingress' } }];
    const { id } = await policy({ name: 'slow', rules });
    const pull = (resource_id: string, version = '1.10') =>
      ask('pull', { resource_type: 'QosPolicy', version, resource_id });
    const whole = await pull(id);
    expect(whole).toMatchObject({
      'versioned_object.version': '1.10',
      'versioned_object.data': {
        name: 'slow',
        rules: [
          {
            'versioned_object.name': 'QosBandwidthLimitRule',
            'versioned_object.data': { max_kbps: 1000, direction: 'ingress', qos_policy_id: id },
          },
        ],
      },
    });
    expect(await pull('00000000-0000-0000-0000-000000000000')).toBeNull();
    expect(await failure(pull(id, '2.0'))).toMatchObject({ message: 'Invalid target version 2.0' });
  });

  it('have no rules that an older agent does not know', async () => {
    const { id } = await policy({});
    await f.plugin.children['policies/packet_rate_limit_rules']!(id).create!(f.context, {
      ...{ max_kpps: 1, max_burst_kpps: 0, direction: 'egress' },
    });
    const pull = async (version: string) =>
      dataOf(await ask('pull', { resource_type: 'QosPolicy', version, resource_id: id })).rules.length;
    expect([await pull('1.8'), await pull('1.9')]).toEqual([0, 1]);
  });

  it('fail as recorded', async () => {
    const messages = captured('70').map(({ oslo_message }) => oslo_message as Data);
    for (const [method, type] of [
      ['bulk_pull', 'NoSuch'],
      ['bulk_pull', 'QosPolicy'],
      ['pull', 'Port'],
    ]) {
      const asked = messages.find((one) => one.method === method && one.args.resource_type === type)!;
      const reply = messages.find((one) => one._msg_id === asked._msg_id && one.method === undefined)!;
      const answer = await ask(method!, asked.args).catch((error) => ({
        failure: { class: error.type, module: error.module, message: error.message },
      }));
      if (reply.failure === null) expect(answer).toEqual(reply.result);
      else expect(JSON.parse(reply.failure)).toMatchObject(answer.failure);
    }
  });
});
