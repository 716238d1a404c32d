import { urlName, urlPath } from '../../resources/url-names.ts';
import type { Service } from '../pipeline.ts';
import type { ServedRoute } from '../routes.ts';
import type { ServedResource } from '../served-resource.ts';

export type Verb = 'list' | 'get' | 'create' | 'update' | 'delete';

/** One resource as clients meet it: what can be done with it, and at which paths. */
export interface SurfaceResource {
  readonly resource: ServedResource;
  /** Empty for a resource that has paths of its own only, like quotas. */
  readonly verbs: ReadonlySet<Verb>;
  /** `/v2.0/ports/{port_id}/bindings` */
  readonly collectionPath: string;
  /** `/v2.0/ports/{port_id}/bindings/{host}` */
  readonly itemPath: string;
  readonly routes: readonly ServedRoute[];
}

/** All that this server answers for its plugin, in the order of the tables. */
export function surfaceOf(service: Service): SurfaceResource[] {
  const routes = [...service.routes.values()].flatMap((byLength) => byLength.flatMap((some) => some ?? []));
  const resources = new Set([...service.resources.values(), ...routes.map(({ resource }) => resource)]);
  const surface = new Map<string, SurfaceResource>();
  for (const resource of resources) {
    // A resource with routes and a collection is served twice under the same key.
    if (surface.has(resource.key)) continue;
    const collectionPath = pathOf(resource);
    surface.set(resource.key, {
      resource,
      verbs: verbsOf(service, resource),
      collectionPath,
      itemPath: `${collectionPath}/{${resource.definition.key ?? 'id'}}`,
      routes: inOrder(routes.filter((route) => route.resource.key === resource.key)),
    });
  }
  return [...surface.values()];
}

/** As they stand in the table. */
function inOrder(routes: readonly ServedRoute[]): ServedRoute[] {
  const place = ({ definition, resource }: ServedRoute) => (resource.definition.routes ?? []).indexOf(definition);
  return [...routes].sort((a, b) => place(a) - place(b));
}

/** `/v2.0/networks/{id}/dhcp-agents` of a route. */
export function routePath({ definition, resource }: ServedRoute): string {
  const [first, ...others] = definition.path.split('/');
  return ['/v2.0', urlPath(resource.definition, first!), ...others].join('/');
}

function pathOf({ collection, definition }: ServedResource): string {
  const { parent } = definition;
  if (parent === undefined) return `/v2.0/${urlPath(definition, collection)}`;
  return `/v2.0/${urlPath(definition, parent.collection)}/{${parent.member}_id}/${urlName(collection)}`;
}

function verbsOf(service: Service, { key, definition }: ServedResource): Set<Verb> {
  const { collections, children } = service;
  const collection = definition.parent === undefined ? collections[key] : children[key]?.('');
  if (collection === undefined) return new Set();
  const changing = (['create', 'update', 'delete'] as const).filter(
    (verb) => collection[verb] !== undefined && !(verb === 'update' && definition.unchanging),
  );
  // What has no id is only listed.
  const single = Object.hasOwn(definition.attributes, definition.key ?? 'id');
  return new Set<Verb>([
    ...(definition.single ? [] : (['list'] as const)),
    ...(single ? (['get'] as const) : []),
    ...changing,
  ]);
}
