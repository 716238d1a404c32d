import { routerColumns, routerReader } from '../../db/read/routers.ts';
import { childRows, rowStore } from '../../db/write/rows.ts';
import type { NeutronError } from '../../lib/errors.ts';
import type { Router } from '../../resources/shapes.ts';
import type { Shared } from '../parts.ts';
import { readsOver, type StoredReads } from '../stored/reads.ts';
import { routerErrors } from './errors.ts';

/** How `tags` calls them. */
export const routerTags = { table: 'routers', type: 'router' } as const;

export const routerRows = rowStore('routers', routerColumns, { tags: routerTags.type });

export const routeRows = childRows('routerroutes', 'router_id', ['destination', 'nexthop', 'position']);

export function routerReads(shared: Shared): StoredReads<Router> {
  return readsOver(shared, routerReader, notFound);
}

export function notFound(router_id: string): NeutronError {
  return routerErrors.RouterNotFound({ router_id });
}
