import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { all, failure, member, type Port } from '../fixture.ts';
import { gateway, RouterFixture } from './router-fixture.ts';

let r: RouterFixture;

beforeEach(async () => {
  r = await RouterFixture.make();
});
afterEach(() => r[Symbol.asyncDispose]());

const p1 = member('p1');
const p2 = member('p2');
const nobody = '00000000-0000-0000-0000-000000000000';
const bad = (msg: string) => ({ type: 'BadRequest', message: `Bad router request: ${msg}.` });
const portsOf = (id: string) => all(r.f.plugin.collections.ports, { filters: { device_id: [id] } });
const addressesOf = (ports: readonly Port[]) =>
  ports.flatMap(({ fixed_ips }) => fixed_ips.map(({ ip_address }) => ip_address)).sort();

describe('by subnet', () => {
  it('is a port with the address of its gateway', async () => {
    const { id } = await r.router();
    const { network, subnet } = await r.lan();
    const info = await r.add(id, { subnet_id: subnet.id }, p1);
    expect(info).toEqual({
      id,
      tenant_id: 'p1',
      project_id: 'p1',
      port_id: info.port_id,
      network_id: network.id,
      subnet_id: subnet.id,
      subnet_ids: [subnet.id],
    });
    expect(await portsOf(id)).toMatchObject([
      {
        id: info.port_id,
        device_owner: 'network:router_interface',
        fixed_ips: [{ subnet_id: subnet.id, ip_address: '10.0.0.1' }],
        project_id: 'p1',
        port_security_enabled: false,
      },
    ]);
    expect((await r.show(id)).revision_number).toBe(2);
    expect(await r.remove(id, { subnet_id: subnet.id }, p1)).toEqual(info);
    expect(await portsOf(id)).toEqual([]);
  });

  it('is there once', async () => {
    const { id } = await r.router();
    const { subnet } = await r.lan();
    await r.add(id, { subnet_id: subnet.id });
    const again = bad(`Router already has a port on subnet ${subnet.id}`);
    expect(await failure(r.add(id, { subnet_id: subnet.id }))).toEqual(again);
    expect(await portsOf(id)).toHaveLength(1);
  });

  it('needs a gateway address that is free', async () => {
    const { id } = await r.router();
    const { subnet } = await r.lan('10.0.0.0/24', { gateway_ip: null });
    expect(await failure(r.add(id, { subnet_id: subnet.id }))).toEqual(
      bad('Subnet for router interface must have a gateway IP'),
    );
    const other = await r.lan('10.1.0.0/24');
    await r.f.port(other.network.id, { fixed_ips: [{ ip_address: '10.1.0.1' }] });
    expect((await failure(r.add(id, { subnet_id: other.subnet.id }))).type).toBe('IpAddressAlreadyAllocated');
  });

  it('has no address in common with others of the router', async () => {
    const { id } = await r.router();
    const [wide, narrow] = [await r.lan('10.0.0.0/16'), await r.lan('10.0.7.0/24')];
    await r.add(id, { subnet_id: narrow.subnet.id });
    expect(await failure(r.add(id, { subnet_id: wide.subnet.id }))).toEqual(
      bad(`Cidr 10.0.0.0/16 of subnet ${wide.subnet.id} overlaps with cidr 10.0.7.0/24 of subnet ${narrow.subnet.id}`),
    );
  });

  it('has no address in common with the network outside, whichever subnet the gateway is on', async () => {
    const { id } = await r.router();
    const world = await r.world('198.51.100.0/24');
    await r.f.subnet(world.network.id, { project_id: 'admin', cidr: '203.0.113.0/24' });
    await r.update(id, gateway(world.network.id));
    const { subnet } = await r.lan('203.0.113.0/25');
    expect((await failure(r.add(id, { subnet_id: subnet.id }))).message).toContain('overlaps with cidr 203.0.113.0/24');
  });

  it('is of subnets that the caller sees, and may attach', async () => {
    const { id } = await r.router({ project_id: 'p2' });
    const { network, subnet } = await r.lan();
    const hidden = { type: 'SubnetNotFound', message: `Subnet ${subnet.id} could not be found.` };
    expect(await failure(r.add(id, { subnet_id: subnet.id }, p2))).toEqual(hidden);
    await r.f.plugin.collections.networks.update!(r.f.context, network.id, { shared: true });
    const notOwned = `Cannot add interface to router because subnet ${subnet.id} is not owned by project making the request`;
    expect(await failure(r.add(id, { subnet_id: subnet.id }, p2))).toEqual(bad(notOwned));
    await r.f.plugin.collections.rbac_policies!.create!(r.f.context, {
      object_type: 'network',
      object_id: network.id,
      action: 'access_as_shared',
      target_tenant: 'p2',
      project_id: 'p1',
    });
    expect(await r.add(id, { subnet_id: subnet.id }, p2)).toMatchObject({ subnet_id: subnet.id, project_id: 'p2' });
  });

  it('joins the IPv6 port that the router has on the network, and leaves it', async () => {
    const { id } = await r.router();
    const { network, subnet: four } = await r.lan();
    const six = (cidr: string) => r.f.subnet(network.id, { ip_version: 6, cidr, gateway_ip: `${cidr.slice(0, -3)}1` });
    const [one, two] = [await six('2001:db8:1::/64'), await six('2001:db8:2::/64')];
    const own = await r.add(id, { subnet_id: four.id });
    const first = await r.add(id, { subnet_id: one.id });
    const second = await r.add(id, { subnet_id: two.id });
    expect(first.port_id).not.toBe(own.port_id);
    expect(second).toMatchObject({ port_id: first.port_id, subnet_id: two.id, subnet_ids: [two.id] });
    expect(await r.remove(id, { subnet_id: one.id })).toMatchObject({ port_id: first.port_id, subnet_ids: [one.id] });
    expect(addressesOf(await portsOf(id))).toEqual(['10.0.0.1', '2001:db8:2::1']);
  });

  it('is not of subnets that somebody else advertises', async () => {
    const { id } = await r.router();
    const network = await r.f.network();
    const subnet = await r.f.subnet(network.id, { ip_version: 6, cidr: '2001:db8::/64', ipv6_address_mode: 'slaac' });
    expect((await failure(r.add(id, { subnet_id: subnet.id }))).message).toContain(
      'receive RAs from an external router',
    );
  });

  it('gives auto addresses to no port of a router when such a subnet comes', async () => {
    const { id } = await r.router();
    const { network, subnet } = await r.lan();
    const { port_id } = await r.add(id, { subnet_id: subnet.id });
    const modes = { ipv6_address_mode: 'slaac', ipv6_ra_mode: 'slaac', gateway_ip: '2001:db8::1' };
    const auto = await r.f.subnet(network.id, { ip_version: 6, cidr: '2001:db8::/64', ...modes });
    expect((await r.f.plugin.collections.ports.get(p1, port_id)).fixed_ips).toHaveLength(1);
    await r.add(id, { subnet_id: auto.id });
    expect(addressesOf(await portsOf(id))).toEqual(['10.0.0.1', '2001:db8::1']);
  });
});

