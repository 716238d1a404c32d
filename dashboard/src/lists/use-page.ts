import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { ask } from '../api/client.ts';
import { type ApiResource, collectionPath } from '../api/description.ts';
import { type ListState, queryOf } from './list-query.ts';
import type { Row } from './row.ts';

/** Heartbeats are no news: agents are read again this often, ms. */
const heartbeats = 15_000;

interface Page {
  readonly rows: readonly Row[];
  readonly hasNext: boolean;
}

/** One page of a list. */
export function usePage(resource: ApiResource, parentId: string | null, state: ListState, marker: string | null) {
  const path = collectionPath(resource, parentId) + queryOf(state, resource.isPaged, marker);
  return useQuery({
    // News of what is below something come as news of that.
    queryKey: [resource.collection, 'list', path, resource.parent?.key],
    refetchInterval: resource.collection === 'agents' ? heartbeats : false,
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }): Promise<Page> => {
      const { body } = await ask<Record<string, unknown>>('GET', path, undefined, signal);
      const links = (body[`${resource.collection}_links`] ?? []) as readonly { readonly rel: string }[];
      return { rows: body[resource.collection] as Row[], hasNext: links.some(({ rel }) => rel === 'next') };
    },
  });
}
