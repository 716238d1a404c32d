import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FloatingIp } from '../../resources/shapes.ts';
import type { Collection, Input } from '../contract.ts';
import { all, createFixture, type Fixture, failure, member } from '../fixture.ts';
import { type Routed, routed } from './routed.ts';

let f: Fixture;
let world: Routed;
let fips: Collection<FloatingIp>;

beforeEach(async () => {
  f = await createFixture({ service: { service_plugins: ['router', 'qos'] } });
  world = await routed(f);
  fips = f.plugin.collections.floatingips!;
});
afterEach(() => f[Symbol.asyncDispose]());

const make = (input: Input = {}, context = f.context) =>
  fips.create!(context, { project_id: 'p1', floating_network_id: world.outside.id, ...input });
const guest = (input: Input = {}) => f.port(world.inside.id, input);
const refusal = (msg: string) => ({ type: 'BadRequest', message: `Bad floatingip request: ${msg}.` });

describe('a floating IP', () => {
  it('is an address of the external network, held by a port that is nobody’s', async () => {
    const fip = await make({ description: 'web' });
    expect(fip).toMatchObject({
      ...{ project_id: 'p1', tenant_id: 'p1', floating_network_id: world.outside.id, description: 'web' },
      ...{ router_id: null, port_id: null, fixed_ip_address: null, status: 'DOWN', port_details: null, tags: [] },
      revision_number: 0,
    });
    expect(fip.floating_ip_address).toMatch(/^198\.18\.210\./);
    const [port] = await all(f.plugin.collections.ports, { filters: { device_id: [fip.id] } });
    expect(port).toMatchObject({
      ...{ device_owner: 'network:floatingip', project_id: '', status: 'N/A' },
      fixed_ips: [{ subnet_id: world.outsideSubnet.id, ip_address: fip.floating_ip_address }],
    });
    expect(await fips.get(f.context, fip.id)).toEqual(fip);
    expect(await all(fips)).toEqual([fip]);
  });

  it('has the address or the subnet asked for', async () => {
    // Addresses are given at random; those that are asked for by name must be free.
    const allocation_pools = [{ start: '203.0.113.100', end: '203.0.113.200' }];
    const { id } = await f.subnet(world.outside.id, { cidr: '203.0.113.0/24', enable_dhcp: false, allocation_pools });
    expect((await make({ subnet_id: id })).floating_ip_address).toMatch(/^203\.0\.113\./);
    expect((await make({ floating_ip_address: '203.0.113.7' })).floating_ip_address).toBe('203.0.113.7');
    const both = { subnet_id: world.outsideSubnet.id, floating_ip_address: '203.0.113.8' };
    expect((await failure(make(both))).type).toBe('InvalidIpForSubnet');
    expect((await failure(make({ floating_ip_address: '203.0.113.7' }))).type).toBe('IpAddressAlreadyAllocated');
  });

  it('is no gateway of the network, which everybody leaves by', async () => {
    const msg = '198.18.210.1 is the gateway of the external network';
    expect(await failure(make({ floating_ip_address: '198.18.210.1' }))).toEqual(refusal(msg));
    expect(await all(fips)).toEqual([]);
  });

  it('leads to a port and shows it', async () => {
    const port = await guest({ name: 'web' });
    const fip = await make();
    const led = await fips.update!(f.context, fip.id, { port_id: port.id });
    expect(led).toMatchObject({
      ...{ port_id: port.id, fixed_ip_address: port.fixed_ips[0]!.ip_address, router_id: world.router, status: 'DOWN' },
      revision_number: 1,
      port_details: {
        ...{ name: 'web', network_id: world.inside.id, mac_address: port.mac_address, admin_state_up: true },
        ...{ status: 'DOWN', device_id: '', device_owner: '' },
      },
    });
    expect(await fips.update!(f.context, fip.id, {})).toEqual(led);
    expect(await fips.update!(f.context, fip.id, { port_id: port.id })).toEqual(led);
    const freed = await fips.update!(f.context, fip.id, { port_id: null });
    expect(freed).toMatchObject({ port_id: null, fixed_ip_address: null, router_id: null, port_details: null });
  });

  it('moves from port to port at once', async () => {
    const [a, b] = [await guest(), await guest()];
    const fip = await make({ port_id: a.id });
    expect(fip).toMatchObject({ port_id: a.id, router_id: world.router });
    expect(await fips.update!(f.context, fip.id, { port_id: b.id })).toMatchObject({ port_id: b.id });
  });

  it('keeps its port when a request does not speak of it', async () => {
    const port = await guest({ fixed_ips: [{ ip_address: '10.0.0.20' }, { ip_address: '10.0.0.21' }] });
    const fip = await make({ port_id: port.id, fixed_ip_address: '10.0.0.21' });
    const changed = await fips.update!(f.context, fip.id, { description: 'x' });
    expect(changed).toMatchObject({ port_id: port.id, fixed_ip_address: '10.0.0.21', description: 'x' });
  });

  it('goes with its address', async () => {
    const fip = await make({ port_id: (await guest()).id });
    await fips.delete!(f.context, fip.id);
    expect(await failure(fips.get(f.context, fip.id))).toEqual({
      type: 'FloatingIPNotFound',
      message: `Floating IP ${fip.id} could not be found`,
    });
    expect(await all(f.plugin.collections.ports, { filters: { device_owner: ['network:floatingip'] } })).toEqual([]);
    await make({ floating_ip_address: fip.floating_ip_address });
  });

  it('is its project’s', async () => {
    const fip = await make();
    const other = member('p2');
    expect((await failure(fips.get(other, fip.id))).type).toBe('FloatingIPNotFound');
    expect((await failure(fips.update!(other, fip.id, { port_id: null }))).type).toBe('FloatingIPNotFound');
    expect((await failure(fips.delete!(other, fip.id))).type).toBe('FloatingIPNotFound');
    expect(await all(fips, {}, other)).toEqual([]);
    expect(await all(fips, {}, member('p1'))).toEqual([fip]);
  });

  it('is made by members, who do not own the network', async () => {
    const mine = member('p1');
    const port = await guest();
    const fip = await make({ port_id: port.id }, mine);
    await fips.delete!(mine, fip.id);
  });

  it('stays within the quota', async () => {
    await using g = await createFixture({
      service: { service_plugins: ['router'] },
      quota: { quota_floatingip: 1 },
    });
    const { outside } = await routed(g);
    const one = () =>
      g.plugin.collections.floatingips!.create!(g.context, { project_id: 'p1', floating_network_id: outside.id });
    await one();
    expect((await failure(one())).type).toBe('OverQuota');
  });

  it('is found by what it shows', async () => {
    const port = await guest();
    const fip = await make({ port_id: port.id });
    await make();
    const { floating_ip_address, fixed_ip_address, router_id } = fip;
    for (const [key, value] of Object.entries({ port_id: port.id, floating_ip_address, fixed_ip_address, router_id })) {
      expect(await all(fips, { filters: { [key]: [value!] } }), key).toEqual([fip]);
    }
  });

  it('has a name in DNS only together with a domain', async () => {
    const named = await make({ dns_name: 'web', dns_domain: 'example.org.' });
    const { db } = f.database;
    const rows = await db.selectFrom('floatingips').select(['id', 'dns_name', 'dns_domain']).execute();
    expect(rows).toEqual([{ id: named.id, dns_name: 'web', dns_domain: 'example.org.' }]);
  });
});

