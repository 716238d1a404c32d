import { useQuery } from '@tanstack/react-query';
import { ask } from './client.ts';
import { type ApiDocument, type ApiResource, resourcesOf } from './description.ts';

const none: readonly ApiResource[] = [];

/** What this server serves, by its own description; empty until that is there. */
export function useResources(): { readonly resources: readonly ApiResource[]; readonly error: Error | null } {
  const { data, error } = useQuery({
    queryKey: ['description'],
    // Another configuration means another start of the server; the page is loaded anew then.
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: async ({ signal }) =>
      resourcesOf((await ask<ApiDocument>('GET', '/openapi.json', undefined, signal)).body),
  });
  return { resources: data ?? none, error };
}
