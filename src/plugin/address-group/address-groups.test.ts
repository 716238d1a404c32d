import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Context } from '../../lib/context.ts';
import type { AddressGroup } from '../../resources/shapes.ts';
import type { Collection, Input } from '../contract.ts';
import { all, createFixture, type Fixture, failure, member } from '../fixture.ts';

let f: Fixture;
let groups: Collection<AddressGroup>;
beforeEach(async () => {
  f = await createFixture({ quota: { default_quota: 3 } });
  groups = f.plugin.collections.address_groups!;
});
afterEach(() => f[Symbol.asyncDispose]());

const make = (input: Input = {}) =>
  groups.create!(f.context, { project_id: 'p1', name: 'ag', description: '', addresses: ['192.0.2.0/24'], ...input });

const change = (what: 'add' | 'remove', id: string, addresses: string[], context: Context = f.context) =>
  f.plugin.routes[`PUT address_groups/{id}/${what}_addresses`]!({
    context,
    params: { id },
    input: { addresses },
    parameters: [],
    ifRevision: null,
  }) as Promise<AddressGroup>;

describe('address groups', () => {
  it('keep addresses as networks, each once', async () => {
    const group = await make({ addresses: ['10.0.0.5/8', '10.0.0.0/8', '2001:DB8::1/64'] });
    expect(group).toMatchObject({
      name: 'ag',
      tenant_id: 'p1',
      project_id: 'p1',
      addresses: ['10.0.0.0/8', '2001:db8::/64'],
      shared: false,
      revision_number: 0,
    });
    expect(await all(groups)).toEqual([group]);
  });

  it('take and lose addresses, all of a request or none', async () => {
    const { id } = await make();
    expect(await change('add', id, ['198.51.100.0/24', '203.0.113.7/32'])).toMatchObject({
      addresses: ['192.0.2.0/24', '198.51.100.0/24', '203.0.113.7/32'],
      revision_number: 1,
    });
    expect(await failure(change('add', id, ['10.0.0.0/8', '192.0.2.1/24']))).toEqual({
      type: 'AddressesAlreadyExist',
      message: `Addresses ['192.0.2.0/24'] already exist in the address group ${id}.`,
    });
    expect(await failure(change('remove', id, ['192.0.2.0/24', '10.0.0.0/8']))).toEqual({
      type: 'AddressesNotFound',
      message: `Addresses ['10.0.0.0/8'] not found in the address group ${id}.`,
    });
    expect(await change('remove', id, ['192.0.2.0/24', '198.51.100.0/24'])).toMatchObject({
      addresses: ['203.0.113.7/32'],
      revision_number: 2,
    });
  });

  it('change their name and description, and nothing when nothing is new', async () => {
    const { id } = await make();
    expect(await groups.update!(f.context, id, { name: 'other' })).toMatchObject({ name: 'other', revision_number: 1 });
    expect(await groups.update!(f.context, id, { name: 'other' })).toMatchObject({ revision_number: 1 });
    expect((await failure(groups.update!(f.context, id, { name: 'x' }, 7))).type).toBe(
      'RevisionNumberConstraintFailed',
    );
  });

  it('are gone when deleted', async () => {
    const { id } = await make();
    await groups.delete!(f.context, id);
    expect(await failure(groups.get(f.context, id))).toEqual({
      type: 'AddressGroupNotFound',
      message: `Address group ${id} could not be found.`,
    });
    expect((await failure(groups.delete!(f.context, id))).type).toBe('AddressGroupNotFound');
  });

  it('are seen by their project, and by others only when opened to them', async () => {
    const { id } = await make();
    const stranger = member('p2');
    expect(await all(groups, {}, member('p1'))).toHaveLength(1);
    expect(await all(groups, {}, stranger)).toEqual([]);
    expect((await failure(groups.get(stranger, id))).type).toBe('AddressGroupNotFound');
    expect((await failure(change('add', id, ['10.0.0.0/8'], stranger))).type).toBe('AddressGroupNotFound');
    await f.database.transaction((tx) =>
      tx
        .insertInto('addressgrouprbacs')
        .values({ id: 'r', project_id: 'p1', object_id: id, target_project: 'p2', action: 'access_as_shared' })
        .execute(),
    );
    expect(await groups.get(stranger, id)).toMatchObject({ id, shared: true });
    expect(await groups.get(member('p1'), id)).toMatchObject({ shared: false });
    expect(await all(groups, { filters: { name: ['ag'] } }, stranger)).toHaveLength(1);
  });

  it('stay within the quota of their project, also in bulk', async () => {
    const one = { project_id: 'p1', name: 'x', addresses: [] };
    const bulk = (count: number) => groups.createBulk!(f.context, Array(count).fill(one));
    await bulk(2);
    expect(await failure(bulk(2))).toEqual({
      type: 'OverQuota',
      message: "Quota exceeded for resources: ['address_group'].",
    });
    await make();
    expect((await failure(make())).type).toBe('OverQuota');
    await make({ project_id: 'p2' });
    expect(await all(groups)).toHaveLength(4);
  });
});
