import type { Json } from '../../support/api.ts';
import { collections, type MixClient, tagged } from './client.ts';

/** What of the database must be as the ledgers say; of each collection all that an administrator sees. */
export async function settle(how: {
  clients: readonly MixClient[];
  /** Ids of what was there before the clients came. */
  before: ReadonlySet<string>;
  all: (collection: string) => Promise<Json[]>;
}): Promise<string[]> {
  const { clients, before, all } = how;
  const wrong: string[] = [];
  const doubts = clients.map((client) => client.doubt()).filter((doubt) => doubt !== null);
  const doubtful = new Set(doubts.flatMap(({ ids }) => ids));
  const strange = new Set<string>();
  for (const collection of collections) {
    const items = await all(collection);
    const found = new Map(items.map((item) => [item.id, item]));
    if (found.size !== items.length) wrong.push(`${collection}: something twice`);
    for (const { ledger } of clients) {
      for (const [id, told] of ledger.of(collection)) {
        const item = found.get(id);
        found.delete(id);
        if (doubtful.has(id)) continue;
        if (item === undefined) wrong.push(`${collection} ${id} was acknowledged and is not there`);
        else wrong.push(...differences(collection, item, told));
      }
    }
    // A request that nobody heard the answer of may have been done: it made one thing, or a few ports.
    let unheard = doubts.reduce((sum, { collection: of, made }) => sum + (of === collection ? made : 0), 0);
    for (const [id, item] of found) {
      if (before.has(id) || doubtful.has(id) || strange.has(item.security_group_id)) continue;
      strange.add(id);
      if (unheard-- <= 0) wrong.push(`${collection} ${id} is there, and nobody was told`);
    }
  }
  return wrong;
}

function differences(collection: string, item: Json, told: Json): string[] {
  const as = (keys: readonly string[]) =>
    keys.filter((key) => JSON.stringify(inOrder(item[key])) !== JSON.stringify(inOrder(told[key])));
  const keys = [
    'name',
    ...(tagged.includes(collection) ? ['tags'] : []),
    ...(collection === 'address_groups' ? ['addresses'] : []),
    ...(collection === 'ports' ? ['fixed_ips', 'security_groups'] : []),
  ];
  return as(keys).map(
    (key) => `${collection} ${item.id}: ${key} is ${JSON.stringify(item[key])}, told ${JSON.stringify(told[key])}`,
  );
}

function inOrder(value: unknown): unknown {
  return Array.isArray(value) ? value.map((one) => JSON.stringify(one)).sort() : value;
}
