import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AddressScope, SubnetPool } from '../../resources/shapes.ts';
import type { Collection, Input } from '../contract.ts';
import { all, createFixture, type Fixture, failure, member } from '../fixture.ts';

let f: Fixture;
let pools: Collection<SubnetPool>;
let scopes: Collection<AddressScope>;
beforeEach(async () => {
  f = await createFixture({ quota: { default_quota: 4 } });
  pools = f.plugin.collections.subnetpools!;
  scopes = f.plugin.collections.address_scopes!;
});
afterEach(() => f[Symbol.asyncDispose]());

const make = (input: Input = {}, context = f.context) =>
  pools.create!(context, { project_id: 'p1', name: 'sp', prefixes: ['10.128.0.0/16'], ...input });
const makeScope = (input: Input = {}, context = f.context) =>
  scopes.create!(context, { project_id: 'p1', name: 'as', ip_version: 4, shared: false, ...input });
const take = (pool: SubnetPool, network_id: string, input: Input = {}) =>
  f.subnet(network_id, { cidr: undefined, subnetpool_id: pool.id, ip_version: pool.ip_version, ...input });
const operate = (what: string, id: string, input: Input, context = f.context) =>
  f.plugin.routes[`PUT subnetpools/{id}/${what}`]!({
    context,
    params: { id },
    input,
    parameters: [],
    ifRevision: null,
    // biome-ignore lint/suspicious/noExplicitAny: each route answers otherwise
  }) as Promise<any>;

describe('creating', () => {
  it('fills in lengths by the version, and shows them as text', async () => {
    const four = await make({ prefixes: ['10.129.0.0/16', '10.128.0.5/16'] });
    expect(four).toMatchObject({
      ip_version: 4,
      prefixes: ['10.128.0.0/15'],
      min_prefixlen: '8',
      max_prefixlen: '32',
      default_prefixlen: '8',
      is_default: false,
      shared: false,
      default_quota: null,
      address_scope_id: null,
      tags: [],
      revision_number: 0,
    });
    const six = await make({ prefixes: ['2001:db8::/32'], max_prefixlen: 96, default_prefixlen: 72 });
    expect(six).toMatchObject({ ip_version: 6, min_prefixlen: '64', max_prefixlen: '96', default_prefixlen: '72' });
    expect(await all(pools, { sorts: [{ key: 'ip_version', direction: 'asc' }] })).toEqual([four, six]);
    expect(await all(pools, { filters: { default_prefixlen: [72] } })).toEqual([six]);
  });

  it.each<[Input, string, string]>([
    [{ prefixes: [] }, 'EmptySubnetPoolPrefixList', 'Empty subnet pool prefix list.'],
    [
      { prefixes: ['10.0.0.0/8', '2001:db8::/32'] },
      'PrefixVersionMismatch',
      'Cannot mix IPv4 and IPv6 prefixes in a subnet pool.',
    ],
    [
      { min_prefixlen: 28, max_prefixlen: 26 },
      'IllegalSubnetPoolPrefixBounds',
      'Illegal prefix bounds: min_prefixlen=28, max_prefixlen=26.',
    ],
    [
      { max_prefixlen: 33 },
      'IllegalSubnetPoolPrefixBounds',
      'Illegal prefix bounds: max_prefixlen=33, ip_version_max=32.',
    ],
    [
      { default_prefixlen: 7 },
      'IllegalSubnetPoolPrefixBounds',
      'Illegal prefix bounds: default_prefixlen=7, min_prefixlen=8.',
    ],
    [
      { max_prefixlen: 24, default_prefixlen: 25 },
      'IllegalSubnetPoolPrefixBounds',
      'Illegal prefix bounds: default_prefixlen=25, max_prefixlen=24.',
    ],
  ])('refuses %j', async (input, type, message) => {
    expect(await failure(make(input))).toEqual({ type, message });
    expect(await all(pools)).toEqual([]);
  });

  it('knows one default pool of each version', async () => {
    await make({ is_default: true });
    await make({ is_default: true, prefixes: ['2001:db8::/32'] });
    const message =
      'Invalid input for operation: A default subnetpool for this IP family has already been set. Only one default may exist per IP family.';
    expect(await failure(make({ is_default: true }))).toEqual({ type: 'InvalidInput', message });
    const other = await make();
    expect((await failure(pools.update!(f.context, other.id, { is_default: true }))).type).toBe('InvalidInput');
  });

  it('counts towards the quota, and is seen by others only when shared', async () => {
    const shared = await make({ shared: true });
    const own = await make();
    expect(await all(pools, {}, member('p2'))).toEqual([shared]);
    expect(shared.shared).toBe(true);
    expect((await failure(pools.get(member('p2'), own.id))).message).toBe(`Subnet pool ${own.id} could not be found.`);
    expect(
      (
        await failure(
          pools.createBulk!(
            f.context,
            [1, 2, 3].map(() => ({ project_id: 'p1', prefixes: ['10.0.0.0/8'] })),
          ),
        )
      ).type,
    ).toBe('OverQuota');
  });
});

