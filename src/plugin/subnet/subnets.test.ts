import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { all, createFixture, type Fixture, failure, type Network } from '../fixture.ts';

let f: Fixture;
let network: Network;
beforeEach(async () => {
  f = await createFixture();
  network = await f.network();
});
afterEach(() => f[Symbol.asyncDispose]());

const v6 = { ip_version: 6, cidr: '2001:db8::/64' };
const slaac = { ...v6, ipv6_ra_mode: 'slaac', ipv6_address_mode: 'slaac' };

describe('creating', () => {
  it.each([
    [{}, '10.0.0.1', [['10.0.0.2', '10.0.0.254']]],
    [{ gateway_ip: null }, null, [['10.0.0.1', '10.0.0.254']]],
    [
      { gateway_ip: '10.0.0.100' },
      '10.0.0.100',
      [
        ['10.0.0.1', '10.0.0.99'],
        ['10.0.0.101', '10.0.0.254'],
      ],
    ],
    [{ gateway_ip: '10.0.0.254' }, '10.0.0.254', [['10.0.0.1', '10.0.0.253']]],
    [{ gateway_ip: '192.0.2.1' }, '192.0.2.1', [['10.0.0.1', '10.0.0.254']]],
    [{ cidr: '10.0.0.7/24' }, '10.0.0.1', [['10.0.0.2', '10.0.0.254']]],
    [{ cidr: '10.0.0.0/31', enable_dhcp: false, gateway_ip: null }, null, [['10.0.0.0', '10.0.0.1']]],
    [{ cidr: '10.0.0.0/31', enable_dhcp: false }, '10.0.0.1', [['10.0.0.0', '10.0.0.0']]],
    [{ cidr: '10.0.0.7/32', enable_dhcp: false, gateway_ip: null }, null, [['10.0.0.7', '10.0.0.7']]],
    [v6, '2001:db8::', [['2001:db8::1', '2001:db8::ffff:ffff:ffff:ffff']]],
    [{ ...v6, cidr: '2001:db8::/127', enable_dhcp: false }, '2001:db8::', [['2001:db8::1', '2001:db8::1']]],
    [{ allocation_pools: [] }, '10.0.0.1', [['10.0.0.2', '10.0.0.254']]],
    [slaac, '2001:db8::', [['2001:db8::1', '2001:db8::ffff:ffff:ffff:ffff']]],
    [{ ...slaac, gateway_ip: '2001:db8::1' }, '2001:db8::1', [['2001:db8::2', '2001:db8::ffff:ffff:ffff:ffff']]],
    [
      {
        allocation_pools: [
          { start: '10.0.0.50', end: '10.0.0.60' },
          { start: '10.0.0.10', end: '10.0.0.20' },
        ],
      },
      '10.0.0.1',
      [
        ['10.0.0.50', '10.0.0.60'],
        ['10.0.0.10', '10.0.0.20'],
      ],
    ],
  ])('%j has gateway %s and pools %j', async (input, gateway, pools) => {
    const subnet = await f.subnet(network.id, input);
    expect(subnet.gateway_ip).toBe(gateway);
    expect(subnet.allocation_pools).toEqual(pools.map(([start, end]) => ({ start, end })));
  });

  it('keeps everything that was said', async () => {
    const subnet = await f.subnet(network.id, {
      name: 's',
      dns_nameservers: ['192.0.2.2', '192.0.2.1'],
      host_routes: [{ destination: '10.9.0.0/16', nexthop: '10.0.0.9' }],
      service_types: ['compute:nova'],
    });
    expect(subnet).toMatchObject({
      name: 's',
      cidr: '10.0.0.0/24',
      dns_nameservers: ['192.0.2.2', '192.0.2.1'],
      host_routes: [{ destination: '10.9.0.0/16', nexthop: '10.0.0.9' }],
      service_types: ['compute:nova'],
      revision_number: 1,
    });
    const parent = await f.plugin.collections.networks.get(f.context, network.id);
    expect(parent).toMatchObject({ subnets: [subnet.id], revision_number: 2 });
  });

  const input = 'InvalidInput';
  const dhcpPrefix = 'Subnet has a prefix length that is incompatible with DHCP service enabled';
  it.each([
    [
      { cidr: undefined },
      'BadRequest',
      'Bad subnets request: a subnetpool must be specified in the absence of a cidr.',
    ],
    [{ prefixlen: 24 }, 'BadRequest', 'Bad subnets request: cidr and prefixlen must not be supplied together.'],
    [{ cidr: undefined, subnetpool_id: 'x' }, 'SubnetPoolNotFound', 'Subnet pool x could not be found.'],
    [{ ip_version: 6 }, input, "cidr '10.0.0.0/24' does not match the ip_version '6'"],
    [{ cidr: '0.0.0.0/0', enable_dhcp: false, gateway_ip: null }, input, '0 is not allowed as CIDR prefix length'],
    [{ cidr: '10.0.0.0/31' }, input, dhcpPrefix],
    [{ ...v6, cidr: '2001:db8::/127' }, input, dhcpPrefix],
    [{ cidr: '224.0.0.0/24' }, input, 'Multicast IP subnet is not supported if enable_dhcp is True'],
    [{ cidr: '127.0.0.0/24' }, input, 'Loopback IP subnet is not supported if enable_dhcp is True'],
    [{ gateway_ip: '2001:db8::1' }, input, "gateway_ip '2001:db8::1' does not match the ip_version '4'"],
    [{ gateway_ip: '10.0.0.0' }, input, 'Gateway is not valid on subnet'],
    [{ gateway_ip: '10.0.0.255' }, input, 'Gateway is not valid on subnet'],
    [{ dns_nameservers: ['2001:db8::1'] }, input, "dns_nameserver '2001:db8::1' does not match the ip_version '4'"],
    [
      { host_routes: [{ destination: '2001:db8::/64', nexthop: '10.0.0.9' }] },
      input,
      "destination '2001:db8::/64' does not match the ip_version '4'",
    ],
    [{ ipv6_ra_mode: 'slaac' }, input, 'ipv6_ra_mode is not valid when ip_version is 4'],
    [
      { ...slaac, cidr: '2001:db8::/80' },
      input,
      'Invalid CIDR 2001:db8::/80 for IPv6 address mode. OpenStack uses the EUI-64 address format, which requires the prefix to be /64',
    ],
    [
      { ...slaac, ipv6_ra_mode: 'dhcpv6-stateful' },
      input,
      "ipv6_ra_mode set to 'dhcpv6-stateful' with ipv6_address_mode set to 'slaac' is not valid. If both attributes are set, they must be the same value",
    ],
    [
      { ...slaac, enable_dhcp: false },
      input,
      'ipv6_ra_mode or ipv6_address_mode cannot be set when enable_dhcp is set to False',
    ],
  ])('refuses %j', async (change, type, text) => {
    const message = type === input ? `Invalid input for operation: ${text}.` : text;
    expect(await failure(f.subnet(network.id, change))).toEqual({ type, message });
    expect(await all(f.plugin.collections.subnets)).toEqual([]);
  });

  const pool = (start: string, end: string) => ({ start, end });
  it.each([
    [
      [pool('10.0.0.30', '10.0.0.10')],
      {},
      'InvalidAllocationPool',
      "The allocation pool {'start': '10.0.0.30', 'end': '10.0.0.10'} is not valid.",
    ],
    [
      [pool('2001:db8::1', '2001:db8::2')],
      {},
      'InvalidAllocationPool',
      'The allocation pool 2001:db8::1-2001:db8::2 is not valid.',
    ],
    [
      [pool('10.1.0.1', '10.1.0.2')],
      {},
      'OutOfBoundsAllocationPool',
      'The allocation pool 10.1.0.1-10.1.0.2 spans beyond the subnet cidr 10.0.0.0/24.',
    ],
    [
      [pool('10.0.0.2', '10.0.0.255')],
      {},
      'OutOfBoundsAllocationPool',
      'The allocation pool 10.0.0.2-10.0.0.255 spans beyond the subnet cidr 10.0.0.0/24.',
    ],
    [
      [pool('10.0.0.10', '10.0.0.30'), pool('10.0.0.20', '10.0.0.40')],
      {},
      'OverlappingAllocationPools',
      'Found overlapping allocation pools: 10.0.0.10-10.0.0.30 10.0.0.20-10.0.0.40 for subnet 10.0.0.0/24.',
    ],
    [
      [pool('10.0.0.10', '10.0.0.30')],
      { gateway_ip: '10.0.0.20' },
      'GatewayConflictWithAllocationPools',
      'Gateway ip 10.0.0.20 conflicts with allocation pool 10.0.0.10-10.0.0.30.',
    ],
  ])('refuses pools %j', async (allocation_pools, more, type, message) => {
    expect(await failure(f.subnet(network.id, { allocation_pools, ...more }))).toEqual({ type, message });
  });

  it('refuses a block that overlaps another of the network, not of another network', async () => {
    await f.subnet(network.id);
    expect(await failure(f.subnet(network.id, { cidr: '10.0.0.128/25' }))).toEqual({
      type: 'InvalidInput',
      message: `Invalid input for operation: Requested subnet with cidr: 10.0.0.128/25 for network: ${network.id} overlaps with another subnet.`,
    });
    await f.subnet(network.id, { cidr: '10.0.1.0/24' });
    await f.subnet((await f.network()).id);
  });

  it('needs a network', async () => {
    const id = '00000000-0000-0000-0000-000000000000';
    expect((await failure(f.subnet(id))).message).toBe(`Network ${id} could not be found.`);
  });

  it('gives ports their automatic addresses, router interfaces apart', async () => {
    const port = await f.port(network.id, { mac_address: 'fa:16:3e:00:00:01' });
    const router = await f.port(network.id, { device_owner: 'network:router_interface' });
    const subnet = await f.subnet(network.id, slaac);
    const { ports } = f.plugin.collections;
    expect(await ports.get(f.context, port.id)).toMatchObject({
      fixed_ips: [{ subnet_id: subnet.id, ip_address: '2001:db8::f816:3eff:fe00:1' }],
      revision_number: 2,
    });
    expect((await ports.get(f.context, router.id)).fixed_ips).toEqual([]);
  });

  it('gives the network its DHCP agent, and tells it of both', async () => {
    await f.dhcpAgent();
    const subnet = await f.subnet(network.id);
    const told = await f.told();
    expect(told.map(({ to, method }) => `${to} ${method}`)).toEqual([
      'dhcp_agent.host1 network_create_end',
      'dhcp_agent.host1 subnet_create_end',
    ]);
    expect(told[0]!.args).toEqual({ payload: { network: { id: network.id }, priority: 0 } });
    expect(told[1]!.args.payload).toMatchObject({
      priority: 3,
      subnet: {
        id: subnet.id,
        standard_attr_id: await f.attributeId('subnets', subnet.id),
        network: { id: network.id, revision_number: 2 },
      },
    });
  });
});

