import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { all, createFixture, type Fixture, failure } from '../fixture.ts';

let f: Fixture;
beforeEach(async () => {
  f = await createFixture({
    ml2: { type_drivers: ['local', 'flat', 'vlan'] },
    flat: { flat_networks: ['flat1', 'flat2'] },
  });
});
afterEach(() => f[Symbol.asyncDispose]());

const flat = (physical: string | null = 'flat1') => ({
  'provider:network_type': 'flat',
  'provider:physical_network': physical,
});

describe('creating', () => {
  it('makes a local network when nothing is said', async () => {
    const network = await f.network({ name: 'a' });
    expect(network).toMatchObject({
      name: 'a',
      tenant_id: 'p1',
      project_id: 'p1',
      admin_state_up: true,
      mtu: 1500,
      status: 'ACTIVE',
      subnets: [],
      shared: false,
      'router:external': false,
      port_security_enabled: true,
      'provider:network_type': 'local',
      'provider:physical_network': null,
      'provider:segmentation_id': null,
      revision_number: 1,
      created_at: '2026-11-23T12:00:00Z',
    });
    const { is_default, ...shown } = network;
    expect(is_default).toBe(false);
    expect(await f.plugin.collections.networks.get(f.context, network.id)).toEqual(shown);
  });

  it('takes a physical network for one flat network, and gives it back', async () => {
    const first = await f.network(flat());
    expect(await failure(f.network(flat()))).toEqual({
      type: 'FlatNetworkInUse',
      message: 'Unable to create the flat network. Physical network flat1 is in use.',
    });
    await f.network(flat('flat2'));
    await f.plugin.collections.networks.delete!(f.context, first.id);
    expect((await f.network(flat()))['provider:physical_network']).toBe('flat1');
  });

  it.each([
    [flat('flat9'), "physical_network 'flat9' unknown for flat provider network"],
    [flat(null), 'physical_network required for flat provider network'],
    [{ ...flat(), 'provider:segmentation_id': 5 }, 'segmentation_id prohibited for flat provider network'],
    [
      { 'provider:network_type': 'local', 'provider:physical_network': 'flat1' },
      'physical_network prohibited for local provider network',
    ],
    [
      { 'provider:network_type': 'local', 'provider:segmentation_id': 1 },
      'segmentation_id prohibited for local provider network',
    ],
    [{ 'provider:network_type': 'frob' }, "network_type value 'frob' not supported"],
    [{ 'provider:physical_network': 'flat1' }, 'network_type required'],
    [
      { 'provider:network_type': 'vlan', 'provider:physical_network': 'nope', 'provider:segmentation_id': 5 },
      "physical_network 'nope' unknown for VLAN provider network",
    ],
    [{ mtu: 9000 }, 'Requested MTU is too big, maximum is 1500'],
  ])('refuses %j', async (input, text) => {
    expect(await failure(f.network(input))).toEqual({
      type: 'InvalidInput',
      message: `Invalid input for operation: ${text}.`,
    });
    expect(await all(f.plugin.collections.networks)).toEqual([]);
  });

  it('makes all of a bulk or nothing', async () => {
    const { networks } = f.plugin.collections;
    const made = await networks.createBulk!(f.context, [{ name: 'a' }, { name: 'b', ...flat() }, { name: 'c' }]);
    expect(made.map(({ name }) => name)).toEqual(['a', 'b', 'c']);
    const refused = networks.createBulk!(f.context, [
      { name: 'd', ...flat('flat2') },
      { name: 'e', ...flat() },
    ]);
    expect((await failure(refused)).type).toBe('FlatNetworkInUse');
    expect((await all(networks)).length).toBe(3);
    expect((await f.network(flat('flat2')))['provider:physical_network']).toBe('flat2');
  });

  it('knows only zones that DHCP agents are in', async () => {
    expect(await failure(f.network({ availability_zone_hints: ['nova'] }))).toEqual({
      type: 'AvailabilityZoneNotFound',
      message: 'AvailabilityZone nova could not be found.',
    });
    await f.dhcpAgent();
    expect((await f.network({ availability_zone_hints: ['nova'] })).availability_zone_hints).toEqual(['nova']);
  });

  it('can be shared and external', async () => {
    const network = await f.network({ shared: true, 'router:external': true });
    expect(network).toMatchObject({ shared: true, 'router:external': true });
  });

  it('has no network for a project when there are no project types', async () => {
    await using bare = await createFixture({ ml2: { tenant_network_types: [] } });
    expect(await failure(bare.network())).toEqual({
      type: 'NoNetworkAvailable',
      message: 'Unable to create the network. No tenant network is available for allocation.',
    });
  });
});

