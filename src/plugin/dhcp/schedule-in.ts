import type { HostingAgent } from '../../db/write/agents.ts';
import type { Change } from '../changes.ts';
import type { CoreOptions } from '../options.ts';
import { scheduleNetwork } from './scheduler.ts';

/**
 * Gives a network its DHCP agents as part of a change, when it has none: at its first subnet or port, not before, so that
 * an administrator can choose them (upstream: dhcp_rpc_agent_api.py).
 *
 * @param hosts those that reach the segment in question, on a routed network; null: any will do
 * @returns all agents of the network
 */
export async function scheduleIn(
  change: Change,
  network: { id: string; availability_zone_hints?: readonly string[] },
  options: CoreOptions,
  hosts: readonly string[] | null = null,
): Promise<HostingAgent[]> {
  const scheduled = await scheduleNetwork(
    change.tx,
    { id: network.id, zoneHints: network.availability_zone_hints ?? [], hosts },
    options,
    change.nowMs,
  );
  if (scheduled.added.length > 0) {
    await change.todo('network', network.id, 'scheduled', { hosts: scheduled.added.map(({ host }) => host) });
  }
  return scheduled.agents;
}
