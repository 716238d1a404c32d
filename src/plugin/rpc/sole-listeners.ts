import { agentsOnHosts } from '../../db/write/agents.ts';
import { bindingHosts } from '../../db/write/bindings.ts';
import { isAlive } from '../dhcp/scheduler.ts';
import type { Task } from '../outbox/outbox.ts';
import type { Shared } from '../parts.ts';

const BRIDGE_AGENT = 'Linux bridge agent';
/** Agents that do not listen where bridge agents do. */
const ELSEWHERE = new Set(['DHCP agent', 'L3 agent', 'Metadata agent', 'Metering agent']);

/**
 * Ports that one bridge agent alone is told of, and its host, where the operator wants that (`port_update_to_host`). Upstream
 * tells every agent of every port, and who listens may count on it: but a cloud of a thousand hosts reads a thousand copies,
 * and the one that matters is somewhere among them.
 *
 * All others are everybody's matter: a port that changes its host or is prepared on another one (live migration); a host
 * where another agent listens under the same name, with which the bridge agent shares the queue of that name, so that
 * only one of them would hear; and a dead agent, whose queue of that name would keep what is said for ever (that of
 * fan-out expires).
 *
 * @returns port id → host
 */
export async function soleListeners(shared: Shared, tasks: readonly Task[]): Promise<ReadonlyMap<string, string>> {
  const { database, now, options } = shared;
  const wanted = new Map<string, string>();
  if (!options.telling.port_update_to_host) return wanted;
  const everybodys = new Set<string>();
  for (const { resource_type, resource_id, action, payload } of tasks) {
    if (resource_type !== 'port' || action !== 'updated' || !payload.bridge) continue;
    // A task of an earlier release has no host.
    if (typeof payload.host === 'string' && payload.host !== '') wanted.set(resource_id, payload.host);
    else everybodys.add(resource_id);
  }
  for (const id of everybodys) wanted.delete(id);
  if (wanted.size === 0) return wanted;
  const agents = Map.groupBy(await agentsOnHosts(database.db, [...new Set(wanted.values())]), ({ host }) => host);
  const nowMs = now();
  const alone = (host: string): boolean => {
    const [first, ...more] = (agents.get(host) ?? []).filter(({ agent_type }) => !ELSEWHERE.has(agent_type));
    if (first?.agent_type !== BRIDGE_AGENT || more.length > 0) return false;
    return isAlive(first.heartbeat_timestamp, nowMs, options.core);
  };
  const bound = await bindingHosts(database.db, [...wanted.keys()]);
  for (const [id, host] of [...wanted]) {
    const hosts = bound.get(id) ?? [];
    if (hosts.length !== 1 || hosts[0] !== host || !alone(host)) wanted.delete(id);
  }
  return wanted;
}
