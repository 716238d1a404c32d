import { createHash } from 'node:crypto';
import type { Transport } from '../transport.ts';
import { callMethod, castMethod, type SendOptions } from './method.ts';
import { topics } from './topics.ts';

/** A MAC and one address of its port. */
export type FdbEntry = readonly [mac: string, ip: string];

/** By tunnel end, an address of an agent's host: what is behind it. */
export type FdbPorts = Record<string, readonly FdbEntry[]>;

/** What is where in one network. */
export interface FdbNetwork {
  segment_id: number;
  network_type: string;
  ports: FdbPorts;
}

/** By network. */
export type FdbEntries = Record<string, FdbNetwork>;

/** Addresses that a port has no longer, and those that it has now; its MAC stays. */
export interface FdbAddressChange {
  before?: readonly FdbEntry[];
  after?: readonly FdbEntry[];
}

/** By network and tunnel end. */
export type FdbAddressChanges = Record<string, Record<string, FdbAddressChange>>;

/** Stands for everything whose place is not known: frames to it are flooded to the tunnel end (upstream: FLOODING_ENTRY). */
export const FLOODING_ENTRY: FdbEntry = ['00:00:00:00:00:00', '0.0.0.0'];

/** What agents with `l2_population` are told, by fan-out, or one host's alone (upstream: drivers/l2pop/rpc.py). */
export interface L2PopulationMethods {
  add_fdb_entries: { args: { fdb_entries: FdbEntries; host?: string | null }; result: unknown };
  remove_fdb_entries: { args: { fdb_entries: FdbEntries; host?: string | null }; result: unknown };
  update_fdb_entries: { args: { fdb_entries: { chg_ip?: FdbAddressChanges }; host?: string | null }; result: unknown };
}

const ASKED = '1.0';

/** The server's way to tell agents what is where. Upstream's agents take one network per message only. */
export class L2PopulationNotifier {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** @param host whose agent alone is told; all of them when null */
  add(fdb_entries: FdbEntries, host: string | null, options?: SendOptions): Promise<void> {
    return this.#cast('add_fdb_entries', { fdb_entries }, host, options);
  }

  remove(fdb_entries: FdbEntries, options?: SendOptions): Promise<void> {
    return this.#cast('remove_fdb_entries', { fdb_entries }, null, options);
  }

  changeAddresses(chg_ip: FdbAddressChanges, options?: SendOptions): Promise<void> {
    return this.#cast('update_fdb_entries', { fdb_entries: { chg_ip } }, null, options);
  }

  #cast<K extends keyof L2PopulationMethods>(
    method: K,
    args: L2PopulationMethods[K]['args'],
    host: string | null,
    options?: SendOptions,
  ): Promise<void> {
    const where = host === null ? { fanout: true } : { server: host };
    const target = { topic: topics.l2populationUpdate, version: ASKED, ...where };
    return castMethod<L2PopulationMethods, K>(this.#transport, target, method, args, options);
  }
}

/**
 * Ours, not upstream's: an agent compares what it was told with what is true, and gets what differs. Messages that were
 * lost while it, the queue or a server was away stay lost no longer than until it asks.
 */
export interface ForwardingMethods {
  /**
   * @param networks by id: the digest of what the agent knows, or null when that is nothing
   * @returns whole networks that differ, and the ids of those that do not; of a network that is not there, or has nothing on
   * other hosts, no ports
   */
  get_fdb_entries: {
    args: { host: string; networks: Record<string, string | null> };
    result: { fdb_entries: FdbEntries; same: string[] };
  };
}

export const FORWARDING_VERSION = '1.0';

/** Nobody's guest waits for it: a server that is busy may take its time. */
const TIMEOUT_MS = 20_000;

/** An agent's way to ask. */
export class ForwardingApi {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** @throws MessagingTimeout when no server of ours is there, or it does not populate; RemoteError */
  getFdbEntries(
    host: string,
    networks: Record<string, string | null>,
    options: SendOptions = {},
  ): Promise<ForwardingMethods['get_fdb_entries']['result']> {
    const target = { topic: topics.forwarding, version: FORWARDING_VERSION };
    const limits = { timeoutMs: TIMEOUT_MS, ...options };
    return callMethod<ForwardingMethods, 'get_fdb_entries'>(
      this.#transport,
      target,
      'get_fdb_entries',
      { host, networks },
      limits,
    );
  }
}

/** The same for the same entries, in whatever order they stand. */
export function fdbDigest(ports: FdbPorts): string {
  const lines = Object.entries(ports).flatMap(([end, entries]) => entries.map(([mac, ip]) => `${end} ${mac} ${ip}`));
  return createHash('sha1').update(lines.sort().join('\n')).digest('base64');
}
