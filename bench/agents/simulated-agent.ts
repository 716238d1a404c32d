import { Heartbeat } from '../../src/agent/heartbeat.ts';
import { adminContext } from '../../src/lib/context.ts';
import { silentLogger } from '../../src/lib/log.ts';
import { tapName } from '../../src/lib/names.ts';
import {
  type AgentState,
  bridgeAgentTopics,
  NO_TOPIC,
  type SecurityGroupInfo,
  topics,
} from '../../src/rpc/contract.ts';
import { RpcPeer } from '../../src/rpc/peer.ts';
import type { Endpoint } from '../../src/rpc/transport.ts';
import { type Glance, SharedLink, type SharedWire } from './shared-wire.ts';

/** How often a real bridge agent looks at what it was told (`polling_interval`). */
export const SCAN_MS = 2_000;

/** What a real bridge agent listens on (see broker-queues.json of the recordings); `port-delete` is for OVS agents. */
const LISTENED = [
  ...bridgeAgentTopics.filter((topic) => topic !== topics.portDelete),
  topics.securityGroupUpdate,
  'q-agent-notifier-l2population-update',
];

export interface AgentCounts {
  /** Messages that arrived, by topic, over all agents; replies aside. */
  readonly deliveries: Record<string, number>;
  /** When the first since somebody last asked and the last of them arrived, in ms of the clock that all processes share. */
  firstDeliveryMs: number;
  lastDeliveryMs: number;
}

export interface SimulatedAgentParts {
  readonly host: string;
  /** Last bytes of its addresses. */
  readonly number: number;
  /** Ports whose taps are on its host. */
  readonly ports: readonly string[];
  readonly wire: SharedWire;
  readonly counts: AgentCounts;
  readonly reportIntervalMs: number;
  /** It was told of a change of a port of its own. */
  readonly onPortUpdate: (port: string, atMs: number) => void;
}

/** Milliseconds of the monotonic clock, the same in all processes of the machine. */
export function sharedClockMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/**
 * A bridge agent without a host: what the real one says to the server, when it says it, and queues of its own. What arrives
 * it reads only where it names a port or a group of its own: reading the rest would take CPU of a host that
 * is not there.
 */
export class SimulatedAgent {
  readonly #parts: SimulatedAgentParts;
  readonly #ports: Set<string>;
  readonly #groups = new Set<string>();
  #peer: RpcPeer | null = null;
  #heartbeat: Heartbeat | null = null;
  #listening = false;
  #dirty = new Set<string>();
  #scan: NodeJS.Timeout | null = null;
  /** Calls that failed, time-outs among them. */
  failures = 0;
  firstFailure: string | null = null;
  beats = 0;
  #asking = 0;

  constructor(parts: SimulatedAgentParts) {
    this.#parts = parts;
    this.#ports = new Set(parts.ports);
  }

  get timeouts(): number {
    return this.#peer?.statistics.timeouts ?? 0;
  }

  /** It will look at what it was told, or asks about it. Heartbeats are no such thing. */
  get isBusy(): boolean {
    return this.#scan !== null || this.#asking > 0;
  }

