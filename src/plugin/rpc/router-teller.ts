import { routersOnNetworks } from '../../db/read/router-surroundings.ts';
import { agentsOfRouters } from '../../db/write/router-agents.ts';
import { L3Notifier, type SendOptions } from '../../rpc/contract.ts';
import { isAlive } from '../dhcp/scheduler.ts';
import type { Task } from '../outbox/outbox.ts';
import type { Shared } from '../parts.ts';

/** Tasks that mean something to L3 agents alone. */
const OF_ROUTERS: ReadonlySet<string> = new Set(['router', 'floatingip']);

/** Whether a task is told to L3 agents and to nobody else. */
export function isOfRouters({ resource_type }: Task): boolean {
  return OF_ROUTERS.has(resource_type);
}

/** Whether L3 agents may have to hear of a task. */
export function concernsRouters(task: Task): boolean {
  return isOfRouters(task) || routersOf(task).length > 0 || aroundWhich(task) !== null;
}

/**
 * Tells L3 agents, for all tasks of a batch at once: each host hears one message about all its routers that are another now,
 * and asks for what they are. Agents that are switched off or dead hear nothing: they ask for everything when they are back
 * (upstream: api/rpc/agentnotifiers/l3_rpc_agent_api.py).
 */
export class RouterTeller {
  readonly #shared: Shared;
  readonly #notifier: L3Notifier;

  constructor(shared: Shared) {
    this.#shared = shared;
    this.#notifier = new L3Notifier(shared.transport);
  }

  async tell(tasks: readonly Task[]): Promise<void> {
    const concerned = tasks.filter(concernsRouters);
    if (concerned.length === 0) return;
    const options = senderOf(concerned);
    // First what an agent loses: it may have the router again since, as another one.
    for (const task of concerned) await this.#tellOne(task, options);
    await this.#tellUpdated(concerned, options);
  }

  async #tellUpdated(tasks: readonly Task[], options: SendOptions): Promise<void> {
    const { database, now, options: configured } = this.#shared;
    const ids = new Set(tasks.flatMap(routersOf));
    const networks = new Set(tasks.flatMap((task) => aroundWhich(task) ?? []));
    for (const id of await routersOnNetworks(database.db, [...networks])) ids.add(id);
    const nowMs = now();
    const { enable_services_on_agents_with_admin_state_down: always } = configured.core;
    const agents = (await agentsOfRouters(database.db, [...ids])).filter(
      ({ admin_state_up, heartbeat_timestamp }) =>
        (admin_state_up || always) && isAlive(heartbeat_timestamp, nowMs, configured.core),
    );
    for (const [host, routers] of Map.groupBy(agents, (agent) => agent.host)) {
      const changed = routers.map(({ router_id }) => router_id);
      await this.#notifier.routersUpdated(host, changed, options);
    }
  }

  async #tellOne({ resource_type, resource_id, action, payload }: Task, options: SendOptions): Promise<void> {
    if (resource_type !== 'router') return;
    if (action === 'deleted') await this.#notifier.routerDeleted(resource_id, options);
    const hosts = (payload.hosts as string[] | undefined) ?? [];
    if (action === 'scheduled') {
      for (const host of hosts) await this.#notifier.addedToAgent(host, [resource_id], options);
    }
    if (action === 'unscheduled') {
      for (const host of hosts) await this.#notifier.removedFromAgent(host, resource_id, options);
    }
  }
}

/** Routers that a task names and that are another now. */
function routersOf({ resource_type, resource_id, action, payload }: Task): readonly string[] {
  if (action === 'changed') return [];
  if (resource_type === 'router') return ['created', 'updated'].includes(action) ? [resource_id] : [];
  const named = resource_type === 'floatingip' || resource_type === 'port';
  return named ? ((payload.router_ids as string[] | undefined) ?? []) : [];
}

/** The network around whose routers something changed that they know of: its subnets, MTU or QoS policy. */
function aroundWhich({ resource_type, resource_id, action, payload }: Task): string | null {
  if (action === 'changed') return null;
  if (resource_type === 'subnet') return payload.network_id as string;
  if (resource_type !== 'network' || action !== 'updated') return null;
  return payload.mtu_changed || payload.qos_changed ? resource_id : null;
}

/** Who caused it, where it is one. */
function senderOf(tasks: readonly Task[]): SendOptions {
  const context = tasks.find((task) => task.context)?.context;
  return context ? { context } : {};
}
