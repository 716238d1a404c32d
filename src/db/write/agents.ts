import type { Db, Tx } from '../database.ts';
import { rowsAsObjects } from '../dialect/kysely.ts';
import { handleOf } from '../handle.ts';
import { prepared, preparedIn, preparedInsert } from '../prepared.ts';
import { ask, type Question } from '../question.ts';

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
  await insert.run(tx, { ...agent, configurations: JSON.stringify(agent.configurations) });
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

/** A DHCP agent and how much it serves. */
export interface DhcpAgentFacts {
  id: string;
  host: string;
  admin_state_up: boolean;
  heartbeat_timestamp: number;
  started_at: number;
  availability_zone: string | null;
  load: number;
  networks: number;
}

const DHCP_AGENT = 'DHCP agent';

const dhcpColumns = [
  'agents.id',
  'agents.host',
  'agents.admin_state_up',
  'agents.heartbeat_timestamp',
  'agents.started_at',
  'agents.availability_zone',
  'agents.load',
] as const;

const allDhcp = prepared((db, _: object) =>
  db
    .selectFrom('agents')
    .leftJoin('networkdhcpagentbindings as binding', 'binding.dhcp_agent_id', 'agents.id')
    .select([...dhcpColumns, (eb) => eb.fn.count<number>('binding.network_id').as('networks')])
    .where('agents.agent_type', '=', DHCP_AGENT)
    .groupBy([...dhcpColumns]),
);

export async function dhcpAgents(db: Db): Promise<DhcpAgentFacts[]> {
  const rows = await allDhcp.all(db, {});
  return rows.map((row) => ({
    ...row,
    admin_state_up: Boolean(row.admin_state_up),
    networks: Number(row.networks),
  }));
}

/** Which agent serves which network. */
export interface HostingAgent {
  network_id: string;
  id: string;
  host: string;
  admin_state_up: boolean;
  heartbeat_timestamp: number;
  started_at: number;
  availability_zone: string | null;
  /** Its place among the network's agents, from 1; null where an older server bound it. */
  binding_index: number | null;
}

const hostingColumns = [
  'binding.network_id',
  'binding.binding_index',
  'agents.id',
  'agents.host',
  'agents.admin_state_up',
  'agents.heartbeat_timestamp',
  'agents.started_at',
  'agents.availability_zone',
] as const;

const hosting = preparedIn((db, ids: string[]) =>
  db
    .selectFrom('networkdhcpagentbindings as binding')
    .innerJoin('agents', 'agents.id', 'binding.dhcp_agent_id')
    .select(hostingColumns)
    .where('binding.network_id', 'in', ids)
    .orderBy('agents.host'),
);

export async function agentsHosting(db: Db, networkIds: readonly string[]): Promise<HostingAgent[]> {
  return networkIds.length === 0 ? [] : (await ask(db, agentsHostingOf(db, networkIds)))[0];
}

/** @param networkIds at least one */
export function agentsHostingOf(db: Db, networkIds: readonly string[]): Question<HostingAgent[]> {
  return {
    statements: hosting.statements(handleOf(db), networkIds),
    answer: (outcomes) =>
      outcomes
        .flatMap((outcome) => rowsAsObjects<HostingAgent>(outcome))
        .map((row) => ({ ...row, admin_state_up: Boolean(row.admin_state_up) })),
  };
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

const bind = preparedInsert('networkdhcpagentbindings', ['network_id', 'dhcp_agent_id', 'binding_index']);

const busier = prepared((db, p: { id: string }) =>
  db
    .updateTable('agents')
    .set((eb) => ({ load: eb('load', '+', 1) }))
    .where('id', '=', p.id),
);

/**
 * Gives a network to an agent, at the lowest place that is free: of several servers that schedule a network at the same
 * moment one gets it. The agent's load goes up until it reports again.
 *
 * @param present all agents of the network, as they were read when this one was chosen
 * @throws a unique violation of `networkdhcpagentbindings` when the agent has the network already, or another got the place
 */
export async function bindDhcpAgent(
  tx: Tx,
  networkId: string,
  agentId: string,
  present: readonly Pick<HostingAgent, 'binding_index'>[],
): Promise<HostingAgent['binding_index']> {
  const numbered = present.flatMap(({ binding_index }) => binding_index ?? []);
  // Those without a number take the lowest that are free.
  let unnumbered = present.length - numbered.length;
  let index = 1;
  while (numbered.includes(index) || unnumbered-- > 0) index += 1;
  await bind.run(tx, { network_id: networkId, dhcp_agent_id: agentId, binding_index: index });
  await busier.run(tx, { id: agentId });
  return index;
}

export async function unbindDhcpAgent(tx: Tx, networkId: string, agentId: string): Promise<void> {
  await tx
    .deleteFrom('networkdhcpagentbindings')
    .where('network_id', '=', networkId)
    .where('dhcp_agent_id', '=', agentId)
    .execute();
}

const networksOf = prepared((db, p: { id: string }) =>
  db.selectFrom('networkdhcpagentbindings').select('network_id').where('dhcp_agent_id', '=', p.id),
);

export async function networksOfDhcpAgent(db: Db, agentId: string): Promise<string[]> {
  return (await networksOf.all(db, { id: agentId })).map(({ network_id }) => network_id);
}

/** Networks with a DHCP subnet that have fewer than `wanted` agents; routed ones, whose segments are served each, are not among them. */
export async function underservedNetworks(db: Db, wanted: number): Promise<string[]> {
  const rows = await db
    .selectFrom('networks')
    .leftJoin('networkdhcpagentbindings as binding', 'binding.network_id', 'networks.id')
    .select('networks.id')
    .where((eb) =>
      eb.exists(
        eb
          .selectFrom('subnets')
          .select('subnets.id')
          .whereRef('subnets.network_id', '=', 'networks.id')
          .where('subnets.enable_dhcp', '=', true)
          .where('subnets.segment_id', 'is', null),
      ),
    )
    .groupBy('networks.id')
    .having((eb) => eb.fn.count('binding.dhcp_agent_id'), '<', wanted)
    .execute();
  return rows.map(({ id }) => id);
}
