import { useQuery } from '@tanstack/react-query';
import { ask } from '../api/client.ts';
import type { ApiResource } from '../api/description.ts';

/** Things of one kind that name what is to be deleted. */
export interface Dependents {
  readonly collection: string;
  readonly count: number;
  /** Whether there are more than were counted. */
  readonly isMore: boolean;
}

/** Most that are counted of each kind, and most things whose dependents are looked up. */
const mostCounted = 100;
const mostAsked = 20;

/** By which filter of which list those are found that name one of these: `ports?network_id=`. */
export function waysToDependents(
  resource: ApiResource,
  resources: readonly ApiResource[],
): readonly { readonly list: ApiResource; readonly filter: string }[] {
  const filters = [`${resource.member}_id`, resource.collection, ...(resource.key === 'routers' ? ['device_id'] : [])];
  return resources
    .filter((list) => list.parent === null && list.idName === 'id' && list.key !== resource.key)
    .flatMap((list) => filters.filter((name) => list.filterable.includes(name)).map((filter) => ({ list, filter })));
}

/** What names one of these, as the server's lists tell. */
export function useDependents(resource: ApiResource, resources: readonly ApiResource[], ids: readonly string[]) {
  return useQuery({
    queryKey: [resource.collection, 'dependents', ...ids],
    enabled: ids.length > 0 && ids.length <= mostAsked,
    queryFn: async ({ signal }) => {
      const asked = waysToDependents(resource, resources).map(async ({ list, filter }): Promise<Dependents> => {
        const query = ids.map((id) => `${filter}=${encodeURIComponent(id)}`).join('&');
        const path = `${list.path}?${query}&fields=id&limit=${mostCounted}`;
        const { body } = await ask<Record<string, unknown[]>>('GET', path, undefined, signal);
        const count = body[list.collection]!.length;
        return { collection: list.collection, count, isMore: count === mostCounted };
      });
      return (await Promise.all(asked)).filter(({ count }) => count > 0);
    },
  });
}
