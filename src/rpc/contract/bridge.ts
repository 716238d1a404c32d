import type { Transport } from '../transport.ts';
import { castMethod, type SendOptions } from './method.ts';
import type { WireNetwork, WirePort } from './shapes.ts';
import { topics } from './topics.ts';

/** What bridge agents are told, each method on its own topic, by fan-out unless said otherwise. */
export interface BridgeAgentMethods {
  /** Something the host must know of changed; the agent asks for the details again. Not sent for a new name. */
  port_update: {
    args: {
      port: WirePort;
      network_type: string | null;
      segmentation_id: number | null;
      physical_network: string | null;
    };
    result: unknown;
  };
  port_delete: { args: { port_id: string }; result: unknown };
  network_update: { args: { network: WireNetwork }; result: unknown };
  network_delete: { args: { network_id: string }; result: unknown };
  /** Live migration: the port's binding on this host became the active one, or is no longer. */
  binding_activate: { args: { port_id: string; host: string }; result: unknown };
  binding_deactivate: { args: { port_id: string; host: string; network_id: string }; result: unknown };
}

/** The bridge agent's endpoint serves up to this version; the server asks for 1.0. */
export const BRIDGE_AGENT_VERSION = '1.5';
const ASKED = '1.0';

const topicOf: Record<keyof BridgeAgentMethods, string> = {
  port_update: topics.portUpdate,
  port_delete: topics.portDelete,
  network_update: topics.networkUpdate,
  network_delete: topics.networkDelete,
  binding_activate: topics.bindingActivate,
  binding_deactivate: topics.bindingDeactivate,
};

/** Topics a bridge agent listens on. */
export const bridgeAgentTopics: readonly string[] = Object.values(topicOf);

/** The server's way to tell bridge agents. */
export class BridgeNotifier {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** @param host whose agent alone must know: every agent listens under its host's name, too; all of them when null */
  portUpdate(
    args: BridgeAgentMethods['port_update']['args'],
    host: string | null,
    options?: SendOptions,
  ): Promise<void> {
    return this.#cast('port_update', args, host === null ? { fanout: true } : { server: host }, options);
  }

  portDelete(portId: string, options?: SendOptions): Promise<void> {
    return this.#fanout('port_delete', { port_id: portId }, options);
  }

  networkUpdate(network: WireNetwork, options?: SendOptions): Promise<void> {
    return this.#fanout('network_update', { network }, options);
  }

  networkDelete(networkId: string, options?: SendOptions): Promise<void> {
    return this.#fanout('network_delete', { network_id: networkId }, options);
  }

  /** @param networkId sent along as upstream does, for agents that look the port up by it */
  bindingDeactivate(portId: string, host: string, networkId: string, options?: SendOptions): Promise<void> {
    return this.#fanout('binding_deactivate', { port_id: portId, host, network_id: networkId }, options);
  }

  bindingActivate(portId: string, host: string, options?: SendOptions): Promise<void> {
    return this.#fanout('binding_activate', { port_id: portId, host }, options);
  }

  #fanout<K extends keyof BridgeAgentMethods>(
    method: K,
    args: BridgeAgentMethods[K]['args'],
    options?: SendOptions,
  ): Promise<void> {
    return this.#cast(method, args, { fanout: true }, options);
  }

  #cast<K extends keyof BridgeAgentMethods>(
    method: K,
    args: BridgeAgentMethods[K]['args'],
    where: { server?: string; fanout?: boolean },
    options?: SendOptions,
  ): Promise<void> {
    const target = { topic: topicOf[method], version: ASKED, ...where };
    return castMethod<BridgeAgentMethods, K>(this.#transport, target, method, args, options);
  }
}
