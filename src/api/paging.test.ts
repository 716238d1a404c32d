import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defaultValues } from '../lib/options.ts';
import type { Page } from '../lib/query.ts';
import { FakePlugin } from './fake-plugin.ts';
import { linkBase, pageLinks } from './links.ts';
import { apiOptions } from './options.ts';
import { createApi } from './server.ts';

function serverWith(ids: readonly string[], options = {}) {
  const plugin = new FakePlugin();
  for (const id of ids) plugin.networks.rows.push({ id, name: `n-${id}`, revision_number: 1 });
  return { plugin, api: createApi({ plugin, protection: 'off', options: defaultValues(apiOptions, options) }) };
}

// biome-ignore lint/suspicious/noExplicitAny: whatever the server answered
const hrefOf = (json: any, rel: string): string | undefined =>
  json.networks_links?.find((link: { rel: string }) => link.rel === rel)?.href;

describe('linkBase', () => {
  it.each([
    [{ host: 'a.test:1' }, '', 'http://a.test:1'],
    [{ host: 'a.test', 'x-forwarded-proto': 'https' }, '', 'https://a.test'],
    [{ host: 'a.test', 'x-forwarded-proto': 'javascript' }, '', 'http://a.test'],
    [{}, '', 'http://10.0.0.1:9696'],
    [{ host: 'a.test' }, 'https://cloud.test/net/', 'https://cloud.test/net'],
  ])('%j and prefix %j give %s', (headers, prefix, base) => {
    expect(linkBase({ headers, local: '10.0.0.1:9696' }, prefix)).toBe(base);
  });
});

describe('pageLinks', () => {
  const ends = { count: 2, firstId: 'a', lastId: 'b' };

  it('gives a full page both, and keeps the other parameters', () => {
    const parameters = [
      ['limit', '2'],
      ['fields', 'id'],
      ['name', 'x y'],
      ['marker', 'm'],
      ['page_reverse', 'x'],
    ] as const;
    expect(pageLinks('http://h/v2.0/networks', parameters, ends, 2, false)).toEqual([
      { rel: 'next', href: 'http://h/v2.0/networks?limit=2&fields=id&name=x+y&marker=b' },
      { rel: 'previous', href: 'http://h/v2.0/networks?limit=2&fields=id&name=x+y&marker=a&page_reverse=True' },
    ]);
  });

  it('leaves out the direction that brought a short page', () => {
    const rels = (reverse: boolean) => pageLinks('u', [], ends, 3, reverse).map(({ rel }) => rel);
    expect(rels(false)).toEqual(['previous']);
    expect(rels(true)).toEqual(['next']);
  });

  it('has no marker for an empty page', () => {
    expect(
      pageLinks(
        'u',
        [
          ['limit', '1'],
          ['marker', 'm'],
        ],
        { count: 0, firstId: null, lastId: null },
        1,
        false,
      ),
    ).toEqual([{ rel: 'previous', href: 'u?limit=1&page_reverse=True' }]);
  });
});

describe('following links', () => {
  it('visits everything once, forwards and back', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 12 }), fc.integer({ min: 1, max: 5 }), async (count, limit) => {
        const ids = Array.from({ length: count }, (_, i) => `id-${String(i).padStart(2, '0')}`);
        const { api } = serverWith(ids);
        const seen: string[] = [];
        let url: string | undefined = `/v2.0/networks?limit=${limit}&fields=name`;
        let back: string | undefined;
        while (url !== undefined) {
          const json = (await api.inject({ url: url.replace('http://h', ''), headers: { host: 'h' } })).json();
          for (const item of json.networks) {
            expect(Object.keys(item)).toEqual(['name']);
            seen.push(item.name.slice(2));
          }
          back = hrefOf(json, 'previous');
          url = hrefOf(json, 'next');
        }
        expect(seen).toEqual(ids);
        const again: string[] = [];
        for (url = back; url !== undefined && again.length < 50; ) {
          const json = (await api.inject({ url: url.replace('http://h', ''), headers: { host: 'h' } })).json();
          again.unshift(...json.networks.map((item: { name: string }) => item.name.slice(2)));
          url = hrefOf(json, 'previous');
        }
        // The last page itself is not before itself; an empty one has no marker, so its previous page is the end.
        expect(again).toEqual(ids.slice(0, again.length));
      }),
      { numRuns: 25 },
    );
  });

  it('is bound by pagination_max_limit', async () => {
    const { api } = serverWith(['a', 'b', 'c'], { pagination_max_limit: '2' });
    const json = (await api.inject('/v2.0/networks')).json();
    expect(json.networks).toHaveLength(2);
    expect(hrefOf(json, 'next')).toContain('marker=b');
  });

  it('has no links without a limit', async () => {
    const { api } = serverWith(['a']);
    expect((await api.inject('/v2.0/networks?limit=0')).json()).not.toHaveProperty('networks_links');
  });
});

describe('pages that arrive as JSON', () => {
  it('are put into the envelope as they are, with links from their ends', async () => {
    const { plugin, api } = serverWith([]);
    const json = Buffer.from('[{"id":"a","name":"é"},{"id":"b"}]');
    const page: Page<never> = { json, count: 2, firstId: 'a', lastId: 'b' };
    plugin.networks.list = async () => page;
    const plain = await api.inject('/v2.0/networks');
    expect(plain.body).toBe('{"networks": [{"id":"a","name":"é"},{"id":"b"}]}');
    const paged = (await api.inject({ url: '/v2.0/networks?limit=2', headers: { host: 'h' } })).json();
    expect(paged.networks).toEqual([{ id: 'a', name: 'é' }, { id: 'b' }]);
    expect(hrefOf(paged, 'next')).toBe('http://h/v2.0/networks?limit=2&marker=b');
  });
});
