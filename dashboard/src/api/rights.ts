import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { ask } from './client.ts';
import type { ApiResource } from './description.ts';
import { allRights, type CreateRights, noRights, type ObjectRights } from './permissions.ts';

interface Answer extends CreateRights {
  readonly objects: Readonly<Record<string, ObjectRights>>;
}

/** Ids in one question: its address must pass whatever stands in front of the server. */
const atOnce = 100;
/** Whose an object is does not change; whom a network is shared with does, seldom, ms. */
const fresh = 60_000;

/** Where the server tells of objects of a resource, below that parent. */
export function permissionsPath({ key }: ApiResource, parentId: string | null): string {
  const [first, below] = key.split('/');
  const path = below === undefined ? first : `${first}/${encodeURIComponent(parentId ?? '')}/${below}`;
  return `/dashboard/permissions/${path}`;
}

/**
 * What may be done with each of these. While that is not known nothing may; when it cannot be known all may, for the server
 * refuses all the same.
 */
export function useObjectRights(
  resource: ApiResource,
  parentId: string | null,
  ids: readonly string[],
): (id: string | null) => ObjectRights {
  const { permitted } = resource;
  const isAsked = permitted?.judged === true && ids.length > 0;
  const { data, isError } = useQuery({
    queryKey: ['permissions', resource.key, parentId, ...ids],
    enabled: isAsked,
    staleTime: fresh,
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }) => {
      const groups = Array.from({ length: Math.ceil(ids.length / atOnce) }, (_, at) =>
        ids.slice(at * atOnce, (at + 1) * atOnce),
      );
      const answers = await Promise.all(
        groups.map((group) => {
          const query = group.map((id) => `id=${encodeURIComponent(id)}`).join('&');
          return ask<Answer>('GET', `${permissionsPath(resource, parentId)}?${query}`, undefined, signal);
        }),
      );
      return Object.assign({}, ...answers.map(({ body }) => body.objects)) as Answer['objects'];
    },
  });
  if (!isAsked || isError) return () => permitted ?? allRights;
  return (id) => data?.[id ?? ''] ?? noRights;
}

/** By these rules ask whose the network or group is that a new one is to be on. */
const decisive = ['network_id', 'security_group_id'] as const;

/** What of a new one may be given when it is to be on a certain network, in a group, or below a parent; null: as always. */
export function useCreateRights(
  resource: ApiResource,
  parentId: string | null,
  values: Readonly<Record<string, unknown>>,
): CreateRights | null {
  const given = decisive.filter((name) => typeof values[name] === 'string' && values[name] !== '');
  const query = given.map((name) => `${name}=${encodeURIComponent(values[name] as string)}`).join('&');
  const { data } = useQuery({
    queryKey: ['permissions', resource.key, parentId, 'new', query],
    enabled: resource.permitted?.judged === true && (given.length > 0 || parentId !== null),
    staleTime: fresh,
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }) =>
      (await ask<Answer>('GET', `${permissionsPath(resource, parentId)}?${query}`, undefined, signal)).body,
  });
  return data ?? null;
}
