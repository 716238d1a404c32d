import type { ExpressionBuilder } from 'kysely';
import type { Db, Tx } from '../database.ts';
import { rowsAsObjects } from '../dialect/kysely.ts';
import { handleOf } from '../handle.ts';
import { type PreparedIn, prepared, preparedIn, preparedInsert } from '../prepared.ts';
import { ask } from '../question.ts';
import type { Schema } from '../schema.ts';
import { type ServingAgent, servingColumns } from './agents.ts';

const L3_AGENT = 'L3 agent';

/** An L3 agent, as far as a choice among them goes by it. */
export interface L3AgentFacts extends ServingAgent {
  configurations: Record<string, unknown>;
  /** How many routers it has. */
  routers: number;
}

/** An agent of a router. */
export interface RouterAgent extends Omit<L3AgentFacts, 'routers'> {
  router_id: string;
  /** Its place among the router's agents, from 1. */
  binding_index: number;
}

const agentColumns = [...servingColumns, 'agents.configurations'] as const;

const all = prepared((db, _: object) =>
  db
    .selectFrom('agents')
    .select(agentColumns)
    .select((eb) =>
      eb
        .selectFrom('routerl3agentbindings as binding')
        .whereRef('binding.l3_agent_id', '=', 'agents.id')
        .select((of) => of.fn.countAll<number>().as('routers'))
        .as('routers'),
    )
    .where('agents.agent_type', '=', L3_AGENT)
    .orderBy('agents.host'),
);

export async function l3Agents(db: Db): Promise<L3AgentFacts[]> {
  return (await all.all(db, {})).map((row) => ({ ...converted(row), routers: Number(row.routers) }));
}

const ofRouters = preparedIn((db, ids: string[]) =>
  db
    .selectFrom('routerl3agentbindings as binding')
    .innerJoin('agents', 'agents.id', 'binding.l3_agent_id')
    .select(agentColumns)
    .select(['binding.router_id', 'binding.binding_index'])
    .where('binding.router_id', 'in', ids)
    .orderBy('binding.binding_index'),
);

export async function agentsOfRouters(db: Db, routerIds: readonly string[]): Promise<RouterAgent[]> {
  return (await ofRouters.all(db, routerIds)).map(converted);
}

function converted<R extends { admin_state_up: unknown; configurations: string }>(row: R) {
  const { admin_state_up, configurations } = row;
  return {
    ...row,
    admin_state_up: Boolean(admin_state_up),
    configurations: JSON.parse(configurations) as Record<string, unknown>,
  };
}

const ofAgent = prepared((db, p: { id: string }) =>
  db.selectFrom('routerl3agentbindings').select('router_id').where('l3_agent_id', '=', p.id).orderBy('router_id'),
);

export async function routersOfAgent(db: Db, agentId: string): Promise<string[]> {
  return (await ofAgent.all(db, { id: agentId })).map(({ router_id }) => router_id);
}

const bind = preparedInsert('routerl3agentbindings', ['router_id', 'l3_agent_id', 'binding_index']);

/**
 * Gives a router to an agent, at the lowest place that is free.
 *
 * @param present the router's agents, as they were read when this one was chosen
 * @throws a unique violation when the agent has it already, or another server gave that place away at the same moment
 */
export async function bindRouter(
  tx: Tx,
  routerId: string,
  agentId: string,
  present: readonly Pick<RouterAgent, 'binding_index'>[],
): Promise<number> {
  let binding_index = 1;
  while (present.some((other) => other.binding_index === binding_index)) binding_index += 1;
  await bind.later(tx, { router_id: routerId, l3_agent_id: agentId, binding_index });
  return binding_index;
}

const unbind = prepared((db, p: { router_id: string; agent_id: string }) =>
  db.deleteFrom('routerl3agentbindings').where('router_id', '=', p.router_id).where('l3_agent_id', '=', p.agent_id),
);

export async function unbindRouter(tx: Tx, routerId: string, agentId: string): Promise<void> {
  await unbind.later(tx, { router_id: routerId, agent_id: agentId });
}

/** What of a router decides who may serve it. */
export interface RouterFacts {
  id: string;
  project_id: string;
  admin_state_up: boolean;
  ha: boolean;
  ha_vr_id: number;
  availability_zone_hints: string[];
  /** Of its gateway; null: it has none. */
  external_network_id: string | null;
}

const factColumns = [
  'routers.id',
  'routers.project_id',
  'routers.admin_state_up',
  'routers.ha',
  'routers.ha_vr_id',
  'routers.availability_zone_hints',
  'gateway.network_id as external_network_id',
] as const;

const facts = preparedIn((db, ids: string[]) =>
  db
    .selectFrom('routers')
    .leftJoin('ports as gateway', 'gateway.id', 'routers.gw_port_id')
    .select(factColumns)
    .where('routers.id', 'in', ids),
);

export async function routerFacts(db: Db, ids: readonly string[]): Promise<RouterFacts[]> {
  return (await facts.all(db, ids)).map(toFacts);
}

type RowOf<Query> = Query extends PreparedIn<string, infer R> ? R : never;

/** A router and the agents it has, in one round trip; null when there is no such router. */
export async function routerWithAgents(
  db: Db,
  id: string,
): Promise<{ router: RouterFacts; present: RouterAgent[] } | null> {
  const handle = handleOf(db);
  const [found] = await ask(db, {
    statements: [...facts.statements(handle, [id]), ...ofRouters.statements(handle, [id])],
    answer: ([own, agents]) => {
      const [row] = rowsAsObjects<RowOf<typeof facts>>(own!);
      if (row === undefined) return null;
      return { router: toFacts(row), present: rowsAsObjects<RowOf<typeof ofRouters>>(agents!).map(converted) };
    },
  });
  return found;
}

function toFacts<R extends { admin_state_up: unknown; ha: unknown; availability_zone_hints: string }>(row: R) {
  return {
    ...row,
    admin_state_up: Boolean(row.admin_state_up),
    ha: Boolean(row.ha),
    availability_zone_hints: JSON.parse(row.availability_zone_hints) as string[],
  };
}

/** Routers without an agent, and HA routers with fewer than `wanted`; oldest first. */
export async function underservedRouters(db: Db, wanted: number): Promise<RouterFacts[]> {
  const rows = await db
    .selectFrom('routers')
    .leftJoin('ports as gateway', 'gateway.id', 'routers.gw_port_id')
    .select(factColumns)
    .where((eb) => eb.or([eb(agents(eb), '=', 0), eb.and([eb('routers.ha', '=', true), eb(agents(eb), '<', wanted)])]))
    .orderBy('routers.standard_attr_id')
    .execute();
  return rows.map(toFacts);
}

/** How many agents a router has. */
function agents(eb: ExpressionBuilder<Schema, 'routers'>) {
  return eb
    .selectFrom('routerl3agentbindings as binding')
    .whereRef('binding.router_id', '=', 'routers.id')
    .select((of) => of.fn.countAll<number>().as('agents'));
}
