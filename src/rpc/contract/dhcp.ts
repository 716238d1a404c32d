import type { Transport } from '../transport.ts';
import { castMethod, type SendOptions } from './method.ts';
import type { WireFixedIp, WireNetwork, WirePort, WireSubnet } from './shapes.ts';
import { topics } from './topics.ts';

/** Lower is handled first by the agent (upstream: api/rpc/agentnotifiers/dhcp_rpc_agent_api.py). */
export const dhcpPriorities = {
  network_create_end: 0,
  network_update_end: 1,
  network_delete_end: 2,
  subnet_create_end: 3,
  subnet_update_end: 3,
  subnet_delete_end: 4,
  port_create_end: 5,
  port_update_end: 5,
  port_delete_end: 6,
} as const;

type Payload<T> = { args: { payload: T & { priority: number } }; result: unknown };

/** What DHCP agents are told, on `dhcp_agent.<host>` or by fan-out. */
export interface DhcpAgentMethods {
  network_create_end: Payload<{ network: { id: string } }>;
  network_update_end: Payload<{ network: WireNetwork }>;
  network_delete_end: Payload<{ network_id: string }>;
  subnet_create_end: Payload<{ subnet: WireSubnet & { network?: WireNetwork } }>;
  subnet_update_end: Payload<{ subnet: WireSubnet }>;
  subnet_delete_end: Payload<{ subnet_id: string; network_id: string }>;
  port_create_end: Payload<{ port: WirePort & { network?: WireNetwork } }>;
  port_update_end: Payload<{ port: WirePort }>;
  port_delete_end: Payload<{ port_id: string; network_id: string; fixed_ips: WireFixedIp[] }>;
  /** The agent's admin state; no priority. */
  agent_updated: { args: { payload: { admin_state_up: boolean } }; result: unknown };
}

export const DHCP_AGENT_VERSION = '1.0';

type Told = keyof typeof dhcpPriorities;
type Said<K extends Told> = Omit<DhcpAgentMethods[K]['args']['payload'], 'priority'>;

/** The server's way to tell DHCP agents. */
export class DhcpNotifier {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** Tells the agent of one host; the payload gets the method's priority, unless another is given. */
  tell<K extends Told>(
    host: string,
    method: K,
    payload: Said<K>,
    options?: SendOptions & { priority?: number },
  ): Promise<void> {
    return this.#cast({ server: host }, method, payload, options);
  }

  /** Tells all DHCP agents: a deleted network, or one that no agent has yet. */
  tellAll<K extends Told>(method: K, payload: Said<K>, options?: SendOptions): Promise<void> {
    return this.#cast({ fanout: true }, method, payload, options);
  }

  agentUpdated(host: string, adminStateUp: boolean, options?: SendOptions): Promise<void> {
    const args = { payload: { admin_state_up: adminStateUp } };
    const target = { topic: topics.dhcpAgent, server: host, version: DHCP_AGENT_VERSION };
    return castMethod<DhcpAgentMethods, 'agent_updated'>(this.#transport, target, 'agent_updated', args, options);
  }

  #cast(
    where: { server?: string; fanout?: boolean },
    method: Told,
    payload: object,
    options?: SendOptions & { priority?: number },
  ): Promise<void> {
    const target = { topic: topics.dhcpAgent, version: DHCP_AGENT_VERSION, ...where };
    const args = { payload: { ...payload, priority: options?.priority ?? dhcpPriorities[method] } };
    return castMethod<Record<string, { args: object; result: unknown }>, string>(
      this.#transport,
      target,
      method,
      args,
      options,
    );
  }
}
