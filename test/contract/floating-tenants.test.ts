import { afterAll, beforeAll, expect, it } from 'vitest';
import { admin, type Caller, makeTenants, member, type Tenants } from '../support/tenants.ts';

/** Who may do what with floating addresses and what stands on routers, by the rules of policy as they come. */
const owner = member('demo');
const reader: Caller = { ...member('demo'), roles: ['reader'] };
const manager: Caller = { ...member('demo'), roles: ['manager', 'member', 'reader'] };
const stranger = member('alt');
let t: Tenants;
// biome-ignore lint/suspicious/noExplicitAny: bodies of all kinds
let on: Record<string, any>;

beforeAll(async () => {
  const service_plugins = ['router', 'port_forwarding', 'conntrack_helper', 'metering', 'qos'];
  t = await makeTenants({ options: { service: { service_plugins } } });
  const outside = await t.create(admin, 'networks', { 'router:external': true });
  const v4 = { ip_version: 4, cidr: '198.18.210.0/24', enable_dhcp: false };
  const random = { start: '198.18.210.100', end: '198.18.210.250' };
  await t.create(admin, 'subnets', { network_id: outside.id, ...v4, allocation_pools: [random] });
  const inside = await t.create(owner, 'networks', {});
  const subnet = await t.create(owner, 'subnets', { network_id: inside.id, ip_version: 4, cidr: '10.0.0.0/24' });
  const router = await t.create(owner, 'routers', { external_gateway_info: { network_id: outside.id } });
  await t.ask(owner, 'PUT', `routers/${router.id}/add_router_interface`, { subnet_id: subnet.id });
  on = { outside, inside, router, port: await t.create(owner, 'ports', { network_id: inside.id }) };
});
afterAll(async () => {
  const { faults } = t;
  await t[Symbol.asyncDispose]();
  expect(faults).toEqual([]);
});

const outcome = async (caller: Caller, method: string, path: string, body?: object) => {
  const answer = await t.ask(caller, method, path, body);
  return `${answer.status} ${answer.body?.NeutronError?.type ?? ''}`.trim();
};
const floating = (more = {}) => ({ floatingip: { floating_network_id: on.outside.id, ...more } });

it('members have floating IPs, managers choose the address, readers look', async () => {
  expect(await outcome(owner, 'POST', 'floatingips', floating())).toBe('201');
  const chosen = floating({ floating_ip_address: '198.18.210.99' });
  expect(await outcome(owner, 'POST', 'floatingips', chosen)).toBe('403 PolicyNotAuthorized');
  expect(await outcome(manager, 'POST', 'floatingips', chosen)).toBe('201');
  expect(await outcome(reader, 'POST', 'floatingips', floating())).toBe('403 PolicyNotAuthorized');
  const { floatingips } = (await t.ask(reader, 'GET', 'floatingips')).body;
  expect(floatingips).toHaveLength(2);
  expect((await t.ask(stranger, 'GET', 'floatingips')).body.floatingips).toEqual([]);
  const path = `floatingips/${floatingips[0].id}`;
  for (const method of ['GET', 'DELETE']) expect(await outcome(stranger, method, path)).toBe('404 FloatingIPNotFound');
  expect(await outcome(reader, 'DELETE', path)).toBe('403 PolicyNotAuthorized');
  const pools = (await t.ask(stranger, 'GET', 'floatingip_pools')).body.floatingip_pools;
  expect(pools).toMatchObject([{ network_id: on.outside.id, cidr: '198.18.210.0/24', project_id: 'alt' }]);
});

it('an external network is a way out, no place for members’ ports and subnets', async () => {
  const attempt = async (caller: Caller, collection: string, attributes: object) => {
    const key = collection.slice(0, -1);
    const body = { [key]: { network_id: on.outside.id, ...attributes } };
    const answer = await t.ask(caller, 'POST', collection, body);
    return answer.status === 201
      ? 201
      : [answer.status, answer.body.NeutronError.type, answer.body.NeutronError.message];
  };
  const refused = (what: string) => [403, 'HTTPForbidden', `Tenant alt not allowed to create ${what} on this network`];
  expect(await attempt(stranger, 'ports', {})).toEqual(refused('port'));
  expect(await attempt(stranger, 'ports', { fixed_ips: [{ ip_address: '198.18.210.9' }] })).toEqual(refused('port'));
  expect(await attempt(stranger, 'subnets', { ip_version: 4, cidr: '198.18.211.0/24' })).toEqual(refused('subnet'));
  const several = { ports: [{ network_id: on.outside.id }, { network_id: on.outside.id }] };
  expect(await outcome(stranger, 'POST', 'ports', several)).toBe('403 HTTPForbidden');
  expect(await attempt({ project: 'alt', roles: ['service'] }, 'ports', {})).toBe(201);
  expect(await attempt(admin, 'ports', { project_id: 'alt' })).toBe(201);
  const shared = await t.create(admin, 'networks', { 'router:external': true, shared: true });
  expect(await outcome(stranger, 'POST', 'ports', { port: { network_id: shared.id } })).toBe('201');
});

it('nor is it by the rules of older releases, which left that to this check', async () => {
  await using older = await makeTenants({ newDefaults: false });
  const outside = await older.create(admin, 'networks', { 'router:external': true });
  const semi = await older.create(admin, 'networks', {});
  const entry = { object_type: 'network', object_id: semi.id, action: 'access_as_external', target_tenant: 'alt' };
  await older.create(admin, 'rbac-policies', entry);
  const mine = await older.create(stranger, 'networks', {});
  for (const [network_id, expected] of [
    [outside.id, '403 HTTPForbidden'],
    [semi.id, '403 HTTPForbidden'],
    [on.outside.id, '404 NetworkNotFound'],
    [mine.id, '201 '],
  ]) {
    const { status, body } = await older.ask(stranger, 'POST', 'ports', { port: { network_id } });
    expect(`${status} ${body.NeutronError?.type ?? ''}`).toBe(expected);
  }
});

