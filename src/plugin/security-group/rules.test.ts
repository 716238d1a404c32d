import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type {
  AddressGroup,
  DefaultSecurityGroupRule,
  SecurityGroup,
  SecurityGroupRule,
} from '../../resources/shapes.ts';
import type { Collection, Input } from '../contract.ts';
import { all, createFixture, type Fixture, failure, member } from '../fixture.ts';

let f: Fixture;
let groups: Collection<SecurityGroup>;
let rules: Collection<SecurityGroupRule>;
let group: SecurityGroup;
beforeEach(async () => {
  f = await createFixture({ securityGroup: { enable_security_group: true } });
  groups = f.plugin.collections.security_groups!;
  rules = f.plugin.collections.security_group_rules!;
  group = await groups.create!(f.context, { project_id: 'p1', name: 'web', description: '', stateful: true });
});
afterEach(() => f[Symbol.asyncDispose]());

const rule = (input: Input = {}): Input => ({
  project_id: 'p1',
  security_group_id: group.id,
  direction: 'ingress',
  ethertype: 'IPv4',
  description: '',
  ...input,
});
const make = (input: Input = {}, context = f.context) => rules.create!(context, rule(input));
const web = { protocol: 'tcp', port_range_min: 80, port_range_max: 90, remote_ip_prefix: '192.0.2.7/24' };

const addressGroup = (input: Input = {}): Promise<AddressGroup> =>
  f.plugin.collections.address_groups!.create!(f.context, {
    project_id: 'p1',
    name: 'ag',
    description: '',
    addresses: ['192.0.2.0/24'],
    ...input,
  });

