import { type UseQueryResult, useQueries } from '@tanstack/react-query';
import { allPages } from '../api/all-pages.ts';
import { patched } from '../api/changed.ts';
import { ApiError } from '../api/client.ts';
import type { Patch } from '../api/live.ts';
import { queryClient } from '../api/queries.ts';
import type { Cloud } from './cloud.ts';

/** Of ports there may be thousands: only what is drawn or searched is asked for. */
const portFields = [
  ...['id', 'name', 'network_id', 'project_id', 'status', 'admin_state_up', 'mac_address', 'fixed_ips'],
  ...['device_id', 'device_owner', 'binding:host_id'],
];

const lists: readonly { of: keyof Cloud; path: string }[] = [
  { of: 'networks', path: '/v2.0/networks' },
  { of: 'subnets', path: '/v2.0/subnets' },
  { of: 'routers', path: '/v2.0/routers' },
  { of: 'ports', path: `/v2.0/ports?${portFields.map((name) => `fields=${encodeURIComponent(name)}`).join('&')}` },
  { of: 'floatingips', path: '/v2.0/floatingips' },
  { of: 'agents', path: '/v2.0/agents' },
];

/** All that the picture is made of, kept as it is by the live news. */
export function useCloud(): { cloud: Cloud | null; error: Error | null } {
  return useQueries({
    queries: lists.map(({ of, path }) => ({
      queryKey: [of, 'topology'],
      queryFn: ({ signal }: { signal: AbortSignal }) => all(of, path, signal),
      meta: { patch: patchOf(of, path) },
    })),
    combine,
  });
}

function combine(results: UseQueryResult<unknown[]>[]): { cloud: Cloud | null; error: Error | null } {
  const parts = results.map(({ data }) => data);
  const error = results.find((result) => result.error)?.error ?? null;
  if (parts.some((part) => part === undefined)) return { cloud: null, error };
  return { cloud: Object.fromEntries(lists.map(({ of }, at) => [of, parts[at]])) as unknown as Cloud, error };
}

/** A list that the server does not serve (no routers), or not to everybody (agents), is an empty one. */
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