describe('by port', () => {
  it('is that port, whose address stays', async () => {
    const { id } = await r.router();
    const { network, subnet } = await r.lan();
    const port = await r.f.port(network.id, { fixed_ips: [{ ip_address: '10.0.0.9' }] });
    const info = await r.add(id, { port_id: port.id }, p1);
    expect(info).toMatchObject({ port_id: port.id, subnet_id: subnet.id, subnet_ids: [subnet.id] });
    expect(await portsOf(id)).toMatchObject([{ id: port.id, device_owner: 'network:router_interface' }]);
    await r.remove(id, { port_id: port.id }, p1);
    expect((await failure(r.f.plugin.collections.ports.get(p1, port.id))).type).toBe('PortNotFound');
  });

  it('is one that nobody uses, with an address, of one IPv4 subnet', async () => {
    const { id } = await r.router();
    const { network } = await r.lan();
    const second = await r.f.subnet(network.id, { cidr: '10.1.0.0/24' });
    const used = await r.f.port(network.id, { device_id: 'guest' });
    expect(await failure(r.add(id, { port_id: used.id }))).toEqual({
      type: 'PortInUse',
      message: `Unable to complete operation on port ${used.id} for network ${network.id}. Port already has an attached device guest.`,
    });
    const bare = await r.f.port(network.id, { fixed_ips: [] });
    expect(await failure(r.add(id, { port_id: bare.id }))).toEqual(bad('Router port must have at least one fixed IP'));
    const both = await r.f.port(network.id, { fixed_ips: [{ ip_address: '10.0.0.9' }, { subnet_id: second.id }] });
    expect(await failure(r.add(id, { port_id: both.id }))).toEqual(
      bad('Cannot have multiple IPv4 subnets on router port'),
    );
    expect((await failure(r.add(id, { port_id: nobody }))).type).toBe('PortNotFound');
    expect(await portsOf(id)).toEqual([]);
  });

  it('is no second one with IPv6 on a network', async () => {
    const { id } = await r.router();
    const network = await r.f.network();
    const six = (cidr: string) => r.f.subnet(network.id, { ip_version: 6, cidr, gateway_ip: `${cidr.slice(0, -3)}1` });
    const [one, two] = [await six('2001:db8:1::/64'), await six('2001:db8:2::/64')];
    const { port_id } = await r.add(id, { subnet_id: one.id });
    const port = await r.f.port(network.id, { fixed_ips: [{ subnet_id: two.id }] });
    expect((await failure(r.add(id, { port_id: port.id }))).message).toContain(
      `Existing port ${port_id} has IPv6 subnet(s) and network id ${network.id}`,
    );
  });

  it('has an address on subnets of others only as they give it to everybody', async () => {
    const { id } = await r.router({ project_id: 'p2' });
    const network = await r.f.network({ shared: true });
    const pools = [{ start: '10.0.0.100', end: '10.0.0.200' }];
    const subnet = await r.f.subnet(network.id, { allocation_pools: pools });
    const port = (ip_address: string) => r.f.port(network.id, { project_id: 'p2', fixed_ips: [{ ip_address }] });
    const outside = await port('10.0.0.9');
    expect((await failure(r.add(id, { port_id: outside.id }, p2))).message).toContain(
      `out of the allocation pool of subnet ${subnet.id}`,
    );
    await r.add(id, { port_id: (await port('10.0.0.150')).id }, p2);
  });
});

