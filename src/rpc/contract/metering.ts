import type { Transport } from '../transport.ts';
import { callMethod, castMethod, type SendOptions } from './method.ts';
import { topics } from './topics.ts';

/** What metering agents ask the server (upstream: db/metering/metering_rpc.py). */
export interface MeteringPluginMethods {
  /** The routers of the host's L3 agent that labels count; null where there are none. */
  get_sync_data_metering: { args: { host?: string }; result: WireMeteredRouter[] | null };
}

export const METERING_PLUGIN_VERSION = '1.0';

/** What metering agents are told, on `metering_agent.<host>` (upstream: agentnotifiers/metering_rpc_agent_api.py). */
export interface MeteringAgentMethods {
  /** With whole labels. */
  add_metering_label: { args: { routers: readonly WireMeteredRouter[] }; result: unknown };
  remove_metering_label: { args: { routers: readonly WireMeteredRouter[] }; result: unknown };
  /** Labels have only `rule` there: the one that came or goes. */
  add_metering_label_rule: { args: { routers: readonly WireMeteredRouter[] }; result: unknown };
  remove_metering_label_rule: { args: { routers: readonly WireMeteredRouter[] }; result: unknown };
  update_metering_label_rules: { args: { routers: readonly WireMeteredRouter[] }; result: unknown };
  routers_updated: { args: { routers: readonly WireMeteredRouter[] }; result: unknown };
  router_deleted: { args: { router_id: string }; result: unknown };
}

export const METERING_AGENT_VERSION = '1.0';

/** A router with the labels whose traffic is counted in it: those of its project, and shared ones. */
export interface WireMeteredRouter {
  id: string;
  name: string;
  project_id: string;
  admin_state_up: boolean;
  status: string;
  gw_port_id: string | null;
  distributed: boolean;
  _metering_labels: WireMeteringLabel[];
}

export interface WireMeteringLabel {
  id: string;
  name?: string;
  shared?: boolean;
  rules?: WireMeteringRule[];
  rule?: WireMeteringRule;
}

export interface WireMeteringRule {
  id: string;
  metering_label_id: string;
  direction: 'ingress' | 'egress';
  remote_ip_prefix: string | null;
  source_ip_prefix: string | null;
  destination_ip_prefix: string | null;
  excluded: boolean;
}

/** The agent's way to ask the server. */
export class MeteringPluginApi {
  readonly #transport: Transport;
  readonly #host: string;

  constructor(transport: Transport, host: string) {
    this.#transport = transport;
    this.#host = host;
  }

  async routers(options: SendOptions = {}): Promise<WireMeteredRouter[]> {
    const target = { topic: topics.meteringPlugin, version: METERING_PLUGIN_VERSION };
    const args = { host: this.#host };
    const routers = await callMethod<MeteringPluginMethods, 'get_sync_data_metering'>(
      this.#transport,
      target,
      'get_sync_data_metering',
      args,
      options,
    );
    return routers ?? [];
  }
}

type Change = 'add_metering_label' | 'remove_metering_label' | 'add_metering_label_rule' | 'remove_metering_label_rule';

/** The server's way to tell metering agents. */
export class MeteringNotifier {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  tell(host: string, change: Change, routers: readonly WireMeteredRouter[], options?: SendOptions): Promise<void> {
    const target = { topic: topics.meteringAgent, server: host, version: METERING_AGENT_VERSION };
    return castMethod<MeteringAgentMethods, Change>(this.#transport, target, change, { routers }, options);
  }
}
