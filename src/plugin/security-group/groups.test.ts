import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SecurityGroup } from '../../resources/shapes.ts';
import type { Collection, Input } from '../contract.ts';
import { all, createFixture, type Fixture, failure, member } from '../fixture.ts';

let f: Fixture;
let groups: Collection<SecurityGroup>;
beforeEach(async () => {
  f = await createFixture({ securityGroup: { enable_security_group: true } });
  groups = f.plugin.collections.security_groups!;
});
afterEach(() => f[Symbol.asyncDispose]());

const make = (input: Input = {}, context = f.context) =>
  groups.create!(context, { project_id: 'p1', name: 'web', description: '', stateful: true, ...input });

const share = (object_id: string, target_project: string) =>
  f.plugin.collections.rbac_policies!.create!(f.context, {
    project_id: 'p1',
    object_type: 'security_group',
    object_id,
    action: 'access_as_shared',
    target_tenant: target_project,
  });

const shape = ({ security_group_rules }: SecurityGroup) =>
  security_group_rules.map(({ direction, ethertype, remote_group_id }) => [direction, ethertype, remote_group_id]);

describe('security groups', () => {
  it('begin with two rules that let everything out', async () => {
    const group = await make({ description: 'd' });
    expect(group).toMatchObject({
      name: 'web',
      stateful: true,
      tenant_id: 'p1',
      project_id: 'p1',
      description: 'd',
      shared: false,
      tags: [],
      revision_number: 1,
    });
    expect(shape(group)).toEqual([
      ['egress', 'IPv4', null],
      ['egress', 'IPv6', null],
    ]);
    expect(group.security_group_rules[0]).toEqual({
      id: expect.any(String),
      tenant_id: 'p1',
      security_group_id: group.id,
      ethertype: 'IPv4',
      direction: 'egress',
      protocol: null,
      port_range_min: null,
      port_range_max: null,
      remote_ip_prefix: null,
      remote_address_group_id: null,
      normalized_cidr: null,
      remote_group_id: null,
      standard_attr_id: expect.any(Number),
      belongs_to_default_sg: false,
      description: null,
      tags: [],
      created_at: '2026-11-23T12:00:00Z',
      updated_at: '2026-11-23T12:00:00Z',
      revision_number: 0,
      project_id: 'p1',
    });
    expect(await groups.get(f.context, group.id)).toEqual(group);
  });

  it('of a list are the same as objects and as text', async () => {
    await groups.createBulk!(
      f.context,
      Array.from({ length: 60 }, (_, i) => ({
        project_id: `p"${i % 3}`,
        name: `n"${i}`,
        description: '',
        stateful: i % 2 === 0,
      })),
    );
    const listed = await all(groups);
    expect(listed).toHaveLength(63);
    for (const group of listed) expect(await groups.get(f.context, group.id)).toEqual(group);
  });

  it('change name, description and statefulness', async () => {
    const { id } = await make();
    expect(await groups.update!(f.context, id, { name: 'db', stateful: false })).toMatchObject({
      name: 'db',
      stateful: false,
      revision_number: 2,
    });
    expect(await groups.update!(f.context, id, { name: 'db' })).toMatchObject({ revision_number: 2 });
    expect((await failure(groups.update!(f.context, id, { name: 'x' }, 1))).type).toBe(
      'RevisionNumberConstraintFailed',
    );
  });

  it('are gone when deleted, and the rules of others that refer to them', async () => {
    const [one, other] = [await make(), await make({ name: 'db' })];
    await f.plugin.collections.security_group_rules!.create!(f.context, {
      project_id: 'p1',
      security_group_id: other.id,
      direction: 'ingress',
      remote_group_id: one.id,
    });
    await f.told();
    await groups.delete!(f.context, one.id);
    expect(await failure(groups.get(f.context, one.id))).toEqual({
      type: 'SecurityGroupNotFound',
      message: `Security group ${one.id} does not exist`,
    });
    const left = await groups.get(f.context, other.id);
    expect(left).toMatchObject({ revision_number: 3 });
    expect(left.security_group_rules).toHaveLength(2);
    expect(await f.told()).toEqual([
      {
        to: 'q-agent-notifier-security_group-update_fanout',
        method: 'security_groups_rule_updated',
        args: { security_groups: [other.id] },
      },
    ]);
  });

  it('stay while a port is in them', async () => {
    const { id } = await make();
    const network = await f.network();
    const port = await f.port(network.id, { security_groups: [id] });
    const inUse = { type: 'SecurityGroupInUse', message: `Security Group ${id} in use.` };
    expect(await failure(groups.delete!(f.context, id))).toEqual(inUse);
    expect(await failure(groups.update!(f.context, id, { stateful: false }))).toEqual(inUse);
    await f.plugin.collections.ports.delete!(f.context, port.id);
    await groups.delete!(f.context, id);
  });

  it('are found by what they are', async () => {
    const { id } = await make();
    const stateless = await make({ name: 'fast', stateful: false });
    await share(stateless.id, 'p2');
    const find = async (filters: Record<string, string[] | boolean[]>, context = member('p2')) =>
      (await all(groups, { filters }, context)).map((group) => group.id);
    expect(await find({ name: ['web'] }, member('p1'))).toEqual([id]);
    expect(await find({ stateful: [false] }, member('p1'))).toEqual([stateless.id]);
    expect(await find({ shared: [true] })).toEqual([stateless.id]);
    expect(await find({ id: [id] })).toEqual([]);
  });

  it('are seen by their project, and by others only when opened to them', async () => {
    const { id } = await make();
    const stranger = member('p2');
    expect((await failure(groups.get(stranger, id))).type).toBe('SecurityGroupNotFound');
    expect((await failure(groups.delete!(stranger, id))).type).toBe('SecurityGroupNotFound');
    const policy = await share(id, 'p2');
    expect(await groups.get(stranger, id)).toMatchObject({ id, shared: true, revision_number: 2 });
    const network = await f.network({ project_id: 'p2' });
    const port = await f.port(network.id, { project_id: 'p2', security_groups: [id] });
    expect((await failure(f.plugin.collections.rbac_policies!.delete!(f.context, policy.id))).type).toBe(
      'RbacPolicyInUse',
    );
    await f.plugin.collections.ports.delete!(f.context, port.id);
    await f.plugin.collections.rbac_policies!.delete!(f.context, policy.id);
    expect((await failure(groups.get(stranger, id))).type).toBe('SecurityGroupNotFound');
  });
});

