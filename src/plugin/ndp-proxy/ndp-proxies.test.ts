import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Network, Port, Subnet } from '../../resources/shapes.ts';
import type { Collection, Input } from '../contract.ts';
import { all, createFixture, type Fixture, failure, member } from '../fixture.ts';
import { attach } from '../floatingip/routed.ts';
import type { NdpProxy } from './ndp-proxies.ts';

let f: Fixture;
let scope: string;
let pool: string;
let outside: Network;
let inside: Network;
let insideSubnet: Subnet;
let router: string;
let guest: Port;
let proxies: Collection<NdpProxy>;

const scoped = (prefix: string) => ({ ip_version: 6, cidr: prefix, subnetpool_id: pool });

beforeEach(async () => {
  f = await createFixture({ service: { service_plugins: ['router', 'ndp_proxy'] } });
  const { address_scopes, subnetpools, routers, ndp_proxies } = f.plugin.collections;
  scope = (await address_scopes!.create!(f.context, { project_id: 'admin', name: 's', ip_version: 6, shared: true }))
    .id;
  const asked = { project_id: 'admin', name: 'p', prefixes: ['2001:db8::/32'], address_scope_id: scope, shared: true };
  pool = (await subnetpools!.create!(f.context, { ...asked, default_prefixlen: 64 })).id;
  outside = await f.network({ 'router:external': true, project_id: 'admin' });
  await f.subnet(outside.id, { ...scoped('2001:db8:0:1::/64'), project_id: 'admin', enable_dhcp: false });
  inside = await f.network();
  insideSubnet = await f.subnet(inside.id, scoped('2001:db8:0:2::/64'));
  const made = {
    project_id: 'p1',
    name: 'r',
    external_gateway_info: { network_id: outside.id },
    enable_ndp_proxy: true,
  };
  router = (await routers!.create!(f.context, made)).id;
  await attach(f, router, { subnet_id: insideSubnet.id });
  guest = await f.port(inside.id, { fixed_ips: [{ ip_address: '2001:db8:0:2::20' }] });
  proxies = ndp_proxies!;
  f.transport.hears = () => true;
  await f.told();
});
afterEach(() => f[Symbol.asyncDispose]());

const make = (input: Input = {}, context = f.context) =>
  proxies.create!(context, { project_id: 'p1', name: 'web', router_id: router, port_id: guest.id, ...input });
const changeRouter = (changes: Input) => f.plugin.collections.routers!.update!(f.context, router, changes);
const typeOf = async (promise: Promise<unknown>) => (await failure(promise)).type;

describe('an NDP proxy', () => {
  it('is made for the address that the router reaches', async () => {
    const made = await make();
    expect(made).toMatchObject({
      ...{ name: 'web', project_id: 'p1', tenant_id: 'p1', router_id: router, port_id: guest.id, revision_number: 0 },
      ip_address: '2001:db8:0:2::20',
    });
    expect(await proxies.get(f.context, made.id)).toEqual(made);
    const changed = await proxies.update!(f.context, made.id, { name: 'mail' });
    expect(changed).toMatchObject({ name: 'mail', revision_number: 1 });
    expect(await all(proxies, {}, member('p2'))).toEqual([]);
    await proxies.delete!(f.context, made.id);
    expect(await typeOf(proxies.get(f.context, made.id))).toBe('NDPProxyNotFound');
  });

  it('is found by its description, as by all else', async () => {
    const { id } = await make({ description: 'one' });
    const found = async (description: string) =>
      (await all(proxies, { filters: { description: [description] } })).map((proxy) => proxy.id);
    expect([await found('one'), await found('two')]).toEqual([[id], []]);
  });

  it('is told to agents, and may be asked for', async () => {
    const { id } = await make();
    const asked = { resource_type: 'NDPProxy', version: '1.0', filter_kwargs: { router_id: [router] } };
    const [object] = await f.ask('bulk_pull', asked);
    expect(object['versioned_object.data']).toMatchObject({ id, router_id: router, ip_address: '2001:db8:0:2::20' });
    await proxies.delete!(f.context, id);
    const pushed = (await f.told()).filter(({ to }) => to === 'neutron-vo-NDPProxy-1.0_fanout');
    expect(pushed.map(({ args }) => args.event_type)).toEqual(['created', 'deleted']);
  });

  it('goes with the port, or with its address', async () => {
    await make();
    await f.plugin.collections.ports.update!(f.context, guest.id, { fixed_ips: [{ ip_address: '2001:db8:0:2::21' }] });
    expect(await all(proxies)).toEqual([]);
    await make();
    await f.plugin.collections.ports.delete!(f.context, guest.id);
    expect(await all(proxies)).toEqual([]);
  });
});

