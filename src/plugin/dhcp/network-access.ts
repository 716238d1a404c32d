import type { Tx } from '../../db/database.ts';
import { agentsOfTypes } from '../../db/write/agents.ts';
import { segmentsOfNetworks } from '../../db/write/segments.ts';
import type { Mechanisms } from '../ml2/mechanisms.ts';

/**
 * Hosts whose agents wire no segment of a network, for want of its physical network or kind: a DHCP agent there would serve
 * nobody (upstream: ml2/plugin.py `filter_hosts_with_network_access`). Of a host whose wiring agent has not reported yet
 * nothing is known: agents of one host start at the same moment.
 */
export async function hostsWithoutAccess(tx: Tx, { drivers }: Mechanisms, networkId: string): Promise<Set<string>> {
  const asked = drivers.filter(({ agentType, reachesSegment }) => agentType && reachesSegment);
  if (asked.length === 0 || asked.length < drivers.length) return new Set();
  const segments = await segmentsOfNetworks(tx, [networkId]);
  const agents = await agentsOfTypes(tx, [...new Set(asked.flatMap(({ agentType }) => agentType ?? []))]);
  // Whether it lives is of no account: a host that is restarted reaches what it reached before.
  const reaches = (agent: (typeof agents)[number]) =>
    asked.some((driver) => segments.some((segment) => driver.reachesSegment!({ ...agent, alive: true }, segment)));
  const cut = new Set(agents.map(({ host }) => host));
  for (const agent of agents) if (cut.has(agent.host) && reaches(agent)) cut.delete(agent.host);
  return cut;
}
