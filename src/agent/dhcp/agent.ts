import { readdir } from 'node:fs/promises';
import type { Logger } from '../../lib/log.ts';
import type { Host } from '../../linux/contract.ts';
import {
  DHCP_AGENT_VERSION,
  type DhcpAgentMethods,
  EXPLAIN_VERSION,
  type ExplainMethods,
  endpoint,
  explainServer,
  type Handlers,
  PluginApi,
  topics,
  type WirePort,
} from '../../rpc/contract.ts';
import type { Listener, Transport } from '../../rpc/transport.ts';
import type { MetadataRate } from '../daemons/metadata-rate.ts';
import { Supervision } from '../daemons/supervision.ts';
import { dryRunQuestion } from '../dry-run.ts';
import { FullSync } from '../full-sync.ts';
import { Heartbeat, reportStatus } from '../heartbeat.ts';
import { ErrorMemory } from '../last-error.ts';
import { Resync } from '../resync.ts';
import { Turns } from '../turns.ts';
import { isFailedStart } from './apply.ts';
import { type DhcpSettings, type DhcpState, watchedOf } from './derive.ts';
import { isExhausted } from './dhcp-port.ts';
import { isUuid } from './dnsmasq-text.ts';
import { explainDhcp, explainDhcpNetwork, type ServedNetwork } from './explain.ts';
import { DhcpKeeper } from './keeper.ts';
import type { NetworkEvent } from './network-events.ts';
import { NetworkWorker } from './network-worker.ts';
import type { DhcpAgentOptions, DhcpOptions } from './options.ts';
import { ReadyPorts } from './ready-ports.ts';
import { releaseLeases } from './release-leases.ts';
import { dnsmasqUser } from './unprivileged.ts';

export interface DhcpAgentParts {
  /** This agent's host name, as Nova and the server know it. */
  host: string;
  /** `[DEFAULT] state_path`. */
  statePath: string;
  /** How often guests may ask for metadata; left out: as often as they like. */
  metadataRate?: MetadataRate;
  options: DhcpOptions;
  agentOptions: DhcpAgentOptions;
  transport: Transport;
  linux: Host;
  logger?: Logger;
  /** Called when what this host alone decides is done: from then on it waits for the server, however long. */
  onSetUp?: () => void;
}

export interface DhcpStatistics {
  /** Full syncs with the server, and those of them that failed. */
  readonly syncs: number;
  readonly failed: number;
  readonly seconds: number;
  /** When the last one that was done ended, in ms since the epoch. */
  readonly fullSyncAtMs: number | null;
  /** Networks that have their dnsmasq here, and their ports. */
  readonly networks: number;
  readonly ports: number;
  /** Networks that could not be served as they should, and are tried again. */
  readonly failing: number;
}

/** Longest wait for work under way when the agent ends. */
const CLOSE_LIMIT_MS = 5_000;

/** Port ids that were deleted are remembered so long: a message about one may be late. */
const DELETED_PORTS = 10_000;

/**
 * The DHCP agent: hears what the server says of networks, subnets and ports, keeps one worker per network, and looks
 * after what the workers made. Upstream: agent/dhcp/agent.py.
 */
export class DhcpAgent {
  readonly #statistics = { syncs: 0, failed: 0, seconds: 0, fullSyncAtMs: null as number | null };
  readonly #parts: DhcpAgentParts;
  readonly #logger: Logger;
  readonly #plugin: PluginApi;
  readonly #workers = new Map<string, NetworkWorker>();
  readonly #deleted = new Set<string>();
  readonly #ready: ReadyPorts;
  readonly #resync: Resync;
  readonly #turns: Turns;
  readonly #supervision: Supervision<DhcpState>;
  readonly #heartbeat: Heartbeat;
  readonly #listeners: Listener[] = [];
  readonly #releasing = new Map<string, Promise<void>>();
  #keeper: DhcpKeeper | null = null;
  readonly #fullSync = new FullSync(() => this.#sync());
  #clock = 0;
  #closed = false;
  #firstSync = Promise.withResolvers<void>();

