import type { Db, Tx } from '../database.ts';
import { rowsAsObjects } from '../dialect/kysely.ts';
import { handleOf } from '../handle.ts';
import { prepared, preparedInsert } from '../prepared.ts';
import { ask, type Question } from '../question.ts';

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
  return (await ask(db, networkFactsOf(db, id)))[0];
}

export function networkFactsOf(db: Db, id: string): Question<NetworkFacts | null> {
  return {
    statements: [facts.statement(handleOf(db), { id })],
    answer: ([outcome]) => {
      const [row] = rowsAsObjects<FactsRow>(outcome!);
      if (!row) return null;
      const { availability_zone_hints: hints } = row;
      return {
        ...row,
        port_security_enabled: Boolean(row.port_security_enabled),
        availability_zone_hints: hints === '' || hints === '[]' ? [] : JSON.parse(hints),
      };
    },
  };
}

type FactsRow = Omit<NetworkFacts, 'availability_zone_hints'> & { availability_zone_hints: string };

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
  qinq: boolean | null;
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
  'qinq',
]);

export async function insertNetwork(tx: Tx, network: NewNetwork): Promise<void> {
  await insert.later(tx, { ...network });
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
  await bump.later(tx, { id, updated_at: updatedAt });
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

const external = prepared((db, p: { id: string }) =>
  db.selectFrom('externalnetworks').select('is_default').where('network_id', '=', p.id),
);

/** Whether it is the default external network; null when it is not external. */
export async function isDefaultExternal(db: Db, networkId: string): Promise<boolean | null> {
  const row = await external.first(db, { id: networkId });
  return row === null ? null : Boolean(row.is_default);
}

const byDefault = prepared((db) =>
  db.selectFrom('externalnetworks').select('network_id').where('is_default', '=', true).limit(1),
);

/** The one network that leads outside by default. */
export async function defaultExternal(db: Db): Promise<string | null> {
  return (await byDefault.first(db, {}))?.network_id ?? null;
}

/** Whether this project, or (null) one other than these, has a port of any kind on the network. */
export async function dependentPortExists(
  db: Db,
  networkId: string,
  project: string | null,
  others: readonly string[],
): Promise<boolean> {
  const ports = db.selectFrom('ports').select('id').where('network_id', '=', networkId).limit(1);
  const found =
    project === null ? ports.where('project_id', 'not in', [...others, '']) : ports.where('project_id', '=', project);
  return (await found.executeTakeFirst()) !== undefined;
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
