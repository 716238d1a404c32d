import { useQuery } from '@tanstack/react-query';
import { ask } from './client.ts';
import { type ApiDocument, type ApiResource, resourcesOf } from './description.ts';
import { type Permissions, permittedOf } from './permissions.ts';

const none: readonly ApiResource[] = [];
/** Roles and rules change seldom, and nobody tells, ms. */
const fresh = 60_000;

/** What this server serves and this caller may do, by its own description; empty until that is there. */
export function useResources(): { readonly resources: readonly ApiResource[]; readonly error: Error | null } {
  const { data: described, error } = useQuery({
    queryKey: ['description'],
    // Another configuration means another start of the server; the page is loaded anew then.
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: async ({ signal }) =>
      resourcesOf((await ask<ApiDocument>('GET', '/openapi.json', undefined, signal)).body),
  });
  const { data: permissions, isError } = useQuery({
    queryKey: ['permissions'],
    staleTime: fresh,
    queryFn: async ({ signal }) => (await ask<Permissions>('GET', '/dashboard/permissions', undefined, signal)).body,
  });
  if (described === undefined) return { resources: none, error };
  // Without an answer everything is offered: the server refuses all the same.
  if (permissions === undefined) return { resources: isError ? described : none, error };
  return { resources: narrowed(described, permissions), error };
}

/** The same for the same, so that whoever shows it is not shown anew. */
const known = new WeakMap<Permissions, { readonly of: readonly ApiResource[]; readonly resources: ApiResource[] }>();

function narrowed(described: readonly ApiResource[], permissions: Permissions): readonly ApiResource[] {
  let found = known.get(permissions);
  if (found?.of !== described) {
    found = { of: described, resources: permittedOf(described, permissions) };
    known.set(permissions, found);
  }
  return found.resources;
}