it('is not where guests find their metadata', async () => {
  const metadata = { type: 'BadRequest', message: expect.stringContaining('is where guests find their metadata') };
  const { id } = await r.router();
  const { network, subnet } = await r.lan('169.254.169.0/24', { gateway_ip: '169.254.169.254' });
  expect(await failure(r.add(id, { subnet_id: subnet.id }))).toMatchObject(metadata);
  const other = await r.lan('169.254.168.0/23');
  const port = await r.f.port(other.network.id, { fixed_ips: [{ ip_address: '169.254.169.254' }] });
  expect(await failure(r.add(id, { port_id: port.id }))).toMatchObject(metadata);
  expect(await r.add(id, { port_id: (await r.f.port(network.id)).id })).toMatchObject({ subnet_id: subnet.id });
});

describe('what is named', () => {
  it('is a subnet or a port, by its id', async () => {
    const { id } = await r.router();
    expect(await failure(r.add(id, {}))).toEqual(bad('Either subnet_id or port_id must be specified'));
    expect(await failure(r.remove(id, {}))).toEqual(bad('Either subnet_id or port_id must be specified'));
    expect(await failure(r.add(id, { subnet_id: nobody, port_id: nobody }))).toEqual(
      bad('Cannot specify both subnet-id and port-id'),
    );
    for (const value of ['x', null, 7, {}]) {
      expect((await failure(r.add(id, { subnet_id: value }))).message).toContain('is not a valid UUID');
    }
  });

  it('is found by removal, or not', async () => {
    const { id } = await r.router();
    const [one, two] = [await r.lan('10.0.0.0/24'), await r.lan('10.1.0.0/24')];
    const { port_id } = await r.add(id, { subnet_id: one.subnet.id });
    expect(await failure(r.remove(id, { port_id: nobody }))).toEqual({
      type: 'RouterInterfaceNotFound',
      message: `Router ${id} does not have an interface with id ${nobody}`,
    });
    expect(await failure(r.remove(id, { subnet_id: two.subnet.id }))).toEqual({
      type: 'RouterInterfaceNotFoundForSubnet',
      message: `Router ${id} has no interface on subnet ${two.subnet.id}`,
    });
    expect((await failure(r.remove(id, { subnet_id: nobody }))).type).toBe('SubnetNotFound');
    expect(await failure(r.remove(id, { port_id, subnet_id: two.subnet.id }))).toEqual({
      type: 'SubnetMismatchForPort',
      message: `Subnet on port ${port_id} does not match the requested subnet ${two.subnet.id}.`,
    });
    await r.remove(id, { port_id, subnet_id: one.subnet.id });
  });
});

