import type { Db, Tx } from '../database.ts';
import { prepared, preparedInsert } from '../prepared.ts';

/** What other parts of the plugin must know of a network to work on its children. */
export interface NetworkFacts {
  id: string;
  project_id: string;
  port_security_enabled: boolean;
  availability_zone_hints: readonly string[];
}

const facts = prepared((db, p: { id: string }) =>
  db
    .selectFrom('networks')
    .select(['id', 'project_id', 'port_security_enabled', 'availability_zone_hints'])
    .where('id', '=', p.id),
);

export async function networkFacts(db: Db, id: string): Promise<NetworkFacts | null> {
  const row = await facts.first(db, { id });
  if (!row) return null;
  const { availability_zone_hints: hints } = row;
  return {
    ...row,
    port_security_enabled: Boolean(row.port_security_enabled),
    availability_zone_hints: hints === '' || hints === '[]' ? [] : JSON.parse(hints),
  };
}

export interface NewNetwork {
  id: string;
  project_id: string;
  name: string;
  description: string;
  created_at: string;
  updated_at: string;
  revision_number: number;
  status: string;
  admin_state_up: boolean;
  mtu: number;
  port_security_enabled: boolean;
  vlan_transparent: boolean | null;
  availability_zone_hints: string;
  dns_domain: string;
}

const insert = preparedInsert('networks', [
  'id',
  'project_id',
  'name',
  'description',
  'created_at',
  'updated_at',
  'revision_number',
  'status',
  'admin_state_up',
  'mtu',
  'port_security_enabled',
  'vlan_transparent',
  'availability_zone_hints',
  'dns_domain',
]);

export async function insertNetwork(tx: Tx, network: NewNetwork): Promise<void> {
  await insert.run(tx, { ...network });
}

/** Sets columns; the caller brings revision and time. */
export async function updateNetworkRow(tx: Tx, id: string, columns: Partial<NewNetwork>): Promise<void> {
  await tx.updateTable('networks').set(columns).where('id', '=', id).execute();
}

const bump = prepared((db, p: { id: string; updated_at: string }) =>
  db
    .updateTable('networks')
    .set((eb) => ({ revision_number: eb('revision_number', '+', 1), updated_at: p.updated_at }))
    .where('id', '=', p.id),
);

/** A child changed: the network's revision goes up by one. */
export async function bumpNetwork(tx: Tx, id: string, updatedAt: string): Promise<void> {
  await bump.run(tx, { id, updated_at: updatedAt });
}

/** Children go by the tables' cascades: segments, subnets, rbac entries, agent bindings. */
export async function deleteNetworkRow(tx: Tx, id: string): Promise<void> {
  await tx.deleteFrom('tags').where('resource_type', '=', 'network').where('resource_id', '=', id).execute();
  await tx.deleteFrom('networks').where('id', '=', id).execute();
}

/** Makes the network external or not. */
export async function setExternal(tx: Tx, networkId: string, external: boolean, isDefault = false): Promise<void> {
  await tx.deleteFrom('externalnetworks').where('network_id', '=', networkId).execute();
  if (external) {
    await tx.insertInto('externalnetworks').values({ network_id: networkId, is_default: isDefault }).execute();
  }
}

export type RbacAction = 'access_as_shared' | 'access_as_external';

/** The entry for everybody (`*`) that stands behind `shared` and `router:external`. */
export async function insertWildcardRbac(
  tx: Tx,
  entry: { id: string; project_id: string; network_id: string; action: RbacAction },
): Promise<void> {
  const { network_id: object_id, ...row } = entry;
  await tx
    .insertInto('networkrbacs')
    .values({ ...row, object_id, target_project: '*' })
    .execute();
}

export async function deleteWildcardRbac(tx: Tx, networkId: string, action: RbacAction): Promise<void> {
  await tx
    .deleteFrom('networkrbacs')
    .where('object_id', '=', networkId)
    .where('action', '=', action)
    .where('target_project', '=', '*')
    .execute();
}

/** Whether a project other than these has a port on the network, infrastructure ports apart. */
export async function foreignPortExists(db: Db, networkId: string, projects: readonly string[]): Promise<boolean> {
  const row = await db
    .selectFrom('ports')
    .select('id')
    .where('network_id', '=', networkId)
    .where('project_id', 'not in', [...projects, ''])
    .where('device_owner', 'not like', 'network:%')
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}
