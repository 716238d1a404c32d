import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serve } from '../../src/api/served-resource.ts';
import { resources } from '../../src/resources/registry.ts';
import { urlName } from '../../src/resources/url-names.ts';
import { everything, type Ground, ground, makeAgents, makeOne, makers } from '../support/every-resource.ts';
import { admin, type Caller, makeTenants, member, type Tenants } from '../support/tenants.ts';

/** Page by page, by every key that a collection sorts by, upwards and downwards: everything comes, once, in order. */
const ROWS = 13;
const demo = member('demo');
const callers: Record<string, Caller> = { admin, member: demo };

let t: Tenants;
let on: Ground;
let next = ROWS;
beforeAll(async () => {
  t = await makeTenants({ options: everything });
  on = await ground(t, demo);
  // Of others, between those that a member sees.
  const theirs = await ground(t, member('alt'));
  for (const maker of Object.values(makers)) {
    for (let n = 0; n < ROWS; n++) {
      await makeOne(t, demo, maker, on, n);
      if (!maker.byAdmin) await makeOne(t, member('alt'), maker, theirs, n);
    }
  }
  await makeAgents(t, ROWS);
});
afterAll(() => t[Symbol.asyncDispose]());

// biome-ignore lint/suspicious/noExplicitAny: items of all collections
type Item = any;

const served = resources
  .filter(({ parent, collection }) => parent === undefined && collection !== 'quotas')
  .map((definition) => ({
    collection: definition.collection,
    path: urlName(definition.collection),
    key: definition.key ?? 'id',
    sortable: (extensions: ReadonlySet<string>) => [...serve(definition, extensions).sortable],
  }));

async function walk(
  caller: Caller,
  path: string,
  { collection, query, rel = 'next' }: { collection: string; query: string; rel?: string },
  between: () => Promise<unknown> = async () => {},
): Promise<Item[]> {
  const seen: Item[] = [];
  for (let url = `${path}?${query}`; ; ) {
    const { status, body } = await t.ask(caller, 'GET', url);
    expect(status, url).toBe(200);
    seen.push(...(rel === 'next' ? body[collection] : body[collection].toReversed()));
    const link = body[`${collection}_links`]?.find((one: Item) => one.rel === rel);
    if (link === undefined) return seen;
    url = link.href.slice(link.href.indexOf('/v2.0/') + '/v2.0/'.length);
    await between();
  }
}

describe.each(Object.keys(callers))('a walk of %s', (name) => {
  const caller = callers[name]!;

  it.for(served)(
    'over $collection: complete, in the order of the whole list, without doubles',
    async (one, { skip }) => {
      const { collection, path, key } = one;
      // Some are reached by routes of their own only.
      if (!Object.hasOwn(t.plugin.collections, collection)) skip();
      const keys = one.sortable(t.plugin.extensions);
      let rows = 0;
      for (const sort of keys) {
        for (const direction of ['asc', 'desc']) {
          const order = `sort_key=${sort}&sort_dir=${direction}`;
          const answer = await t.ask(caller, 'GET', `${path}?${order}`);
          expect(answer.status, `${path}?${order}`).toBe(200);
          const whole: Item[] = answer.body[collection];
          rows = whole.length;
          const ids = whole.map((item) => item[key]);
          expect(new Set(ids).size).toBe(ids.length);
          const walked = await walk(caller, path, { collection, query: `limit=4&${order}` });
          expect(
            walked.map((item) => item[key]),
            order,
          ).toEqual(ids);
          const back = await walk(caller, path, {
            collection,
            query: `limit=4&page_reverse=True&${order}`,
            rel: 'previous',
          });
          expect(back.map((item) => item[key]).toReversed(), `back, ${order}`).toEqual(ids);
        }
      }
      if (Object.hasOwn(makers, collection) && (name === 'admin' || !makers[collection]!.byAdmin)) {
        expect(rows).toBeGreaterThanOrEqual(ROWS);
        expect(keys.length).toBeGreaterThan(0);
      }
    },
  );

  it.each(Object.keys(makers))(
    'over %s while others insert: those that were there all come, none twice',
    async (of) => {
      const maker = makers[of]!;
      for (const sort of ['id', ...served.find(({ collection }) => collection === of)!.sortable(t.plugin.extensions)]) {
        const before = (await t.ask(caller, 'GET', `${maker.path}?fields=id`)).body[of] as Item[];
        const seen = await walk(
          caller,
          maker.path,
          { collection: of, query: `limit=9&sort_key=${sort}&sort_dir=asc&fields=id` },
          () => (next < 90 ? makeOne(t, demo, maker, on, next++) : Promise.resolve()),
        );
        const ids = seen.map(({ id }) => id);
        expect(new Set(ids).size, `${of} by ${sort}`).toBe(ids.length);
        expect(ids).toEqual(expect.arrayContaining(before.map(({ id }) => id)));
      }
    },
  );
});
