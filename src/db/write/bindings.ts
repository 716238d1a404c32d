import type { Db, Tx } from '../database.ts';
import { prepared, preparedIn, preparedInsert } from '../prepared.ts';

/** How a port is wired on its host: rows of `ml2_port_bindings` and `ml2_port_binding_levels`. */
export interface BindingRow {
  port_id: string;
  host: string;
  vnic_type: string;
  profile: Record<string, unknown>;
  vif_type: string;
  vif_details: Record<string, unknown>;
  status: 'ACTIVE' | 'INACTIVE';
}

const insert = preparedInsert('ml2_port_bindings', [
  'port_id',
  'host',
  'vnic_type',
  'profile',
  'vif_type',
  'vif_details',
  'status',
]);

export async function insertBinding(tx: Tx, binding: BindingRow): Promise<void> {
  await insert.later(tx, { ...binding, profile: pack(binding.profile), vif_details: pack(binding.vif_details) });
}

const active = prepared((db, p: { port_id: string }) =>
  db
    .selectFrom('ml2_port_bindings')
    .select(['port_id', 'host', 'vnic_type', 'profile', 'vif_type', 'vif_details', 'status'])
    .where('port_id', '=', p.port_id)
    .where('status', '=', 'ACTIVE'),
);

export async function activeBinding(db: Db, portId: string): Promise<BindingRow | null> {
  const row = await active.first(db, { port_id: portId });
  return row && { ...row, profile: unpack(row.profile), vif_details: unpack(row.vif_details) };
}

const hostsOf = preparedIn((db, ids: string[]) =>
  db.selectFrom('ml2_port_bindings').select(['port_id', 'host']).where('port_id', 'in', ids),
);

/** Hosts that ports are bound to, those that are prepared for a migration among them; by port. */
export async function bindingHosts(db: Db, portIds: readonly string[]): Promise<Map<string, string[]>> {
  const rows = await hostsOf.all(db, portIds);
  const byPort = Map.groupBy(rows, ({ port_id }) => port_id);
  return new Map([...byPort].map(([id, bindings]) => [id, bindings.map(({ host }) => host)]));
}

const failedOn = prepared((db, p: { host: string; limit: number }) =>
  db
    .selectFrom('ml2_port_bindings as binding')
    .innerJoin('ports', 'ports.id', 'binding.port_id')
    .select(['ports.id', 'ports.network_id'])
    .where('binding.host', '=', p.host)
    .where('binding.status', '=', 'ACTIVE')
    .where('binding.vif_type', '=', 'binding_failed')
    .limit(p.limit),
);

/** Ports of a host that no driver could bind. */
export async function portsFailedToBind(
  db: Db,
  host: string,
  limit: number,
): Promise<{ id: string; network_id: string }[]> {
  return failedOn.all(db, { host, limit });
}

const boundToSegment = prepared((db, p: { segment_id: string }) =>
  db
    .selectFrom('ml2_port_binding_levels as level')
    .innerJoin('ports', 'ports.id', 'level.port_id')
    .select(['ports.id', 'ports.device_owner'])
    .distinct()
    .where('level.segment_id', '=', p.segment_id),
);

/** Ports that are wired to a segment, at any level and on any host. */
export function boundPorts(db: Db, segment_id: string): Promise<{ id: string; device_owner: string }[]> {
  return boundToSegment.all(db, { segment_id });
}

/** Whether a port of the network is wired (or prepared to be, on another host) in another way than these. */
export async function networkHasOtherVifType(db: Db, networkId: string, vifTypes: readonly string[]): Promise<boolean> {
  const other = await db
    .selectFrom('ml2_port_bindings as binding')
    .innerJoin('ports', 'ports.id', 'binding.port_id')
    .select('ports.id')
    .where('ports.network_id', '=', networkId)
    .where('binding.vif_type', 'not in', vifTypes)
    .limit(1)
    .executeTakeFirst();
  return other !== undefined;
}

const replace = prepared(
  (
    db,
    p: { port_id: string; host: string; vnic_type: string; profile: string; vif_type: string; vif_details: string },
  ) =>
    db
      .updateTable('ml2_port_bindings')
      .set({
        host: p.host,
        vnic_type: p.vnic_type,
        profile: p.profile,
        vif_type: p.vif_type,
        vif_details: p.vif_details,
      })
      .where('port_id', '=', p.port_id)
      .where('status', '=', 'ACTIVE'),
);

/** Writes a port's active binding anew. */
export async function updateBinding(tx: Tx, binding: BindingRow): Promise<void> {
  await replace.later(tx, { ...binding, profile: pack(binding.profile), vif_details: pack(binding.vif_details) });
}

const all = prepared((db, p: { port_id: string }) =>
  db
    .selectFrom('ml2_port_bindings')
    .select(['port_id', 'host', 'vnic_type', 'profile', 'vif_type', 'vif_details', 'status'])
    .where('port_id', '=', p.port_id)
    .orderBy('host'),
);

/** All bindings of a port; at most one is active. */
export async function bindingsOf(db: Db, portId: string): Promise<BindingRow[]> {
  const rows = await all.all(db, { port_id: portId });
  return rows.map((row) => ({ ...row, profile: unpack(row.profile), vif_details: unpack(row.vif_details) }));
}

/** Writes the binding on its host anew, whether it is the active one or not. */
export async function saveBinding(tx: Tx, { port_id, host, profile, vif_details, ...row }: BindingRow): Promise<void> {
  await tx
    .updateTable('ml2_port_bindings')
    .set({ ...row, profile: pack(profile), vif_details: pack(vif_details) })
    .where('port_id', '=', port_id)
    .where('host', '=', host)
    .execute();
}

export async function deleteBinding(tx: Tx, portId: string, host: string): Promise<void> {
  await tx.deleteFrom('ml2_port_bindings').where('port_id', '=', portId).where('host', '=', host).execute();
}

const removeInactive = prepared((db, p: { port_id: string; host: string }) =>
  db
    .deleteFrom('ml2_port_bindings')
    .where('port_id', '=', p.port_id)
    .where('host', '=', p.host)
    .where('status', '=', 'INACTIVE'),
);

/** Makes room for the active binding on a host that had been prepared for it. */
export async function deleteInactiveBinding(tx: Tx, portId: string, host: string): Promise<void> {
  await removeInactive.later(tx, { port_id: portId, host });
}

const clearLevels = prepared((db, p: { port_id: string; host: string }) =>
  db.deleteFrom('ml2_port_binding_levels').where('port_id', '=', p.port_id).where('host', '=', p.host),
);
const insertLevel = preparedInsert('ml2_port_binding_levels', ['port_id', 'host', 'level', 'driver', 'segment_id']);

export interface BindingLevel {
  level: number;
  driver: string;
  segment_id: string;
}

/** The levels of a port's binding on one host. */
export async function replaceBindingLevels(
  tx: Tx,
  portId: string,
  host: string,
  levels: readonly BindingLevel[],
): Promise<void> {
  await clearLevels.later(tx, { port_id: portId, host });
  for (const level of levels) await insertLevel.later(tx, { ...level, port_id: portId, host });
}

function pack(value: Record<string, unknown>): string {
  return Object.keys(value).length === 0 ? '' : JSON.stringify(value);
}

function unpack(text: string): Record<string, unknown> {
  return text === '' ? {} : JSON.parse(text);
}
