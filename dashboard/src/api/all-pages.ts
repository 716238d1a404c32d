import { ask } from './client.ts';

/**
 * A whole list, by as many pages as the server makes of it.
 * @param path below the server: `/v2.0/agents?fields=id`
 */
export async function allPages<T>(collection: string, path: string, signal?: AbortSignal): Promise<T[]> {
  const found: T[] = [];
  let next: string | undefined = path;
  while (next !== undefined) {
    const { body } = await ask<Record<string, unknown>>('GET', next, undefined, signal);
    found.push(...((body as Record<string, T[]>)[collection] ?? []));
    const links = body[`${collection}_links`] as readonly { readonly rel: string; readonly href: string }[] | undefined;
    const href = links?.find(({ rel }) => rel === 'next')?.href;
    next = href && path.replace(/\?.*/s, '') + new URL(href, 'http://server').search;
  }
  return found;
}
