import type { RouteHandler } from '../plugin/contract.ts';
import { type RouteDefinition, routeKey } from '../resources/contract.ts';
import { type CreateRule, rulesOf, type ServedResource } from './served-resource.ts';

/** A route of the tables that this server answers: its extension is loaded, and the plugin has a handler. */
export interface ServedRoute {
  readonly definition: RouteDefinition;
  readonly resource: ServedResource;
  readonly handler: RouteHandler;
  readonly body: readonly CreateRule[] | null;
  /** Each a fixed text (with underscores) or a parameter. */
  readonly segments: readonly ({ readonly text: string } | { readonly parameter: string })[];
}

/** All routes by the first segment of their path, and by how many it has. */
export type RouteTable = ReadonlyMap<string, readonly (readonly ServedRoute[] | undefined)[]>;

export function serveRoutes(
  resources: Iterable<ServedResource>,
  handlers: Readonly<Record<string, RouteHandler>>,
  extensions: ReadonlySet<string>,
): RouteTable {
  const table = new Map<string, ServedRoute[][]>();
  for (const resource of new Set(resources)) {
    for (const definition of resource.definition.routes ?? []) {
      const handler = handlers[routeKey(definition)];
      if (handler === undefined || !extensions.has(definition.extension)) continue;
      const segments = definition.path.split('/').map((segment) => {
        const parameter = /^\{(\w+)\}$/.exec(segment)?.[1];
        return parameter === undefined ? { text: segment } : { parameter };
      });
      const first = underscored(definition.path.split('/')[0]!);
      const body = definition.body === undefined ? null : rulesOf(definition.body, extensions);
      const byLength = table.get(first) ?? [];
      byLength[segments.length] = [
        ...(byLength[segments.length] ?? []),
        { definition, resource, handler, body, segments },
      ];
      table.set(first, byLength);
    }
  }
  // Fixed texts before parameters: `quotas/tenant` is not the quota of a project called so.
  for (const byLength of table.values()) {
    for (const routes of byLength) routes?.sort((a, b) => parameters(a) - parameters(b));
  }
  return table;
}

export interface RouteMatch {
  readonly route: ServedRoute;
  readonly params: Readonly<Record<string, string>>;
}

/**
 * The route of a path; null when none has this path, `other_method` when only routes with another method have it.
 * @param segments decoded, without the version
 */
export function matchRoute(
  table: RouteTable,
  method: string,
  segments: readonly string[],
): RouteMatch | 'other_method' | null {
  const routes = table.get(underscored(segments[0]!))?.[segments.length];
  if (routes === undefined) return null;
  const wanted = method === 'OPTIONS' ? 'GET' : method;
  let known = false;
  for (const route of routes) {
    const params = paramsOf(route, segments);
    if (params === null) continue;
    if (route.definition.method === wanted) return { route, params };
    known = true;
  }
  return known ? 'other_method' : null;
}

function paramsOf(route: ServedRoute, segments: readonly string[]): Record<string, string> | null {
  const params: Record<string, string> = {};
  for (let i = 0; i < segments.length; i++) {
    const expected = route.segments[i]!;
    const given = segments[i]!;
    if ('parameter' in expected) params[expected.parameter] = given;
    else if (underscored(given) !== underscored(expected.text)) return null;
  }
  return params;
}

/** Upstream knows most names with hyphens and with underscores. */
function underscored(segment: string): string {
  return segment.includes('-') ? segment.replaceAll('-', '_') : segment;
}

function parameters({ segments }: ServedRoute): number {
  return segments.filter((segment) => 'parameter' in segment).length;
}
