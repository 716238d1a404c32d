import { afterEach, describe, expect, it } from 'vitest';
import { admin, type Caller, makeTenants, member, reader, type Tenants } from '../support/tenants.ts';

// biome-ignore lint/suspicious/noExplicitAny: answers of all kinds; tests look at what they expect
type Json = any;

/** What the dashboard is told that it may offer, beside what the server then permits. */
let t: Tenants;
afterEach(async () => {
  const { faults } = t;
  await t[Symbol.asyncDispose]();
  expect(faults).toEqual([]);
});

const demo = member('demo');
const looker = reader('demo');
const services = ['router', 'segments', 'trunk', 'qos', 'port_forwarding', 'metering'];
const withServices = {
  options: { service: { service_plugins: services }, securityGroup: { enable_security_group: true } },
};
const all = async (caller: Caller) => (await t.ask(caller, 'GET', '/dashboard/permissions')).body.resources;
const of = async (caller: Caller, path: string) => (await t.ask(caller, 'GET', `/dashboard/permissions/${path}`)).body;

describe('what may be done with one’s own', () => {
  it('is everything that exists for an administrator, but what is for services alone', async () => {
    t = await makeTenants(withServices);
    const resources = await all(admin);
    const { networks, ports, agents } = resources;
    expect(networks).toMatchObject({ list: true, create: true, update: true, delete: true, judged: false });
    expect([networks.not_in_create, networks.not_in_update, networks.hidden]).toEqual([[], [], []]);
    expect(ports.not_in_create).toEqual(['binding:profile']);
    expect(agents.actions).toMatchObject({ 'create_dhcp-network': true, 'create_l3-router': true });
  });

  it('is what members have for a member', async () => {
    t = await makeTenants(withServices);
    const resources = await all(demo);
    const { networks, ports, routers, agents, policies } = resources;
    expect(networks).toMatchObject({ list: true, create: true, update: true, delete: true, judged: true });
    expect(networks.hidden).toContain('provider:network_type');
    expect(networks.not_in_create).toEqual(
      expect.arrayContaining(['shared', 'router:external', 'provider:segmentation_id', 'project_id']),
    );
    expect(networks.not_in_create).not.toContain('port_security_enabled');
    expect(ports.not_in_create).not.toContain('mac_address');
    expect(ports.not_in_update).toContain('mac_address');
    expect(routers.not_in_update).toEqual(
      expect.arrayContaining(['external_gateway_info:enable_snat', 'external_gateway_info:external_fixed_ips']),
    );
    expect(routers.not_in_update).not.toContain('external_gateway_info');
    expect(routers.actions).toMatchObject({ add_router_interface: true, remove_router_interface: true });
    expect(agents).toMatchObject({ list: false, update: false, delete: false });
    expect(policies).toMatchObject({ list: true, create: false });
  });

  it('is nothing but looking for a reader', async () => {
    t = await makeTenants(withServices);
    const resources: Record<string, Json> = await all(looker);
    const known = ['networks', 'subnets', 'ports', 'routers', 'floatingips', 'security_groups', 'trunks', 'policies'];
    for (const key of [...known, 'agents', 'segments', 'subnetpools', 'floatingips/port_forwardings']) {
      const { create, update, delete: remove, actions } = resources[key];
      const acts = Object.entries(actions).filter(([rule, allowed]) => allowed && !rule.startsWith('get_'));
      expect([key, create, update, remove, acts]).toEqual([key, false, false, false, []]);
    }
  });

  it('needs a caller who is known, a path that is there, and no more ids than a list shows', async () => {
    t = await makeTenants();
    expect((await t.ask(admin, 'GET', '/dashboard/permissions/none')).status).toBe(404);
    expect((await t.ask(admin, 'GET', '/dashboard/permissions/networks/x')).status).toBe(404);
    expect((await t.ask(admin, 'GET', '/dashboard/permissions/%2f')).status).toBe(404);
    const ids = Array.from({ length: 501 }, (_, at) => `id=${at}`).join('&');
    expect((await t.ask(admin, 'GET', `/dashboard/permissions/networks?${ids}`)).status).toBe(400);
    expect((await t.ask(admin, 'PUT', '/dashboard/permissions', {})).status).toBe(405);
  });

  it('follows the operator’s rules', async () => {
    const rules = { delete_network: 'rule:admin_only', 'create_network:mtu': 'rule:admin_only' };
    t = await makeTenants({ rules: [{ path: 'policy.yaml', rules }] });
    const { networks } = await all(demo);
    expect(networks).toMatchObject({ create: true, delete: false });
    expect(networks.not_in_create).toContain('mtu');
  });
});

