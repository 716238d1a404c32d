import {
  agentsOfRouters,
  bindRouter,
  type L3AgentFacts,
  l3Agents,
  type RouterAgent,
  type RouterFacts,
  underservedRouters,
} from '../../db/write/router-agents.ts';
import type { Change } from '../changes.ts';
import { isAlive } from '../dhcp/scheduler.ts';
import { createHaPort } from '../ha-router/ha-ports.ts';
import type { Machine } from '../machine.ts';
import { canServe, chooseRouterAgents } from './choose-agents.ts';

/**
 * Gives a router the agents that it lacks: one, or of an HA router as many as `max_l3_agents_per_router` says
 * (upstream: scheduler/l3_agent_scheduler.py).
 *
 * @returns those that have just got it, and must be told
 * @throws a unique violation when another server gave it some at the same moment: it is to be looked at again
 */
export async function scheduleRouter(
  change: Change,
  machine: Machine,
  router: RouterFacts,
  {
    present,
    agents,
  }: {
    present: readonly RouterAgent[];
    /** All there are, where they are known. */ agents?: readonly L3AgentFacts[];
  },
): Promise<L3AgentFacts[]> {
  const { options, random } = machine.shared;
  const wanted = router.ha ? haAgentsWanted(machine) : 1;
  if (present.length >= wanted) return [];
  const able = (agents ?? (await l3Agents(change.tx))).filter(
    (agent) =>
      works(change, machine, agent) &&
      canServe(agent, router, options.core) &&
      !present.some(({ id }) => id === agent.id),
  );
  const count = wanted - present.length;
  const chosen = chooseRouterAgents(able, { count, present, options: options.l3Agent, random });
  await giveRouter(change, machine, router, chosen, present);
  return chosen;
}

/** As chosen: writes who has the router, and makes the port on the HA network that each agent of an HA router needs. */
export async function giveRouter(
  change: Change,
  machine: Machine,
  router: RouterFacts,
  chosen: readonly Pick<L3AgentFacts, 'id'>[],
  present: readonly Pick<RouterAgent, 'binding_index'>[],
): Promise<void> {
  const all = [...present];
  for (const agent of chosen) {
    all.push({ binding_index: await bindRouter(change.tx, router.id, agent.id, all) });
    if (router.ha) await createHaPort(change, machine, router, agent);
  }
}

/**
 * Gives the agent of a host, which is asking for its routers, those that nobody serves, and HA routers that could do with one
 * more agent. Routers of others are left where they are.
 */
export async function autoScheduleRouters(change: Change, machine: Machine, host: string): Promise<void> {
  const { tx } = change;
  const agents = await l3Agents(tx);
  const agent = agents.find((other) => other.host === host);
  if (!agent || !works(change, machine, agent)) return;
  const living = agents.filter((other) => works(change, machine, other));
  const routers = await underservedRouters(tx, Math.min(haAgentsWanted(machine), living.length));
  const able = routers.filter((router) => canServe(agent, router, machine.shared.options.core));
  if (able.length === 0) return;
  const ids = able.map(({ id }) => id);
  const present = Map.groupBy(await agentsOfRouters(tx, ids), ({ router_id }) => router_id);
  for (const router of able) {
    const serving = present.get(router.id) ?? [];
    if (serving.some(({ id }) => id === agent.id)) continue;
    await giveRouter(change, machine, router, [agent], serving);
  }
}

/** Whether an agent is switched on and was heard of lately. */
export function works(
  { nowMs }: Pick<Change, 'nowMs'>,
  { shared }: Pick<Machine, 'shared'>,
  agent: Pick<L3AgentFacts, 'admin_state_up' | 'heartbeat_timestamp'>,
): boolean {
  return agent.admin_state_up && isAlive(agent.heartbeat_timestamp, nowMs, shared.options.core);
}

function haAgentsWanted({ shared }: Machine): number {
  return shared.options.l3Agent.max_l3_agents_per_router || Number.MAX_SAFE_INTEGER;
}
