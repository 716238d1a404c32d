import type { Db } from '../database.ts';
import { prepared, preparedIn } from '../prepared.ts';

export interface NdpProxyRow {
  id: string;
  project_id: string;
  name: string;
  description: string;
  created_at: string;
  updated_at: string;
  revision_number: number;
  router_id: string;
  port_id: string;
  ip_address: string;
}

export const ndpProxyColumns = [
  'id',
  'project_id',
  'name',
  'description',
  'created_at',
  'updated_at',
  'revision_number',
  'router_id',
  'port_id',
  'ip_address',
] as const;

const ofRouters = preparedIn((db, ids: string[]) =>
  db.selectFrom('ndp_proxies').select(ndpProxyColumns).where('router_id', 'in', ids).orderBy('standard_attr_id'),
);
const ofPort = prepared((db, p: { id: string }) =>
  db.selectFrom('ndp_proxies').select(ndpProxyColumns).where('port_id', '=', p.id),
);
const byIds = preparedIn((db, ids: string[]) =>
  db.selectFrom('ndp_proxies').select(ndpProxyColumns).where('id', 'in', ids),
);
const every = prepared((db) => db.selectFrom('ndp_proxies').select(ndpProxyColumns).orderBy('standard_attr_id'));
const intoSubnet = prepared((db, p: { router_id: string; subnet_id: string }) =>
  db
    .selectFrom('ndp_proxies')
    .innerJoin('ipallocations as held', (join) =>
      join.onRef('held.port_id', '=', 'ndp_proxies.port_id').onRef('held.ip_address', '=', 'ndp_proxies.ip_address'),
    )
    .select('ndp_proxies.id')
    .where('ndp_proxies.router_id', '=', p.router_id)
    .where('held.subnet_id', '=', p.subnet_id)
    .limit(1),
);

export function ndpProxiesOf(db: Db, routerIds: readonly string[]): Promise<NdpProxyRow[]> {
  return ofRouters.all(db, routerIds);
}

/** Those for addresses of a port. */
export function ndpProxiesFor(db: Db, portId: string): Promise<NdpProxyRow[]> {
  return ofPort.all(db, { id: portId });
}

/** Those of these ids; null: all there are. */
export function ndpProxiesBy(db: Db, ids: readonly string[] | null): Promise<NdpProxyRow[]> {
  return ids === null ? every.all(db, {}) : byIds.all(db, ids);
}

/** Whether a router answers for addresses of a subnet. */
export async function proxiesIntoSubnet(db: Db, router_id: string, subnet_id: string): Promise<boolean> {
  return (await intoSubnet.first(db, { router_id, subnet_id })) !== null;
}
