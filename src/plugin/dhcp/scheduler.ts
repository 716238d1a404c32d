import type { Tx } from '../../db/database.ts';
import {
  agentsHosting,
  bindDhcpAgent,
  type DhcpAgentFacts,
  dhcpAgents,
  type HostingAgent,
} from '../../db/write/agents.ts';
import type { CoreOptions } from '../options.ts';

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
}

/**
 * Gives a network its DHCP agents when it has none that is enabled: the live ones with the fewest networks, spread over
 * availability zones when the network names some (upstream: scheduler/dhcp_agent_scheduler.py WeightScheduler).
 */
export async function scheduleNetwork(
  tx: Tx,
  network: Scheduling,
  options: CoreOptions,
  nowMs: number,
): Promise<Scheduled> {
  const agents = await agentsHosting(tx, [network.id]);
  if (!options.enable_traditional_dhcp || !options.network_auto_schedule) return { agents, added: [] };
  const near = agents.filter(({ host }) => network.hosts?.includes(host) !== false);
  if (near.some(({ admin_state_up }) => admin_state_up)) return { agents, added: [] };
  const missing = options.dhcp_agents_per_network - near.length;
  const added = await addAgents(tx, network, missing, agents, { options, nowMs });
  return { agents: [...agents, ...added], added };
}

/** Gives a network up to `count` agents more, none of which it has. */
export async function addAgents(
  tx: Tx,
  network: Scheduling,
  count: number,
  present: readonly { id: string }[],
  { options, nowMs }: { options: CoreOptions; nowMs: number },
): Promise<HostingAgent[]> {
  if (count <= 0) return [];
  const candidates = (await dhcpAgents(tx)).filter(
    (agent) =>
      agent.admin_state_up &&
      network.hosts?.includes(agent.host) !== false &&
      isAlive(agent.heartbeat_timestamp, nowMs, options) &&
      !present.some(({ id }) => id === agent.id),
  );
  const chosen = chooseAgents(candidates, count, network.zoneHints, options.default_availability_zones);
  for (const agent of chosen) await bindDhcpAgent(tx, network.id, agent.id);
  return chosen.map((agent) => ({ ...agent, network_id: network.id }));
}

/** The agents with least to do, from different zones where zones are asked for. */
export function chooseAgents(
  candidates: readonly DhcpAgentFacts[],
  count: number,
  hints: readonly string[],
  defaultZones: readonly string[],
): DhcpAgentFacts[] {
  const zones = hints.length > 0 ? hints : defaultZones;
  const wanted = zones.length > 0;
  const left = candidates
    .filter(({ availability_zone }) => !wanted || zones.includes(availability_zone ?? ''))
    .sort((a, b) => a.networks - b.networks || a.load - b.load || (a.host < b.host ? -1 : 1));
  const chosen: DhcpAgentFacts[] = [];
  while (chosen.length < count && left.length > 0) {
    const used = new Set(chosen.map(({ availability_zone }) => availability_zone));
    const fresh = left.findIndex(({ availability_zone }) => !used.has(availability_zone));
    chosen.push(...left.splice(Math.max(fresh, 0), 1));
  }
  return chosen;
}
