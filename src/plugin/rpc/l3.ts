import { portsOfRouters } from '../../db/read/router-surroundings.ts';
import { type AgentRow, agentByTypeAndHost } from '../../db/write/agents.ts';
import { activeHaPorts } from '../../db/write/ha-routers.ts';
import { portFacts } from '../../db/write/ports.ts';
import { routerFacts, routersOfAgent } from '../../db/write/router-agents.ts';
import { adminContext, type Context } from '../../lib/context.ts';
import { defineErrors } from '../../lib/errors.ts';
import {
  endpoint,
  type FloatingIpStatus,
  type HaState,
  L3_PLUGIN_VERSION,
  type L3PluginMethods,
  type WireRouter,
} from '../../rpc/contract.ts';
import type { Endpoint } from '../../rpc/transport.ts';
import { reportFloatingIps } from '../floatingip/statuses.ts';
import { HA_PORT_OWNER } from '../ha-router/ha-ports.ts';
import { activeHosts, noteHaStates } from '../ha-router/states.ts';
import { bindPort, bindRouterPorts } from '../l3-agent/bind-ports.ts';
import { routerInfos } from '../l3-agent/router-infos.ts';
import { autoScheduleRouters } from '../l3-agent/scheduler.ts';
import type { Machine } from '../machine.ts';
import { delegatePrefix } from '../subnet/delegated-prefix.ts';
import { wireNetworks } from './wire.ts';

const L3_AGENT = 'L3 agent';

const errors = defineErrors({
  AgentNotFoundByTypeHost: ['not_found', 'Agent with agent_type={agent_type} and host={host} could not be found.'],
});

/** What L3 agents ask and report (upstream: api/rpc/handlers/l3_rpc.py L3RpcCallback). */
export function l3Endpoint(machine: Machine): Endpoint {
  const { shared } = machine;
  const { db } = shared.database;
  const l3 = new L3Questions(machine);
  return endpoint<L3PluginMethods>(L3_PLUGIN_VERSION, {
    get_router_ids: ({ host }, context) => l3.routerIds(host, context),
    sync_routers: ({ host, router_ids }, context) => l3.sync(host, router_ids ?? [], context),
    get_host_ha_router_count: async ({ host }) => {
      const routers = await routerFacts(db, await l3.served(host));
      return routers.filter(({ admin_state_up, ha }) => admin_state_up && ha).length;
    },
    update_floatingip_statuses: async ({ router_id, fip_statuses }) => {
      await l3.noteStatuses(router_id, fip_statuses);
      return null;
    },
    update_ha_routers_states: async ({ host, states }) => {
      await l3.noteStates(host, states);
      return null;
    },
    update_all_ha_network_port_statuses: async ({ host }) => {
      await l3.haPortsDown(host);
      return null;
    },
    process_prefix_update: async ({ subnets }) => {
      await l3.notePrefixes(subnets);
      return null;
    },
    get_external_network_id: async () => {
      const [network] = await db.selectFrom('externalnetworks').select('network_id').orderBy('network_id').execute();
      return network?.network_id ?? null;
    },
    get_service_plugin_list: async () => [
      'CORE',
      ...servicePlugins.flatMap(([alias, name]) => (shared.extensions.has(alias) ? [name] : [])),
    ],
    get_networks: ({ filters }) => wireNetworks(db, (filters ?? {}) as Parameters<typeof wireNetworks>[1]),
  });
}

/** How upstream calls services, by an alias that each brings. */
const servicePlugins = [
  ['router', 'L3_ROUTER_NAT'],
  ['floating-ip-port-forwarding', 'PORTFORWARDING'],
  ['l3-conntrack-helper', 'CONNTRACKHELPER'],
  ['l3-ndp-proxy', 'NDPPROXY'],
  ['metering', 'METERING'],
  ['qos', 'QOS'],
] as const;