  constructor(parts: DhcpAgentParts) {
    const { options, agentOptions, transport, linux, logger: told } = parts;
    const logger = new ErrorMemory(told);
    this.#parts = parts;
    this.#logger = logger;
    this.#plugin = new PluginApi(transport);
    this.#ready = new ReadyPorts(this.#plugin, logger);
    this.#turns = new Turns(options.num_sync_threads);
    this.#resync = new Resync({
      intervalMs: options.resync_interval * 1000,
      throttleMs: options.resync_throttle * 1000,
      run: (networks, reasons) => this.#retry(networks, reasons),
    });
    this.#supervision = new Supervision({
      host: linux,
      served: () => this.#workers.values(),
      watched: watchedOf,
      onFound: (id) => this.#workers.get(id)?.push({ kind: 'check' }, 9, ++this.#clock),
      // Each network well within the minute that is promised, whatever the option's unit of 60 s.
      checkMs: agentOptions.check_child_processes_interval * 750,
    });
    this.#heartbeat = new Heartbeat({
      transport,
      state: () => this.#report(),
      intervalMs: agentOptions.report_interval * 1000,
      onFullSync: () => void this.fullSync(),
      logger,
      errors: logger,
    });
  }

  /** Settles with the first sync that reached the server; messages are taken from the beginning. */
  get firstSync(): Promise<void> {
    return this.#firstSync.promise;
  }

  /** What it did since it started, and how much it serves now. */
  get statistics(): DhcpStatistics {
    const workers = [...this.#workers.values()];
    const served = workers.filter(({ state }) => state !== null);
    const ports = served.reduce((sum, { network }) => sum + (network?.ports.length ?? 0), 0);
    return {
      ...this.#statistics,
      networks: served.length,
      failing: workers.filter(({ failure }) => failure !== null).length,
      ports,
    };
  }

  /** Begins to listen, to report and to serve; returns while the first sync is under way or the server is waited for. */
  async start(): Promise<void> {
    const { transport, host } = this.#parts;
    this.#keeper = await this.#makeKeeper();
    this.#parts.onSetUp?.();
    const agent = endpoint<DhcpAgentMethods>(DHCP_AGENT_VERSION, this.#handlers());
    this.#listeners.push(await transport.listen(topics.dhcpAgent, host, [agent]));
    const explain = endpoint<ExplainMethods>(EXPLAIN_VERSION, {
      explain_port: async ({ port, network }) => ({
        steps: await explainDhcp(this.#parts.linux, this.#served(network.id as string), port),
      }),
      explain_network: async ({ network }) => ({
        steps: await explainDhcpNetwork(this.#parts.linux, this.#served(network.id)),
      }),
    });
    this.#listeners.push(await transport.listen(topics.explain, explainServer('dhcp', host), [explain]));
    this.#supervision.start();
    // The server schedules networks to agents it knows: report first, then ask; an answer `new` has asked already.
    void this.#heartbeat.start().then(() => this.#fullSync.running ?? this.fullSync());
  }

  #served(networkId: string): ServedNetwork {
    return this.#workers.get(networkId) ?? { state: null, isKnown: false, failure: null };
  }

  /** In words for people. */
  get status(): string {
    return `${this.#workers.size} networks; ${reportStatus(this.#parts.transport, this.#heartbeat)}`;
  }

  /** Stops the agent; what it made goes on serving. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#fullSync.close();
    this.#resync.close();
    const work = async () => {
      await Promise.all([
        this.#heartbeat.close(),
        this.#supervision.close(),
        ...this.#listeners.map((listener) => listener.close()),
      ]);
      await Promise.all([...this.#workers.values()].map((worker) => worker.close()));
      await Promise.all(this.#releasing.values());
      await this.#ready.close();
    };
    // What waits for an answer of a server that is away is left: the next start does it.
    await Promise.race([work(), new Promise<void>((resolve) => setTimeout(resolve, CLOSE_LIMIT_MS).unref())]);
    this.#firstSync.resolve();
  }

  /** Compares everything with the server's word. Asked for while one runs, another follows it. */
  fullSync(): Promise<void> {
    return this.#fullSync.run();
  }

  /** What a start would change on this host, a line each; changes nothing and asks for no port. */
  async dryRun(): Promise<string[]> {
    const keeper = await this.#makeKeeper();
    const networks = await this.#plugin.getActiveNetworksInfo(this.#parts.host, dryRunQuestion());
    const known = new Set(networks.map((network) => network.id));
    const lines: string[] = [];
    for (const network of networks) {
      for (const line of await keeper.preview(network)) lines.push(`network ${network.id}: ${line}`);
    }
    for (const id of await this.#networksOnDisk()) {
      if (!known.has(id)) lines.push(`network ${id}: end DHCP, no longer scheduled to this host`);
    }
    return lines;
  }

  async #makeKeeper(): Promise<DhcpKeeper> {
    const { host, linux, statePath, options, metadataRate = null } = this.#parts;
    const user = await dnsmasqUser(options.dhcp_confs);
    const settings: DhcpSettings = { statePath, options, metadataRate, dnsmasqUser: user };
    return new DhcpKeeper({ host, linux, plugin: this.#plugin, settings, logger: this.#logger });
  }

  async #sync(): Promise<void> {
    if (this.#closed) return;
    const askedAt = this.#clock;
    try {
      const startedMs = performance.now();
      const networks = await this.#plugin.getActiveNetworksInfo(this.#parts.host);
      if (this.#closed) return;
      const scheduled = new Set(networks.map((network) => network.id));
      for (const id of await this.#networksOnDisk()) this.#worker(id).markLeftover();
      const work = networks.map((network) => this.#push(network.id, { kind: 'info', network, askedAt }, 0));
      for (const [id, worker] of this.#workers) {
        // Those of whom a message came since were scheduled after the question: the worker sees that.
        if (!scheduled.has(id)) work.push(worker.push({ kind: 'gone', askedAt }, 2, ++this.#clock));
      }
      await Promise.all(work);
      for (const [id, worker] of this.#workers) if (worker.isIdle) this.#workers.delete(id);
      const tookMs = Math.round(performance.now() - startedMs);
      this.#statistics.syncs += 1;
      this.#statistics.seconds += tookMs / 1000;
      this.#statistics.fullSyncAtMs = Date.now();
      this.#logger.info({ networks: networks.length, took_ms: tookMs }, 'synchronized with the server');
      this.#firstSync.resolve();
    } catch (error) {
      this.#statistics.syncs += 1;
      this.#statistics.failed += 1;
      this.#logger.warn({ error: String(error) }, 'sync failed, trying again');
      this.#resync.need(String(error), null);
    }
  }

  /** Networks that this agent, or one before it, left files of. */
  async #networksOnDisk(): Promise<string[]> {
    const names = await readdir(this.#parts.options.dhcp_confs).catch(() => []);
    return names.filter(isUuid);
  }

  #retry(networks: ReadonlyMap<string, readonly string[]> | 'all', reasons: readonly string[]): void {
    this.#logger.info({ networks: networks === 'all' ? 'all' : [...networks.keys()], reasons }, 'resync');
    if (networks === 'all') void this.fullSync();
    else for (const id of networks.keys()) this.#workers.get(id)?.retry(++this.#clock);
  }

  #worker(id: string): NetworkWorker {
    const known = this.#workers.get(id);
    if (known) return known;
    const worker = new NetworkWorker(id, {
      host: this.#parts.host,
      keeper: this.#keeper!,
      plugin: this.#plugin,
      logger: this.#logger,
      gatherMs: this.#parts.options.bulk_reload_interval * 1000,
      deleted: this.#deleted,
      turn: (work) => this.#turns.take(work),
      onReady: (first, rest) => this.#ready.add(first, rest),
      onApplied: (applied) => this.#release(applied),
      onFailed: (networkId, error, again) => this.#failed(networkId, error, again),
    });
    this.#workers.set(id, worker);
    return worker;
  }

  async #push(networkId: string, event: NetworkEvent, priority: number): Promise<void> {
    if (this.#closed || !isUuid(networkId)) return;
    await this.#worker(networkId).push(event, priority, ++this.#clock);
  }

  #failed(networkId: string, error: unknown, again: boolean): void {
    const fields = { resource: 'network', id: networkId, error: String(error) };
    // Asking again changes nothing: a port that goes or a pool that grows is told by a message, and that tries it.
    if (isExhausted(error)) {
      this.#logger.warn(fields, 'no address is left for the DHCP port');
      return;
    }
    // On a busy host one may need two tries; whoever needs more has a fault that somebody must look at.
    const isMinor = !again && isFailedStart(error);
    this.#logger[isMinor ? 'warn' : 'error'](fields, 'configuring DHCP failed, trying again');
    this.#resync.need(String(error), networkId);
  }

  /** Leases that nobody owns, in the background: the next message does not wait for three tries. */
  #release(worker: NetworkWorker): void {
    const { state } = worker;
    if (!state || this.#closed) return;
    const before = this.#releasing.get(worker.id) ?? Promise.resolve();
    const next = before
      .then(() => releaseLeases(this.#parts.linux.exec, state, () => (this.#closed ? null : worker.network)))
      .then((left) => {
        for (const { address } of left)
          this.#logger.warn({ resource: 'network', id: worker.id, address }, 'a lease could not be released');
      })
      .catch((error) =>
        this.#logger.warn({ resource: 'network', id: worker.id, error: String(error) }, 'releasing leases failed'),
      )
      .finally(() => {
        if (this.#releasing.get(worker.id) === next) this.#releasing.delete(worker.id);
      });
    this.#releasing.set(worker.id, next);
  }

  #handlers(): Handlers<DhcpAgentMethods> {
    const refresh = (id: string, priority: number) => void this.#push(id, { kind: 'refresh' }, priority);
    const changed = (port: WirePort, priority: number) =>
      void this.#push(port.network_id, { kind: 'port', port }, priority);
    return {
      network_create_end: async ({ payload }) => refresh(payload.network.id, payload.priority ?? 0),
      network_update_end: async ({ payload }) => refresh(payload.network.id, payload.priority ?? 1),
      network_delete_end: async ({ payload }) => {
        // By fan-out: most agents never heard of the network.
        if (this.#workers.has(payload.network_id))
          void this.#push(payload.network_id, { kind: 'remove' }, payload.priority ?? 2);
      },
      subnet_create_end: async ({ payload }) => refresh(payload.subnet.network_id, payload.priority ?? 3),
      subnet_update_end: async ({ payload }) => refresh(payload.subnet.network_id, payload.priority ?? 3),
      subnet_delete_end: async ({ payload }) => refresh(payload.network_id, payload.priority ?? 4),
      port_create_end: async ({ payload }) => changed(payload.port, payload.priority ?? 5),
      port_update_end: async ({ payload }) => changed(payload.port, payload.priority ?? 6),
      port_delete_end: async ({ payload }) =>
        this.#portGone(payload.port_id, payload.network_id, payload.priority ?? 6),
      agent_updated: async ({ payload }) => {
        this.#logger.info({ admin_state_up: payload.admin_state_up }, 'agent updated');
        void this.fullSync();
      },
    };
  }

  #portGone(portId: string, networkId: string, priority: number): void {
    this.#deleted.add(portId);
    if (this.#deleted.size > DELETED_PORTS) this.#deleted.delete(this.#deleted.values().next().value!);
    this.#ready.forget(portId);
    if (this.#workers.has(networkId)) void this.#push(networkId, { kind: 'port_gone', portId }, priority);
  }

  #report() {
    const { host, options, agentOptions } = this.#parts;
    const networks = [...this.#workers.values()].filter((worker) => worker.state).map((worker) => worker.network!);
    return {
      binary: 'neutron-dhcp-agent',
      host,
      topic: topics.dhcpAgent,
      agent_type: 'DHCP agent',
      availability_zone: agentOptions.availability_zone,
      configurations: {
        dhcp_driver: options.dhcp_driver,
        dhcp_lease_duration: options.dhcp_lease_duration,
        log_agent_heartbeats: agentOptions.log_agent_heartbeats,
        networks: networks.length,
        subnets: networks.reduce((sum, network) => sum + network.subnets.length, 0),
        ports: networks.reduce((sum, network) => sum + network.ports.length, 0),
      },
    };
  }
}
