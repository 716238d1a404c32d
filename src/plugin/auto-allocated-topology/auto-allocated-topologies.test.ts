import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Context } from '../../lib/context.ts';
import type { Router } from '../../resources/shapes.ts';
import { all, createFixture, type Fixture, failure, member } from '../fixture.ts';
import type { Topology } from './auto-allocated-topologies.ts';

let f: Fixture;
beforeEach(async () => {
  f = await createFixture();
});
afterEach(() => f[Symbol.asyncDispose]());

const p2 = member('p2');
const call = (method: string, context: Context, project_id: string, fields: readonly string[]) =>
  f.plugin.routes[`${method} auto_allocated_topology/{project_id}`]!({
    context,
    params: { project_id },
    input: {},
    parameters: fields.map((field) => ['fields', field] as const),
    ifRevision: null,
  });
const get = (context = p2, project = 'p2', ...fields: string[]) =>
  call('GET', context, project, fields) as Promise<Topology>;
const remove = (context = p2, project = 'p2') => call('DELETE', context, project, []);
const external = (input = {}) => f.network({ name: 'ext', 'router:external': true, is_default: true, ...input });
const pool = (input = {}) =>
  f.plugin.collections.subnetpools!.create!(f.context, {
    project_id: 'p1',
    name: 'default',
    prefixes: ['10.128.0.0/24'],
    default_prefixlen: 26,
    is_default: true,
    shared: true,
    ...input,
  });
const deployment = (reason: string) => ({ type: 'AutoAllocationFailure', message: `Deployment error: ${reason}.` });
const own = (what: 'networks' | 'subnets') =>
  all<{ project_id: string }>(f.plugin.collections[what]!, {
    filters: { project_id: ['p2'] },
    sorts: [{ key: 'name', direction: 'asc' }],
  });

describe('asking', () => {
  it('makes a network with a subnet of each default pool, once', async () => {
    await external();
    const four = await pool();
    const six = await pool({ prefixes: ['2001:db8::/48'], default_prefixlen: 64 });
    const topology = await get();
    expect(topology).toEqual({ id: topology.id, tenant_id: 'p2', project_id: 'p2' });
    expect(await own('networks')).toMatchObject([
      { id: topology.id, name: 'auto_allocated_network', project_id: 'p2', admin_state_up: true, shared: false },
    ]);
    expect(await own('subnets')).toMatchObject([
      { name: 'auto_allocated_subnet_v4', network_id: topology.id, cidr: '10.128.0.0/26', subnetpool_id: four.id },
      { name: 'auto_allocated_subnet_v6', network_id: topology.id, cidr: '2001:db8::/64', subnetpool_id: six.id },
    ]);
    expect(await get()).toEqual(topology);
    expect(await get(f.context)).toEqual(topology);
    expect(await own('networks')).toHaveLength(1);
  });

  it('at the same moment twice gives the same network', async () => {
    await external();
    await pool();
    const [one, other] = await Promise.all([get(), get(f.context)]);
    expect(one).toEqual(other);
    expect(await own('networks')).toMatchObject([{ id: one.id, admin_state_up: true }]);
  });

  it('makes another one when the first was deleted by hand', async () => {
    await external();
    await pool();
    const { id } = await get();
    await f.plugin.collections.networks.delete!(p2, id);
    expect((await get()).id).not.toBe(id);
  });

  it('only says whether it could be made, with dry-run', async () => {
    expect(await failure(get(p2, 'p2', 'dry-run'))).toEqual(deployment('No default router:external network'));
    await external();
    expect(await failure(get(p2, 'p2', 'dry-run'))).toEqual(deployment('No default subnetpools defined'));
    await pool();
    expect(await get(p2, 'p2', 'dry-run')).toEqual({ id: 'dry-run=pass', tenant_id: 'p2' });
    expect(await own('networks')).toEqual([]);
    expect(await failure(get(p2, 'p2', 'id'))).toEqual({
      type: 'BadRequest',
      message: 'Bad auto_allocate request: Unrecognized field.',
    });
  });

  it('names what the deployment has not, and leaves nothing behind', async () => {
    expect(await failure(get())).toEqual(deployment('No default router:external network'));
    await external();
    expect(await failure(get())).toEqual(deployment('Unable to provide tenant private network'));
    // A default pool of others helps nobody who does not see it.
    const { id } = await pool({ shared: false });
    expect(await failure(get())).toEqual(deployment('Unable to provide tenant private network'));
    await f.plugin.collections.subnetpools!.delete!(f.context, id);
    await pool({ prefixes: ['10.128.0.0/26'] });
    await f.subnet((await f.network()).id, { cidr: undefined, use_default_subnetpool: true });
    expect(await failure(get())).toEqual(deployment('Unable to provide tenant private network'));
    expect(await own('networks')).toEqual([]);
  });

  it('is for the own project, but for administrators', async () => {
    for (const refused of [get(p2, 'p1'), get(p2, 'p1', 'dry-run'), remove(p2, 'p1')]) {
      expect((await failure(refused)).type).toBe('NotAuthorized');
    }
  });
});