describe('changing', () => {
  it('lets prefixes become more and keeps the rest', async () => {
    const pool = await make({ default_prefixlen: 24 });
    const changed = await pools.update!(f.context, pool.id, {
      name: 'b',
      prefixes: ['10.129.0.0/16', '10.128.0.0/16'],
    });
    expect(changed).toMatchObject({
      name: 'b',
      prefixes: ['10.128.0.0/15'],
      default_prefixlen: 24,
      min_prefixlen: 8,
      max_prefixlen: 32,
      revision_number: 1,
    });
    expect(await pools.get(f.context, pool.id)).toMatchObject({ prefixes: ['10.128.0.0/15'], default_prefixlen: '24' });
    expect(await failure(pools.update!(f.context, pool.id, { prefixes: ['10.128.0.0/16'] }))).toEqual({
      type: 'IllegalSubnetPoolPrefixUpdate',
      message: 'Illegal update to prefixes: Existing prefixes must be a subset of the new prefixes.',
    });
    expect((await failure(pools.update!(f.context, pool.id, { min_prefixlen: 25 }))).type).toBe(
      'IllegalSubnetPoolPrefixBounds',
    );
  });

  it('does not take addresses of the other family for the same', async () => {
    const pool = await make();
    for (const prefixes of [['::/0'], []]) {
      expect((await failure(pools.update!(f.context, pool.id, { prefixes }))).type).toBe(
        'IllegalSubnetPoolPrefixUpdate',
      );
    }
    expect((await failure(pools.update!(f.context, pool.id, { prefixes: ['::/0', ...pool.prefixes] }))).type).toBe(
      'PrefixVersionMismatch',
    );
  });

  it('answers without what is null and was not sent', async () => {
    const pool = await make();
    const renamed = await pools.update!(f.context, pool.id, { name: 'x' });
    expect(Object.keys(renamed).filter((key) => /quota|scope/.test(key))).toEqual([]);
    const sent = { default_quota: 5, address_scope_id: null };
    expect(await pools.update!(f.context, pool.id, sent)).toMatchObject(sent);
    expect(await pools.get(f.context, pool.id)).toMatchObject(sent);
  });

  it('counts a revision even when nothing is new', async () => {
    const pool = await make();
    const same = { name: 'sp', prefixes: ['10.128.0.0/17', '10.128.128.0/17'], min_prefixlen: 8 };
    expect(await pools.update!(f.context, pool.id, same)).toMatchObject({
      prefixes: pool.prefixes,
      revision_number: 1,
    });
    expect((await pools.update!(f.context, pool.id, {})).revision_number).toBe(2);
    expect((await failure(pools.update!(f.context, pool.id, { name: 'x' }, 3))).type).toBe(
      'RevisionNumberConstraintFailed',
    );
  });

  it('is possible by routes that add and remove prefixes', async () => {
    const { id } = await make();
    expect(await operate('add_prefixes', id, { prefixes: ['10.129.0.0/16', '192.0.2.0/24'] })).toEqual({
      prefixes: ['10.128.0.0/15', '192.0.2.0/24'],
    });
    expect(await operate('remove_prefixes', id, { prefixes: ['10.128.0.0/17', '203.0.113.0/24', '::/0'] })).toEqual({
      prefixes: ['10.128.128.0/17', '10.129.0.0/16', '192.0.2.0/24'],
    });
    expect((await pools.get(f.context, id)).revision_number).toBe(2);
    expect(await operate('remove_prefixes', id, { prefixes: ['203.0.113.0/24'] })).toMatchObject({});
    expect((await pools.get(f.context, id)).revision_number).toBe(2);
    expect(await failure(operate('add_prefixes', id, {}))).toEqual({
      type: 'HTTPBadRequest',
      message: 'Request body contains invalid data',
    });
    expect((await failure(operate('add_prefixes', id, { prefixes: ['::/64'] }))).type).toBe('PrefixVersionMismatch');
    expect((await failure(operate('add_prefixes', id, { prefixes: ['10.0.0.0/8'] }, member('p2')))).type).toBe(
      'SubnetPoolNotFound',
    );
  });

  it('leaves what subnets were taken from', async () => {
    const pool = await make({ default_prefixlen: 24 });
    await take(pool, (await f.network()).id);
    expect(await failure(operate('remove_prefixes', pool.id, { prefixes: ['10.128.0.128/25'] }))).toEqual({
      type: 'IllegalSubnetPoolPrefixUpdate',
      message: 'Illegal update to prefixes: One or more the prefixes to be removed is in use by a subnet..',
    });
    expect(await failure(pools.delete!(f.context, pool.id))).toEqual({
      type: 'SubnetPoolDeleteError',
      message: 'Unable to delete subnet pool: Subnet pool has existing allocations.',
    });
  });

  it('takes over the subnets of a network', async () => {
    const scope = await makeScope();
    const pool = await make({ address_scope_id: scope.id });
    const network = await f.network();
    const subnet = await f.subnet(network.id, { cidr: '10.0.0.0/24' });
    await f.subnet(network.id, { ip_version: 6, cidr: '2001:db8::/64' });
    expect(await operate('onboard_network_subnets', pool.id, { network_id: network.id })).toEqual([
      { id: subnet.id, cidr: '10.0.0.0/24' },
    ]);
    expect(await f.plugin.collections.subnets.get(f.context, subnet.id)).toMatchObject({
      subnetpool_id: pool.id,
      revision_number: 1,
    });
    expect((await pools.get(f.context, pool.id)).prefixes).toEqual(['10.0.0.0/24', '10.128.0.0/16']);
    expect(await f.plugin.collections.networks.get(f.context, network.id)).toMatchObject({
      ipv4_address_scope: scope.id,
      ipv6_address_scope: null,
    });
    expect(await failure(operate('onboard_network_subnets', pool.id, { network_id: network.id }))).toEqual({
      type: 'IllegalSubnetPoolUpdate',
      message: `Illegal subnetpool update : Onboarding subnet ${subnet.id}: 10.0.0.0/24 conflicts with allocated prefixes in subnet pool ${pool.id}.`,
    });
    expect((await failure(operate('onboard_network_subnets', pool.id, {}))).message).toBe(
      'Invalid input for operation: network_id must be specified..',
    );
    const shared = await f.network({ shared: true });
    const theirs = await make({ project_id: 'p2' });
    expect(
      (await failure(operate('onboard_network_subnets', theirs.id, { network_id: shared.id }, member('p2')))).type,
    ).toBe('NotAuthorized');
  });
});

