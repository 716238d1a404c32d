import type { Tx } from '../../db/database.ts';
import { type AgentRow, agentsOnHosts } from '../../db/write/agents.ts';
import { type SegmentRow, segmentsOfNetworks } from '../../db/write/segments.ts';
import type { Mechanisms } from '../ml2/mechanisms.ts';

/**
 * Which hosts wire a network at all (upstream: ml2/plugin.py `filter_hosts_with_network_access`): where none of its segments
 * is, for want of the physical network or kind, a DHCP agent would serve nobody. Of a host whose wiring agent has not reported
 * yet nothing is known, and nothing is said: agents of one host start at the same moment.
 */
export async function hostsWithoutAccess(
  tx: Tx,
  mechanisms: Mechanisms,
  networkId: string,
  hosts: readonly string[],
): Promise<Set<string>> {
  const judge = judgeOf(mechanisms);
  if (!judge) return new Set();
  const agents = Map.groupBy(await agentsOnHosts(tx, hosts), ({ host }) => host);
  const segments = await segmentsOfNetworks(tx, [networkId]);
  return new Set(hosts.filter((host) => judge(agents.get(host) ?? [], segments) === false));
}

/** The same from the side of one host. */
export async function networksOutOfReach(
  tx: Tx,
  mechanisms: Mechanisms,
  host: string,
  networkIds: readonly string[],
): Promise<Set<string>> {
  const judge = judgeOf(mechanisms);
  if (!judge) return new Set();
  const agents = await agentsOnHosts(tx, [host]);
  const segments = Map.groupBy(await segmentsOfNetworks(tx, networkIds), ({ network_id }) => network_id);
  return new Set(networkIds.filter((id) => judge(agents, segments.get(id) ?? []) === false));
}

/** Null where a driver does not say what it reaches: then it may reach everything. */
function judgeOf({
  drivers,
}: Mechanisms): ((agents: readonly AgentRow[], segments: readonly SegmentRow[]) => boolean | null) | null {
  if (drivers.length === 0 || drivers.some((driver) => !driver.agentType || !driver.reachesSegment)) return null;
  return (agents, segments) => {
    const wiring = agents.filter(({ agent_type }) => drivers.some(({ agentType }) => agentType === agent_type));
    if (wiring.length === 0) return null;
    // Whether it lives is of no account: a host that is restarted reaches what it reached before.
    return wiring.some((agent) =>
      segments.some((segment) => drivers.some((driver) => driver.reachesSegment!({ ...agent, alive: true }, segment))),
    );
  };
}
