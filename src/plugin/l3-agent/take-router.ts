import { portsOfRouters } from '../../db/read/router-surroundings.ts';
import { haPortsOf } from '../../db/write/ha-routers.ts';
import { type L3AgentFacts, routersOfAgent, unbindRouter } from '../../db/write/router-agents.ts';
import type { Change } from '../changes.ts';
import type { Machine } from '../machine.ts';
import { elevated } from '../router/gateway.ts';

type Taken = Pick<L3AgentFacts, 'id' | 'host'>;

/** Takes a router from an agent, with the agent's port on the HA network, and has that told to it. */
export async function takeRouter(change: Change, machine: Machine, routerId: string, agent: Taken): Promise<void> {
  const { tx } = change;
  const { forwarding, ports } = machine;
  const places = await placesOfRouter(change, machine, routerId);
  await unbindRouter(tx, routerId, agent.id);
  const own = (await haPortsOf(tx, [routerId])).filter(({ l3_agent_id }) => l3_agent_id === agent.id);
  for (const { port_id } of own) await ports.deleteIn(elevated(change), port_id);
  for (const [id, was] of places) await forwarding.moved(change, id, was);
  await change.todo('router', routerId, 'unscheduled', { hosts: [agent.host] });
}

/** Where the ports of a router are that are on all of its hosts, or on one of them: by port. */
export async function placesOfRouter({ tx }: Pick<Change, 'tx'>, { forwarding }: Machine, routerId: string) {
  const own = forwarding.isOn ? await portsOfRouters(tx, [routerId]) : [];
  return forwarding.beforeAll(
    { tx },
    own.map(({ port_id }) => port_id),
  );
}

/** For an agent that is to be forgotten. */
export async function takeAllRouters(change: Change, machine: Machine, agent: Taken): Promise<void> {
  for (const id of await routersOfAgent(change.tx, agent.id)) await takeRouter(change, machine, id, agent);
}