class L3Questions {
  readonly #machine: Machine;

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  async routerIds(host: string, context: Context): Promise<string[]> {
    const { changes, shared } = this.#machine;
    if (shared.options.l3Agent.router_auto_schedule && !context.readOnly) {
      await changes.run(adminContext(), (change) => autoScheduleRouters(change, this.#machine, host));
    }
    return this.served(host);
  }

  /** The routers of a host's agent; none where there is no agent, or it is switched off. */
  async served(host: string): Promise<string[]> {
    const agent = await this.#agent(host);
    return agent ? this.#routersOf(agent) : [];
  }

  /** @throws AgentNotFoundByTypeHost */
  async sync(host: string, wanted: readonly string[], context: Context): Promise<WireRouter[]> {
    const agent = await this.#agent(host);
    if (!agent) throw errors.AgentNotFoundByTypeHost({ agent_type: L3_AGENT, host });
    const served = await this.#routersOf(agent);
    const ids = wanted.length === 0 ? served : served.filter((id) => wanted.includes(id));
    const routers = await routerInfos(this.#machine.shared, ids, host);
    if (context.readOnly || !(await bindRouterPorts(this.#machine, routers, host))) return routers;
    return routerInfos(this.#machine.shared, ids, host);
  }

  /**
   * Where a router became active its ports are bound from now on: that is where its traffic goes. Where it ceased to be, those
   * still bound there go to the host that is active: after a cut both were for a while, and this one spoke last.
   */
  async noteStates(host: string, states: Readonly<Record<string, HaState>>): Promise<void> {
    const { db } = this.#machine.shared.database;
    const active = new Set(await noteHaStates(this.#machine, host, states));
    const others = await activeHosts(
      this.#machine,
      Object.keys(states).filter((id) => !active.has(id)),
    );
    const ports = await portsOfRouters(db, [...active, ...others.keys()]);
    const routerOf = new Map(
      ports.flatMap(({ port_id, router_id, port_type }) => (port_type === HA_PORT_OWNER ? [] : [[port_id, router_id]])),
    );
    for (const port of await portFacts(db, [...routerOf.keys()])) {
      const router = routerOf.get(port.id)!;
      const to = active.has(router) ? host : port.host === host ? others.get(router)! : port.host;
      if (port.host !== to) await bindPort(this.#machine, port.id, to);
    }
  }

  async noteStatuses(routerId: string, statuses: Readonly<Record<string, FloatingIpStatus>>): Promise<void> {
    const { changes } = this.#machine;
    await changes.run(adminContext(), (change) => reportFloatingIps(change, routerId, statuses), null);
  }

  async notePrefixes(prefixes: Readonly<Record<string, string>>): Promise<void> {
    const { changes, outbox, shared } = this.#machine;
    const { result: refused, tasks } = await changes.run(adminContext(), async (change) => {
      const left: string[] = [];
      for (const [id, prefix] of Object.entries(prefixes)) {
        if (!(await delegatePrefix(change, this.#machine, id, prefix))) left.push(id);
      }
      return left;
    });
    if (refused.length > 0) shared.logger.debug({ subnets: refused }, 'delegated prefixes that are nothing new');
    outbox.tellSoon(tasks);
  }

  async haPortsDown(host: string): Promise<void> {
    const { changes, outbox, shared, statuses } = this.#machine;
    const ids = (await activeHaPorts(shared.database.db, host)).map(({ id }) => id);
    if (ids.length === 0) return;
    const { tasks } = await changes.run(
      adminContext(),
      async (change) => {
        for (const port of await portFacts(change.tx, ids)) await statuses.set(change, port, 'DOWN');
      },
      null,
    );
    outbox.tellSoon(tasks);
  }

  #agent(host: string): Promise<AgentRow | null> {
    return agentByTypeAndHost(this.#machine.shared.database.db, L3_AGENT, host);
  }

  async #routersOf({ id, admin_state_up }: AgentRow): Promise<string[]> {
    const { database, options } = this.#machine.shared;
    if (!admin_state_up && !options.core.enable_services_on_agents_with_admin_state_down) return [];
    return routersOfAgent(database.db, id);
  }
}
