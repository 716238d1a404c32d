import type { Db } from '../database.ts';
import { prepared, preparedIn } from '../prepared.ts';

export interface ConntrackHelperRow {
  id: string;
  router_id: string;
  protocol: string;
  port: number;
  helper: string;
}

export const conntrackHelperColumns = ['id', 'router_id', 'protocol', 'port', 'helper'] as const;

const ofRouters = preparedIn((db, ids: string[]) =>
  db.selectFrom('conntrack_helpers').select(conntrackHelperColumns).where('router_id', 'in', ids).orderBy('id'),
);
const byIds = preparedIn((db, ids: string[]) =>
  db.selectFrom('conntrack_helpers').select(conntrackHelperColumns).where('id', 'in', ids),
);
const every = prepared((db) => db.selectFrom('conntrack_helpers').select(conntrackHelperColumns).orderBy('id'));

export function conntrackHelpersOf(db: Db, routerIds: readonly string[]): Promise<ConntrackHelperRow[]> {
  return ofRouters.all(db, routerIds);
}

/** Those of these ids; null: all there are. */
export function conntrackHelpersBy(db: Db, ids: readonly string[] | null): Promise<ConntrackHelperRow[]> {
  return ids === null ? every.all(db, {}) : byIds.all(db, ids);
}
