import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Collection, Input } from '../contract.ts';
import { all, createFixture, type Fixture, failure, type Network, type Subnet } from '../fixture.ts';
import type { Segment } from './segments.ts';

/** Two racks, each a VLAN of its own: host1 and host2 in the first, host3 in the second. */
let f: Fixture;
let network: Network;
let racks: [Segment, Segment];

beforeEach(async () => {
  f = await createFixture({
    service: { service_plugins: ['segments'] },
    vlan: { network_vlan_ranges: ['rack1', 'rack2', 'rack3'] },
  });
  for (const [host, rack] of [
    ['host1', 'rack1'],
    ['host2', 'rack1'],
    ['host3', 'rack2'],
  ] as const) {
    await f.bridgeAgent(host, { bridge_mappings: { [rack]: 'br' } });
  }
  const vlan = (physical: string, id: number) => ({
    'provider:network_type': 'vlan',
    'provider:physical_network': physical,
    'provider:segmentation_id': id,
  });
  network = await f.network({ segments: [vlan('rack1', 1), vlan('rack2', 2)] });
  const sorts = [{ key: 'segmentation_id', direction: 'asc' }] as const;
  racks = (await all(f.plugin.collections.segments as Collection<Segment>, { sorts })) as [Segment, Segment];
});
afterEach(() => f[Symbol.asyncDispose]());

const cidrs = ['10.1.0.0/24', '10.2.0.0/24'];
const subnetIn = (rack: 0 | 1, more: Input = {}) =>
  f.subnet(network.id, { segment_id: racks[rack].id, cidr: cidrs[rack], ...more });
const at = (host: string) => ({ 'binding:host_id': host });
const subnet = (id: string) => f.plugin.collections.subnets.get(f.context, id) as Promise<Subnet>;
const update = (id: string, changes: Input) => f.plugin.collections.ports.update!(f.context, id, changes);

describe('subnets of a routed network', () => {
  it('lie on segments, all of them', async () => {
    expect((await f.plugin.collections.networks.get(f.context, network.id)).l2_adjacency).toBe(true);
    expect(await subnetIn(0)).toMatchObject({ segment_id: racks[0].id });
    expect((await f.plugin.collections.networks.get(f.context, network.id)).l2_adjacency).toBe(false);
    expect(await failure(f.subnet(network.id, { cidr: '10.3.0.0/24' }))).toEqual({
      type: 'SubnetsNotAllAssociatedWithSegments',
      message: `All of the subnets on network '${network.id}' must either all be associated with segments or all not associated with any segment.`,
    });
    // Routers' own addresses lie beside them.
    await f.subnet(network.id, { cidr: '10.4.0.0/24', service_types: ['network:routed'] });
    await subnetIn(1);
  });

  it('lie on a segment of their own network', async () => {
    const other = await f.network();
    expect(await failure(f.subnet(other.id, { segment_id: racks[0].id }))).toEqual({
      type: 'NetworkIdsDontMatch',
      message: `The subnet's network id, '${other.id}', doesn't match the network_id of segment '${racks[0].id}'`,
    });
    const segment_id = '00000000-0000-0000-0000-000000000000';
    expect((await failure(f.subnet(other.id, { segment_id }))).type).toBe('SegmentNotFound');
  });

  it('can be put on the one segment of a network later, and stay there', async () => {
    const single = await f.network({ 'provider:network_type': 'vlan', 'provider:physical_network': 'rack1' });
    const made = await f.subnet(single.id);
    const segments = await all(f.plugin.collections.segments as Collection<Segment>, {
      filters: { network_id: [single.id] },
    });
    const { subnets } = f.plugin.collections;
    const moved = await subnets.update!(f.context, made.id, { segment_id: segments[0]!.id });
    expect(moved.segment_id).toBe(segments[0]!.id);
    expect((await failure(subnets.update!(f.context, made.id, { segment_id: null }))).type).toBe(
      'SubnetSegmentAssociationChangeNotAllowed',
    );
    await subnets.update!(f.context, made.id, { name: 'still there' });
    expect((await subnet(made.id)).segment_id).toBe(segments[0]!.id);
    const onSeveral = await f.subnet(network.id);
    expect((await failure(subnets.update!(f.context, onSeveral.id, { segment_id: racks[0].id }))).type).toBe(
      'NoUpdateSubnetWhenMultipleSegmentsOnNetwork',
    );
  });

  it('have routes to those of the other segments', async () => {
    const first = await subnetIn(0);
    expect(first.host_routes).toEqual([]);
    const second = await subnetIn(1, { host_routes: [{ destination: '10.9.0.0/16', nexthop: '10.2.0.9' }] });
    expect(second.host_routes).toEqual([
      { destination: '10.9.0.0/16', nexthop: '10.2.0.9' },
      { destination: '10.1.0.0/24', nexthop: '10.2.0.1' },
    ]);
    const toSecond = (nexthop: string) => [{ destination: '10.2.0.0/24', nexthop }];
    expect((await subnet(first.id)).host_routes).toEqual(toSecond('10.1.0.1'));
    const { subnets } = f.plugin.collections;
    await subnets.update!(f.context, first.id, {
      gateway_ip: '10.1.0.254',
      allocation_pools: [{ start: '10.1.0.2', end: '10.1.0.99' }],
    });
    expect((await subnet(first.id)).host_routes).toEqual(toSecond('10.1.0.254'));
    await subnets.delete!(f.context, second.id);
    expect((await subnet(first.id)).host_routes).toEqual([]);
  });
});

