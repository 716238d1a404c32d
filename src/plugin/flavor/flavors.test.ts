import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Flavor, ServiceProfile } from '../../resources/shapes.ts';
import type { Collection, Input } from '../contract.ts';
import { all, createFixture, type Fixture, failure } from '../fixture.ts';
import { ServiceProviders } from './providers.ts';

let f: Fixture;
let flavors: Collection<Flavor>;
let profiles: Collection<ServiceProfile>;
beforeEach(async () => {
  f = await createFixture();
  flavors = f.plugin.collections.flavors!;
  profiles = f.plugin.collections.service_profiles!;
});
afterEach(() => f[Symbol.asyncDispose]());

const flavor = (input: Input = {}) =>
  flavors.create!(f.context, { name: 'gold', description: '', service_type: 'FLAVORS', enabled: true, ...input });
const profile = (input: Input = {}) =>
  profiles.create!(f.context, { description: '', driver: '', metainfo: 'm', enabled: true, ...input });
const ask = (route: string, params: Record<string, string>, input: Input = {}) =>
  f.plugin.routes[route]!({ context: f.context, params, input, parameters: [], ifRevision: null });
const bind = (id: string, profileId: string) => ask('POST flavors/{id}/service_profiles', { id }, { id: profileId });
const unbind = (id: string, service_profile_id: string) =>
  ask('DELETE flavors/{id}/service_profiles/{service_profile_id}', { id, service_profile_id });
const next = (id: string) => ask('GET flavors/{id}/next_providers', { id });

describe('flavors', () => {
  it('are made, found, changed and deleted', async () => {
    const made = await flavor();
    expect(made).toEqual({
      id: made.id,
      name: 'gold',
      description: '',
      service_type: 'FLAVORS',
      service_profiles: [],
      enabled: true,
    });
    expect(await all(flavors, { filters: { service_type: ['FLAVORS'], enabled: [true] } })).toEqual([made]);
    const changes = { name: 'silver', description: null, enabled: false };
    expect(await flavors.update!(f.context, made.id, changes)).toEqual({ ...made, ...changes });
    await flavors.delete!(f.context, made.id);
    expect(await failure(flavors.get(f.context, made.id))).toEqual({
      type: 'FlavorNotFound',
      message: `Flavor ${made.id} could not be found.`,
    });
    expect((await failure(flavors.update!(f.context, made.id, {}))).type).toBe('FlavorNotFound');
  });

  it('are of a service that there is', async () => {
    expect(await failure(flavor({ service_type: 'QOS' }))).toEqual({
      type: 'InvalidServiceType',
      message: 'Invalid service type: QOS.',
    });
    await using more = await createFixture({ service: { service_plugins: ['segments'] } });
    const input = { name: '', description: '', service_type: 'segments', enabled: true };
    expect(await more.plugin.collections.flavors!.create!(more.context, input)).toMatchObject({
      service_type: 'segments',
    });
  });

  it('have service profiles, each once', async () => {
    const { id } = await flavor();
    const { id: sp } = await profile();
    expect(await bind(id, sp)).toEqual({ id });
    expect(await flavors.get(f.context, id)).toMatchObject({ service_profiles: [sp] });
    expect(await failure(bind(id, sp))).toEqual({
      type: 'FlavorServiceProfileBindingExists',
      message: `Service Profile ${sp} is already associated with flavor ${id}.`,
    });
    expect((await failure(bind(id, 'nothing'))).type).toBe('ServiceProfileNotFound');
    expect((await failure(bind('nothing', sp))).type).toBe('FlavorNotFound');
    await unbind(id, sp);
    expect(await failure(unbind(id, sp))).toEqual({
      type: 'FlavorServiceProfileBindingNotFound',
      message: `Service Profile ${sp} is not associated with flavor ${id}.`,
    });
  });

  it('take their profiles along when they go', async () => {
    const { id } = await flavor();
    const { id: sp } = await profile();
    await bind(id, sp);
    await flavors.delete!(f.context, id);
    await profiles.delete!(f.context, sp);
  });
});

describe('service profiles', () => {
  it('need a driver or metainfo', async () => {
    expect(await failure(profile({ metainfo: '' }))).toEqual({
      type: 'ServiceProfileEmpty',
      message: 'Service Profile needs either a driver or metainfo.',
    });
    expect(await failure(profile({ driver: 'a.b.C' }))).toEqual({
      type: 'ServiceProfileDriverNotFound',
      message: 'Service Profile driver a.b.C could not be found.',
    });
    const made = await profile();
    expect(made).toEqual({ id: made.id, description: '', driver: '', metainfo: 'm', enabled: true });
  });

  it('cannot be changed or deleted while a flavor has them', async () => {
    const { id } = await flavor();
    const { id: sp } = await profile();
    await bind(id, sp);
    const inUse = { type: 'ServiceProfileInUse', message: `Service Profile ${sp} is used by some service instance.` };
    expect(await failure(profiles.update!(f.context, sp, { metainfo: 'n' }))).toEqual(inUse);
    expect(await failure(profiles.delete!(f.context, sp))).toEqual(inUse);
    await unbind(id, sp);
    expect(await profiles.update!(f.context, sp, { metainfo: 'n' })).toMatchObject({ metainfo: 'n' });
    await profiles.delete!(f.context, sp);
    expect((await failure(profiles.delete!(f.context, sp))).type).toBe('ServiceProfileNotFound');
  });
});

describe('next providers', () => {
  it('are none without a profile, with one that is off, or without a driver', async () => {
    const { id } = await flavor();
    expect((await failure(next(id))).type).toBe('FlavorServiceProfileBindingNotFound');
    const off = await profile({ enabled: false });
    await bind(id, off.id);
    expect((await failure(next(id))).type).toBe('ServiceProfileDisabled');
    await unbind(id, off.id);
    await bind(id, (await profile()).id);
    expect((await failure(next(id))).type).toBe('ServiceProfileDriverNotFound');
  });
});

describe('service providers', () => {
  it('are those that domains bring, without their drivers', async () => {
    const single = { service_type: 'L3_ROUTER_NAT', name: 'single_node', default: true };
    const providers = new ServiceProviders([{ ...single, driver: 'a.b.C' }]);
    expect(await all(providers)).toEqual([single]);
    expect(await all(providers, { fields: ['name'] })).toEqual([{ name: 'single_node' }]);
    expect(providers.withDriver('a.b.C').name).toBe('single_node');
    expect(await all(f.plugin.collections.service_providers!)).toEqual([]);
    expect((await failure(providers.get())).type).toBe('HTTPNotFound');
  });
});
