import type { Db, Tx } from '../database.ts';
import { prepared, preparedIn, preparedInsert } from '../prepared.ts';

/** A row of `agents`, its JSON and flags converted. Times are milliseconds since the epoch. */
export interface AgentRow {
  id: string;
  agent_type: string;
  binary: string;
  topic: string;
  host: string;
  admin_state_up: boolean;
  created_at: number;
  started_at: number;
  heartbeat_timestamp: number;
  description: string | null;
  configurations: Record<string, unknown>;
  availability_zone: string | null;
  resource_versions: string | null;
  load: number;
  resources_synced: boolean | null;
}

const columns = [
  'id',
  'agent_type',
  'binary',
  'topic',
  'host',
  'admin_state_up',
  'created_at',
  'started_at',
  'heartbeat_timestamp',
  'description',
  'configurations',
  'availability_zone',
  'resource_versions',
  'load',
  'resources_synced',
] as const;

type Raw = Omit<AgentRow, 'admin_state_up' | 'configurations' | 'resources_synced'> & {
  admin_state_up: unknown;
  configurations: string;
  resources_synced: unknown;
};

function toRow(raw: Raw): AgentRow {
  return {
    ...raw,
    admin_state_up: Boolean(raw.admin_state_up),
    configurations: JSON.parse(raw.configurations),
    resources_synced: raw.resources_synced === null ? null : Boolean(raw.resources_synced),
  };
}

const onHost = prepared((db, p: { host: string }) =>
  db.selectFrom('agents').select(columns).where('host', '=', p.host).orderBy('agent_type'),
);

export async function agentsOnHost(db: Db, host: string): Promise<AgentRow[]> {
  return (await onHost.all(db, { host })).map(toRow);
}

const onHosts = preparedIn((db, hosts: string[]) => db.selectFrom('agents').select(columns).where('host', 'in', hosts));

export async function agentsOnHosts(db: Db, hosts: readonly string[]): Promise<AgentRow[]> {
  return (await onHosts.all(db, hosts)).map(toRow);
}

const ofTypes = preparedIn((db, types: string[]) =>
  db.selectFrom('agents').select(columns).where('agent_type', 'in', types),
);

export async function agentsOfTypes(db: Db, types: readonly string[]): Promise<AgentRow[]> {
  return (await ofTypes.all(db, types)).map(toRow);
}

const byId = prepared((db, p: { id: string }) => db.selectFrom('agents').select(columns).where('id', '=', p.id));

export async function agentById(db: Db, id: string): Promise<AgentRow | null> {
  const row = await byId.first(db, { id });
  return row && toRow(row);
}

const byTypeHost = prepared((db, p: { agent_type: string; host: string }) =>
  db.selectFrom('agents').select(columns).where('agent_type', '=', p.agent_type).where('host', '=', p.host),
);

/** What agents said of the versions they speak, as JSON. */
export async function reportedVersions(
  db: Db,
): Promise<{ agent_type: string; host: string; resource_versions: string }[]> {
  const rows = await db
    .selectFrom('agents')
    .select(['agent_type', 'host', 'resource_versions'])
    .where('resource_versions', 'is not', null)
    .execute();
  return rows.map((row) => ({ ...row, resource_versions: row.resource_versions! }));
}

export async function agentByTypeAndHost(db: Db, agentType: string, host: string): Promise<AgentRow | null> {
  const row = await byTypeHost.first(db, { agent_type: agentType, host });
  return row && toRow(row);
}

const insert = preparedInsert('agents', columns);

/** @throws a unique violation of `agents` when another server registered the same agent first */
export async function insertAgent(tx: Tx, agent: AgentRow): Promise<void> {
  await insert.later(tx, { ...agent, configurations: JSON.stringify(agent.configurations) });
}

export async function updateAgentRow(tx: Tx, id: string, changes: Partial<AgentRow>): Promise<void> {
  const { configurations, ...rest } = changes;
  const set = configurations === undefined ? rest : { ...rest, configurations: JSON.stringify(configurations) };
  await tx.updateTable('agents').set(set).where('id', '=', id).execute();
}

type Heartbeat = Pick<
  AgentRow,
  'id' | 'configurations' | 'binary' | 'topic' | 'availability_zone' | 'load' | 'heartbeat_timestamp'
>;

const beat = prepared((db, p: Omit<Heartbeat, 'configurations'> & { configurations: string }) =>
  db
    .updateTable('agents')
    .set({
      configurations: p.configurations,
      binary: p.binary,
      topic: p.topic,
      availability_zone: p.availability_zone,
      load: p.load,
      heartbeat_timestamp: p.heartbeat_timestamp,
    })
    .where('id', '=', p.id),
);

/** @returns false when the agent is gone */
export async function noteHeartbeat(tx: Tx, heartbeat: Heartbeat): Promise<boolean> {
  const configurations = JSON.stringify(heartbeat.configurations);
  return (await beat.run(tx, { ...heartbeat, configurations })).changes > 0;
}

/** The networks it serves lose it by the tables' cascades. */
export async function deleteAgentRow(tx: Tx, id: string): Promise<void> {
  await tx.deleteFrom('agents').where('id', '=', id).execute();
}

/** Agents that are switched on and were last heard of before this moment (milliseconds since the epoch), in order. */
export function silentAgents(db: Db, sinceMs: number): Promise<Pick<AgentRow, 'agent_type' | 'host'>[]> {
  return db
    .selectFrom('agents')
    .select(['agent_type', 'host'])
    .where('admin_state_up', '=', true)
    .where('heartbeat_timestamp', '<', sinceMs)
    .orderBy('agent_type')
    .orderBy('host')
    .execute();
}

/** When any agent at all was last heard of; null when there are none. */
export async function newestHeartbeat(db: Db): Promise<number | null> {
  const { newest } = await db
    .selectFrom('agents')
    .select((eb) => eb.fn.max('heartbeat_timestamp').as('newest'))
    .executeTakeFirstOrThrow();
  return newest === null ? null : Number(newest);
}

/** An agent that serves networks or routers, as far as every choice among them goes by it. */
export type ServingAgent = Pick<
  AgentRow,
  'id' | 'host' | 'admin_state_up' | 'heartbeat_timestamp' | 'started_at' | 'availability_zone'
>;

/** Of `agents`, in a statement that has other tables, too. */
export const servingColumns = [
  'agents.id',
  'agents.host',
  'agents.admin_state_up',
  'agents.heartbeat_timestamp',
  'agents.started_at',
  'agents.availability_zone',
] as const;
