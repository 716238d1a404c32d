import type { HostingAgent } from '../../db/write/network-agents.ts';
import type { Change } from '../changes.ts';
import type { Mechanisms } from '../ml2/mechanisms.ts';
import type { Shared } from '../parts.ts';
import { scheduleNetwork } from './scheduler.ts';

/**
 * Gives a network its DHCP agents as part of a change, when it has too few: at its first subnet or port, not before, so that
 * an administrator can choose them (upstream: dhcp_rpc_agent_api.py).
 *
 * @param ways.hosts those that reach the segment in question, on a routed network; null: any will do
 * @param ways.present the network's agents, where they are known
 * @returns all agents of the network
 */
export async function scheduleIn(
  change: Change,
  network: { id: string; availability_zone_hints?: readonly string[] },
  { shared, mechanisms }: { shared: Pick<Shared, 'options' | 'random'>; mechanisms: Mechanisms },
  { hosts = null, present }: { hosts?: readonly string[] | null; present?: readonly HostingAgent[] } = {},
): Promise<HostingAgent[]> {
  const { tx, nowMs } = change;
  const { id, availability_zone_hints: zoneHints = [] } = network;
  const ways = { options: shared.options.core, nowMs, mechanisms, random: shared.random };
  const scheduled = await scheduleNetwork(tx, { id, zoneHints, hosts, ...(present && { present }) }, ways);
  if (scheduled.added.length > 0) {
    await change.todo('network', id, 'scheduled', { hosts: scheduled.added.map(({ host }) => host) });
  }
  return scheduled.agents;
}
