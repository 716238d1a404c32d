import type { Db } from '../../db/database.ts';
import { type AgentRow, agentsOnHosts } from '../../db/write/agents.ts';

/** Where a host's tunnels end. */
export interface TunnelEnd {
  readonly ip: string;
  /** Types of networks that its agent tunnels. */
  readonly types: readonly string[];
  /** Its agent started a moment ago: what it was told before may be lost. */
  readonly starts: boolean;
}

export type TunnelEnds = ReadonlyMap<string, TunnelEnd>;

/** Ends of these hosts' tunnels, of those that have an agent that named one (upstream: drivers/l2pop/db.py). */
export async function tunnelEnds(db: Db, hosts: readonly string[], bootTimeMs: number): Promise<TunnelEnds> {
  if (hosts.length === 0) return new Map();
  const ends = new Map<string, TunnelEnd>();
  for (const agent of await agentsOnHosts(db, [...new Set(hosts)])) {
    const { tunneling_ip: ip } = agent.configurations;
    if (typeof ip !== 'string' || ip === '' || ends.has(agent.host)) continue;
    ends.set(agent.host, {
      ip,
      types: typesOf(agent),
      starts: agent.heartbeat_timestamp - agent.started_at < bootTimeMs,
    });
  }
  return ends;
}

function typesOf({ configurations }: AgentRow): readonly string[] {
  const { l2pop_network_types, tunnel_types } = configurations;
  const types = l2pop_network_types ?? tunnel_types;
  return Array.isArray(types) ? types : [];
}
