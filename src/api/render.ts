import type { Page } from '../lib/query.ts';
import type { Item } from './call.ts';
import type { Link, PageEnds } from './links.ts';
import type { ServedResource } from './served-resource.ts';

/** Plugin results to the text of an answer. `JSON.stringify` of whole objects; nothing is parsed again. */

/** The asked-for part of a resource, in the resource's order; the resource itself when that is all of it. */
export function visiblePart(resource: ServedResource, item: Item, fields: readonly string[] | null): Item {
  if (fields !== null) {
    const part: Record<string, unknown> = {};
    for (const name in item) if (fields.includes(name)) part[name] = item[name];
    return part;
  }
  for (const name of resource.hidden) {
    if (item[name] !== undefined) return without(item, resource.hidden);
  }
  return item;
}

function without(item: Item, hidden: readonly string[]): Item {
  const part: Record<string, unknown> = {};
  for (const name in item) if (!hidden.includes(name)) part[name] = item[name];
  return part;
}

export function renderOne(key: string, item: unknown): string {
  return `{"${key}": ${JSON.stringify(item)}}`;
}

export function renderMany(key: string, items: readonly unknown[], links: readonly Link[]): string {
  const tail = links.length === 0 ? '' : `, "${key}_links": ${JSON.stringify(links)}`;
  return `{"${key}": ${JSON.stringify(items)}${tail}}`;
}

/**
 * A page that comes as finished JSON bytes is put into its envelope as it is: in pieces where it is long, since copying
 * 10,000 ports would hold the loop for 10 ms.
 */
export function spliceMany(key: string, json: Uint8Array, links: readonly Link[]): Uint8Array | readonly Uint8Array[] {
  const tail = links.length === 0 ? '}' : `, "${key}_links": ${JSON.stringify(links)}}`;
  const pieces = [Buffer.from(`{"${key}": `), json, Buffer.from(tail)];
  return json.length > COPIED_BYTES ? pieces : Buffer.concat(pieces);
}

/** One piece is sent sooner than three, as long as making it takes no time to speak of. */
const COPIED_BYTES = 200_000;

/** @param key what the items' ids are called */
export function pageEnds(page: Page<Item>, key = 'id'): PageEnds {
  if (page.items === undefined) return page;
  const { items } = page;
  const id = (item: Item | undefined) => (typeof item?.[key] === 'string' ? item[key] : null);
  return { count: items.length, firstId: id(items[0]), lastId: id(items.at(-1)) };
}
