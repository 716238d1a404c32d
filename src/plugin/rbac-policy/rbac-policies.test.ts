import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { adminContext } from '../../lib/context.ts';
import type { Network, RbacPolicy } from '../../resources/shapes.ts';
import type { Collection, Input } from '../contract.ts';
import { all, createFixture, type Fixture, failure, member } from '../fixture.ts';

let f: Fixture;
let policies: Collection<RbacPolicy>;
let network: Network;
beforeEach(async () => {
  f = await createFixture({ quota: { quota_rbac_policy: 4 } });
  policies = f.plugin.collections.rbac_policies!;
  network = await f.network();
});
afterEach(() => f[Symbol.asyncDispose]());

const open = (input: Input = {}, context = f.context) =>
  policies.create!(context, {
    project_id: 'p1',
    object_type: 'network',
    object_id: network.id,
    action: 'access_as_shared',
    target_tenant: 'p2',
    ...input,
  });
const see = (context = f.context) => f.plugin.collections.networks.get(context, network.id);
const group = () =>
  f.plugin.collections.address_groups!.create!(f.context, { project_id: 'p1', name: 'ag', addresses: [] });

describe('a policy', () => {
  it('opens a network to one project, and is seen by its own project only', async () => {
    expect((await failure(see(member('p2')))).type).toBe('NetworkNotFound');
    const policy = await open();
    expect(policy).toEqual({
      id: policy.id,
      tenant_id: 'p1',
      project_id: 'p1',
      object_type: 'network',
      object_id: network.id,
      action: 'access_as_shared',
      target_tenant: 'p2',
    });
    expect(await see(member('p2'))).toMatchObject({ shared: true });
    expect(await see(member('p1'))).toMatchObject({ shared: false });
    expect(await all(policies, {}, member('p1'))).toEqual([policy]);
    expect(await all(policies, {}, member('p2'))).toEqual([]);
    expect(await failure(policies.get(member('p2'), policy.id))).toEqual({
      type: 'RbacPolicyNotFound',
      message: `RBAC policy of type unknown with ID ${policy.id} not found`,
    });
  });

  it('changes only whom it is for', async () => {
    const { id } = await open();
    expect(await policies.update!(f.context, id, { target_tenant: 'p3' })).toMatchObject({ target_tenant: 'p3' });
    expect((await failure(see(member('p2')))).type).toBe('NetworkNotFound');
    expect(await see(member('p3'))).toMatchObject({ shared: true });
  });

  it('raises the revision of its network whenever it comes, changes and goes', async () => {
    const { revision_number: before } = await see();
    const { id } = await open();
    await policies.update!(f.context, id, { target_tenant: 'p3' });
    await policies.update!(f.context, id, { target_tenant: 'p3' });
    await policies.delete!(f.context, id);
    expect((await see()).revision_number).toBe(before! + 3);
    expect((await failure(policies.delete!(f.context, id))).type).toBe('RbacPolicyNotFound');
  });

  it('for everybody is what `shared` shows', async () => {
    const { id } = await open({ target_tenant: '*' });
    expect(await see()).toMatchObject({ shared: true });
    await f.plugin.collections.networks.update!(f.context, network.id, { shared: false });
    expect((await failure(policies.get(f.context, id))).type).toBe('RbacPolicyNotFound');
    const shared = await f.network({ shared: true });
    expect(await all(policies)).toMatchObject([{ object_id: shared.id, target_tenant: '*', project_id: 'p1' }]);
  });

  it('as external makes the network one, until the last goes', async () => {
    const one = await open({ action: 'access_as_external' });
    expect(await see(member('p2'))).toMatchObject({ 'router:external': true, shared: false });
    expect((await failure(see(member('p3')))).type).toBe('NetworkNotFound');
    const other = await open({ action: 'access_as_external', target_tenant: 'p3' });
    await policies.delete!(f.context, one.id);
    expect(await see()).toMatchObject({ 'router:external': true });
    await policies.delete!(f.context, other.id);
    expect(await see()).toMatchObject({ 'router:external': false });
  });

  it('as external goes when the network is said to be none, and stays narrow when it is said to be one', async () => {
    await open({ action: 'access_as_external' });
    const { networks } = f.plugin.collections;
    await networks.update!(f.context, network.id, { 'router:external': true });
    expect(await all(policies)).toMatchObject([{ target_tenant: 'p2' }]);
    await networks.update!(f.context, network.id, { 'router:external': false });
    expect(await all(policies)).toEqual([]);
  });

  it('exists once', async () => {
    await open();
    const { id } = await open({ target_tenant: 'p3' });
    const duplicate = { type: 'DuplicateRbacPolicy', message: 'An RBAC policy already exists with those values.' };
    expect(await failure(open())).toEqual(duplicate);
    expect(await failure(policies.update!(f.context, id, { target_tenant: 'p2' }))).toEqual(duplicate);
  });
});

