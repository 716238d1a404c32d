import type { Transport } from '../transport.ts';
import type { FloatingIpStatus, HaState, WireRouter } from './l3-shapes.ts';
import { callMethod, castMethod, type SendOptions } from './method.ts';
import type { WireNetwork } from './shapes.ts';
import { topics } from './topics.ts';

/** What L3 agents ask the server (upstream: api/rpc/handlers/l3_rpc.py, 1.12). The methods of DVR are not served. */
export interface L3PluginMethods {
  /** Ids of the routers the host's agent serves, newly scheduled ones included. */
  get_router_ids: { args: { host: string }; result: string[] };
  /**
   * Whole routers of those ids that the host's agent serves; all of them without ids. Others are left out of the answer,
   * which is how an agent learns that they are not its business any more.
   */
  sync_routers: { args: { host: string; router_ids?: readonly string[] }; result: WireRouter[] };
  get_host_ha_router_count: { args: { host: string }; result: number };
  update_floatingip_statuses: {
    args: { router_id: string; fip_statuses: Record<string, FloatingIpStatus> };
    result: null;
  };
  update_ha_routers_states: { args: { host: string; states: Record<string, HaState> }; result: null };
  /** Sets the agent's HA ports DOWN before it starts, so that they become ACTIVE when they are wired again. */
  update_all_ha_network_port_statuses: { args: { host: string }; result: null };
  /** Prefixes that were delegated to subnets of prefix delegation, by subnet id. */
  process_prefix_update: { args: { subnets: Record<string, string> }; result: unknown };
  get_external_network_id: { args: object; result: string | null };
  get_service_plugin_list: { args: object; result: string[] };
  get_networks: { args: { filters?: Record<string, unknown>; fields?: string[] }; result: WireNetwork[] };
}

export const L3_PLUGIN_VERSION = '1.12';

/** What L3 agents are told, on `l3_agent.<host>` or by fan-out (upstream: agentnotifiers/l3_rpc_agent_api.py). */
export interface L3AgentMethods {
  /** The routers are another than they were: ask for them. */
  routers_updated: { args: { routers: readonly string[] }; result: unknown };
  router_deleted: { args: { router_id: string }; result: unknown };
  router_added_to_agent: { args: { payload: readonly string[] }; result: unknown };
  router_removed_from_agent: { args: { payload: { router_id: string } }; result: unknown };
  agent_updated: { args: { payload: { admin_state_up: boolean } }; result: unknown };
}

export const L3_AGENT_VERSION = '1.4';

/** The agent's way to ask the server. */
export class L3PluginApi {
  readonly #transport: Transport;
  readonly #host: string;

  constructor(transport: Transport, host: string) {
    this.#transport = transport;
    this.#host = host;
  }

  routerIds(options: SendOptions = {}): Promise<string[]> {
    return this.#call('get_router_ids', { host: this.#host }, '1.9', options);
  }

  syncRouters(routerIds: readonly string[], options: SendOptions = {}): Promise<WireRouter[]> {
    return this.#call('sync_routers', { host: this.#host, router_ids: routerIds }, '1.0', options);
  }

  haRouterCount(options: SendOptions = {}): Promise<number> {
    return this.#call('get_host_ha_router_count', { host: this.#host }, '1.11', options);
  }

  async updateFloatingIpStatuses(
    router_id: string,
    fip_statuses: Record<string, FloatingIpStatus>,
    options: SendOptions = {},
  ): Promise<void> {
    await this.#call('update_floatingip_statuses', { router_id, fip_statuses }, '1.1', options);
  }

  async updateHaStates(states: Record<string, HaState>, options: SendOptions = {}): Promise<void> {
    await this.#call('update_ha_routers_states', { host: this.#host, states }, '1.5', options);
  }

  async haNetworkPortsDown(options: SendOptions = {}): Promise<void> {
    await this.#call('update_all_ha_network_port_statuses', { host: this.#host }, '1.10', options);
  }

  async prefixUpdate(subnets: Record<string, string>, options: SendOptions = {}): Promise<void> {
    await this.#call('process_prefix_update', { subnets }, '1.6', options);
  }

  #call<K extends keyof L3PluginMethods>(
    method: K,
    args: L3PluginMethods[K]['args'],
    version: string,
    options: SendOptions,
  ) {
    return callMethod<L3PluginMethods, K>(this.#transport, { topic: topics.l3Plugin, version }, method, args, options);
  }
}

/** The server's way to tell L3 agents. */
export class L3Notifier {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  routersUpdated(host: string, routers: readonly string[], options?: SendOptions): Promise<void> {
    return this.#cast({ server: host }, 'routers_updated', { routers }, '1.1', options);
  }

  /** To all: an agent that was taken from the router a moment ago must hear of its end, too. */
  routerDeleted(router_id: string, options?: SendOptions): Promise<void> {
    return this.#cast({ fanout: true }, 'router_deleted', { router_id }, '1.0', options);
  }

  addedToAgent(host: string, routers: readonly string[], options?: SendOptions): Promise<void> {
    return this.#cast({ server: host }, 'router_added_to_agent', { payload: routers }, '1.0', options);
  }

  removedFromAgent(host: string, router_id: string, options?: SendOptions): Promise<void> {
    return this.#cast({ server: host }, 'router_removed_from_agent', { payload: { router_id } }, '1.0', options);
  }

  agentUpdated(host: string, admin_state_up: boolean, options?: SendOptions): Promise<void> {
    return this.#cast({ server: host }, 'agent_updated', { payload: { admin_state_up } }, '1.0', options);
  }

  #cast<K extends keyof L3AgentMethods & string>(
    where: { server?: string; fanout?: boolean },
    method: K,
    args: L3AgentMethods[K]['args'],
    version: string,
    options?: SendOptions,
  ): Promise<void> {
    const target = { topic: topics.l3Agent, version, ...where };
    return castMethod<L3AgentMethods, K>(this.#transport, target, method, args, options);
  }
}
