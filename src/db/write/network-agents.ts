import type { Db, Tx } from '../database.ts';
import { rowsAsObjects } from '../dialect/kysely.ts';
import { handleOf } from '../handle.ts';
import { prepared, preparedIn, preparedInsert } from '../prepared.ts';
import { ask, type Question } from '../question.ts';
import { type ServingAgent, servingColumns } from './agents.ts';

/** A DHCP agent and how much it serves. */
export interface DhcpAgentFacts extends ServingAgent {
  load: number;
  networks: number;
}

const DHCP_AGENT = 'DHCP agent';

const dhcpColumns = [...servingColumns, 'agents.load'] as const;

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
export interface HostingAgent extends ServingAgent {
  network_id: string;
  /** Its place among the network's agents, from 1; null where an older server bound it. */
  binding_index: number | null;
}

const hosting = preparedIn((db, ids: string[]) =>
  db
    .selectFrom('networkdhcpagentbindings as binding')
    .innerJoin('agents', 'agents.id', 'binding.dhcp_agent_id')
    .select([...servingColumns, 'binding.network_id', 'binding.binding_index'])
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
  await bind.later(tx, { network_id: networkId, dhcp_agent_id: agentId, binding_index: index });
  await busier.later(tx, { id: agentId });
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