describe('rules', () => {
  it('are answered as they are stored, and raise the revision of their group', async () => {
    await f.told();
    const made = await make(web);
    expect(made).toEqual({
      id: expect.any(String),
      tenant_id: 'p1',
      security_group_id: group.id,
      ethertype: 'IPv4',
      direction: 'ingress',
      ...web,
      remote_address_group_id: null,
      normalized_cidr: '192.0.2.0/24',
      remote_group_id: null,
      belongs_to_default_sg: false,
      description: '',
      created_at: '2026-11-23T12:00:00Z',
      updated_at: '2026-11-23T12:00:00Z',
      revision_number: 0,
      project_id: 'p1',
    });
    expect(await rules.get(f.context, made.id)).toEqual(made);
    expect(await all(rules, { filters: { security_group_id: [group.id], protocol: ['tcp'] } })).toEqual([made]);
    expect(await groups.get(f.context, group.id)).toMatchObject({ revision_number: 2 });
    expect(await f.told()).toEqual([
      {
        to: 'q-agent-notifier-security_group-update_fanout',
        method: 'security_groups_rule_updated',
        args: { security_groups: [group.id] },
      },
    ]);
    await rules.delete!(f.context, made.id);
    expect(await groups.get(f.context, group.id)).toMatchObject({ revision_number: 3 });
    expect(await failure(rules.delete!(f.context, made.id))).toEqual({
      type: 'SecurityGroupRuleNotFound',
      message: `Security group rule ${made.id} does not exist`,
    });
  });

  it('are there once, however they are written', async () => {
    const { id } = await make(web);
    const exists = {
      type: 'SecurityGroupRuleExists',
      message: `Security group rule already exists. Rule id is ${id}.`,
    };
    expect(await failure(make(web))).toEqual(exists);
    expect(await failure(make({ ...web, protocol: '6' }))).toEqual(exists);
    await make({ ...web, remote_ip_prefix: '198.51.100.0/24' });
    const anywhere = await make({ remote_ip_prefix: '0.0.0.0/0' });
    expect((await failure(make())).message).toContain(anywhere.id);
  });

  it('are made once of two requests at the same time', async () => {
    const outcomes = await Promise.all([1, 2, 3].map(() => failure(make(web))));
    expect(outcomes.map(({ type }) => type).sort()).toEqual([
      'SecurityGroupRuleExists',
      'SecurityGroupRuleExists',
      'nothing',
    ]);
  });

  it('of one request are of one group and project, and differ', async () => {
    const bulk = (...inputs: Input[]) => failure(rules.createBulk!(f.context, inputs.map(rule)));
    expect((await bulk({ protocol: 'tcp' }, { protocol: '6' })).type).toBe('DuplicateSecurityGroupRuleInPost');
    expect((await bulk({}, { security_group_id: 'other' })).type).toBe('SecurityGroupNotSingleGroupRules');
    expect((await bulk({}, { project_id: 'p2' })).type).toBe('SecurityGroupRulesNotSingleTenant');
    expect((await bulk({ protocol: 'udp' }, { ethertype: 'IPv6', protocol: 'udp' })).type).toBe('nothing');
    expect((await bulk({ protocol: 'sctp' }, { protocol: 'udp' })).type).toBe('SecurityGroupRuleExists');
    expect(await all(rules, { filters: { security_group_id: [group.id] } })).toHaveLength(4);
  });

  it('refer to groups and address groups that their project may use', async () => {
    const other = await groups.create!(f.context, { project_id: 'p2', name: 'db', description: '', stateful: true });
    const addresses = await addressGroup();
    const user = member('p1');
    expect((await failure(make({ remote_group_id: other.id }, user))).type).toBe('SecurityGroupNotFound');
    expect((await failure(make({ security_group_id: other.id }, user))).type).toBe('SecurityGroupNotFound');
    const foreign = await addressGroup({ project_id: 'p2' });
    expect((await failure(make({ remote_address_group_id: foreign.id }, user))).type).toBe('AddressGroupNotFound');
    expect(await make({ remote_address_group_id: addresses.id }, user)).toMatchObject({
      remote_address_group_id: addresses.id,
    });
    expect(await make({ remote_group_id: other.id })).toMatchObject({ remote_group_id: other.id });
    expect((await failure(make({ security_group_id: 'nonsense' }))).message).toBe(
      'Security group nonsense does not exist',
    );
  });

  it('keep the address group they refer to', async () => {
    const addresses = await addressGroup();
    const { id } = await make({ remote_address_group_id: addresses.id });
    const collection = f.plugin.collections.address_groups!;
    expect(await failure(collection.delete!(f.context, addresses.id))).toEqual({
      type: 'AddressGroupInUse',
      message: `Address group ${addresses.id} is in use on one or more security group rules.`,
    });
    await f.told();
    await f.plugin.routes['PUT address_groups/{id}/add_addresses']!({
      context: f.context,
      params: { id: addresses.id },
      input: { addresses: ['10.0.0.0/8'] },
      parameters: [],
      ifRevision: null,
    });
    expect(await f.told()).toMatchObject([
      { method: 'security_groups_rule_updated', args: { security_groups: [group.id] } },
    ]);
    await rules.delete!(f.context, id);
    await collection.delete!(f.context, addresses.id);
  });

  it("are seen by their project and their group's", async () => {
    const own = await make({}, f.context);
    const guests = await make({ project_id: 'p2', protocol: 'tcp' });
    const seenBy = async (project: string) =>
      (await all(rules, { filters: { security_group_id: [group.id] } }, member(project))).map(({ id }) => id);
    expect(await seenBy('p1')).toEqual(expect.arrayContaining([own.id, guests.id]));
    expect(await seenBy('p2')).toEqual([guests.id]);
    expect(await seenBy('p3')).toEqual([]);
    expect((await failure(rules.get(member('p3'), own.id))).type).toBe('SecurityGroupRuleNotFound');
    expect((await failure(rules.delete!(member('p2'), own.id))).type).toBe('SecurityGroupRuleNotFound');
  });

  it('do not change', async () => {
    const { id } = await make();
    expect((await failure(rules.update!(f.context, id, { description: 'x' }))).type).toBe('HTTPMethodNotAllowed');
    expect((await failure(rules.update!(f.context, 'gone', { description: 'x' }))).type).toBe(
      'SecurityGroupRuleNotFound',
    );
  });

  it('stay within the quota of their project', async () => {
    await using small = await createFixture({
      securityGroup: { enable_security_group: true },
      quota: { quota_security_group_rule: 7 },
    });
    const { security_groups, security_group_rules } = small.plugin.collections;
    const { id } = await security_groups!.create!(small.context, {
      project_id: 'p1',
      name: 'g',
      description: '',
      stateful: true,
    });
    const bulk = (...protocols: string[]) =>
      failure(
        security_group_rules!.createBulk!(
          small.context,
          protocols.map((protocol) => ({ project_id: 'p1', security_group_id: id, direction: 'ingress', protocol })),
        ),
      );
    expect((await bulk('tcp', 'udp')).type).toBe('OverQuota');
    expect((await bulk('tcp')).type).toBe('nothing');
    expect((await bulk('udp')).message).toBe("Quota exceeded for resources: ['security_group_rule'].");
  });
});