describe('a policy that somebody needs', () => {
  const inUse = () => ({
    type: 'RbacPolicyInUse',
    message:
      `RBAC policy on object ${network.id} cannot be removed because other objects depend on it.\n` +
      `Details: Unable to reconfigure sharing settings for network ${network.id}. Multiple tenants are using it.`,
  });

  it('can neither go nor be given to another project', async () => {
    const { id } = await open();
    await f.port(network.id, { project_id: 'p2' });
    expect(await failure(policies.delete!(f.context, id))).toEqual(inUse());
    expect(await failure(policies.update!(f.context, id, { target_tenant: 'p3' }))).toEqual(inUse());
    expect(await policies.get(f.context, id)).toMatchObject({ target_tenant: 'p2' });
  });

  it('can go when another one covers the same project', async () => {
    const { id } = await open();
    const { id: wildcard } = await open({ target_tenant: '*' });
    await f.port(network.id, { project_id: 'p2' });
    await policies.delete!(f.context, id);
    expect(await failure(policies.delete!(f.context, wildcard))).toEqual(inUse());
    expect(await failure(policies.update!(f.context, wildcard, { target_tenant: 'p3' }))).toEqual(inUse());
    await policies.update!(f.context, wildcard, { target_tenant: 'p2' });
    await policies.update!(f.context, wildcard, { target_tenant: '*' });
  });

  it('stays for the default external network', async () => {
    const external = await f.network({ 'router:external': true, is_default: true });
    const [policy] = await all(policies, { filters: { object_id: [external.id] } });
    expect(await failure(policies.delete!(f.context, policy!.id))).toMatchObject({
      type: 'RbacPolicyInUse',
      message: expect.stringContaining('Default external networks must be shared to everyone.'),
    });
  });
});

describe('who may say who uses what', () => {
  it('the owner, and nobody else but administrators', async () => {
    await open({}, member('p1'));
    const own = { project_id: 'p2', target_tenant: 'p3' };
    expect(await failure(open(own, member('p2')))).toEqual({
      type: 'InvalidInput',
      message: 'Invalid input for operation: Only admins can manipulate policies on networks they do not own.',
    });
    expect(await failure(open({ ...own, project_id: 'p3' }, member('p3')))).toEqual({
      type: 'InvalidInput',
      message: `Invalid input for operation: Network ${network.id} could not be found.`,
    });
    await open(own, adminContext());
  });

  it('a project with a policy on a network that is not its own keeps it, but cannot open it to others', async () => {
    const { id } = await open({ project_id: 'p2' });
    const { type, message } = await failure(policies.update!(member('p2'), id, { target_tenant: 'p3' }));
    expect(type).toBe('RbacPolicyInUse');
    expect(message).toContain('Only admins can manipulate policies on networks they do not own');
    await policies.delete!(member('p2'), id);
  });

  it('only objects and actions that there are', async () => {
    expect((await failure(open({ object_type: 'bgpvpn' }))).message).toBe(
      "Invalid input for operation: 'bgpvpn' is not a valid RBAC object type.",
    );
    expect(await failure(open({ action: 'nope' }))).toEqual({
      type: 'InvalidActionForType',
      message:
        "Invalid action 'nope' for object type 'network'. Valid actions: ('access_as_shared', 'access_as_external')",
    });
    const { id } = await group();
    expect(
      (await failure(open({ object_type: 'address_group', object_id: id, action: 'access_as_external' }))).message,
    ).toBe("Invalid action 'access_as_external' for object type 'address_group'. Valid actions: ('access_as_shared',)");
  });

  it('as often as the quota of the project allows, over all kinds of objects', async () => {
    const { id } = await group();
    await open({ object_type: 'address_group', object_id: id });
    for (const target_tenant of ['p2', 'p3', 'p4']) await open({ target_tenant });
    const over = { type: 'OverQuota', message: "Quota exceeded for resources: ['rbac_policy']." };
    expect(await failure(open({ target_tenant: 'p5' }))).toEqual(over);
    expect(await failure(open({ object_type: 'address_group', object_id: id, target_tenant: 'p5' }))).toEqual(over);
  });
});

describe('the list', () => {
  it('is of all kinds of objects, filtered, sorted and in pages', async () => {
    const { id } = await group();
    const a = await open({ target_tenant: 'a' });
    const c = await open({ target_tenant: 'c' });
    const b = await open({ object_type: 'address_group', object_id: id, target_tenant: 'b' });
    const sorts = [{ key: 'target_tenant', direction: 'asc' }] as const;
    expect(await all(policies, { sorts })).toEqual([a, b, c]);
    expect(await all(policies, { sorts, limit: 1, marker: a.id })).toEqual([b]);
    expect(await all(policies, { sorts, limit: 2, marker: c.id, pageReverse: true })).toEqual([a, b]);
    expect(await all(policies, { filters: { object_type: ['address_group'] } })).toEqual([b]);
    expect(await all(policies, { filters: { target_tenant: ['a', 'b'] }, sorts })).toEqual([a, b]);
    expect(await all(policies, { filters: { object_id: [id] }, fields: ['id'] })).toEqual([{ id: b.id }]);
    expect(await failure(all(policies, { limit: 1, marker: 'x' }))).toMatchObject({ type: 'RbacPolicyNotFound' });
  });
});