describe('address scopes', () => {
  it('are made, renamed, shared and not unshared', async () => {
    const scope = await makeScope();
    expect(scope).toEqual({
      id: scope.id,
      name: 'as',
      tenant_id: 'p1',
      project_id: 'p1',
      ip_version: 4,
      shared: false,
    });
    expect(await scopes.update!(f.context, scope.id, { name: 'b', shared: true })).toMatchObject({
      name: 'b',
      shared: true,
    });
    expect(await all(scopes, {}, member('p2'))).toMatchObject([{ id: scope.id, shared: true }]);
    expect(await failure(scopes.update!(f.context, scope.id, { shared: false }))).toEqual({
      type: 'AddressScopeUpdateError',
      message: `Unable to update address scope ${scope.id} : Shared address scope can't be unshared.`,
    });
    await scopes.delete!(f.context, scope.id);
    expect((await failure(scopes.get(f.context, scope.id))).message).toBe(
      `Address scope ${scope.id} could not be found.`,
    );
  });

  it('hold pools of their version whose addresses differ', async () => {
    const scope = await makeScope();
    const pool = await make({ address_scope_id: scope.id });
    expect((await failure(make({ address_scope_id: scope.id, prefixes: ['10.0.0.0/8'] }))).type).toBe(
      'AddressScopePrefixConflict',
    );
    const other = await make({ address_scope_id: scope.id, prefixes: ['10.0.0.0/16'] });
    expect((await failure(operate('add_prefixes', other.id, { prefixes: ['10.128.3.0/24'] }))).type).toBe(
      'AddressScopePrefixConflict',
    );
    const six = make({ address_scope_id: scope.id, prefixes: ['2001:db8::/32'] });
    expect((await failure(six)).message).toMatch(
      new RegExp(`cannot associate with address scope ${scope.id} because subnetpool ip_version is not 4.$`),
    );
    expect(await failure(scopes.delete!(f.context, scope.id))).toEqual({
      type: 'AddressScopeInUse',
      message: `Unable to complete operation on address scope ${scope.id}. There are one or more subnet pools in use on the address scope.`,
    });
    await pools.update!(f.context, pool.id, { address_scope_id: null });
    await pools.delete!(f.context, other.id);
    await scopes.delete!(f.context, scope.id);
  });

  it('are used by others when shared, who then may not change their pools', async () => {
    const hidden = await makeScope();
    const p2 = member('p2');
    expect((await failure(make({ project_id: 'p2', address_scope_id: hidden.id }, p2))).type).toBe(
      'AddressScopeNotFound',
    );
    const shared = await makeScope({ shared: true });
    const pool = await make({ project_id: 'p2', address_scope_id: shared.id }, p2);
    expect(await failure(pools.update!(p2, pool.id, { name: 'x' }))).toEqual({
      type: 'IllegalSubnetPoolUpdate',
      message: `Illegal subnetpool update : subnetpool ${pool.id} cannot be updated when associated with shared address scope ${shared.id}.`,
    });
  });

  it('are shown by networks, whose subnets are all in one of them', async () => {
    const scope = await makeScope();
    const pool = await make({ default_prefixlen: 24 });
    const second = await make({ default_prefixlen: 24, prefixes: ['10.0.0.0/16'], address_scope_id: scope.id });
    const network = await f.network();
    const { networks } = f.plugin.collections;
    await take(pool, network.id);
    expect(await networks.get(f.context, network.id)).toMatchObject({ ipv4_address_scope: null });
    await pools.update!(f.context, pool.id, { address_scope_id: scope.id });
    expect(await networks.get(f.context, network.id)).toMatchObject({
      ipv4_address_scope: scope.id,
      ipv6_address_scope: null,
      revision_number: 3,
    });
    await take(second, network.id);
    const outside = await make({ default_prefixlen: 24, prefixes: ['10.1.0.0/16'] });
    expect((await failure(take(outside, network.id))).type).toBe('NetworkAddressScopeAffinityError');
    const other = await makeScope();
    expect((await failure(pools.update!(f.context, pool.id, { address_scope_id: other.id }))).type).toBe(
      'NetworkAddressScopeAffinityError',
    );
    await pools.update!(f.context, pool.id, { name: 'still in it' });
  });
});