describe('default rules', () => {
  const template = (input: Input = {}): Input => ({
    direction: 'ingress',
    ethertype: 'IPv4',
    used_in_default_sg: false,
    used_in_non_default_sg: true,
    description: '',
    ...input,
  });
  const templates = (): Collection<DefaultSecurityGroupRule> => f.plugin.collections.default_security_group_rules!;

  it('are four at first', async () => {
    const found = await all(templates());
    expect(
      found
        .map(
          (one) =>
            `${one.direction} ${one.ethertype} ${one.remote_group_id} ${one.used_in_default_sg} ${one.used_in_non_default_sg}`,
        )
        .sort(),
    ).toEqual([
      'egress IPv4 null true true',
      'egress IPv6 null true true',
      'ingress IPv4 PARENT true false',
      'ingress IPv6 PARENT true false',
    ]);
  });

  it('are what groups made from then on begin with', async () => {
    const ssh = await templates().create!(
      f.context,
      template({ protocol: 'tcp', port_range_min: 22, port_range_max: 22 }),
    );
    expect(ssh).toMatchObject({
      protocol: 'tcp',
      used_in_default_sg: false,
      used_in_non_default_sg: true,
      revision_number: 0,
    });
    for (const one of await all(templates(), { filters: { direction: ['egress'] } })) {
      await templates().delete!(f.context, one.id);
    }
    const fresh = await groups.create!(f.context, { project_id: 'p9', name: 'g', description: '', stateful: true });
    expect(fresh.security_group_rules).toMatchObject([{ protocol: 'tcp', port_range_min: 22, direction: 'ingress' }]);
    const [own] = await all(groups, { filters: { project_id: ['p9'], name: ['default'] } });
    expect(own!.security_group_rules).toMatchObject([{ remote_group_id: own!.id }, { remote_group_id: own!.id }]);
  });

  it('are there once, and in order', async () => {
    const { id } = await templates().create!(f.context, template({ protocol: 'tcp' }));
    expect(await failure(templates().create!(f.context, template({ protocol: '6' })))).toEqual({
      type: 'DefaultSecurityGroupRuleExists',
      message: `Default Security group rule already exists. Rule id is ${id}.`,
    });
    const twice = [template({ protocol: 'udp' }), template({ protocol: 'udp' })];
    expect((await failure(templates().createBulk!(f.context, twice))).type).toBe('DuplicateDefaultSgRuleInPost');
    expect(
      (await failure(templates().create!(f.context, template({ port_range_min: 1, port_range_max: 2 })))).type,
    ).toBe('SecurityGroupProtocolRequiredWithPorts');
    expect((await failure(templates().create!(f.context, template({ remote_group_id: 'x' })))).type).toBe(
      'SecurityGroupNotFound',
    );
    expect((await failure(templates().delete!(f.context, 'gone'))).message).toBe(
      'Default Security Group rule gone does not exist',
    );
  });
});