describe('an NDP proxy is refused', () => {
  it('where there is one', async () => {
    await make();
    expect(await typeOf(make())).toBe('NeutronDbObjectDuplicateEntry');
  });

  it('for addresses that are not the port’s', async () => {
    expect(await typeOf(make({ ip_address: '2001:db8:0:2::99' }))).toBe('InvalidAddress');
    const legacy = await f.network();
    await attach(f, router, { subnet_id: (await f.subnet(legacy.id)).id });
    expect(await typeOf(make({ port_id: (await f.port(legacy.id)).id }))).toBe('BadRequest');
  });

  it('for ports that the router does not reach, or others’', async () => {
    const apart = await f.network();
    await f.subnet(apart.id, scoped('2001:db8:0:3::/64'));
    expect(await typeOf(make({ port_id: (await f.port(apart.id)).id }))).toBe('PortUnreachableRouter');
    const foreign = await f.port(inside.id, { project_id: 'p2' });
    expect(await typeOf(make({ port_id: foreign.id }, member('p1')))).toBe('BadRequest');
    expect(await typeOf(make({}, member('p2')))).toBe('PortNotFound');
    const missing = '6467eb18-75ae-4530-a39a-ed5c639f2c1f';
    expect(await typeOf(make({ router_id: missing }))).toBe('RouterNotFound');
  });

  it('on routers that answer for nobody', async () => {
    await changeRouter({ enable_ndp_proxy: false });
    expect(await typeOf(make())).toBe('RouterNDPProxyNotEnable');
  });

  it('between different address scopes', async () => {
    const other = await f.network();
    const subnet = await f.subnet(other.id, { ip_version: 6, cidr: '2001:db9::/64' });
    await attach(f, router, { subnet_id: subnet.id });
    expect(await typeOf(make({ port_id: (await f.port(other.id)).id }))).toBe('AddressScopeConflict');
  });
});

describe('a router with NDP proxies', () => {
  it('keeps its gateway and the way to them', async () => {
    const { id } = await make();
    expect(await typeOf(changeRouter({ external_gateway_info: null }))).toBe('RouterGatewayInUseByNDPProxy');
    const call = { context: f.context, params: { id: router }, parameters: [], ifRevision: null };
    const leave = () =>
      f.plugin.routes['PUT routers/{id}/remove_router_interface']!({ ...call, input: { subnet_id: insideSubnet.id } });
    expect(await typeOf(leave())).toBe('RouterInterfaceInUseByNDPProxy');
    await proxies.delete!(f.context, id);
    await changeRouter({ external_gateway_info: null });
    await leave();
  });

  it('answers only with a gateway that has IPv6 and a scope', async () => {
    const { routers } = f.plugin.collections;
    const asked = { project_id: 'p1', name: 'r', enable_ndp_proxy: true };
    expect(await typeOf(routers!.create!(f.context, asked))).toBe('RouterGatewayNotValid');
    const bare = await f.network({ 'router:external': true });
    await f.subnet(bare.id, { ip_version: 6, cidr: '2001:dba::/64', enable_dhcp: false });
    const unscoped = { ...asked, external_gateway_info: { network_id: bare.id } };
    expect(await typeOf(routers!.create!(f.context, unscoped))).toBe('RouterGatewayNotValid');
    const plain = await routers!.create!(f.context, { ...unscoped, enable_ndp_proxy: undefined });
    expect(plain.enable_ndp_proxy).toBe(false);
    expect(await typeOf(routers!.update!(f.context, plain.id, { enable_ndp_proxy: true }))).toBe(
      'RouterGatewayNotValid',
    );
    expect(await changeRouter({ external_gateway_info: null })).toMatchObject({ enable_ndp_proxy: false });
  });
});
