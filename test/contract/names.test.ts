import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { resources } from '../../src/resources/registry.ts';
import { everything, type Ground, ground, makers } from '../support/every-resource.ts';
import { admin, type Caller, makeTenants, member, type Tenants } from '../support/tenants.ts';

/** Names in any language and of any length, on everything that has one: kept to the letter, or refused with the reason. */
const project = member('p1');
let t: Tenants;
let on: Ground;
beforeAll(async () => {
  t = await makeTenants({ options: everything });
  await t.ask(admin, 'PUT', 'quotas/p1', { quota: { network: -1, subnet: -1, port: -1, security_group: -1 } });
  on = await ground(t, project);
});
afterAll(async () => {
  const { faults } = t;
  await t[Symbol.asyncDispose]();
  expect(faults).toEqual([]);
});

/** Characters are counted as people count them, not as UTF-8 or UTF-16 has them. */
const names: Readonly<Record<string, string>> = {
  'of Chinese characters': '网络名称',
  'from right to left': '\u202eشبكة\u202c',
  'of combining characters': 'e\u0301'.repeat(3),
  'of one character that could be written as two': 'é',
  'with a joined emoji': '👩‍👩‍👧',
  'with blanks, quotes and a line break': ' "a" \'b\'\n$(c);`d`\\ ',
  'with what SQL, HTML and printf mean': "'; DROP TABLE ports; --<b>%s%n{}",
  'of 255 letters': 'a'.repeat(255),
  'of 255 characters of four bytes': '😀'.repeat(255),
};
const tooLong: Readonly<Record<string, string>> = {
  'of 256 letters': 'a'.repeat(256),
  'of 256 characters of four bytes': '😀'.repeat(256),
  'of a hundred thousand letters': 'a'.repeat(100_000),
};

const named = Object.entries(makers).filter(
  ([, { input }]) => 'name' in input({ network: '', group: '', ports: [], outside: '', router: '', routed: [] }, 0),
);
const withNames = resources.filter(({ attributes }) => attributes.name?.ops.includes('C'));

describe.each(named)('a name of %s', (collection, { path, member: own, byAdmin, input }) => {
  let count = 0;
  const { attributes: table } = resources.find((one) => one.collection === collection)!;
  const mayChange = table.name!.ops.includes('U');
  const caller: Caller = byAdmin ? admin : project;
  const attributes = (name: unknown) => ({ ...input(on, count++), name });
  const found = async (name: string) => {
    const { body } = await t.ask(caller, 'GET', `${path}?name=${encodeURIComponent(name)}&fields=id&fields=name`);
    const items = Object.values<{ id: string; name: string }[]>(body)[0]!;
    return items.map(({ id, name }) => ({ id, name }));
  };

  it.each(Object.entries(names))('%s is kept to the letter', async (_kind, name) => {
    const made = await t.ask(caller, 'POST', path, { [own]: attributes(name) });
    expect([made.status, made.body[own]?.name]).toEqual([201, name]);
    const { id } = made.body[own];
    expect((await t.ask(caller, 'GET', `${path}/${id}`)).body[own].name).toBe(name);
    expect(await found(name)).toEqual([{ id, name }]);
    const changed = `${[...name].slice(1).join('')}ß`;
    if (mayChange) {
      const answer = await t.ask(caller, 'PUT', `${path}/${id}`, { [own]: { name: changed } });
      expect(answer.body[own]?.name).toBe(changed);
    }
    expect((await t.ask(caller, 'DELETE', `${path}/${id}`)).status).toBe(204);
  });

  it.each(Object.entries(tooLong))('%s is refused, and nothing is made', async (_kind, name) => {
    const { status, body } = await t.ask(caller, 'POST', path, { [own]: attributes(name) });
    expect([status, body.NeutronError.type]).toEqual([400, 'HTTPBadRequest']);
    expect(body.NeutronError.message).toContain('exceeds maximum length of 255');
    expect(await found(name.slice(0, 1_000))).toEqual([]);
  });

  it.each([
    ['NUL', 'a\0b'],
    ['half a character', 'a\ud800'],
  ])('with %s is refused', async (_kind, name) => {
    const { status, body } = await t.ask(caller, 'POST', path, { [own]: attributes(name) });
    expect([status, body.NeutronError.type]).toEqual([400, 'HTTPBadRequest']);
  });
});

it('everything that has a name is looked at', () => {
  const plain = (collection: string) => collection.replaceAll('-', '_');
  expect(named.map(([, { path }]) => plain(path)).toSorted()).toEqual(
    withNames.map(({ collection, prefix }) => plain([...(prefix ? [prefix] : []), collection].join('/'))).toSorted(),
  );
});