describe('changing', () => {
  it('changes what is named', async () => {
    const subnet = await f.subnet(network.id);
    const changes = {
      name: 'b',
      dns_nameservers: ['192.0.2.1', '192.0.2.2'],
      host_routes: [{ destination: '10.99.0.0/16', nexthop: '10.0.0.9' }],
      enable_dhcp: false,
      allocation_pools: [{ start: '10.0.0.10', end: '10.0.0.50' }],
      gateway_ip: '10.0.0.2',
      service_types: [],
    };
    const updated = await f.plugin.collections.subnets.update!(f.context, subnet.id, changes);
    expect(updated).toEqual({ ...subnet, ...changes, revision_number: 1 });
    expect((await f.plugin.collections.networks.get(f.context, network.id)).revision_number).toBe(3);
    const cleared = await f.plugin.collections.subnets.update!(f.context, subnet.id, { gateway_ip: null });
    expect(cleared.gateway_ip).toBeNull();
  });

  it.each([
    [{ gateway_ip: '10.0.0.50' }, 'GatewayConflictWithAllocationPools'],
    [{ gateway_ip: '10.0.0.255' }, 'InvalidInput'],
    [{ allocation_pools: [{ start: '10.0.0.1', end: '10.0.0.9' }] }, 'GatewayConflictWithAllocationPools'],
    [
      { dns_nameservers: ['192.0.2.1', '192.0.2.2', '192.0.2.3', '192.0.2.4', '192.0.2.5', '192.0.2.6'] },
      'DNSNameServersExhausted',
    ],
  ])('refuses %j', async (changes, type) => {
    const subnet = await f.subnet(network.id);
    expect((await failure(f.plugin.collections.subnets.update!(f.context, subnet.id, changes))).type).toBe(type);
    expect(await f.plugin.collections.subnets.get(f.context, subnet.id)).toEqual(subnet);
  });

  it('keeps a gateway that a router answers for', async () => {
    const subnet = await f.subnet(network.id);
    const router = await f.port(network.id, {
      device_owner: 'network:router_interface',
      fixed_ips: [{ subnet_id: subnet.id, ip_address: '10.0.0.1' }],
    });
    expect(
      await failure(f.plugin.collections.subnets.update!(f.context, subnet.id, { gateway_ip: '10.0.0.9' })),
    ).toEqual({
      type: 'GatewayIpInUse',
      message: `Current gateway ip 10.0.0.1 already in use by port ${router.id}. Unable to update.`,
    });
    const none = await f.plugin.collections.subnets.update!(f.context, subnet.id, { gateway_ip: null });
    expect(none.gateway_ip).toBeNull();
  });

  it('cannot switch DHCP off where IPv6 modes need it', async () => {
    const subnet = await f.subnet(network.id, slaac);
    const update = f.plugin.collections.subnets.update!(f.context, subnet.id, { enable_dhcp: false });
    expect((await failure(update)).message).toContain('Cannot disable enable_dhcp with ipv6 attributes set');
  });
});

describe('deleting', () => {
  it('is refused while a port has an address, DHCP ports apart', async () => {
    const subnet = await f.subnet(network.id);
    const port = await f.port(network.id);
    const dhcp = await f.port(network.id, { device_owner: 'network:dhcp' });
    const { subnets, ports } = f.plugin.collections;
    expect(await failure(subnets.delete!(f.context, subnet.id))).toEqual({
      type: 'SubnetInUse',
      message: `Unable to complete operation on subnet ${subnet.id}: One or more ports have an IP allocation from this subnet.`,
    });
    await ports.delete!(f.context, port.id);
    await subnets.delete!(f.context, subnet.id);
    expect(await ports.get(f.context, dhcp.id)).toMatchObject({ fixed_ips: [], revision_number: 2 });
  });

  it('takes automatic addresses away', async () => {
    const subnet = await f.subnet(network.id, slaac);
    const port = await f.port(network.id);
    expect(port.fixed_ips.length).toBe(1);
    await f.plugin.collections.subnets.delete!(f.context, subnet.id);
    expect((await f.plugin.collections.ports.get(f.context, port.id)).fixed_ips).toEqual([]);
  });
});