describe('a floating IP is refused', () => {
  it('of a network that does not lead outside, or is not there', async () => {
    const { id } = world.inside;
    expect(await failure(make({ floating_network_id: id }))).toEqual(
      refusal(`Network ${id} is not a valid external network`),
    );
    const unknown = { floating_network_id: '6467eb18-75ae-4530-a39a-ed5c639f2c1f' };
    expect((await failure(make(unknown))).type).toBe('NetworkNotFound');
    const bare = await f.network({ 'router:external': true });
    await f.subnet(bare.id, { ip_version: 6, cidr: '2001:db8::/64', enable_dhcp: false });
    expect(await failure(make({ floating_network_id: bare.id }))).toEqual(
      refusal(`Network ${bare.id} does not contain any IPv4 subnet`),
    );
  });

  it('of a subnet of somebody else as if it were not there', async () => {
    const foreign = await f.network({ project_id: 'p9' });
    const { id: subnet_id } = await f.subnet(foreign.id, { project_id: 'p9', cidr: '10.99.0.0/24' });
    expect((await failure(make({ subnet_id }, member('p1')))).type).toBe('SubnetNotFound');
    expect((await failure(make({ subnet_id }))).type).toBe('InvalidInput');
  });

  it('to an address that has one of that network', async () => {
    const port = await guest();
    await make({ port_id: port.id });
    const second = await make();
    expect(await failure(fips.update!(f.context, second.id, { port_id: port.id }))).toEqual({
      type: 'FloatingIPPortAlreadyAssociated',
      message: `Cannot associate floating IP ${second.floating_ip_address} (${second.id}) with port ${port.id} using fixed IP ${port.fixed_ips[0]!.ip_address}, as that fixed IP already has a floating IP on external network ${world.outside.id}.`,
    });
    expect((await failure(make({ port_id: port.id }))).type).toBe('FloatingIPPortAlreadyAssociated');
    // Nothing is left of what was refused.
    expect(await all(fips)).toHaveLength(2);
    expect(await all(f.plugin.collections.ports, { filters: { device_owner: ['network:floatingip'] } })).toHaveLength(
      2,
    );
  });

  it('to a port that no router connects', async () => {
    const apart = await f.network();
    const subnet = await f.subnet(apart.id, { cidr: '10.9.0.0/24' });
    const port = await f.port(apart.id);
    expect(await failure(make({ port_id: port.id }))).toEqual({
      type: 'ExternalGatewayForFloatingIPNotFound',
      message: `External network ${world.outside.id} is not reachable from subnet ${subnet.id}.  Therefore, cannot associate Port ${port.id} with a Floating IP.`,
    });
  });

  it('to addresses that cannot be meant', async () => {
    const two = await guest({ fixed_ips: [{ ip_address: '10.0.0.20' }, { ip_address: '10.0.0.21' }] });
    const none = await guest({ fixed_ips: [] });
    const dhcp = await guest({ device_owner: 'network:dhcp' });
    expect((await failure(make({ port_id: two.id }))).message).toContain('multiple fixed IPv4 addresses');
    expect((await failure(make({ port_id: none.id }))).message).toContain('no fixed IPv4 addresses');
    expect(await failure(make({ port_id: two.id, fixed_ip_address: '10.0.0.9' }))).toEqual(
      refusal(`Port ${two.id} does not have fixed ip 10.0.0.9`),
    );
    expect((await failure(make({ port_id: two.id, fixed_ip_address: '2001:db8::1' }))).message).toContain(
      'is not an IPv4 address',
    );
    expect(await failure(make({ fixed_ip_address: '10.0.0.20' }))).toEqual(
      refusal('fixed_ip_address cannot be specified without a port_id'),
    );
    expect((await failure(make({ port_id: dhcp.id }))).type).toBe('BadRequest');
  });

  it('to other projects’ ports, unless an administrator says so', async () => {
    const foreign = await guest({ project_id: 'p2' });
    expect((await failure(make({ port_id: foreign.id }, member('p1')))).type).toBe('BadRequest');
    await make({ port_id: foreign.id });
  });

  it('for the address of the metadata service, and those of HA routers', async () => {
    await f.subnet(world.outside.id, { cidr: '169.254.0.0/16', enable_dhcp: false });
    const metadata = refusal('169.254.169.254 is where guests find their metadata');
    expect(await failure(make({ floating_ip_address: '169.254.169.254' }))).toEqual(metadata);
    expect(await failure(make({ floating_ip_address: '169.254.192.9' }))).toEqual(
      refusal('169.254.192.9 is an address of the networks of HA routers'),
    );
  });
});

