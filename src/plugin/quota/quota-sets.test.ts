import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { countedResources } from '../../resources/quota.ts';
import type { Input } from '../contract.ts';
import { createFixture, type Fixture, failure, member } from '../fixture.ts';

let f: Fixture;
beforeEach(async () => {
  f = await createFixture({ quota: { quota_network: 2, quota_port: 7 } });
});
afterEach(() => f[Symbol.asyncDispose]());

const ask = (route: string, id = 'p1', input: Input = {}, context = f.context) =>
  // biome-ignore lint/suspicious/noExplicitAny: answers of all routes
  f.plugin.routes[route]!({ context, params: { id }, input, parameters: [], ifRevision: null }) as Promise<any>;
const set = (input: Input, id?: string) => ask('PUT quotas/{id}', id, input);

describe('quotas', () => {
  it('are the defaults until a project gets limits of its own', async () => {
    expect(await ask('GET quotas/{id}')).toMatchObject({ network: 2, port: 7, subnet: -1 });
    expect(await set({ network: 5 })).toMatchObject({ network: 5, port: 7 });
    expect(await ask('GET quotas/{id}')).toMatchObject({ network: 5, port: 7 });
    expect(await ask('GET quotas/{id}', 'p2')).toMatchObject({ network: 2 });
    expect(await ask('GET quotas/{id}/default')).toMatchObject({ network: 2 });
    await set({ network: 6, port: -1 });
    expect(await ask('GET quotas')).toEqual([{ ...(await ask('GET quotas/{id}')), project_id: 'p1', tenant_id: 'p1' }]);
  });

  it('are the defaults again once deleted', async () => {
    await set({ network: 5 });
    await ask('DELETE quotas/{id}');
    expect(await ask('GET quotas')).toEqual([]);
    expect(await ask('GET quotas/{id}')).toMatchObject({ network: 2 });
    expect(await failure(ask('DELETE quotas/{id}'))).toEqual({
      type: 'TenantQuotaNotFound',
      message: 'Quota for tenant p1 could not be found.',
    });
  });

  it('decide over what is made from then on', async () => {
    await set({ network: 1 });
    await f.network();
    expect((await failure(f.network())).type).toBe('OverQuota');
    await f.network({ project_id: 'p2' });
    await set({ network: 2 });
    await f.network();
  });

  it('say how much is used', async () => {
    await f.network();
    expect(await ask('GET quotas/{id}/details')).toMatchObject({
      network: { limit: 2, used: 1, reserved: 0 },
      port: { limit: 7, used: 0, reserved: 0 },
    });
    expect(await ask('GET quotas/{id}/details', 'p1', {}, member('p1'))).toBeTruthy();
    expect(await failure(ask('GET quotas/{id}/details', 'p1', {}, member('p2')))).toEqual({
      type: 'AdminRequired',
      message: 'User does not have admin privileges: Only admin is authorized to access quotas for another project.',
    });
  });

  it('cannot be less than what is used, unless forced; any number always can', async () => {
    await f.network();
    await f.network();
    expect(await failure(set({ port: 3, network: 1 }))).toEqual({
      type: 'HTTPBadRequest',
      message: 'Quota limit 1 for network must be greater than or equal to already used 2',
    });
    expect(await ask('GET quotas')).toEqual([]);
    await set({ network: -1 });
    expect(await set({ network: 1, force: true })).toMatchObject({ network: 1 });
  });

  it('name the project of the one who asks', async () => {
    expect(await ask('GET quotas/tenant', '', {}, member('p9'))).toEqual({ tenant_id: 'p9' });
    expect(await ask('GET quotas/project', '', {}, member('p9'))).toEqual({ project_id: 'p9' });
    expect((await failure(ask('GET quotas/project'))).type).toBe('QuotaMissingTenant');
  });

  it('cannot be made', async () => {
    expect((await failure(ask('POST quotas'))).type).toBe('HTTPNotImplemented');
  });

  it('can be set for everything that is counted', async () => {
    expect(Object.keys(countedResources)).toEqual(expect.arrayContaining(Object.keys(await ask('GET quotas/{id}'))));
  });
});