  /** Declares its queues. */
  async listen(): Promise<void> {
    const { wire, host } = this.#parts;
    const openLink = await SharedLink.open(wire, this.#glance);
    const peer = new RpcPeer(openLink, silentLogger);
    this.#peer = peer;
    for (const topic of LISTENED) await peer.listen(topic, host, [{ version: '1.99', methods: this.#methods }]);
    this.#listening = true;
  }

  /** Its first report, and everything about its taps. Settles when the server knows of all. */
  async start(): Promise<void> {
    const { reportIntervalMs } = this.#parts;
    this.#heartbeat = new Heartbeat({
      transport: this.#peer!,
      state: () => this.#state(),
      intervalMs: reportIntervalMs,
    });
    await this.#heartbeat.start();
    await this.#wire([...this.#ports]);
  }

  /** A tap appeared. */
  async plug(port: string): Promise<void> {
    this.#ports.add(port);
    await this.#wire([port]);
  }

  async close(): Promise<void> {
    if (this.#scan) clearTimeout(this.#scan);
    await this.#heartbeat?.close();
    if (this.#listening) await this.#peer?.close();
  }

  readonly #glance: Glance = (topic, content) => {
    const { counts } = this.#parts;
    counts.deliveries[topic] = (counts.deliveries[topic] ?? 0) + 1;
    counts.lastDeliveryMs = sharedClockMs();
    if (Number.isNaN(counts.firstDeliveryMs)) counts.firstDeliveryMs = counts.lastDeliveryMs;
    const own = topic === topics.securityGroupUpdate ? this.#groups : this.#ports;
    for (const id of own) if (content.includes(id)) return true;
    return false;
  };

  readonly #methods: Endpoint['methods'] = {
    port_update: async ({ port }: { port?: { id: string } }) => {
      if (!port || !this.#ports.has(port.id)) return;
      this.#parts.onPortUpdate(port.id, sharedClockMs());
      this.#later([port.id]);
    },
    security_groups_member_updated: async () => this.#later([]),
    security_groups_rule_updated: async () => this.#later([]),
    binding_activate: async () => {},
    binding_deactivate: async () => {},
    network_update: async () => {},
    network_delete: async () => {},
    add_fdb_entries: async () => {},
    remove_fdb_entries: async () => {},
    update_fdb_entries: async () => {},
  };

  /** At the next scan, whenever that is within its period. */
  #later(ports: readonly string[]): void {
    for (const port of ports) this.#dirty.add(port);
    this.#scan ??= setTimeout(() => {
      this.#scan = null;
      const changed = [...this.#dirty];
      this.#dirty.clear();
      const work = changed.length > 0 ? this.#wire(changed) : this.#askGroups([...this.#ports]);
      void work;
    }, Math.random() * SCAN_MS);
  }

  /** As a scan that found these taps: groups, details, and a word for each. */
  async #wire(ports: readonly string[]): Promise<void> {
    if (ports.length === 0) return;
    const { host } = this.#parts;
    const agent_id = `lb0200${this.#parts.number.toString(16).padStart(8, '0')}`;
    const devices = ports.map(tapName);
    await this.#askGroups(ports);
    const details = await this.#ask('get_devices_details_list', '1.9', { devices, agent_id, host });
    for (const { device, admin_state_up } of (details as { device: string; admin_state_up?: boolean }[] | null) ?? []) {
      if (admin_state_up) await this.#ask('update_device_up', '1.9', { device, agent_id, host });
    }
  }

  async #askGroups(ports: readonly string[]): Promise<void> {
    const args = { devices: ports.map(tapName), call_version: '1.3' };
    const info = (await this.#ask('security_group_info_for_devices', '1.3', args)) as SecurityGroupInfo | null;
    for (const id of Object.keys(info?.security_groups ?? {})) this.#groups.add(id);
  }

  async #ask(method: string, version: string, args: Record<string, unknown>): Promise<unknown> {
    this.#asking += 1;
    try {
      return await this.#peer!.call({ topic: topics.plugin, version }, method, args, adminContext());
    } catch (error) {
      this.failures += 1;
      this.firstFailure ??= `${method}: ${(error as Error).message}`;
      return null;
    } finally {
      this.#asking -= 1;
    }
  }

  #state(): AgentState {
    this.beats += 1;
    const { host, number } = this.#parts;
    return bridgeState(host, number, this.#ports.size);
  }
}

/** As the recorded ones (05-idle-heartbeats-35s). */
export function bridgeState(host: string, number: number, devices: number): AgentState {
  return {
    binary: 'neutron-linuxbridge-agent',
    host,
    topic: NO_TOPIC,
    configurations: {
      extensions: ['qos'],
      bridge_mappings: {},
      interface_mappings: { physnet1: 'eth1' },
      tunneling_ip: `198.18.${number >> 8}.${number & 255}`,
      tunnel_types: ['vxlan'],
      l2_population: true,
      devices,
    },
    agent_type: 'Linux bridge agent',
  };
}
