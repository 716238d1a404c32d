import type { Db, Tx } from '../database.ts';
import { handleOf, queryAll } from '../handle.ts';
import { prepared, preparedIn, preparedInsert } from '../prepared.ts';

/** What extensions keep of a port; null where nobody said. */
export interface PortExtras {
  data_plane_status: string | null;
  propagate_uplink_status: boolean | null;
  device_profile: string | null;
  numa_affinity_policy: string | null;
  /** JSON object. */
  hints: string | null;
  hardware_offload_type: string | null;
  trusted: boolean | null;
}

export interface NewPort extends PortExtras {
  id: string;
  project_id: string;
  name: string;
  description: string;
  created_at: string;
  updated_at: string;
  revision_number: number;
  network_id: string;
  mac_address: string;
  admin_state_up: boolean;
  status: string;
  device_id: string;
  device_owner: string;
  port_security_enabled: boolean;
  ip_allocation: string;
  dns_name: string;
  dns_domain: string;
}

const insert = preparedInsert(
  'ports',
  [
    'id',
    'project_id',
    'name',
    'description',
    'created_at',
    'updated_at',
    'revision_number',
    'network_id',
    'mac_address',
    'admin_state_up',
    'status',
    'device_id',
    'device_owner',
    'port_security_enabled',
    'ip_allocation',
    'dns_name',
    'dns_domain',
    'data_plane_status',
    'propagate_uplink_status',
    'device_profile',
    'numa_affinity_policy',
    'hints',
    'hardware_offload_type',
    'trusted',
  ],
  'standard_attr_id',
);

/**
 * @param written is given the row's `standard_attr_id`: at the latest before the transaction ends
 * @throws a unique violation of `ports` when another port of the network has the MAC
 */
export async function insertPort(tx: Tx, port: NewPort, written: (id: number) => void): Promise<void> {
  await insert.later(tx, { ...port }, ({ insertId }) => written(insertId ?? 0));
}

const macHolder = prepared((db, p: { network_id: string; mac_address: string }) =>
  db.selectFrom('ports').select('id').where('network_id', '=', p.network_id).where('mac_address', '=', p.mac_address),
);

/** The port of a network that has this MAC, or null. */
export async function holderOfMac(db: Db, networkId: string, mac: string): Promise<string | null> {
  return (await macHolder.first(db, { network_id: networkId, mac_address: mac }))?.id ?? null;
}

export async function updatePortRow(tx: Tx, id: string, columns: Partial<NewPort>): Promise<void> {
  await tx.updateTable('ports').set(columns).where('id', '=', id).execute();
}

const bump = prepared((db, p: { id: string; updated_at: string }) =>
  db
    .updateTable('ports')
    .set((eb) => ({ revision_number: eb('revision_number', '+', 1), updated_at: p.updated_at }))
    .where('id', '=', p.id),
);

/** Something that belongs to the port changed: its revision goes up by one. */
export async function bumpPort(tx: Tx, id: string, updatedAt: string): Promise<void> {
  await bump.later(tx, { id, updated_at: updatedAt });
}

const status = prepared((db, p: { id: string; status: string; updated_at: string }) =>
  db
    .updateTable('ports')
    .set((eb) => ({
      status: p.status,
      revision_number: eb('revision_number', '+', 1),
      updated_at: p.updated_at,
    }))
    .where('id', '=', p.id)
    .where('status', '!=', p.status),
);

/** Sets a port's status and bumps it; false when it had this status already (or is gone). */
export async function setPortStatus(tx: Tx, id: string, value: string, updatedAt: string): Promise<boolean> {
  return (await status.run(tx, { id, status: value, updated_at: updatedAt })).changes > 0;
}

const remove = prepared((db, p: { id: string }) => db.deleteFrom('ports').where('id', '=', p.id));
const removeTags = prepared((db, p: { id: string }) =>
  db.deleteFrom('tags').where('resource_type', '=', 'port').where('resource_id', '=', p.id),
);

/** Addresses, bindings, pairs, options and blocks go by the tables' cascades. */
export async function deletePortRow(tx: Tx, id: string): Promise<void> {
  await removeTags.later(tx, { id });
  await remove.later(tx, { id });
}

