import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serveResources } from '../../src/api/served-resource.ts';
import { resources } from '../../src/resources/registry.ts';
import { admin, type Caller, makeTenants, member, type Tenants } from '../support/tenants.ts';
import { byTurns, isLong } from '../support/turns.ts';
import { furnish } from './paging-walks/items.ts';

/**
 * Every collection by every key it sorts by: the order is right, and whoever follows the links of small pages, forwards or
 * back, sees everything once and in that order. Many values are there several times, some not at all.
 */
const LIMIT = 3;
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
          ...['segments', 'network_segment_range', 'flavors', 'network_ip_availability', 'trunk', 'qos'],
          ...['router', 'ndp_proxy', 'metering'],
        ],
      },
    },
  });
  await furnish(t);
});
afterAll(async () => {
  const { faults } = t;
  await t[Symbol.asyncDispose]();
  expect(faults).toEqual([]);
});

// biome-ignore lint/suspicious/noExplicitAny: items of all collections
type Item = any;

interface Listed {
  items: Item[];
  links: Record<string, string>;
}

async function list(caller: Caller, path: string, collection: string, query: string): Promise<Listed> {
  const { status, body } = await t.ask(caller, 'GET', `${path}?${query}`);
  expect(status, `${path}?${query}: ${JSON.stringify(body)}`).toBe(200);
  const links = (body[`${collection}_links`] ?? []) as { rel: string; href: string }[];
  return { items: body[collection], links: Object.fromEntries(links.map(({ rel, href }) => [rel, href])) };
}

/** All items by following links; fails when they lead in circles. */
async function walk(
  caller: Caller,
  path: string,
  collection: string,
  sort: string,
  rel: 'next' | 'previous',
  limit = LIMIT,
) {
  const pages: Item[][] = [];
  let query: string | undefined = `limit=${limit}${sort}${rel === 'previous' ? '&page_reverse=True' : ''}`;
  while (query !== undefined) {
    const { items, links }: Listed = await list(caller, path, collection, query);
    expect(items.length).toBeLessThanOrEqual(limit);
    pages.push(items);
    expect(pages.length, 'pages').toBeLessThan(60);
    query = items.length === 0 ? undefined : links[rel]?.split('?')[1];
  }
  return rel === 'next' ? pages.flat() : pages.toReversed().flat();
}

/** Nothing comes first, then as the database compares: bytes of texts, lists by how they are written. */
function compare(a: unknown, b: unknown): number {
  if (a === null || b === null) return Number(b === null ? (a === null ? 0 : 1) : -1);
  if (typeof a === 'string' && typeof b === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b));
  if (typeof a === 'object') return compare(JSON.stringify(a), JSON.stringify(b));
  return Number(a) - Number(b);
}

/** Numbers that the API shows as text. */
const numbers = new Set(['default_prefixlen', 'min_prefixlen', 'max_prefixlen']);
const sortedBy = (item: Item, key: string): unknown =>
  numbers.has(key) && item[key] !== null ? Number(item[key]) : (item[key] ?? null);

const served = resources.filter(
  ({ parent, attributes, single, key = 'id' }) => parent === undefined && !single && Object.hasOwn(attributes, key),
);
const members = new Set(['networks', 'subnets', 'ports', 'subnetpools', 'address_groups', 'address_scopes']);
const cases = served
  .filter(
    ({ collection }) =>
      !['auto_allocated_topologies', 'security_groups_default_statefulness', 'rule_types'].includes(collection),
  )
  .map(({ collection }) => [collection] as const);

