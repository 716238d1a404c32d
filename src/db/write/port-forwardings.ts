import type { Db } from '../database.ts';
import { prepared, preparedIn } from '../prepared.ts';

/** A forwarding as it is stored. */
export interface PortForwardingRow {
  id: string;
  floatingip_id: string;
  project_id: string;
  description: string;
  created_at: string;
  updated_at: string;
  revision_number: number;
  internal_port_id: string;
  internal_ip_address: string;
  protocol: string;
  external_port_start: number;
  external_port_end: number;
  internal_port_start: number;
  internal_port_end: number;
}

export const portForwardingColumns = [
  'id',
  'floatingip_id',
  'project_id',
  'description',
  'created_at',
  'updated_at',
  'revision_number',
  'internal_port_id',
  'internal_ip_address',
  'protocol',
  'external_port_start',
  'external_port_end',
  'internal_port_start',
  'internal_port_end',
] as const;

const ofFloatingIp = preparedIn((db, ids: string[]) =>
  db
    .selectFrom('portforwardings')
    .select(portForwardingColumns)
    .where('floatingip_id', 'in', ids)
    .orderBy('standard_attr_id'),
);
const ofPort = prepared((db, p: { id: string }) =>
  db.selectFrom('portforwardings').select(portForwardingColumns).where('internal_port_id', '=', p.id),
);
const every = prepared((db) =>
  db.selectFrom('portforwardings').select(portForwardingColumns).orderBy('standard_attr_id'),
);
const byIds = preparedIn((db, ids: string[]) =>
  db.selectFrom('portforwardings').select(portForwardingColumns).where('id', 'in', ids),
);

/** The forwardings of floating addresses, oldest first of each. */
export function portForwardingsOf(db: Db, floatingIpIds: readonly string[]): Promise<PortForwardingRow[]> {
  return ofFloatingIp.all(db, floatingIpIds) as Promise<PortForwardingRow[]>;
}

/** Those that lead to a port. */
export function portForwardingsTo(db: Db, portId: string): Promise<PortForwardingRow[]> {
  return ofPort.all(db, { id: portId }) as Promise<PortForwardingRow[]>;
}

/** Those of these ids; null: all there are. */
export function portForwardingsBy(db: Db, ids: readonly string[] | null): Promise<PortForwardingRow[]> {
  return (ids === null ? every.all(db, {}) : byIds.all(db, ids)) as Promise<PortForwardingRow[]>;
}

const sources = preparedIn((db, ids: string[]) =>
  db.selectFrom('floatingips').select(['id', 'floating_ip_address', 'router_id']).where('id', 'in', ids),
);

/** Addresses and routers of floating IPs. */
export function forwardedFrom(db: Db, ids: readonly string[]) {
  return sources.all(db, ids);
}