describe("a project's default group", () => {
  const defaults = async (project: string) =>
    (await all(groups, { filters: { project_id: [project], name: ['default'] } })).map((group) => group);

  it('is made when somebody looks, with rules among its own members', async () => {
    expect(await all(groups, {}, member('p7'))).toHaveLength(1);
    const [group] = await defaults('p7');
    expect(group).toMatchObject({ name: 'default', description: 'Default security group', revision_number: 1 });
    expect(shape(group!)).toEqual([
      ['egress', 'IPv4', null],
      ['egress', 'IPv6', null],
      ['ingress', 'IPv4', group!.id],
      ['ingress', 'IPv6', group!.id],
    ]);
    expect(group!.security_group_rules.every((rule) => rule.belongs_to_default_sg)).toBe(true);
    await all(groups, {}, member('p7'));
    await all(f.plugin.collections.security_group_rules!, {}, member('p7'));
    expect(await defaults('p7')).toHaveLength(1);
  });

  it('is made with the first network, port or group', async () => {
    await f.network({ project_id: 'a' });
    await make({ project_id: 'b' });
    expect(await defaults('a')).toHaveLength(1);
    expect(await defaults('b')).toHaveLength(1);
    const network = await f.network({ project_id: 'a' });
    const port = await f.port(network.id, { project_id: 'c' });
    expect(port.security_groups).toEqual([(await defaults('c'))[0]!.id]);
  });

  it('is one, whoever comes first', async () => {
    const network = await f.network();
    const made = await Promise.all(Array.from({ length: 8 }, () => f.port(network.id, { project_id: 'race' })));
    await Promise.all([
      all(groups, {}, member('race')),
      all(groups, {}, member('race')),
      f.network({ project_id: 'race' }),
    ]);
    expect(await defaults('race')).toHaveLength(1);
    expect(new Set(made.flatMap((port) => port.security_groups))).toHaveProperty('size', 1);
  });

  it('is one among several servers', async () => {
    await using second = await createFixture(
      { securityGroup: { enable_security_group: true } },
      { database: f.database },
    );
    await Promise.all(
      [f, second].flatMap(({ plugin }) =>
        [1, 2, 3].map(() => all(plugin.collections.security_groups!, {}, member('s'))),
      ),
    );
    expect(await defaults('s')).toHaveLength(1);
  });

  it('is not made by others than its project and administrators', async () => {
    expect(await all(groups, { filters: { project_id: ['p8'] } }, member('p7'))).toEqual([]);
    expect(await f.database.db.selectFrom('default_security_group').selectAll().execute()).toEqual([]);
  });

  it('cannot be renamed, and goes only by an administrator, to come back', async () => {
    await all(groups, {}, member('p7'));
    const [group] = await defaults('p7');
    expect((await failure(groups.update!(f.context, group!.id, { name: 'x' }))).type).toBe(
      'SecurityGroupCannotUpdateDefault',
    );
    expect(await groups.update!(f.context, group!.id, { description: 'ours' })).toMatchObject({ description: 'ours' });
    expect((await failure(groups.delete!(member('p7'), group!.id))).type).toBe('SecurityGroupCannotRemoveDefault');
    await groups.delete!(f.context, group!.id);
    expect(await all(groups, {}, member('p7'))).toMatchObject([
      { name: 'default', description: 'Default security group' },
    ]);
  });

  it('is made although the quota is used up, other groups are not', async () => {
    await using small = await createFixture({
      securityGroup: { enable_security_group: true },
      quota: { quota_security_group: 2, quota_security_group_rule: 7 },
    });
    const { security_groups } = small.plugin.collections;
    const create = (name: string) =>
      failure(security_groups!.create!(small.context, { project_id: 'p1', name, description: '', stateful: true }));
    expect(await create('one')).toMatchObject({ type: 'nothing' });
    expect(await create('two')).toEqual({
      type: 'OverQuota',
      message: "Quota exceeded for resources: ['security_group'].",
    });
    await using none = await createFixture({
      securityGroup: { enable_security_group: true },
      quota: { quota_security_group: 0, quota_security_group_rule: 0 },
    });
    const network = await none.network();
    expect((await none.port(network.id)).security_groups).toHaveLength(1);
  });

  it('counts its rules when others are made', async () => {
    await using small = await createFixture({
      securityGroup: { enable_security_group: true },
      quota: { quota_security_group_rule: 5 },
    });
    const { security_groups } = small.plugin.collections;
    const refused = await failure(
      security_groups!.create!(small.context, { project_id: 'p1', name: 'one', description: '', stateful: true }),
    );
    expect(refused.message).toBe("Quota exceeded for resources: ['security_group_rule'].");
    expect(await all(security_groups!)).toEqual([]);
  });
});