const insertPair = preparedInsert('allowedaddresspairs', ['port_id', 'mac_address', 'ip_address', 'position']);

export async function replaceAddressPairs(
  tx: Tx,
  portId: string,
  pairs: readonly { mac_address: string; ip_address: string }[],
  isNew = false,
): Promise<void> {
  if (!isNew) await tx.deleteFrom('allowedaddresspairs').where('port_id', '=', portId).execute();
  for (const [position, pair] of pairs.entries()) await insertPair.later(tx, { ...pair, port_id: portId, position });
}

const insertOption = preparedInsert('extradhcpopts', ['id', 'port_id', 'opt_name', 'opt_value', 'ip_version']);

export async function replaceDhcpOptions(
  tx: Tx,
  portId: string,
  options: readonly { id: string; opt_name: string; opt_value: string; ip_version: number }[],
  isNew = false,
): Promise<void> {
  if (!isNew) await tx.deleteFrom('extradhcpopts').where('port_id', '=', portId).execute();
  for (const option of options) await insertOption.later(tx, { ...option, port_id: portId });
}

/** A port as devices are matched: the little that update_device_up and its kin need. */
export interface PortFacts {
  id: string;
  network_id: string;
  status: string;
  admin_state_up: boolean;
  device_owner: string;
  device_id: string;
  host: string;
  vif_type: string;
}

const factsOf = preparedIn((db, ids: string[]) =>
  db
    .selectFrom('ports')
    .leftJoin('ml2_port_bindings as binding', (join) =>
      join.onRef('binding.port_id', '=', 'ports.id').on('binding.status', '=', 'ACTIVE'),
    )
    .select([
      'ports.id',
      'ports.network_id',
      'ports.status',
      'ports.admin_state_up',
      'ports.device_owner',
      'ports.device_id',
      'binding.host',
      'binding.vif_type',
    ])
    .where('ports.id', 'in', ids),
);

export async function portFacts(db: Db, ids: readonly string[]): Promise<PortFacts[]> {
  const rows = await factsOf.all(db, ids);
  return rows.map((row) => ({
    ...row,
    admin_state_up: Boolean(row.admin_state_up),
    host: row.host ?? '',
    vif_type: row.vif_type ?? 'unbound',
  }));
}

const ofNetworks = preparedIn((db, ids: string[]) =>
  db.selectFrom('ports').select('id').where('network_id', 'in', ids).orderBy('standard_attr_id'),
);

/** Ids of all ports of these networks, oldest first. */
export async function portIdsOfNetworks(db: Db, networkIds: readonly string[]): Promise<string[]> {
  return (await ofNetworks.arrays(db, networkIds)).map(([id]) => id as string);
}

const byPrefix = prepared((db, p: { from: string; to: string }) =>
  db.selectFrom('ports').select('id').where('id', '>=', p.from).where('id', '<', p.to).limit(2),
);

/** So many look-ups go to the database together. */
const PREFIXES_AT_ONCE = 100;

/** The ports whose ids start with these characters, by them; null where there is none, or more than one. */
export async function portIdsByPrefixes(db: Db, prefixes: readonly string[]): Promise<Map<string, string | null>> {
  const found = new Map<string, string | null>();
  const handle = handleOf(db);
  for (let start = 0; start < prefixes.length; start += PREFIXES_AT_ONCE) {
    const chunk = prefixes.slice(start, start + PREFIXES_AT_ONCE);
    const asked = chunk.map((prefix) => byPrefix.statement(handle, { from: prefix, to: `${prefix}~` }));
    for (const [index, { rows }] of (await queryAll(handle, asked)).entries()) {
      found.set(chunk[index]!, rows.length === 1 ? (rows[0]![0] as string) : null);
    }
  }
  return found;
}

const byMac = prepared((db, p: { mac_address: string }) =>
  db.selectFrom('ports').select('id').where('mac_address', '=', p.mac_address).limit(2),
);

export async function portIdByMac(db: Db, mac: string): Promise<string | null> {
  const rows = await byMac.arrays(db, { mac_address: mac });
  return rows.length === 1 ? (rows[0]![0] as string) : null;
}
