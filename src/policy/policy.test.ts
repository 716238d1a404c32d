import { describe, expect, it } from 'vitest';
import { adminContext, type Context } from '../lib/context.ts';
import { defaultRules } from './defaults.ts';
import { evaluate } from './evaluate.ts';
import { Policy } from './policy.ts';
import { makeRules, PolicyError, type RuleFile } from './rules.ts';

const caller = (roles: string[], more: Partial<Context> = {}): Context => ({
  ...adminContext('req-1'),
  isAdmin: false,
  projectId: 'p1',
  userId: 'u1',
  roles,
  ...more,
});
const strict = { enforce_new_defaults: true };
const file = (rules: Record<string, unknown>): RuleFile[] => [{ path: '/etc/neutron/policy.yaml', rules }];
const holds = (policy: Policy, who: Context, rule: string, item: Record<string, unknown> = {}) =>
  evaluate(policy.decide(who, rule), (name) => item[name]);

describe('built-in rules', () => {
  it('refer only to rules that there are', () => {
    const rules = makeRules([], { enforce_new_defaults: false });
    for (const { rule, was = '' } of Object.values(defaultRules)) {
      for (const [, name] of `${rule} ${was}`.matchAll(/rule:(\w+)/g)) expect(rules.has(name!), name).toBe(true);
    }
  });

  it.each<[string, string[], Record<string, unknown>, boolean]>([
    ['create_network', ['member'], { project_id: 'p1' }, true],
    ['create_network', ['member'], { project_id: 'p2' }, false],
    ['create_network', ['reader'], { project_id: 'p1' }, false],
    ['create_network', ['MEMBER'], { project_id: 'p1' }, true],
    ['get_network', ['reader'], { project_id: 'p2', shared: true }, true],
    ['get_network', ['reader'], { project_id: 'p2', shared: false }, false],
    ['create_port:device_owner', ['member'], { device_owner: 'network:dhcp', 'network:project_id': 'p2' }, false],
    ['create_port:device_owner', ['member'], { device_owner: 'network:dhcp', 'network:project_id': 'p1' }, true],
    ['create_port:device_owner', ['member'], { device_owner: 'compute:network:x' }, true],
    ['create_rbac_policy:target_tenant', ['member'], { target_tenant: '*' }, false],
    ['create_rbac_policy:target_tenant', ['member'], { target_tenant: 'p2' }, true],
    ['create_port:binding:profile', ['service'], {}, true],
    ['unheard_of', ['member'], { project_id: 'p1' }, true],
    ['unheard_of', ['member'], { project_id: 'p2' }, false],
  ])('%s for %j on %j: %s', (rule, roles, item, expected) => {
    expect(holds(new Policy([], strict), caller(roles), rule, item)).toBe(expected);
  });
});

describe('callers', () => {
  it('are administrators by a rule', () => {
    const policy = new Policy(file({ context_is_admin: 'role:boss' }), strict);
    expect(policy.identify(caller(['boss'])).isAdmin).toBe(true);
    expect(policy.identify(caller(['admin'])).isAdmin).toBe(false);
  });

  it('may do everything as administrators where new defaults are not enforced', () => {
    const policy = new Policy(file({ create_network: '!' }), { enforce_new_defaults: false });
    expect(policy.holds(policy.identify(caller(['admin'])), 'create_network')).toBe(true);
    expect(new Policy([], strict).holds(caller(['admin']), 'create_port:binding:profile')).toBe(false);
  });

  it.each<[string, Record<string, unknown>, boolean]>([
    ['user_id:%(owner)s', { owner: 'u1' }, true],
    ['is_admin:False', {}, true],
    ["'a-p1':a-%(project_id)s", { project_id: 'p1' }, true],
    ['project_id:p1', {}, true],
    ['project_id:p2', {}, false],
    ['roles:member', {}, true],
    ['nothing.of.the.kind:x', {}, false],
  ])('are compared by %s with %j', (rule, item, expected) => {
    expect(holds(new Policy(file({ x: rule }), strict), caller(['member']), 'x', item)).toBe(expected);
  });
});

describe('policy files', () => {
  it('count under the old name of a rule, the later file over the earlier', () => {
    const policy = new Policy(
      [...file({ get_ports_tags: '!', a: '@' }), { path: 'later.yaml', rules: { a: '!' } }],
      strict,
    );
    expect(policy.holds(caller(['member']), 'get_port:tags')).toBe(false);
    expect(policy.decide(caller(['member']), 'get_port:tags').kind).toBe('false');
    expect(policy.holds(caller(['member']), 'a')).toBe(false);
  });

  it.each<[Record<string, unknown>, RegExp]>([
    [{ get_port: 'role:a and' }, /policy\.yaml: rule "get_port": it ends too early/],
    [{ get_port: 5 }, /rule "get_port": must be text or a list/],
    [{ a: 'rule:b', b: 'not rule:a' }, /leads back to itself: a -> b -> a/],
    [{ get_port: 'http://example.org' }, /not supported/],
  ])('that are wrong are refused with file, rule and reason: %j', (rules, message) => {
    expect(() => new Policy(file(rules), strict)).toThrow(PolicyError);
    expect(() => new Policy(file(rules), strict)).toThrow(message);
  });

  it('that are wrong leave the rules there are', () => {
    const policy = new Policy(file({ a: '@' }), strict);
    expect(() => policy.replace(file({ a: '((' }))).toThrow(PolicyError);
    expect(policy.holds(caller([]), 'a')).toBe(true);
  });
});