describe('changing', () => {
  it('changes what is named, and counts', async () => {
    const { networks } = f.plugin.collections;
    const { is_default: _, ...network } = await f.network();
    f.clock.nowMs += 5000;
    const changed = await networks.update!(f.context, network.id, { name: 'new', shared: true, mtu: 1400 });
    expect(changed).toEqual({
      ...network,
      name: 'new',
      shared: true,
      mtu: 1400,
      revision_number: 2,
      updated_at: '2026-11-23T12:00:05Z',
    });
    expect((await networks.update!(f.context, network.id, { shared: false, mtu: 0 })).mtu).toBe(1500);
  });

  it('counts what stands in its own row whenever it is given, what stands beside it when it changes, as the real server', async () => {
    await using named = await createFixture({ ml2: { extension_drivers: ['port_security', 'dns'] } });
    const { networks } = named.plugin.collections;
    const made = await named.network({ name: 'a', shared: true });
    const counted = async (changes: Record<string, unknown>) => {
      named.clock.nowMs += 5_000;
      const before = await networks.get(named.context, made.id);
      const after = await networks.update!(named.context, made.id, changes);
      expect(after.updated_at !== before.updated_at).toBe(after.revision_number !== before.revision_number);
      return after.revision_number! - before.revision_number!;
    };
    for (const changes of [{}, { shared: true }, { 'router:external': false }, { dns_domain: '' }]) {
      expect([changes, await counted(changes)]).toEqual([changes, 0]);
    }
    const own = [{ name: 'a' }, { description: '' }, { mtu: made.mtu }, { port_security_enabled: true }];
    for (const changes of [...own, { shared: false }, { dns_domain: 'a.org.' }, { name: 'b', shared: true }]) {
      expect([changes, await counted(changes)]).toEqual([changes, 1]);
    }
  });

  it('refuses another segmentation id, and takes 0 for none', async () => {
    const { networks } = f.plugin.collections;
    const { id } = await f.network({ 'provider:network_type': 'local', 'provider:physical_network': '' });
    expect(await failure(networks.update!(f.context, id, { 'provider:segmentation_id': 5 }))).toEqual({
      type: 'InvalidInput',
      message: 'Invalid input for operation: Only VLAN type networks can be updated..',
    });
    expect(await networks.update!(f.context, id, { 'provider:segmentation_id': 0 })).toMatchObject({ id });
  });

  it('refuses another revision than the stored one', async () => {
    const { networks } = f.plugin.collections;
    const { id } = await f.network();
    expect(await failure(networks.update!(f.context, id, { name: 'x' }, 999))).toEqual({
      type: 'RevisionNumberConstraintFailed',
      message: 'Constrained to 999, but current revision is 1',
    });
    expect((await failure(networks.delete!(f.context, id, 0))).type).toBe('RevisionNumberConstraintFailed');
    await networks.update!(f.context, id, { name: 'x' }, 1);
    await networks.delete!(f.context, id, 2);
  });

  it('refuses to move the network elsewhere', async () => {
    const { id } = await f.network();
    const update = f.plugin.collections.networks.update!(f.context, id, { 'provider:network_type': 'vlan' });
    expect((await failure(update)).message).toBe(
      'Invalid input for operation: Plugin does not support updating the following provider network attributes: provider:network_type, provider:physical_network.',
    );
  });

  it('keeps a network shared while others have ports on it', async () => {
    const { networks, ports } = f.plugin.collections;
    const { id } = await f.network({ name: 'common', shared: true });
    const port = await f.port(id, { project_id: 'p2' });
    expect(await failure(networks.update!(f.context, id, { shared: false }))).toEqual({
      type: 'InvalidSharedSetting',
      message: 'Unable to reconfigure sharing settings for network common. Multiple tenants are using it.',
    });
    await ports.delete!(f.context, port.id);
    expect((await networks.update!(f.context, id, { shared: false })).shared).toBe(false);
  });

  it('refuses an MTU that its subnets cannot live with', async () => {
    const { networks } = f.plugin.collections;
    const { id } = await f.network();
    await f.subnet(id, { ip_version: 6, cidr: '2001:db8::/64' });
    expect((await failure(networks.update!(f.context, id, { mtu: 1279 }))).type).toBe('NetworkMTUSubnetConflict');
    expect((await networks.update!(f.context, id, { mtu: 1280 })).mtu).toBe(1280);
  });

  it('says so when there is no such network', async () => {
    const id = '00000000-0000-0000-0000-000000000000';
    const { networks } = f.plugin.collections;
    const missing = { type: 'NetworkNotFound', message: `Network ${id} could not be found.` };
    expect(await failure(networks.get(f.context, id))).toEqual(missing);
    expect(await failure(networks.update!(f.context, id, { name: 'x' }))).toEqual(missing);
    expect(await failure(networks.delete!(f.context, id))).toEqual(missing);
    expect(await failure(all(networks, { marker: id, limit: 1 }))).toEqual(missing);
  });
});

describe('deleting', () => {
  it('takes subnets and DHCP ports along, and tells everybody', async () => {
    await f.dhcpAgent();
    const { id } = await f.network();
    const subnet = await f.subnet(id);
    await f.ask('create_dhcp_port', {
      host: 'host1',
      port: { port: { device_id: 'dhcp-1', network_id: id, fixed_ips: [{ subnet_id: subnet.id }] } },
    });
    await f.told();
    await f.plugin.collections.networks.delete!(f.context, id);
    expect(await all(f.plugin.collections.subnets)).toEqual([]);
    expect(await all(f.plugin.collections.ports)).toEqual([]);
    expect((await f.told()).map(({ to, method }) => `${to} ${method}`)).toEqual([
      'q-agent-notifier-port-delete_fanout port_delete',
      'q-agent-notifier-network-delete_fanout network_delete',
      'dhcp_agent_fanout network_delete_end',
    ]);
  });

  it('is refused while somebody has a port', async () => {
    const { id } = await f.network();
    const ports = [await f.port(id), await f.port(id)];
    expect(await failure(f.plugin.collections.networks.delete!(f.context, id))).toEqual({
      type: 'NetworkInUse',
      message: `Unable to complete operation on network ${id}. There are one or more ports still in use on the network, id for these ports is: ${ports.map((port) => port.id).join(',')}.`,
    });
  });
});
