import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { routeKey } from '../../resources/contract.ts';
import { resources } from '../../resources/registry.ts';
import type { Network } from '../../resources/shapes.ts';
import type { Input } from '../contract.ts';
import { all, createFixture, type Fixture, failure, member } from '../fixture.ts';

let f: Fixture;
let network: Network;
beforeEach(async () => {
  f = await createFixture({ ml2: { extension_drivers: ['port_security', 'tag_ports_during_bulk_creation'] } });
  network = await f.network();
});
afterEach(() => f[Symbol.asyncDispose]());

const ask = (route: string, id: string, { tag, ...input }: Input & { tag?: string } = {}, context = f.context) =>
  f.plugin.routes[route]!({ context, params: { id, ...(tag && { tag }) }, input, parameters: [], ifRevision: null });
const add = (tag: string, id = network.id) => ask('PUT networks/{id}/tags/{tag}', id, { tag });
const see = () => f.plugin.collections.networks.get(f.context, network.id);

describe('tags', () => {
  it('come one by one, all at once, and added to those there are', async () => {
    await add('b');
    await add('a');
    expect(await ask('GET networks/{id}/tags', network.id)).toEqual({ tags: ['a', 'b'] });
    expect(await ask('PUT networks/{id}/tags', network.id, { tags: ['d', 'c'] })).toEqual({ tags: ['d', 'c'] });
    await ask('POST networks/{id}/tags', network.id, { tags: ['c', 'e'] });
    expect((await see()).tags).toEqual(['c', 'd', 'e']);
  });

  it('go one by one and all at once', async () => {
    await ask('PUT networks/{id}/tags', network.id, { tags: ['a', 'b', 'c'] });
    await ask('DELETE networks/{id}/tags/{tag}', network.id, { tag: 'b' });
    expect((await see()).tags).toEqual(['a', 'c']);
    expect(await failure(ask('DELETE networks/{id}/tags/{tag}', network.id, { tag: 'b' }))).toEqual({
      type: 'TagNotFound',
      message: 'Tag b could not be found.',
    });
    expect((await failure(ask('GET networks/{id}/tags/{tag}', network.id, { tag: 'b' }))).type).toBe('TagNotFound');
    await ask('GET networks/{id}/tags/{tag}', network.id, { tag: 'a' });
    await ask('DELETE networks/{id}/tags', network.id);
    expect((await see()).tags).toEqual([]);
  });

  it('raise the revision of what they are on when they change, and only then', async () => {
    const { revision_number: before } = network;
    f.clock.nowMs += 5_000;
    await add('a');
    await add('a');
    await ask('PUT networks/{id}/tags', network.id, { tags: ['a'] });
    expect(await see()).toMatchObject({ revision_number: before + 1, updated_at: '2026-11-23T12:00:05Z' });
    await ask('DELETE networks/{id}/tags', network.id);
    await ask('DELETE networks/{id}/tags', network.id);
    expect(await see()).toMatchObject({ revision_number: before + 2 });
  });

  it('are at most fifty, of at most 255 characters', async () => {
    const many = Array.from({ length: 50 }, (_, i) => `t${i}`);
    await ask('PUT networks/{id}/tags', network.id, { tags: many });
    const refusal = {
      type: 'BadRequest',
      message: 'Bad networks request: The number of tags exceed the per-resource limit of 50.',
    };
    expect(await failure(add('one more'))).toEqual(refusal);
    await add('t7');
    expect(await failure(ask('PUT networks/{id}/tags', network.id, { tags: [...many, 'x'] }))).toEqual(refusal);
    expect(await failure(add('x'.repeat(256)))).toMatchObject({ type: 'InvalidInput' });
  });

  it('are on what the caller sees, and nothing else', async () => {
    const missing = { type: 'TagResourceNotFound', message: `Resource networks ${network.id} could not be found.` };
    expect(await failure(ask('GET networks/{id}/tags', network.id, {}, member('p2')))).toEqual(missing);
    expect(await failure(ask('PUT networks/{id}/tags', network.id, { tags: [] }, member('p2')))).toEqual(missing);
    expect((await failure(ask('GET networks/{id}/tags', 'nothing'))).type).toBe('TagResourceNotFound');
    await ask('PUT networks/{id}/tags', network.id, { tags: ['mine'] }, member('p1'));
  });

  it('find what they are on', async () => {
    const { networks } = f.plugin.collections;
    const other = await f.network();
    await ask('PUT networks/{id}/tags', network.id, { tags: ['a', 'b'] });
    await add('b', other.id);
    const found = async (filters: Record<string, string[]>) => (await all(networks, { filters })).map(({ id }) => id);
    expect(await found({ tags: ['a', 'b'] })).toEqual([network.id]);
    expect(await found({ 'not-tags': ['a', 'b'] })).toEqual([other.id]);
    expect((await found({ 'tags-any': ['a', 'b'] })).length).toBe(2);
    expect(await found({ 'not-tags-any': ['a', 'b'] })).toEqual([]);
  });

  it('come with ports that are created with them', async () => {
    const { ports } = f.plugin.collections;
    const [tagged, bare] = await ports.createBulk!(f.context, [
      { project_id: 'p1', network_id: network.id, tags: ['z', 'a'] },
      { project_id: 'p1', network_id: network.id },
    ]);
    expect(tagged!.tags).toEqual(['a', 'z']);
    expect((await ports.get(f.context, tagged!.id)).tags).toEqual(['a', 'z']);
    expect(bare!.tags).toEqual([]);
    await ports.delete!(f.context, tagged!.id);
    expect(await f.database.db.selectFrom('tags').selectAll().execute()).toEqual([]);
  });

  it('can be put on everything that shows them', () => {
    const { collections, routes } = f.plugin;
    for (const { attributes, collection, routes: defined = [] } of resources) {
      if (attributes.tags === undefined || collections[collection] === undefined) continue;
      const tagging = defined.map(routeKey).filter((key) => key.includes('/tags'));
      // A domain says in `tagged` where the tags of its collections are.
      for (const key of tagging) expect(routes, key).toHaveProperty([key]);
      expect(tagging.length).toBe(7);
    }
  });
});
