import { haPortsOf } from '../../db/write/ha-routers.ts';
import { type L3AgentFacts, routersOfAgent, unbindRouter } from '../../db/write/router-agents.ts';
import type { Change } from '../changes.ts';
import type { Machine } from '../machine.ts';
import { elevated } from '../router/gateway.ts';

type Taken = Pick<L3AgentFacts, 'id' | 'host'>;

/** Takes a router from an agent, with the agent's port on the HA network, and has that told to it. */
export async function takeRouter(change: Change, { ports }: Machine, routerId: string, agent: Taken): Promise<void> {
  const { tx } = change;
  await unbindRouter(tx, routerId, agent.id);
  const own = (await haPortsOf(tx, [routerId])).filter(({ l3_agent_id }) => l3_agent_id === agent.id);
  for (const { port_id } of own) await ports.deleteIn(elevated(change), port_id);
  await change.todo('router', routerId, 'unscheduled', { hosts: [agent.host] });
}

/** For an agent that is to be forgotten. */
export async function takeAllRouters(change: Change, machine: Machine, agent: Taken): Promise<void> {
  for (const id of await routersOfAgent(change.tx, agent.id)) await takeRouter(change, machine, id, agent);
}