describe('addresses of ports on a routed network', () => {
  it('are of the segment that their host reaches', async () => {
    const made = [await subnetIn(0), await subnetIn(1)];
    for (const [host, where] of [
      ['host1', 0],
      ['host2', 0],
      ['host3', 1],
    ] as const) {
      const port = await f.port(network.id, at(host));
      expect(port).toMatchObject({ ip_allocation: 'immediate', 'binding:vif_type': 'bridge' });
      expect(port.fixed_ips).toMatchObject([{ subnet_id: made[where]!.id }]);
    }
    expect(await failure(f.port(network.id, at('host9')))).toEqual({
      type: 'HostNotConnectedToAnySegment',
      message: `Host host9 is not connected to any segments on routed provider network '${network.id}'.  It should be connected to one.`,
    });
  });

  it('wait until the host is known', async () => {
    await subnetIn(0);
    const second = await subnetIn(1);
    const port = await f.port(network.id);
    expect(port).toMatchObject({ ip_allocation: 'deferred', fixed_ips: [] });
    const placed = await update(port.id, at('host3'));
    expect(placed.fixed_ips).toMatchObject([{ subnet_id: second.id }]);
    expect(placed['binding:vif_type']).toBe('bridge');
  });

  it('can be asked for, of one segment', async () => {
    const [first, second] = [await subnetIn(0), await subnetIn(1)];
    const port = await f.port(network.id, { fixed_ips: [{ subnet_id: second.id }] });
    expect(port).toMatchObject({ ip_allocation: 'immediate', fixed_ips: [{ subnet_id: second.id }] });
    const both = [{ subnet_id: first.id }, { ip_address: '10.2.0.77' }];
    expect((await failure(f.port(network.id, { fixed_ips: both }))).type).toBe('FixedIpsSubnetsNotOnSameSegment');
    expect(await f.port(network.id, { fixed_ips: [] })).toMatchObject({ ip_allocation: 'none', fixed_ips: [] });
    const elsewhere = { ...at('host1'), fixed_ips: [{ subnet_id: second.id }] };
    expect((await failure(f.port(network.id, elsewhere))).type).toBe('InvalidInput');
  });

  it('keep a port off hosts where they mean nothing', async () => {
    await subnetIn(0);
    await subnetIn(1);
    const port = await f.port(network.id, at('host1'));
    expect((await update(port.id, at('host2'))).fixed_ips).toEqual(port.fixed_ips);
    expect(await failure(update(port.id, at('host3')))).toEqual({
      type: 'HostNotCompatibleWithFixedIps',
      message: `Host host3 is not connected to a segment where the existing fixed_ips on port ${port.id} will function given the routed network topology.`,
    });
    const moved = await update(port.id, { ...at('host3'), fixed_ips: [{ ip_address: '10.2.0.5' }] });
    expect(moved.fixed_ips).toMatchObject([{ ip_address: '10.2.0.5' }]);
  });

  it('need a host on one segment only', async () => {
    await subnetIn(0);
    await subnetIn(1);
    await f.bridgeAgent('host4', { bridge_mappings: { rack1: 'br1', rack2: 'br2' } });
    expect((await failure(f.port(network.id, at('host4')))).type).toBe('HostConnectedToMultipleSegments');
  });

  it('of an automatic subnet are given to the ports that reach it', async () => {
    await subnetIn(0);
    await subnetIn(1);
    const [near, far] = [await f.port(network.id, at('host1')), await f.port(network.id, at('host3'))];
    const slaac = { ip_version: 6, cidr: '2001:db8::/64', ipv6_ra_mode: 'slaac', ipv6_address_mode: 'slaac' };
    const auto = await subnetIn(0, slaac);
    const addresses = async (id: string) => (await f.plugin.collections.ports.get(f.context, id)).fixed_ips!.length;
    expect([await addresses(near.id), await addresses(far.id)]).toEqual([2, 1]);
    await f.plugin.collections.subnets.delete!(f.context, auto.id);
    expect(await addresses(near.id)).toBe(1);
    await subnetIn(1, { ...slaac, cidr: '2001:db8:1::/64' });
    const alone = await subnetIn(0, slaac);
    await update(near.id, { fixed_ips: [{ subnet_id: alone.id }] });
    expect((await failure(f.plugin.collections.subnets.delete!(f.context, alone.id))).type).toBe('SubnetInUse');
  });
});

