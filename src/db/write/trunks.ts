import type { Db, Tx } from '../database.ts';
import { prepared, preparedIn } from '../prepared.ts';

/** A port carried by a trunk. */
export interface SubPortRow {
  trunk_id: string;
  port_id: string;
  segmentation_type: string;
  segmentation_id: number;
}

const ofParents = preparedIn((db, ids: string[]) =>
  db.selectFrom('trunks').select(['port_id', 'id']).where('port_id', 'in', ids),
);

/** Trunks whose parents these ports are: port → trunk. */
export async function trunksOfParents(db: Db, portIds: readonly string[]): Promise<Map<string, string>> {
  return new Map((await ofParents.all(db, portIds)).map(({ port_id, id }) => [port_id, id]));
}

const ofSubPorts = preparedIn((db, ids: string[]) =>
  db.selectFrom('subports').select(['port_id', 'trunk_id']).where('port_id', 'in', ids),
);

/** Trunks that carry these ports: port → trunk. */
export async function trunksOfSubPorts(db: Db, portIds: readonly string[]): Promise<Map<string, string>> {
  return new Map((await ofSubPorts.all(db, portIds)).map(({ port_id, trunk_id }) => [port_id, trunk_id]));
}

/** Where a sub-port is: its trunk, that one's parent and status, and the VLAN. */
export interface Carrier {
  trunk_id: string;
  parent_id: string;
  status: string;
  segmentation_type: string;
  segmentation_id: number;
}

const carrier = prepared((db, p: { port_id: string }) =>
  db
    .selectFrom('subports')
    .innerJoin('trunks', 'trunks.id', 'subports.trunk_id')
    .select(['trunk_id', 'trunks.port_id as parent_id', 'status', 'segmentation_type', 'segmentation_id'])
    .where('subports.port_id', '=', p.port_id),
);

/** What carries a port; null where nothing does. */
export async function carrierOf(db: Db, portId: string): Promise<Carrier | null> {
  return (await carrier.first(db, { port_id: portId })) ?? null;
}

const setStatus = prepared((db, p: { id: string; status: string; updated_at: string }) =>
  db
    .updateTable('trunks')
    .set((eb) => ({
      status: p.status,
      revision_number: eb('revision_number', '+', 1),
      updated_at: p.updated_at,
    }))
    .where('id', '=', p.id)
    .where('status', '!=', p.status),
);

/** Sets a trunk's status and bumps it; false when it had this status already (or is gone). */
export async function setTrunkStatus(tx: Tx, id: string, status: string, updated_at: string): Promise<boolean> {
  return (await setStatus.run(tx, { id, status, updated_at })).changes > 0;
}