describe.each(cases)('%s', (collection) => {
  const path = collection === 'service_profiles' ? collection : collection.replaceAll('_', '-');
  const { key: idKey = 'id', kept = [] } = resources.find((one) => one.collection === collection)!;
  const ids = (items: readonly Item[]) => items.map((item) => item[idKey]);
  const callers = members.has(collection) ? [admin, member('demo')] : [admin];

  it('come in pages by every key', async () => {
    const extensions = new Set<string>(
      (await t.ask(admin, 'GET', 'extensions')).body.extensions.map(({ alias }: { alias: string }) => alias),
    );
    const { sortable } = serveResources(resources, extensions).get(collection)!;
    expect(sortable.size).toBeGreaterThan(0);
    for (const [turn, caller] of callers.entries()) {
      const all = (await list(caller, path, collection, '')).items;
      expect(all.length, caller.project).toBeGreaterThan(2 * LIMIT);
      const known = ids(all).sort();
      // Five pages say of a key what twenty do; the smallest are those of no key.
      const five = isLong ? LIMIT : Math.max(LIMIT, Math.ceil(all.length / 5));
      for (const [i, key] of [null, ...sortable].entries()) {
        // One direction of each key, the next key in the other; of another caller the other way round.
        for (const direction of key === null ? ['asc'] : byTurns(['asc', 'desc'], 1, i + turn)) {
          const sort = key === null ? '' : `&sort_key=${key}&sort_dir=${direction}`;
          const what = `${caller.project} ${sort}`;
          const limit = key === null ? LIMIT : five;
          const forward = await walk(caller, path, collection, sort, 'next', limit);
          expect(ids(forward).sort(), what).toEqual(known);
          const back = await walk(caller, path, collection, sort, 'previous', limit);
          expect(
            back.map(({ id }) => id),
            `${what} back`,
          ).toEqual(forward.map(({ id }) => id));
          if (key === null) continue;
          const whole = (await list(caller, path, collection, sort.slice(1))).items;
          expect(ids(whole).sort(), what).toEqual(known);
          for (const items of [forward, whole]) {
            for (let i = 1; i < items.length; i++) {
              const order = compare(sortedBy(items[i - 1], key), sortedBy(items[i], key));
              const fine = direction === 'asc' ? order <= 0 : order >= 0;
              expect(fine, `${what}: ${JSON.stringify([items[i - 1][key], items[i][key]])}`).toBe(true);
            }
          }
        }
      }
    }
  });

  it('come in pages with only the fields that are asked for', async () => {
    const forward = await walk(admin, path, collection, `&sort_key=${idKey}&sort_dir=desc&fields=${idKey}`, 'next');
    expect(ids(forward)).toEqual(ids(forward).toSorted().reverse());
    for (const item of forward) expect(Object.keys(item)).toEqual([idKey, ...kept]);
  });
});

describe('a page', () => {
  it('by several keys goes by the first, then the next, then the id', async () => {
    const sort = '&sort_key=name&sort_dir=desc&sort_key=mtu&sort_dir=asc';
    const forward = await walk(admin, 'networks', 'networks', sort, 'next');
    const back = await walk(admin, 'networks', 'networks', sort, 'previous');
    expect(back).toEqual(forward);
    for (let i = 1; i < forward.length; i++) {
      const [a, b] = [forward[i - 1], forward[i]];
      expect(-compare(a.name, b.name) || compare(a.mtu, b.mtu)).toBeLessThanOrEqual(0);
    }
  });

  it('goes on behind what was removed, and not behind a marker that is gone', async () => {
    for (let i = 0; i < 8; i++) await t.create(admin, 'address-scopes', { name: `w${i}`, ip_version: 6 });
    const query = `ip_version=6&limit=${LIMIT}&sort_key=name&sort_dir=asc`;
    const { items } = await list(admin, 'address-scopes', 'address_scopes', query);
    const next = `${query}&marker=${items[2].id}`;
    expect((await t.ask(admin, 'DELETE', `address-scopes/${items[0].id}`)).status).toBe(204);
    const { body } = await t.ask(admin, 'GET', `address-scopes?${next}`);
    expect(body.address_scopes.map(({ name }: Item) => name)).toEqual(['w3', 'w4', 'w5']);
    expect((await t.ask(admin, 'DELETE', `address-scopes/${items[2].id}`)).status).toBe(204);
    const gone = await t.ask(admin, 'GET', `address-scopes?${next}`);
    expect(`${gone.status} ${gone.body.NeutronError.type}`).toBe('404 AddressScopeNotFound');
  });
});
