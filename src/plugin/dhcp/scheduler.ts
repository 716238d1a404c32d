import type { Tx } from '../../db/database.ts';
import { agentsHosting, bindDhcpAgent, dhcpAgents, type HostingAgent } from '../../db/write/network-agents.ts';
import type { Mechanisms } from '../ml2/mechanisms.ts';
import type { CoreOptions } from '../options.ts';
import { chooseAgents } from './choose-agents.ts';
import { hostsWithoutAccess } from './network-access.ts';

/** Whether an agent reported within `agent_down_time`. */
export function isAlive(heartbeatMs: number, nowMs: number, options: Pick<CoreOptions, 'agent_down_time'>): boolean {
  return nowMs - heartbeatMs <= options.agent_down_time * 1000;
}

export interface Scheduled {
  /** All agents of the network, the new ones included. */
  agents: HostingAgent[];
  /** Those that have just got it, and must be told of the network. */
  added: HostingAgent[];
}

/** What agents of a network are chosen by. */
export interface Scheduling {
  id: string;
  zoneHints: readonly string[];
  /** Only agents of these hosts will do, and only they count: those that reach one segment of a routed network. */
  hosts?: readonly string[] | null;
  /** Its agents, where they are known. */
  present?: readonly HostingAgent[];
}

/** How they are chosen. */
export interface SchedulingWays {
  options: CoreOptions;
  nowMs: number;
  mechanisms: Mechanisms;
  random: () => number;
}

/**
 * Gives a network the DHCP agents that it lacks: live ones that are switched on and reach it
 * (upstream: scheduler/dhcp_agent_scheduler.py).
 */
export async function scheduleNetwork(tx: Tx, network: Scheduling, ways: SchedulingWays): Promise<Scheduled> {
  const { options } = ways;
  const agents = [...(network.present ?? (await agentsHosting(tx, [network.id])))];
  if (!options.enable_traditional_dhcp || !options.network_auto_schedule) return { agents, added: [] };
  const near = agents.filter(({ host }) => network.hosts?.includes(host) !== false);
  const added = await addAgents(tx, network, options.dhcp_agents_per_network - near.length, agents, ways);
  return { agents: [...agents, ...added], added };
}

/**
 * Gives a network up to `count` agents more, none of which it has.
 * @throws a unique violation when another server gave it some at the same moment: it is to be looked at again
 */
export async function addAgents(
  tx: Tx,
  network: Scheduling,
  count: number,
  present: readonly HostingAgent[],
  { options, nowMs, mechanisms, random }: SchedulingWays,
): Promise<HostingAgent[]> {
  if (count <= 0) return [];
  const able = (await dhcpAgents(tx)).filter(
    (agent) =>
      agent.admin_state_up &&
      network.hosts?.includes(agent.host) !== false &&
      isAlive(agent.heartbeat_timestamp, nowMs, options) &&
      !present.some(({ id }) => id === agent.id),
  );
  if (able.length === 0) return [];
  const choice = { count, present, hints: network.zoneHints, options, random };
  let chosen = chooseAgents(able, choice);
  // Most hosts reach most networks: all of them are asked about only when one of the first choice does not.
  if ((await hostsWithoutAccess(tx, mechanisms, network.id, hostsOf(chosen))).size > 0) {
    const cut = await hostsWithoutAccess(tx, mechanisms, network.id, hostsOf(able));
    chosen = chooseAgents(
      able.filter(({ host }) => !cut.has(host)),
      choice,
    );
  }
  const added: HostingAgent[] = [];
  for (const agent of chosen) {
    const binding_index = await bindDhcpAgent(tx, network.id, agent.id, [...present, ...added]);
    added.push({ ...agent, network_id: network.id, binding_index });
  }
  return added;
}

function hostsOf(agents: readonly { host: string }[]): string[] {
  return agents.map(({ host }) => host);
}
