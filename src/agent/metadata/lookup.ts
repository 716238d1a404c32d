import type { NetworkInfo, PluginApi, PortFilters, WirePort } from '../../rpc/contract.ts';
import type { Caller } from './caller.ts';

/** Long enough for the burst of requests of one boot, short enough that a new port or address is believed soon. */
const KEEP_MS = 3_000;
const MAX_KEPT = 1_000;
/** The proxy in front waits 32 s: the guest shall hear from us, not from it. */
const TIMEOUT_MS = 25_000;

const limits = { timeoutMs: TIMEOUT_MS };

const routerInterfaceOwners = [
  'network:router_interface',
  'network:router_interface_distributed',
  'network:ha_router_replicated_interface',
];

/** Finds the port that a request came from, and what its guest may know, by asking the server. Keeps answers for 3 s. */
export class PortLookup {
  readonly #plugin: Pick<PluginApi, 'getPorts' | 'getNetworkInfo'>;
  readonly #host: string;
  readonly #kept = new Map<string, { until: number; value: Promise<unknown> }>();
  readonly #now: () => number;

  constructor(plugin: Pick<PluginApi, 'getPorts' | 'getNetworkInfo'>, host: string, now = () => performance.now()) {
    this.#plugin = plugin;
    this.#host = host;
    this.#now = now;
  }

  /** The one port with the caller's address on the networks it can be on; null when there is none, or more than one. */
  async portOf({ place, from }: Caller): Promise<WirePort | null> {
    const networks = 'network' in place ? [place.network] : await this.#networksOfRouter(place.router);
    if (networks.length === 0) return null;
    const own: PortFilters =
      'mac' in from ? { mac_address: [from.mac] } : { fixed_ips: { ip_address: [from.address] } };
    const ports = await this.#ports({ network_id: networks, ...own });
    return ports.length === 1 ? (ports[0] ?? null) : null;
  }

  /**
   * All ports of a port's guest, the asked one included. Any tenant may write any `device_id` on its own ports, so those
   * of other projects are left out.
   */
  async portsOfGuest(port: WirePort): Promise<WirePort[]> {
    if (!port.device_id) return [port];
    const ports = await this.#ports({ device_id: [port.device_id] });
    const own = ports.filter(
      ({ project_id, device_id }) => project_id === port.project_id && device_id === port.device_id,
    );
    return own.some(({ id }) => id === port.id) ? own : [port, ...own];
  }

  /** A network with its subnets, without its ports; null when it is gone. */
  network(networkId: string): Promise<NetworkInfo | null> {
    return this.#keep(`network ${networkId}`, async () => {
      const network = await this.#plugin.getNetworkInfo(networkId, this.#host, limits);
      // The ports may be thousands, and none of them is needed.
      return network && { ...network, ports: [] };
    });
  }

  async #networksOfRouter(routerId: string): Promise<string[]> {
    const ports = await this.#ports({ device_id: [routerId], device_owner: routerInterfaceOwners });
    return [...new Set(ports.map((port) => port.network_id))];
  }

  #ports(filters: PortFilters): Promise<WirePort[]> {
    const key = JSON.stringify(filters);
    return this.#keep(key, async () => {
      const ports = await this.#plugin.getPorts(filters, limits);
      // A guest that asks before its port is known must not be told "not found" from memory.
      if (ports.length === 0) this.#kept.delete(key);
      return ports;
    });
  }

  #keep<T>(key: string, ask: () => Promise<T>): Promise<T> {
    const now = this.#now();
    const kept = this.#kept.get(key);
    if (kept && kept.until > now) return kept.value as Promise<T>;
    this.#forget(now);
    const value = ask();
    this.#kept.delete(key);
    this.#kept.set(key, { until: now + KEEP_MS, value });
    value.catch(() => this.#kept.delete(key));
    return value;
  }

  /** Drops what is too old: the map is in the order of time. */
  #forget(now: number): void {
    for (const [key, { until }] of this.#kept) {
      if (until > now && this.#kept.size < MAX_KEPT) return;
      this.#kept.delete(key);
    }
  }
}