describe('what may be done with an object', () => {
  it('is told of one’s own, of what others share, and of nothing that is not seen', async () => {
    t = await makeTenants();
    const own = await t.create(demo, 'networks', {});
    const shared = await t.create(admin, 'networks', { shared: true });
    const hidden = await t.create(admin, 'networks', {});
    const ids = [own, shared, hidden].map(({ id }) => `id=${id}`).join('&');
    const { objects } = await of(demo, `networks?${ids}&id=none`);
    expect(Object.keys(objects).sort()).toEqual([own.id, shared.id].sort());
    expect(objects[own.id]).toMatchObject({ update: true, delete: true });
    expect(objects[shared.id]).toMatchObject({ update: false, delete: false });
    const ofAdmin = (await of(admin, `networks?${ids}`)).objects;
    expect(Object.keys(ofAdmin).length).toBe(3);
    expect((await of(looker, `networks?id=${own.id}`)).objects[own.id]).toMatchObject({ update: false, delete: false });
  });

  it('of somebody’s port on one’s network is to delete it', async () => {
    t = await makeTenants();
    const own = await t.create(demo, 'networks', {});
    const port = await t.create(admin, 'ports', { network_id: own.id });
    const { objects } = await of(demo, `ports?id=${port.id}`);
    expect(objects[port.id]).toMatchObject({ update: false, delete: true });
    expect((await t.ask(demo, 'PUT', `ports/${port.id}`, { port: { name: 'mine' } })).status).toBe(403);
    expect((await t.ask(demo, 'DELETE', `ports/${port.id}`)).status).toBe(204);
  });

  it('depends on the network that a new one is to be on', async () => {
    t = await makeTenants();
    const own = await t.create(demo, 'networks', {});
    const shared = await t.create(admin, 'networks', { shared: true });
    const hidden = await t.create(admin, 'networks', {});
    const onOwn = await of(demo, `ports?network_id=${own.id}`);
    const onShared = await of(demo, `ports?network_id=${shared.id}`);
    expect(onOwn.create).toBe(true);
    expect(onOwn.not_in_create).not.toContain('mac_address');
    expect(onShared.create).toBe(true);
    expect(onShared.not_in_create).toEqual(
      expect.arrayContaining(['mac_address', 'fixed_ips:ip_address', 'port_security_enabled']),
    );
    expect(onShared.not_in_create).not.toContain('fixed_ips');
    expect((await of(demo, `ports?network_id=${hidden.id}`)).create).toBe(false);
    expect((await of(demo, `subnets?network_id=${shared.id}`)).create).toBe(false);
  });

  it('below a parent goes by the parent', async () => {
    t = await makeTenants(withServices);
    const policy = await t.create(admin, 'policies', { name: 'p', shared: true });
    const rule = await t.create(admin, `policies/${policy.id}/bandwidth_limit_rules`, { max_kbps: 100 });
    const path = `policies/${policy.id}/bandwidth_limit_rules?id=${rule.id}`;
    const manager: Caller = { project: 'demo', roles: ['manager', 'member', 'reader'] };
    expect((await of(admin, path)).objects[rule.id]).toMatchObject({ update: true, delete: true });
    expect(await of(manager, path)).toMatchObject({ create: false });
    expect((await all(manager))['policies/bandwidth_limit_rules'].create).toBe(true);
  });
});

/** What to write into an attribute to find out; those that are not here are written as they are. */
const samples: Readonly<Record<string, unknown>> = {
  'binding:host_id': 'h',
  'binding:profile': {},
  'provider:network_type': 'flat',
  'provider:physical_network': 'physnet1',
  'provider:segmentation_id': 5,
  segments: [],
  hints: null,
  trusted: true,
  data_plane_status: 'ACTIVE',
  distributed: false,
  ha: false,
  segment_id: null,
};

describe('every attribute that a rule speaks of', () => {
  it.each([
    ['admin', admin],
    ['member', demo],
    ['reader', looker],
  ] as const)('is refused to the %s exactly where that was told', async (_role, caller) => {
    t = await makeTenants(withServices);
    const network = await t.create(demo, 'networks', {});
    const subnet = await t.create(demo, 'subnets', { network_id: network.id, ip_version: 4, cidr: '10.0.0.0/24' });
    const port = await t.create(demo, 'ports', { network_id: network.id });
    const router = await t.create(demo, 'routers', {});
    const group = await t.create(demo, 'security_groups', { name: 'g' });
    const objects = { networks: network, subnets: subnet, ports: port, routers: router, security_groups: group };
    for (const [collection, { id }] of Object.entries(objects)) {
      const kind = collection.slice(0, -1);
      const told = (await of(caller, `${collection}?id=${id}`)).objects[id];
      const stored = (await t.ask(admin, 'GET', `${collection}/${id}`)).body[kind];
      for (const name of Object.keys({ ...stored, ...samples })) {
        const answer = await t.ask(caller, 'PUT', `${collection}/${id}`, {
          [kind]: { [name]: samples[name] !== undefined ? samples[name] : stored[name] },
        });
        // What has no PUT, or is no value, is refused before anybody asks who may.
        if (answer.status === 400) continue;
        const expected = told.update && !told.not_in_update.includes(name);
        expect([collection, name, answer.status !== 403]).toEqual([collection, name, expected]);
      }
    }
  });
});
