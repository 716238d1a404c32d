import { isDeepStrictEqual } from 'node:util';
import type { Tx } from '../../db/database.ts';
import { agentsOfTypes, agentsOnHost } from '../../db/write/agents.ts';
import {
  mapSegmentToHosts,
  type PhysicalSegment,
  replaceSegmentsOfHost,
  segmentsOnPhysicalNetworks,
} from '../../db/write/segment-hosts.ts';
import type { HostAgent } from '../ml2/contract.ts';
import type { Mechanisms } from '../ml2/mechanisms.ts';

/**
 * Which hosts reach which segments, by the physical networks that their agents report and the mechanism drivers' word
 * (upstream: services/segments/db.py). Only segments on physical networks: everything else can be reached from anywhere.
 */
const mappingKeys = ['bridge_mappings', 'interface_mappings', 'device_mappings'] as const;

/** Whether two reports of an agent mean the same segments; the numbers of its devices do not matter. */
export function sameReach(some: HostAgent['configurations'], other: HostAgent['configurations']): boolean {
  return [...mappingKeys, 'network_types'].every((key) => isDeepStrictEqual(some[key], other[key]));
}

/** Writes anew what a host reaches, after one of its agents reported. @returns the segments it did not reach before */
export async function mapHost(tx: Tx, mechanisms: Mechanisms, host: string): Promise<string[]> {
  const agents = (await agentsOnHost(tx, host)).map(asHostAgent);
  const names = new Set(
    agents.flatMap(({ configurations }) => mappingKeys.flatMap((key) => Object.keys(configurations[key] ?? {}))),
  );
  const candidates = await segmentsOnPhysicalNetworks(tx, [...names]);
  const reached = candidates.filter((segment) => agents.some((agent) => reaches(mechanisms, agent, segment)));
  return replaceSegmentsOfHost(
    tx,
    host,
    reached.map(({ id }) => id),
  );
}

/** Writes which hosts reach a new segment. */
export async function mapSegment(tx: Tx, mechanisms: Mechanisms, segment: PhysicalSegment): Promise<void> {
  if (segment.physical_network === null) return;
  const types = mechanisms.drivers.flatMap(({ agentType }) => agentType ?? []);
  const agents = (await agentsOfTypes(tx, [...new Set(types)])).map(asHostAgent);
  const hosts = agents.filter((agent) => reaches(mechanisms, agent, segment)).map(({ host }) => host);
  await mapSegmentToHosts(tx, segment.id, [...new Set(hosts)]);
}

function reaches({ drivers }: Mechanisms, agent: HostAgent, segment: PhysicalSegment): boolean {
  return drivers.some((driver) => driver.reachesSegment?.(agent, segment) === true);
}

/** Whether the agent lives is of no account: a host that is restarted reaches what it reached before. */
function asHostAgent(agent: Omit<HostAgent, 'alive'>): HostAgent {
  return { ...agent, alive: true };
}
