import { type UseQueryResult, useQueries } from '@tanstack/react-query';
import { useCallback, useMemo } from 'react';
import { allPages } from '../api/all-pages.ts';
import { patched } from '../api/changed.ts';
import { ApiError } from '../api/client.ts';
import { useResources } from '../api/described.ts';
import type { Patch } from '../api/live.ts';
import { queryClient } from '../api/queries.ts';
import type { Cloud } from './cloud.ts';

/** Of ports there may be thousands: only what is drawn or searched is asked for. */
const portFields = [
  ...['id', 'name', 'network_id', 'project_id', 'status', 'admin_state_up', 'mac_address', 'fixed_ips'],
  ...['device_id', 'device_owner', 'binding:host_id'],
];

/** What not every server serves, or not to everybody, is asked for when that is known; all else at once. */
const lists: readonly { of: keyof Cloud; path: string; ifServed?: true }[] = [
  { of: 'networks', path: '/v2.0/networks' },
  { of: 'subnets', path: '/v2.0/subnets' },
  { of: 'routers', path: '/v2.0/routers', ifServed: true },
  { of: 'ports', path: `/v2.0/ports?${portFields.map((name) => `fields=${encodeURIComponent(name)}`).join('&')}` },
  { of: 'floatingips', path: '/v2.0/floatingips', ifServed: true },
  { of: 'agents', path: '/v2.0/agents', ifServed: true },
];

/** All that the picture is made of, kept as it is by the live news. */
export function useCloud(): { cloud: Cloud | null; error: Error | null } {
  const { resources, error } = useResources();
  const isKnown = resources.length > 0;
  const asked = useMemo(
    () => lists.filter(({ of, ifServed }) => !ifServed || resources.some(({ key }) => key === of)),
    [resources],
  );
  const combine = useCallback(
    (results: UseQueryResult<unknown[]>[]) => {
      const parts = results.map(({ data }) => data);
      const refused = results.find((result) => result.error)?.error ?? error;
      if (!isKnown || parts.includes(undefined)) return { cloud: null, error: refused };
      return { cloud: cloudOf(asked.map(({ of }, at) => [of, parts[at]!])), error: refused };
    },
    [asked, isKnown, error],
  );
  return useQueries({
    queries: asked.map(({ of, path }) => ({
      queryKey: [of, 'topology'],
      queryFn: ({ signal }: { signal: AbortSignal }) => all(of, path, signal),
      meta: { patch: patchOf(of, path) },
    })),
    combine,
  });
}

const nothing = Object.fromEntries(lists.map(({ of }) => [of, []])) as object as Cloud;

function cloudOf(parts: readonly (readonly [of: keyof Cloud, list: readonly unknown[]])[]): Cloud {
  return { ...nothing, ...Object.fromEntries(parts) };
}

/** A list that is refused all the same, because what is permitted has changed since, is an empty one. */
async function all(collection: string, path: string, signal: AbortSignal): Promise<unknown[]> {
  try {
    return await allPages(collection, path, signal);
  } catch (error) {
    if (error instanceof ApiError && (error.status === 403 || error.status === 404)) return [];
    throw error;
  }
}

/** Of thousands of ports only those that changed are read. */
function patchOf(collection: keyof Cloud, path: string): Patch {
  return async (ids) => {
    const query = [...ids].map((id) => `id=${encodeURIComponent(id)}`).join('&');
    const found = await allPages<Item>(collection, `${path}${path.includes('?') ? '&' : '?'}${query}`);
    queryClient.setQueryData<Item[]>([collection, 'topology'], (list) => list && patched(list, ids, found));
  };
}

type Item = { readonly id: string };
