import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ResourceDefinition } from '../../src/resources/contract.ts';
import { resources } from '../../src/resources/registry.ts';
import { admin, makeTenants, type Tenants } from '../support/tenants.ts';
import { furnish } from './paging-walks/items.ts';

/**
 * Every method on every path there is: what a collection, a resource and a route have not is 405, OPTIONS is GET, and
 * `If-Match` holds wherever there is a revision.
 */
let t: Tenants;
beforeAll(async () => {
  t = await makeTenants({
    options: {
      ml2: { type_drivers: ['local', 'vlan', 'vxlan'], tenant_network_types: ['vxlan'] },
      vxlan: { vni_ranges: ['1000:2000'] },
      vlan: { network_vlan_ranges: ['physnet0:100:200', 'physnet1:100:200', 'physnet2:100:200'] },
      securityGroup: { enable_security_group: true },
      service: {
        service_plugins: [
          'segments',
          'network_segment_range',
          'trunk',
          'qos',
          'flavors',
          'network_ip_availability',
          'auto_allocate',
          'router',
          'ndp_proxy',
          'metering',
        ],
      },
    },
  });
  await furnish(t);
});
afterAll(async () => {
  // 501 is what POST of quotas is answered with.
  const faults = t.faults.filter((fault) => (fault as { path?: string }).path !== '/v2.0/quotas');
  await t[Symbol.asyncDispose]();
  expect(faults).toEqual([]);
});

const spellings = ({ collection }: ResourceDefinition) => [...new Set([collection, collection.replaceAll('_', '-')])];
const status = async (method: string, path: string, body?: object) => (await t.ask(admin, method, path, body)).status;
const listed = resources.filter(
  ({ collection, parent, routes, single }) =>
    parent === undefined &&
    !single &&
    // One per project, and only by routes.
    !routes?.some(({ path }) => path === collection) &&
    collection !== 'auto_allocated_topologies',
);

describe.each(listed.map((definition) => [definition.collection, definition] as const))(
  '%s',
  (collection, definition) => {
    it.each(spellings(definition).map((path) => [path]))('as a collection: /%s', async (path) => {
      const plain = await t.ask(admin, 'GET', path);
      expect(plain.status).toBe(200);
      expect(await t.ask(admin, 'OPTIONS', path)).toEqual(plain);
      for (const method of ['HEAD', 'PATCH']) expect(await status(method, path), method).toBe(405);
      for (const method of ['PUT', 'DELETE']) expect(await status(method, path), method).toBe(404);
      expect(Object.keys(plain.body)).toEqual([collection]);
      for (const body of [{}, { [definition.member]: null }, { [definition.member]: [] }]) {
        expect(await status('POST', path, body), JSON.stringify(body)).toBe(400);
      }
    });

    it.each(spellings(definition).map((path) => [path]))('one of them: /%s/id', async (path) => {
      const { key = 'id' } = definition;
      const [item] = (await t.ask(admin, 'GET', path)).body[collection];
      if (item === undefined || item[key] === undefined) return;
      const one = `${path}/${item[key]}`;
      const plain = await t.ask(admin, 'GET', one);
      expect(plain.status).toBe(200);
      expect(await t.ask(admin, 'OPTIONS', one)).toEqual(plain);
      for (const method of ['HEAD', 'PATCH', 'POST']) expect(await status(method, one, {}), method).toBe(405);
      expect(await status('GET', `${one}/nothing`)).toBe(404);
      expect(await status('GET', `${path}/nothing/nothing/nothing/nothing/nothing`)).toBe(404);
    });
  },
);

describe('a route', () => {
  const all = resources.flatMap(({ routes }) => routes ?? []);
  const paths = Map.groupBy(all, ({ path }) => path.replaceAll('-', '_').replaceAll(/\{\w+\}/g, 'none'));
  // These are also quotas of projects called so.
  for (const path of ['quotas/tenant', 'quotas/project']) paths.get(path)!.push(...paths.get('quotas/none')!);

  it.each([...paths.keys()].map((path) => [path]))('/%s has the methods it says, and no others', async (path) => {
    const has = new Set(paths.get(path)!.map(({ method }) => method as string));
    for (const method of ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS']) {
      const known = has.has(method) || (method === 'OPTIONS' && has.has('GET'));
      const answer = await status(method, path, method === 'GET' || method === 'OPTIONS' ? undefined : {});
      expect([known, answer === 405], `${method} ${path}: ${answer}`).toEqual([known, !known]);
    }
  });
});