describe('DHCP agents of a routed network', () => {
  it('are told which subnets are theirs, and which hosts reach which segment', async () => {
    const [first, second] = [await subnetIn(0), await subnetIn(1)];
    const info = await f.ask('get_network_info', { network_id: network.id, host: 'host3' });
    expect(info.subnets).toMatchObject([{ id: second.id, segment_id: racks[1].id }]);
    expect(info.non_local_subnets).toMatchObject([{ id: first.id }]);
    expect(info.segments).toMatchObject([
      { id: racks[0].id, hosts: ['host1', 'host2'], segmentation_id: 1 },
      { id: racks[1].id, hosts: ['host3'], segmentation_id: 2 },
    ]);
  });

  it('serve the segments they reach: one is chosen for each', async () => {
    for (const host of ['host1', 'host2', 'host3']) await f.dhcpAgent(host);
    const agents = async () => {
      const rows = await f.database.db
        .selectFrom('networkdhcpagentbindings as binding')
        .innerJoin('agents', 'agents.id', 'binding.dhcp_agent_id')
        .select('agents.host')
        .where('binding.network_id', '=', network.id)
        .orderBy('agents.host')
        .execute();
      return rows.map(({ host }) => host);
    };
    await subnetIn(0);
    expect(await agents()).toEqual(['host1']);
    await subnetIn(1);
    expect(await agents()).toEqual(['host1', 'host3']);
    // Asking for its networks, an agent gets all it can serve.
    await f.ask('get_active_networks_info', { host: 'host2' });
    expect(await agents()).toEqual(['host1', 'host2', 'host3']);
    await f.dhcpAgent('host5');
    await f.ask('get_active_networks_info', { host: 'host5' });
    expect(await agents()).not.toContain('host5');
  });

  it('are chosen when their host comes to reach a segment', async () => {
    const lonely = await f.network({
      segments: [
        { 'provider:network_type': 'vlan', 'provider:physical_network': 'rack1' },
        { 'provider:network_type': 'vlan', 'provider:physical_network': 'rack3' },
      ],
    });
    const [, third] = await all(f.plugin.collections.segments as Collection<Segment>, {
      filters: { network_id: [lonely.id] },
      sorts: [{ key: 'physical_network', direction: 'asc' }],
    });
    await f.dhcpAgent('host7');
    await f.subnet(lonely.id, { segment_id: third!.id });
    await f.told();
    await f.bridgeAgent('host7', { bridge_mappings: { rack3: 'br' } });
    expect(await f.told()).toMatchObject([{ to: 'dhcp_agent.host7', method: 'network_create_end' }]);
  });
});