it('a project’s ports are not for others’ floating IPs', async () => {
  const theirs = floating({ port_id: on.port.id });
  expect(await outcome(stranger, 'POST', 'floatingips', theirs)).toBe('404 PortNotFound');
});

it('forwardings are for who has the floating IP', async () => {
  const fip = await t.create(owner, 'floatingips', floating().floatingip);
  const path = `floatingips/${fip.id}/port_forwardings`;
  const address = on.port.fixed_ips[0].ip_address;
  const ports = { protocol: 'tcp', external_port: 2222, internal_port: 22 };
  const body = { port_forwarding: { ...ports, internal_port_id: on.port.id, internal_ip_address: address } };
  expect(await outcome(stranger, 'POST', path, body)).toBe('403 PolicyNotAuthorized');
  expect(await outcome(reader, 'POST', path, body)).toBe('403 PolicyNotAuthorized');
  const made = (await t.ask(owner, 'POST', path, body)).body.port_forwarding;
  expect(made).toMatchObject({ external_port: 2222 });
  expect((await t.ask(reader, 'GET', path)).body.port_forwardings).toEqual([made]);
  expect((await t.ask(reader, 'GET', `${path}?external_port=x`)).body.port_forwardings).toEqual([]);
  expect(await outcome(stranger, 'GET', path)).toBe('404 FloatingIPNotFound');
  expect(await outcome(stranger, 'DELETE', `${path}/${made.id}`)).toBe('404 FloatingIPNotFound');
  const wrong = (more: object) =>
    outcome(owner, 'POST', path, { port_forwarding: { ...body.port_forwarding, ...more } });
  expect(await wrong({ external_port: 70_000 })).toBe('400 HTTPBadRequest');
  for (const protocol of ['frob', 6]) expect(await wrong({ protocol })).toBe('400 InvalidInput');
  for (const protocol of [null, 'TCP']) expect(await wrong({ protocol })).toBe('400 HTTPBadRequest');
  expect(await outcome(owner, 'GET', `${path}?protocol=x`)).toBe('400 InvalidInput');
  expect(await outcome(owner, 'DELETE', `${path}/${made.id}`)).toBe('204');
});

it('conntrack helpers are for who has the router', async () => {
  const path = `routers/${on.router.id}/conntrack_helpers`;
  const body = { conntrack_helper: { protocol: 'udp', port: 69, helper: 'tftp' } };
  expect(await outcome(stranger, 'POST', path, body)).toBe('403 PolicyNotAuthorized');
  expect(await outcome(reader, 'POST', path, body)).toBe('403 PolicyNotAuthorized');
  expect(await outcome(owner, 'POST', path, body)).toBe('201');
  expect((await t.ask(reader, 'GET', path)).body.conntrack_helpers).toMatchObject([{ helper: 'tftp' }]);
});

it('labels are for managers, and lists always show their names', async () => {
  const label = { metering_label: { name: 'm', description: 'd' } };
  expect(await outcome(owner, 'POST', 'metering/metering-labels', label)).toBe('403 PolicyNotAuthorized');
  const made = (await t.ask(manager, 'POST', 'metering/metering-labels', label)).body.metering_label;
  const rule = { metering_label_id: made.id, direction: 'egress', source_ip_prefix: '10.0.0.0/24' };
  const post = (caller: Caller) =>
    outcome(caller, 'POST', 'metering/metering-label-rules', { metering_label_rule: rule });
  expect([await post(owner), await post(manager)]).toEqual(['403 PolicyNotAuthorized', '201']);
  const { metering_labels } = (await t.ask(reader, 'GET', 'metering/metering-labels?fields=description')).body;
  expect(metering_labels).toEqual([{ name: 'm', description: 'd', shared: false }]);
  const one = await t.ask(reader, 'GET', `metering/metering-labels/${made.id}?fields=description`);
  expect(one.body.metering_label).toEqual({ description: 'd' });
  expect(await outcome(manager, 'DELETE', `metering/metering-labels/${made.id}`)).toBe('204');
});

it('rules that let everybody look show nobody what is not theirs', async () => {
  const rules = { get_floatingip: '', get_router: '', get_port: '', get_network: '' };
  await using open = await makeTenants({
    options: { service: { service_plugins: ['router'] } },
    rules: [{ path: 'policy.yaml', rules }],
  });
  const network = await open.create(owner, 'networks', {});
  const outside = await open.create(admin, 'networks', { 'router:external': true });
  await open.create(admin, 'subnets', { network_id: outside.id, ip_version: 4, cidr: '198.18.210.0/24' });
  const made = {
    networks: network,
    ports: await open.create(owner, 'ports', { network_id: network.id }),
    routers: await open.create(owner, 'routers', {}),
    floatingips: await open.create(owner, 'floatingips', { floating_network_id: outside.id }),
  };
  for (const [collection, { id }] of Object.entries(made)) {
    for (const path of [`${collection}/${id}`, `${collection}/${id}/explain`]) {
      expect([path, (await open.ask(owner, 'GET', path)).status]).toEqual([path, 200]);
      expect([path, (await open.ask(stranger, 'GET', path)).status]).toEqual([path, 404]);
    }
  }
});