describe('If-Match', () => {
  const revised = resources.filter(({ attributes }) => Object.hasOwn(attributes, 'revision_number'));

  it.each(revised.map(({ collection, member }) => [collection, member] as const))(
    'of %s: changes and removes what is as the client knows it',
    async (collection, member) => {
      const path = collection.replaceAll('_', '-');
      const { attributes, unchanging } = resources.find((one) => one.member === member)!;
      const items = (await t.ask(admin, 'GET', path)).body[collection];
      // Not those that come by themselves.
      const one = items.find((item: { name?: string; default?: boolean }) => item.name !== 'default' && !item.default);
      const at = `${path}/${one.id}`;
      const match = (revision: number, more = '') => ({ 'if-match': `revision_number=${revision}${more}` });
      const tagged = resources.find((one) => one.member === member)!.routes?.some(({ path }) => path.endsWith('/tags'));
      const known = async () => (await t.ask(admin, 'GET', at)).body[member].revision_number as number;
      const revision = await known();
      expect(revision).toBeTypeOf('number');
      const changes = unchanging === undefined && attributes.description?.ops.includes('U');
      if (changes) {
        const body = { [member]: { description: 'changed' } };
        const refused = await t.ask(admin, 'PUT', at, body, match(revision + 1));
        expect(`${refused.status} ${refused.body.NeutronError.type}`).toBe('412 RevisionNumberConstraintFailed');
        expect(await known()).toBe(revision);
        const done = await t.ask(admin, 'PUT', at, body, match(revision));
        expect([done.status, done.body[member].revision_number]).toEqual([200, revision + 1]);
        expect((await t.ask(admin, 'PUT', at, body, match(revision))).status).toBe(412);
      }
      if (tagged) {
        const tags = (revision: number) =>
          t.ask(admin, 'PUT', `${at}/tags`, { tags: [`t${revision}`] }, match(revision));
        expect((await tags((await known()) + 1)).status).toBe(412);
        expect((await tags(await known())).status).toBe(200);
      }
      const now = await known();
      for (const wrong of [match(now + 1), match(now + 7)]) {
        expect((await t.ask(admin, 'DELETE', at, undefined, wrong)).status).toBe(412);
      }
      for (const broken of [match(now, 'x'), match(now, `,revision_number=${now}`)]) {
        expect((await t.ask(admin, 'DELETE', at, undefined, broken)).status).toBe(400);
      }
      expect(await known()).toBe(now);
      // What is in use stays, but not for its revision.
      expect([204, 400, 409]).toContain((await t.ask(admin, 'DELETE', at, undefined, match(now))).status);
    },
  );
});

describe('If-Match where there are no revisions', () => {
  it.each(['address-scopes', 'rbac-policies', 'agents', 'flavors', 'service_profiles'])(
    'is refused, and nothing is changed: %s',
    async (path) => {
      const collection = path.replaceAll('-', '_');
      const { member } = resources.find((one) => one.collection === collection)!;
      const before = (await t.ask(admin, 'GET', path)).body;
      const { id } = before[collection][0];
      for (const method of ['PUT', 'DELETE']) {
        const body = method === 'PUT' ? { [member]: {} } : undefined;
        const answer = await t.ask(admin, method, `${path}/${id}`, body, { 'if-match': 'revision_number=0' });
        expect(answer).toMatchObject({
          status: 400,
          body: {
            NeutronError: { message: `Bad ${collection} request: Revision matching not supported for this resource.` },
          },
        });
      }
      expect((await t.ask(admin, 'GET', path)).body).toEqual(before);
    },
  );

  it('is refused for limits of projects', async () => {
    const headers = { 'if-match': 'revision_number=0' };
    const answer = await t.ask(admin, 'PUT', 'quotas/x', { quota: { network: 1 } }, headers);
    expect(answer.status).toBe(400);
  });
});
