import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allOf, anyOf, type Check, opposite } from './check.ts';
import { evaluate } from './evaluate.ts';
import { PolicySyntaxError, parseRule, printRule } from './language.ts';
import { reduce } from './reduce.ts';

const role = (name: string): Check => ({ kind: 'role', role: name });

describe('parseRule', () => {
  it.each<[string, Check]>([
    ['', { kind: 'true' }],
    ['@', { kind: 'true' }],
    ['!', { kind: 'false' }],
    ['role:admin', role('admin')],
    ['not role:a', { kind: 'not', of: role('a') }],
    ['role:a and role:b or role:c', { kind: 'or', of: [{ kind: 'and', of: [role('a'), role('b')] }, role('c')] }],
    ['role:a AND ( role:b Or role:c )', { kind: 'and', of: [role('a'), { kind: 'or', of: [role('b'), role('c')] }] }],
    ['((role:a))', role('a')],
    ['(rule:x)', { kind: 'rule', name: 'x' }],
    ['project_id:%(project_id)s', { kind: 'match', left: 'project_id', right: '%(project_id)s' }],
    ['(project_id:%(network:project_id)s)', { kind: 'match', left: 'project_id', right: '%(network:project_id)s' }],
    ["'x':%(name)s", { kind: 'match', left: "'x'", right: '%(name)s' }],
    [
      'field:networks:router:external=True',
      { kind: 'field', resource: 'networks', field: 'router:external', value: 'True' },
    ],
    [
      'field:port:device_owner=~^network:',
      { kind: 'field', resource: 'port', field: 'device_owner', value: '~^network:' },
    ],
  ])('%j', (text, check) => {
    expect(parseRule(text)).toEqual(check);
  });

  it('reads the older form of lists', () => {
    expect(parseRule([['role:a', 'role:b'], 'role:c'])).toEqual(parseRule('role:a and role:b or role:c'));
    expect(parseRule([])).toEqual({ kind: 'true' });
  });

  it.each([
    'role:a and',
    'or role:a',
    '(role:a',
    'role:a)',
    'role:a role:b',
    'nonsense',
    'field:x',
    'tenant_id:abc',
    'http://x',
    'not',
    'field:a:b=~(',
  ])('refuses %j', (text) => {
    expect(() => parseRule(text)).toThrow(PolicySyntaxError);
  });

  it('throws nothing else, whatever it is given', () => {
    const words = fc.constantFrom(
      'and',
      'or',
      'not',
      '(',
      ')',
      'role:a',
      'rule:b',
      '%(x)s',
      "'",
      ':',
      'field:a:b=c',
      '@',
      '!',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(words).map((list) => list.join(' ')),
        ),
        (text) => {
          try {
            parseRule(text);
          } catch (error) {
            expect(error).toBeInstanceOf(PolicySyntaxError);
          }
        },
      ),
    );
  });
});

const leaf = fc.constantFrom<Check>(
  role('a'),
  role('b'),
  { kind: 'rule', name: 'deep' },
  { kind: 'match', left: 'project_id', right: '%(project_id)s' },
  { kind: 'match', left: "'web'", right: '%(name)s' },
  { kind: 'field', resource: 'networks', field: 'shared', value: 'True' },
);
const { tree } = fc.letrec<{ tree: Check }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4 },
    leaf,
    fc.array(tie('tree'), { minLength: 2, maxLength: 3 }).map((of): Check => ({ kind: 'and', of })),
    fc.array(tie('tree'), { minLength: 2, maxLength: 3 }).map((of): Check => ({ kind: 'or', of })),
    tie('tree').map((of): Check => ({ kind: 'not', of })),
  ),
}));

describe('a rule', () => {
  it('reads back from how it is printed', () => {
    fc.assert(
      fc.property(tree, (check) => {
        expect(parseRule(printRule(check))).toEqual(check);
      }),
    );
  });

  it('decided in two steps, caller and then object, is what it is at once', () => {
    const deep: Check = { kind: 'or', of: [role('b'), { kind: 'match', left: 'project_id', right: '%(project_id)s' }] };
    const item = fc.record({
      project_id: fc.constantFrom('p1', 'p2'),
      name: fc.constantFrom('web', 'db'),
      shared: fc.boolean(),
    });
    const roles = fc.subarray(['a', 'b']);
    fc.assert(
      fc.property(tree, item, roles, (check, object, held) => {
        const caller = { key: '', roles: new Set(held), values: { project_id: 'p1' } };
        const atOnce = (each: Check): boolean => {
          switch (each.kind) {
            case 'and':
              return each.of.every(atOnce);
            case 'or':
              return each.of.some(atOnce);
            case 'not':
              return !atOnce(each.of);
            case 'role':
              return held.includes(each.role);
            case 'rule':
              return atOnce(deep);
            case 'field':
              return object.shared;
            case 'match':
              return each.left === 'project_id' ? object.project_id === 'p1' : object.name === 'web';
            default:
              return each.kind === 'true';
          }
        };
        const reduced = reduce(check, caller, new Map([['deep', deep]]));
        expect(evaluate(reduced, (name) => object[name as 'name'])).toBe(atOnce(check));
      }),
    );
  });
});

describe('combining', () => {
  const yes: Check = { kind: 'true' };
  const no: Check = { kind: 'false' };

  it('takes out what is decided', () => {
    expect(anyOf([no, role('a'), no])).toEqual(role('a'));
    expect(anyOf([role('a'), yes])).toEqual(yes);
    expect(allOf([yes, role('a'), role('b')])).toEqual({ kind: 'and', of: [role('a'), role('b')] });
    expect(allOf([role('a'), no])).toEqual(no);
    expect(opposite(opposite(role('a')))).toEqual(role('a'));
  });
});
