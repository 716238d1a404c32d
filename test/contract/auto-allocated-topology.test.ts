import { afterEach, beforeEach, expect, it } from 'vitest';
import { admin, makeTenants, member, reader, type Tenants } from '../support/tenants.ts';

/** Auto-allocated topologies as projects meet them: through the API, under the rules of policy. */
let t: Tenants;
beforeEach(async () => {
  t = await makeTenants();
});
afterEach(async () => {
  const { faults } = t;
  await t[Symbol.asyncDispose]();
  expect(faults).toEqual([]);
});

const demo = member('demo');
const path = 'auto-allocated-topology/demo';
const provide = async () => {
  await t.create(admin, 'networks', { 'router:external': true, is_default: true });
  const pool = { name: 'all', prefixes: ['10.0.0.0/16'], default_prefixlen: 26, is_default: true, shared: true };
  await t.create(admin, 'subnetpools', pool);
};

it('is made for the project of a member or reader who asks, by its id or as None', async () => {
  await provide();
  const { status, body } = await t.ask(demo, 'GET', path);
  const { id } = body.auto_allocated_topology;
  expect([status, body]).toEqual([200, { auto_allocated_topology: { id, tenant_id: 'demo', project_id: 'demo' } }]);
  for (const caller of [demo, reader('demo')]) {
    expect((await t.ask(caller, 'GET', 'auto-allocated-topology/None')).body).toEqual(body);
  }
  expect((await t.ask(admin, 'GET', path)).body).toEqual(body);
  expect((await t.ask(demo, 'GET', `networks/${id}`)).body.network.project_id).toBe('demo');
});

it('can be asked for without making it', async () => {
  const { body } = await t.ask(demo, 'GET', `${path}?fields=dry-run`);
  expect(body.NeutronError.type).toBe('AutoAllocationFailure');
  await provide();
  const passed = (await t.ask(demo, 'GET', `${path}?fields=dry-run`)).body.auto_allocated_topology;
  expect(passed).toEqual({ id: 'dry-run=pass', tenant_id: 'demo' });
  expect((await t.ask(demo, 'GET', 'networks?router:external=false')).body.networks).toEqual([]);
});

it('is deleted by members of the project and by administrators', async () => {
  await provide();
  for (const caller of [demo, admin]) {
    await t.ask(demo, 'GET', path);
    expect((await t.ask(reader('demo'), 'DELETE', path)).status).toBe(403);
    expect((await t.ask(member('alt'), 'DELETE', path)).status).toBe(403);
    expect((await t.ask(demo, 'GET', 'networks?router:external=false')).body.networks).toHaveLength(1);
    expect(await t.ask(caller, 'DELETE', path)).toEqual({ status: 204, body: null });
    expect((await t.ask(demo, 'GET', 'networks?router:external=false')).body.networks).toEqual([]);
  }
});

it('is not for other projects, nor for those without a role', async () => {
  await provide();
  for (const caller of [member('alt'), { project: 'demo', roles: [] }]) {
    expect((await t.ask(caller, 'GET', path)).status).toBe(403);
    expect((await t.ask(caller, 'GET', `${path}?fields=dry-run`)).status).toBe(403);
  }
});

it('says which network leads outside by default to everybody, and lets administrators choose it', async () => {
  await provide();
  const [network] = (await t.ask(demo, 'GET', 'networks?is_default=true')).body.networks;
  expect(network).toMatchObject({ is_default: true, 'router:external': true });
  const own = await t.create(demo, 'networks', {});
  const change = { network: { is_default: true } };
  expect((await t.ask(demo, 'PUT', `networks/${own.id}`, change)).status).toBe(403);
  expect((await t.ask(demo, 'POST', 'networks', change)).status).toBe(403);
  expect((await t.ask(admin, 'PUT', `networks/${network.id}`, { network: { is_default: false } })).status).toBe(200);
});

it.each(['POST', 'PUT'])('cannot be changed by %s', async (method) => {
  const { status } = await t.ask(admin, method, path, { auto_allocated_topology: {} });
  expect(status).toBeGreaterThanOrEqual(400);
  expect(status).toBeLessThan(500);
});