describe('a port with a floating IP', () => {
  it('frees it when it goes', async () => {
    const port = await guest();
    const fip = await make({ port_id: port.id });
    await f.told();
    await f.plugin.collections.ports.delete!(member('p1'), port.id);
    expect(await fips.get(f.context, fip.id)).toMatchObject({ port_id: null, router_id: null, revision_number: 1 });
  });

  it('stays when the floating IP is an administrator’s', async () => {
    const port = await guest({ project_id: 'p2' });
    await make({ port_id: port.id });
    expect((await failure(f.plugin.collections.ports.delete!(member('p2'), port.id))).type).toBe('FipAssociated');
    await f.plugin.collections.ports.delete!(f.context, port.id);
  });

  it('keeps the address it leads to', async () => {
    const port = await guest({ fixed_ips: [{ ip_address: '10.0.0.20' }] });
    await make({ port_id: port.id });
    const readdress = (...addresses: string[]) =>
      f.plugin.collections.ports.update!(f.context, port.id, {
        fixed_ips: addresses.map((ip_address) => ({ ip_address })),
      });
    expect(await failure(readdress('10.0.0.21'))).toEqual({
      type: 'BadRequest',
      message: `Bad port request: Cannot update the fixed_ips of the port ${port.id}, because its original fixed_ip has been associated to a floating ip.`,
    });
    await readdress('10.0.0.20', '10.0.0.21');
  });
});

describe('an external network', () => {
  it('takes floating IPs that lead nowhere along', async () => {
    const outside = await f.network({ 'router:external': true });
    await f.subnet(outside.id, { cidr: '203.0.113.0/24', enable_dhcp: false });
    const fip = await make({ floating_network_id: outside.id });
    await f.plugin.collections.networks.delete!(f.context, outside.id);
    expect((await failure(fips.get(f.context, fip.id))).type).toBe('FloatingIPNotFound');
  });

  it('stays while one leads to a port', async () => {
    await make({ port_id: (await guest()).id });
    expect((await failure(f.plugin.collections.networks.delete!(f.context, world.outside.id))).type).toBe(
      'NetworkInUse',
    );
  });
});

describe('pools', () => {
  it('are the IPv4 subnets of external networks', async () => {
    await f.subnet(world.outside.id, { ip_version: 6, cidr: '2001:db8::/64', enable_dhcp: false });
    const pools = f.plugin.collections.floatingip_pools!;
    const { id: subnet_id, name: subnet_name, network_id, cidr } = world.outsideSubnet;
    expect(await all(pools, {}, member('p2'))).toEqual([
      { subnet_id, subnet_name, network_id, cidr, tenant_id: 'p2', project_id: 'p2' },
    ]);
  });
});
