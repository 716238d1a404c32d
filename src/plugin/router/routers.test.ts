import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Input } from '../contract.ts';
import { all, failure, member } from '../fixture.ts';
import { RouterFixture } from './router-fixture.ts';

let r: RouterFixture;

beforeEach(async () => {
  r = await RouterFixture.make();
});
afterEach(() => r[Symbol.asyncDispose]());

const p1 = member('p1');
const p2 = member('p2');

describe('a router', () => {
  it('is made, shown, changed and deleted', async () => {
    const made = await r.router({ name: 'edge', description: 'to the world' });
    expect(made).toMatchObject({
      name: 'edge',
      description: 'to the world',
      status: 'ACTIVE',
      admin_state_up: true,
      external_gateway_info: null,
      routes: [],
      ha: false,
      distributed: false,
      flavor_id: null,
      availability_zones: [],
      availability_zone_hints: [],
      tags: [],
      revision_number: 1,
      project_id: 'p1',
      tenant_id: 'p1',
    });
    expect(await r.show(made.id, p1)).toEqual(made);
    expect(made).not.toHaveProperty('gw_port_id');
    const changed = await r.update(made.id, { name: 'door', admin_state_up: false }, p1);
    expect(changed).toMatchObject({ name: 'door', admin_state_up: false, revision_number: 2 });
    await r.routers.delete(p1, made.id);
    expect(await failure(r.show(made.id))).toEqual({
      type: 'RouterNotFound',
      message: `Router ${made.id} could not be found`,
    });
  });

  it('keeps its revision when a change changes nothing', async () => {
    const { id } = await r.router({ name: 'edge' });
    expect(await r.update(id, { name: 'edge', external_gateway_info: null })).toMatchObject({ revision_number: 1 });
  });

  it('is changed and deleted at the revision that is named', async () => {
    const { id } = await r.router();
    for (const stale of [() => r.routers.update(p1, id, { name: 'x' }, 7), () => r.routers.delete(p1, id, 7)]) {
      expect((await failure(stale())).type).toBe('RevisionNumberConstraintFailed');
    }
    expect(await r.routers.update(p1, id, { name: 'x' }, 1)).toMatchObject({ name: 'x' });
  });

  it('is its project’s: others do not find it', async () => {
    const { id } = await r.router();
    expect(await all(r.routers, {}, p2)).toEqual([]);
    for (const refused of [
      () => r.show(id, p2),
      () => r.update(id, { name: 'x' }, p2),
      () => r.routers.delete(p2, id),
      () => r.add(id, {}, p2),
    ]) {
      expect((await failure(refused())).type).toBe('RouterNotFound');
    }
  });

  it('is found by what it is', async () => {
    const { id } = await r.router({ name: 'one', admin_state_up: false });
    await r.router({ name: 'two' });
    const wanted: [string, string | boolean][] = [
      ['name', 'one'],
      ['admin_state_up', false],
      ['id', id],
    ];
    for (const [key, value] of wanted) {
      expect(await all(r.routers, { filters: { [key]: [value] }, fields: ['id'] })).toEqual([{ id }]);
    }
    const sorted = await all(r.routers, { sorts: [{ key: 'name', direction: 'desc' }] });
    expect(sorted.map(({ name }) => name)).toEqual(['two', 'one']);
  });

  it('counts towards a quota', async () => {
    await r[Symbol.asyncDispose]();
    r = await RouterFixture.make({ quota: { quota_router: 1 } });
    await r.router();
    expect((await failure(r.router())).type).toBe('OverQuota');
    expect(await all(r.routers)).toHaveLength(1);
  });

  it('is never distributed', async () => {
    const refused = { type: 'InvalidInput', message: expect.stringContaining('no distributed routers') };
    expect(await failure(r.router({ distributed: true }))).toEqual(refused);
    const { id } = await r.router({ distributed: false });
    expect(await failure(r.update(id, { distributed: true }))).toEqual(refused);
    expect(await r.update(id, { distributed: false })).toMatchObject({ distributed: false });
  });

  it('asks for zones that L3 agents are in', async () => {
    const unknown = await failure(r.router({ availability_zone_hints: ['moon'] }));
    expect(unknown).toEqual({ type: 'AvailabilityZoneNotFound', message: 'AvailabilityZone moon could not be found.' });
    await r.f.l3Agent('host1', {}, { availability_zone: 'moon' });
    expect(await r.router({ availability_zone_hints: ['moon'] })).toMatchObject({ availability_zone_hints: ['moon'] });
  });

  it('has tags', async () => {
    const { id } = await r.router();
    const route = r.f.plugin.routes['PUT routers/{id}/tags']!;
    await route({ context: p1, params: { id }, input: { tags: ['blue'] }, parameters: [], ifRevision: null });
    expect(await r.show(id)).toMatchObject({ tags: ['blue'], revision_number: 2 });
    expect(await all(r.routers, { filters: { tags: ['blue'] }, fields: ['id'] })).toEqual([{ id }]);
  });
});

describe('a flavor', () => {
  const flavor = async (driver: string, more: Input = {}): Promise<string> => {
    const { flavors, service_profiles: profiles } = r.f.plugin.collections;
    const made = await flavors!.create!(r.f.context, {
      name: 'f',
      description: '',
      service_type: 'L3_ROUTER_NAT',
      enabled: true,
      ...more,
    });
    const profile = await profiles!.create!(r.f.context, { description: '', driver, metainfo: '', enabled: true });
    await r.f.plugin.routes['POST flavors/{id}/service_profiles']!({
      context: r.f.context,
      params: { id: made.id },
      input: { id: profile.id },
      parameters: [],
      ifRevision: null,
    });
    return made.id;
  };
  const single = 'neutron.services.l3_router.service_providers.single_node.SingleNodeDriver';

  it('says who serves a router', async () => {
    const flavor_id = await flavor(single);
    const { id, ha } = await r.router({ flavor_id });
    expect({ ha, shown: (await r.show(id)).flavor_id }).toEqual({ ha: false, shown: flavor_id });
    expect(await failure(r.router({ flavor_id, ha: true }))).toEqual({
      type: 'InvalidInput',
      message: 'Invalid input for operation: Provider single_node does not support ha=True.',
    });
    const moved = r.update(id, { ha: true, admin_state_up: false });
    expect((await failure(moved)).message).toContain('associated with a flavor');
  });

  it('stays while routers are of it', async () => {
    const flavor_id = await flavor(single);
    const { id } = await r.router({ flavor_id });
    const remove = () => r.f.plugin.collections.flavors!.delete!(r.f.context, flavor_id);
    expect(await failure(remove())).toEqual({
      type: 'FlavorInUse',
      message: `Flavor ${flavor_id} is used by some service instance.`,
    });
    await r.routers.delete(p1, id);
    await remove();
  });

  it('must be there, be switched on and be for routers', async () => {
    const nobody = '00000000-0000-0000-0000-000000000000';
    expect((await failure(r.router({ flavor_id: nobody }))).type).toBe('FlavorNotFound');
    const off = await flavor(single, { enabled: false });
    expect((await failure(r.router({ flavor_id: off }))).type).toBe('FlavorDisabled');
    const other = await flavor(single, { service_type: 'CORE' });
    expect((await failure(r.router({ flavor_id: other }))).type).toBe('InvalidServiceType');
  });
});

it('names its providers, by drivers that operators know', async () => {
  const providers = await all<{ name: string; service_type: string }>(r.f.plugin.collections.service_providers!);
  expect(providers.filter(({ service_type }) => service_type === 'L3_ROUTER_NAT').map(({ name }) => name)).toEqual([
    'ha',
    'single_node',
  ]);
});