describe('sharing by RBAC', () => {
  const open = (object_type: string, object_id: string, target_tenant: string) =>
    f.plugin.collections.rbac_policies!.create!(f.context, {
      project_id: 'p1',
      object_type,
      object_id,
      action: 'access_as_shared',
      target_tenant,
    });

  it('needs the scope to be open, too, and lasts as long as it is used', async () => {
    const scope = await makeScope();
    const pool = await make({ address_scope_id: scope.id, default_prefixlen: 24 });
    expect((await failure(open('subnetpool', pool.id, 'p2'))).type).toBe('RbacPolicyInitError');
    await open('address_scope', scope.id, 'p2');
    const { id } = await open('subnetpool', pool.id, 'p2');
    const p2 = member('p2');
    expect(await pools.get(p2, pool.id)).toMatchObject({ shared: true, revision_number: 1 });
    const network = await f.network({ project_id: 'p2' });
    const subnet = await take(pool, network.id, { project_id: 'p2' });
    const policies = f.plugin.collections.rbac_policies!;
    expect((await failure(policies.delete!(f.context, id))).type).toBe('RbacPolicyInUse');
    await f.plugin.collections.subnets.delete!(f.context, subnet.id);
    await policies.delete!(f.context, id);
    expect((await failure(pools.get(p2, pool.id))).type).toBe('SubnetPoolNotFound');
  });

  it('needs the scope to be open to whom an entry is given later', async () => {
    const scope = await makeScope();
    const pool = await make({ address_scope_id: scope.id });
    await open('address_scope', scope.id, 'p2');
    const { id } = await open('subnetpool', pool.id, 'p2');
    const policies = f.plugin.collections.rbac_policies!;
    const given = () => policies.update!(f.context, id, { target_tenant: 'p3' });
    expect((await failure(given())).type).toBe('RbacPolicyInitError');
    await open('address_scope', scope.id, 'p3');
    expect(await given()).toMatchObject({ target_tenant: 'p3' });
  });
});