it('says a quota as it is', async () => {
  await f[Symbol.asyncDispose]();
  f = await createFixture({ quota: { quota_subnet: 0 } });
  await external();
  await pool();
  expect((await failure(get())).type).toBe('OverQuota');
  expect(await own('networks')).toEqual([]);
});

describe('deleting', () => {
  it('takes the network away, and is nothing where nothing was made', async () => {
    await external();
    await pool();
    const { id } = await get();
    await remove();
    await remove();
    expect(await own('networks')).toEqual([]);
    expect((await get()).id).not.toBe(id);
  });

  it('is refused while ports are there', async () => {
    await external();
    await pool();
    const { id } = await get();
    await f.port(id, { project_id: 'p2' });
    expect((await failure(remove())).type).toBe('NetworkInUse');
    expect((await get()).id).toBe(id);
  });
});

describe('the default external network', () => {
  it('is one', async () => {
    const { id } = await external();
    const refused = {
      type: 'DefaultExternalNetworkExists',
      message: `A default external network already exists: ${id}.`,
    };
    expect(await failure(external())).toEqual(refused);
    const second = await external({ is_default: false });
    expect(second.is_default).toBe(false);
    const { networks } = f.plugin.collections;
    expect(await failure(networks.update!(f.context, second.id, { is_default: true }))).toEqual(refused);
    expect(await networks.update!(f.context, id, { is_default: true, name: 'same' })).toMatchObject({
      is_default: true,
    });
    await networks.update!(f.context, id, { is_default: false });
    expect(await networks.update!(f.context, second.id, { is_default: true })).toMatchObject({ is_default: true });
    expect(await all(networks, { filters: { is_default: [true] }, fields: ['id'] })).toEqual([{ id: second.id }]);
  });

  it('stays open to everybody, and is shown on external networks only', async () => {
    const network = await external();
    const policies = f.plugin.collections.rbac_policies!;
    const [entry] = await all<{ id: string }>(policies, { filters: { object_id: [network.id] } });
    expect(await failure(policies.delete!(f.context, entry!.id))).toEqual({
      type: 'RbacPolicyInUse',
      message: expect.stringContaining('Default external networks must be shared to everyone.'),
    });
    const { networks } = f.plugin.collections;
    const inside = await networks.update!(f.context, network.id, { 'router:external': false });
    expect(inside).not.toHaveProperty('is_default');
    const plain = await f.network({ is_default: true });
    expect(plain.is_default).toBe(false);
    expect(await networks.get(f.context, plain.id)).not.toHaveProperty('is_default');
  });
});

describe('with routers', () => {
  beforeEach(async () => {
    await f[Symbol.asyncDispose]();
    f = await createFixture({ service: { service_plugins: ['router'] } });
  });
  const routers = () => all<Router>(f.plugin.collections.routers!, { filters: { project_id: ['p2'] } });

  it('one leads from the subnets to the world', async () => {
    const outside = await external();
    await f.subnet(outside.id, { cidr: '198.51.100.0/24' });
    await pool();
    await pool({ prefixes: ['2001:db8::/48'], default_prefixlen: 64 });
    const { id } = await get();
    const [router] = await routers();
    expect(router).toMatchObject({
      name: 'auto_allocated_router',
      external_gateway_info: { network_id: outside.id },
      admin_state_up: true,
    });
    const ports = await all(f.plugin.collections.ports, { filters: { network_id: [id] } });
    expect(ports.map(({ device_id }) => device_id)).toEqual([router!.id, router!.id]);
    await remove();
    expect([await routers(), await own('networks'), await all(f.plugin.collections.ports)]).toEqual([[], [], []]);
  });

  it('nothing goes while guests are there, and nothing stays where no router could be made', async () => {
    const outside = await external();
    await pool();
    const { id } = await get();
    const guest = await f.port(id, { project_id: 'p2' });
    expect((await failure(remove())).type).toBe('NetworkInUse');
    expect(await routers()).toHaveLength(1);
    await f.plugin.collections.ports.delete!(p2, guest.id);
    await remove();
    await f.subnet(outside.id, { cidr: '10.128.0.0/16' });
    expect(await failure(get())).toEqual(deployment('Unable to provide external connectivity'));
    expect([await routers(), await own('networks')]).toEqual([[], []]);
  });
});