describe('one that is used', () => {
  it('by a floating address stays', async () => {
    const { id } = await r.router();
    const [lan, world] = [await r.lan(), await r.world()];
    const guest = await r.f.port(lan.network.id, { fixed_ips: [{ ip_address: '10.0.0.9' }] });
    const { port_id } = await r.add(id, { subnet_id: lan.subnet.id });
    await r.update(id, gateway(world.network.id));
    await r.floats(id, world, { port_id: guest.id, address: '10.0.0.9' });
    for (const named of [{ subnet_id: lan.subnet.id }, { port_id }]) {
      expect((await failure(r.remove(id, named))).type).toBe('RouterInterfaceInUseByFloatingIP');
    }
    const other = await r.lan('10.1.0.0/24');
    await r.add(id, { subnet_id: other.subnet.id });
    await r.remove(id, { subnet_id: other.subnet.id });
  });

  it('by a route stays', async () => {
    const { id } = await r.router();
    const { subnet } = await r.lan();
    await r.add(id, { subnet_id: subnet.id });
    await r.update(id, { routes: [{ destination: '10.9.0.0/16', nexthop: '10.0.0.9' }] });
    expect((await failure(r.remove(id, { subnet_id: subnet.id }))).type).toBe('RouterInterfaceInUseByRoute');
  });

  it('keeps its router, its subnet and its network', async () => {
    const { id } = await r.router();
    const { network, subnet } = await r.lan();
    const { port_id } = await r.add(id, { subnet_id: subnet.id });
    expect(await failure(r.routers.delete(p1, id))).toEqual({
      type: 'RouterInUse',
      message: `Router ${id} has ports still attached: ${port_id}`,
    });
    const { networks, subnets } = r.f.plugin.collections;
    expect((await failure(subnets.delete!(p1, subnet.id))).type).toBe('SubnetInUse');
    expect((await failure(networks.delete!(p1, network.id))).type).toBe('NetworkInUse');
    expect((await failure(subnets.update!(p1, subnet.id, { gateway_ip: '10.0.0.2' }))).type).toBe('GatewayIpInUse');
  });
});

it('gives the router an agent with its first network', async () => {
  await r.f.l3Agent('host1', {}, { availability_zone: 'nova' });
  const { id, availability_zones } = await r.router();
  expect(availability_zones).toEqual([]);
  const { subnet } = await r.lan();
  await r.add(id, { subnet_id: subnet.id });
  expect((await r.show(id)).availability_zones).toEqual(['nova']);
});
