import type { Transport } from '../transport.ts';
import { callMethod, type Handlers, type MethodTable, type SendOptions } from './method.ts';
import type { NetworkInfo, WirePort } from './shapes.ts';
import { topics } from './topics.ts';

/** Which program of a host is asked: each serves its own steps. */
export type ExplainingAgent = 'bridge' | 'dhcp' | 'metadata' | 'l3';

/** What the server knows and an agent needs to look for the port on its host. */
export interface ExplainRequest {
  port: WirePort;
  /** The port's network with subnets and segments; `ports` may be empty. */
  network: Omit<NetworkInfo, 'ports'> & { ports?: WirePort[] };
}

/** One step from the row to the kernel; the same shape as the API's answer has. */
export interface ExplainStep {
  /** `tap`, `bridge`, `nic`, `namespace`, `dnsmasq`, `hosts_file`, `lease`, `metadata` … */
  step: string;
  state: 'ok' | 'waiting' | 'fault' | 'unknown' | 'not_applicable';
  expected: string;
  found: string;
  remedy?: string;
  /** What asks for it: a rule, group, address pair, policy … with its id. */
  cause?: string;
  /** The command whose answer was looked at, as one types it. */
  check?: string;
  /** The link or namespace that it is about, where it is one. */
  device?: string;
  /**
   * What the kernel counted, by the names it has for it. Of a device `rx_packets`, `rx_bytes`, `rx_dropped` and `tx_…` (its
   * own view: what a tap receives a guest has sent); of a rule `packets` and `bytes` that it took; of a chain
   * `dropped_packets` and `dropped_bytes` that no rule of it wanted.
   */
  counters?: Readonly<Record<string, number>>;
}

/** What an agent is told to look for a network on its host. */
export interface ExplainNetworkRequest {
  /** Its `ports` are left out: of those on other hosts there may be thousands. */
  network: NetworkInfo;
  /** Ports that are bound on the host. */
  port_ids: readonly string[];
}

/** Ours, not upstream's: read only, changes nothing on the host. */
export interface ExplainMethods {
  explain_port: { args: ExplainRequest; result: { steps: ExplainStep[] } };
  /** Asked of bridge and DHCP agents; since 1.1. */
  explain_network: { args: ExplainNetworkRequest; result: { steps: ExplainStep[] } };
}

/** Asked of L3 agents alone, and as harmless. What a router must look like they know themselves. */
export interface ExplainRouterMethods {
  explain_router: {
    args: {
      router_id: string;
      /** What of it is asked about, too: without, all there is is looked at. */
      floatingip_id?: string;
    };
    result: { steps: ExplainStep[] };
  };
}

export type ExplainHandlers = Handlers<ExplainMethods>;

export const EXPLAIN_VERSION = '1.1';
/** What is asked for that agents of before answer, too. */
const FIRST_VERSION = '1.0';

/** A host that does not answer within this time is said to be so. */
export const EXPLAIN_TIMEOUT_MS = 2_000;

/**
 * The server name to listen under on `neutrino-explain`. Three agents of a host share the topic, so the host alone would
 * let any one of them take the question.
 */
export function explainServer(agent: ExplainingAgent, host: string): string {
  return `${host}:${agent}`;
}

/** The server's way to ask a host's agents. */
export class ExplainApi {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** @throws MessagingTimeout when the agent is not there, or is a Python one */
  async explainPort(
    agent: ExplainingAgent,
    host: string,
    request: ExplainRequest,
    options: SendOptions = {},
  ): Promise<ExplainStep[]> {
    return (await this.#ask<ExplainMethods, 'explain_port'>(agent, host, 'explain_port', request, options)).steps;
  }

  /** @throws MessagingTimeout when the agent is not there, or is a Python one */
  async explainNetwork(
    agent: 'bridge' | 'dhcp',
    host: string,
    request: ExplainNetworkRequest,
    options: SendOptions = {},
  ): Promise<ExplainStep[]> {
    return (await this.#ask<ExplainMethods, 'explain_network'>(agent, host, 'explain_network', request, options)).steps;
  }

  /** @throws MessagingTimeout when the agent is not there, or is a Python one */
  async explainRouter(
    host: string,
    request: ExplainRouterMethods['explain_router']['args'],
    options: SendOptions = {},
  ): Promise<ExplainStep[]> {
    return (await this.#ask<ExplainRouterMethods, 'explain_router'>('l3', host, 'explain_router', request, options))
      .steps;
  }

  #ask<M extends MethodTable<M>, K extends keyof M & string>(
    agent: ExplainingAgent,
    host: string,
    method: K,
    args: M[K]['args'],
    options: SendOptions,
  ): Promise<M[K]['result']> {
    const version = method === 'explain_network' ? EXPLAIN_VERSION : FIRST_VERSION;
    const target = { topic: topics.explain, server: explainServer(agent, host), version };
    return callMethod<M, K>(this.#transport, target, method, args, { timeoutMs: EXPLAIN_TIMEOUT_MS, ...options });
  }
}
