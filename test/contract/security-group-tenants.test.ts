import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { admin, makeTenants, member, reader, type Tenants } from '../support/tenants.ts';

/** Security groups as projects meet them: through the API, under the rules of policy. */
let t: Tenants;
beforeEach(async () => {
  t = await makeTenants({ options: { securityGroup: { enable_security_group: true } } });
});
afterEach(async () => {
  const { faults } = t;
  await t[Symbol.asyncDispose]();
  expect(faults).toEqual([]);
});

const demo = member('demo');
const alt = member('alt');
const type = ({ status, body }: { status: number; body: { NeutronError?: { type: string } } | null }) =>
  `${status} ${body?.NeutronError?.type ?? ''}`.trim();
const groups = async (caller = demo, query = '') =>
  (await t.ask(caller, 'GET', `security-groups${query}`)).body.security_groups;
const rule = (security_group_id: string, more = {}) => ({ security_group_id, direction: 'ingress', ...more });

describe('a project', () => {
  it('finds its default group, and no one else’s', async () => {
    expect(await groups(reader('demo'))).toMatchObject([{ name: 'default', project_id: 'demo' }]);
    expect(await groups(alt)).toMatchObject([{ name: 'default', project_id: 'alt' }]);
    expect(await groups(admin)).toHaveLength(3);
    expect(await groups(alt, '?project_id=demo')).toEqual([]);
  });

  it('is not looked at by making groups for it', async () => {
    expect(await groups(alt, '?project_id=victim')).toEqual([]);
    expect(await groups(admin, '?name=default&project_id=victim&fields=name')).toEqual([{ name: 'default' }]);
  });

  it('makes, changes and deletes what is its own', async () => {
    const group = await t.create(demo, 'security-groups', { name: 'web' });
    const made = await t.create(demo, 'security-group-rules', rule(group.id, { protocol: 'tcp' }));
    const path = `security-groups/${group.id}`;
    expect((await t.ask(demo, 'GET', path)).body.security_group.security_group_rules).toHaveLength(3);
    for (const [method, body] of [['GET'], ['PUT', { security_group: { name: 'x' } }], ['DELETE']] as const) {
      expect(type(await t.ask(alt, method, path, body)), method).toBe('404 SecurityGroupNotFound');
    }
    const others = { security_group_rule: rule(group.id, { protocol: 'udp' }) };
    expect(type(await t.ask(alt, 'POST', 'security-group-rules', others))).toBe('404 SecurityGroupNotFound');
    expect(type(await t.ask(reader('demo'), 'POST', 'security-group-rules', others))).toBe('403 PolicyNotAuthorized');
    expect(type(await t.ask(alt, 'DELETE', `security-group-rules/${made.id}`))).toBe('404 SecurityGroupRuleNotFound');
    expect(type(await t.ask(demo, 'PUT', path, { security_group: { name: 'db' } }))).toBe('200');
    expect(type(await t.ask(demo, 'DELETE', `security-group-rules/${made.id}`))).toBe('204');
    expect(type(await t.ask(demo, 'DELETE', path))).toBe('204');
  });

  it('uses a group that is shared with it, and cannot change it', async () => {
    const { id } = await t.create(demo, 'security-groups', { name: 'ours' });
    const policy = { object_type: 'security_group', object_id: id, action: 'access_as_shared', target_tenant: 'alt' };
    await t.create(demo, 'rbac-policies', policy);
    expect(await groups(alt, '?shared=true')).toMatchObject([{ id, shared: true }]);
    const network = await t.create(alt, 'networks', {});
    expect(await t.create(alt, 'ports', { network_id: network.id, security_groups: [id] })).toMatchObject({
      security_groups: [id],
    });
    const change = { security_group: { name: 'mine' } };
    expect(type(await t.ask(alt, 'PUT', `security-groups/${id}`, change))).toBe('403 PolicyNotAuthorized');
    expect(type(await t.ask(alt, 'DELETE', `security-groups/${id}`))).toBe('403 PolicyNotAuthorized');
    const more = { security_group_rule: rule(id) };
    expect(type(await t.ask(alt, 'POST', 'security-group-rules', more))).toBe('403 PolicyNotAuthorized');
  });

  it('reads default rules, and administrators write them', async () => {
    const template = { direction: 'ingress', protocol: 'tcp', port_range_min: 22, port_range_max: 22 };
    const wanted = { default_security_group_rule: template };
    expect(type(await t.ask(demo, 'POST', 'default-security-group-rules', wanted))).toBe('403 PolicyNotAuthorized');
    await t.create(admin, 'default-security-group-rules', template);
    const { body } = await t.ask(demo, 'GET', 'default-security-group-rules?protocol=tcp');
    expect(body.default_security_group_rules).toMatchObject([
      { ...template, ethertype: 'IPv4', used_in_default_sg: false },
    ]);
    const group = await t.create(demo, 'security-groups', { name: 'g' });
    expect(group.security_group_rules).toHaveLength(3);
  });

  it('sees rules by the groups they are in', async () => {
    const { id } = await t.create(demo, 'security-groups', { name: 'web' });
    const made = await t.create(demo, 'security-group-rules', rule(id));
    const seen = async (caller = demo) =>
      (await t.ask(caller, 'GET', `security-group-rules?security_group_id=${id}&direction=ingress`)).body
        .security_group_rules;
    expect(await seen()).toEqual([made]);
    expect(await seen(alt)).toEqual([]);
  });
});
