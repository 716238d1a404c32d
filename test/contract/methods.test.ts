import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { resources } from '../../src/resources/registry.ts';
import { urlName } from '../../src/resources/url-names.ts';
import { everything, type Ground, ground, makeAgents, makeOne, makers } from '../support/every-resource.ts';
import { admin, makeTenants, member, type Tenants } from '../support/tenants.ts';

/** Every path × every method, and If-Match on everything that has a revision. */
const METHODS = ['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;
const demo = member('demo');

let t: Tenants;
let on: Ground;
let number = 0;
beforeAll(async () => {
  t = await makeTenants({ options: everything });
  on = await ground(t, demo);
  await makeAgents(t, 2);
  for (const maker of Object.values(makers)) await makeOne(t, demo, maker, on, number++);
});
afterAll(async () => {
  const { faults } = t;
  await t[Symbol.asyncDispose]();
  // 501 is what quotas say to POST.
  expect(faults.filter((fault) => (fault as { error: { kind: string } }).error.kind !== 'not_implemented')).toEqual([]);
});

const known = async (path: string, collection: string): Promise<string> =>
  (await t.ask(admin, 'GET', path)).body[collection][0]?.id ?? 'nothing';

const plain = resources.filter(({ parent }) => parent === undefined);

describe('a method', () => {
  it.for(plain)('of $collection is answered or 405, on many and on one', async ({ collection }, { skip }) => {
    const kept = t.plugin.collections[collection];
    if (kept === undefined) skip();
    const path = urlName(collection);
    const statuses = async (url: string, of: readonly string[], body?: object) =>
      Object.fromEntries(
        await Promise.all(of.map(async (method) => [method, (await t.ask(admin, method, url, body)).status] as const)),
      );
    // PUT and DELETE of a collection look for one that has no id.
    expect(await statuses(path, ['GET', 'HEAD', 'OPTIONS', 'PATCH'])).toEqual({
      GET: 200,
      HEAD: 405,
      OPTIONS: 200,
      PATCH: 405,
    });
    expect((await t.ask(admin, 'DELETE', path)).status).toBe(404);
    const one = `${path}/${await known(path, collection)}`;
    const read = (await t.ask(admin, 'GET', one)).status;
    expect(await statuses(one, ['HEAD', 'OPTIONS', 'POST', 'PATCH'])).toEqual({
      HEAD: 405,
      OPTIONS: read,
      POST: 405,
      PATCH: 405,
    });
    expect([200, 404]).toContain(read);
  });

  const routes = plain.flatMap(({ routes = [] }) => routes.map(({ path }) => path));
  it.for([...new Set(routes)])('of %s is answered or 405', async (template, { skip }) => {
    const first = template.split('/')[0]!;
    const id = Object.hasOwn(makers, first) ? await known(makers[first]!.path, first) : 'p';
    const path = template.replace(/\{\w+\}/, id).replaceAll(/\{\w+\}/g, 'x');
    const served = Object.keys(t.plugin.routes).filter((key) => key.endsWith(` ${template}`));
    if (served.length === 0) skip();
    const methods = served.map((key) => key.split(' ')[0]!);
    // OPTIONS is answered as GET.
    if (methods.includes('GET')) methods.push('OPTIONS');
    for (const method of METHODS) {
      const { status } = await t.ask(admin, method, path, method === 'PUT' || method === 'POST' ? {} : undefined);
      const where = `${method} ${path}`;
      if (methods.includes(method)) expect(status, where).not.toBe(405);
      else if (template.split('/').length > 2) expect(status, where).toBe(405);
      expect(status === 501 || status < 500, `${where}: ${status}`).toBe(true);
    }
  });
});

describe('If-Match', () => {
  const changing = Object.entries(makers);
  it.for(changing)(
    'of %s: another revision is 412 and changes nothing, the right one does',
    async ([collection, maker]) => {
      const caller = maker.byAdmin ? admin : demo;
      const made = await makeOne(t, caller, maker, on, number++);
      const path = `${maker.path}/${made.id}`;
      const revision = (await t.ask(caller, 'GET', path)).body[maker.member].revision_number;
      const unchanging = collection.endsWith('group_rules');
      const body = { [maker.member]: maker.change ?? { name: 'changed' } };
      const ask = (method: string, value: string) =>
        t.ask(caller, method, path, method === 'PUT' ? body : undefined, { 'if-match': value });
      if (revision === undefined) {
        // No revision, nothing to match: upstream does not look either.
        expect((await ask('PUT', 'revision_number=77')).status).toBe(200);
        expect((await ask('DELETE', 'revision_number=77')).status).toBe(204);
        return;
      }
      const wrong = `revision_number=${revision + 5}`;
      if (!unchanging) {
        const before = (await t.ask(caller, 'GET', path)).body;
        const refused = await ask('PUT', wrong);
        expect(refused).toMatchObject({
          status: 412,
          body: { NeutronError: { type: 'RevisionNumberConstraintFailed' } },
        });
        expect((await t.ask(caller, 'GET', path)).body).toEqual(before);
        for (const bad of ['revision_number=x', 'revision_number=1,revision_number=2', 'revision_number=-1']) {
          expect((await ask('PUT', bad)).status, bad).toBe(400);
        }
        expect((await ask('PUT', `"revision_number=${revision}"`)).status).toBe(200);
        // Who read before that change comes too late.
        expect((await ask('PUT', `revision_number=${revision}`)).status).toBe(412);
      }
      expect((await ask('DELETE', wrong)).status).toBe(412);
      const now = (await t.ask(caller, 'GET', path)).body[maker.member].revision_number;
      expect((await ask('DELETE', `revision_number=${now}`)).status).toBe(204);
      expect((await ask('DELETE', `revision_number=${now}`)).status).toBe(404);
    },
  );
});
