import type { Logger } from '../../lib/log.ts';
import type { Host, LinkEvent } from '../../linux/contract.ts';
import {
  endpoint,
  type Handlers,
  L3_AGENT_VERSION,
  type L3AgentMethods,
  L3PluginApi,
  topics,
} from '../../rpc/contract.ts';
import type { Transport } from '../../rpc/transport.ts';
import type { MetadataRate } from '../daemons/metadata-rate.ts';
import type { Supervision } from '../daemons/supervision.ts';
import { FullSync } from '../full-sync.ts';
import { Heartbeat, reportStatus } from '../heartbeat.ts';
import { ErrorMemory } from '../last-error.ts';
import { Resync } from '../resync.ts';
import { stopPointFromEnvironment } from '../stop-point.ts';
import { Turns } from '../turns.ts';
import { Announcer } from './announcer.ts';
import type { L3Facts, PartContext, RouterPart, RouterState } from './contract.ts';
import { RouterKeeper } from './keeper.ts';
import { routersLeft } from './left.ts';
import { listenToNetworks } from './networks.ts';
import type { L3AgentOptions, L3Options } from './options.ts';
import { partContext } from './part-context.ts';
import { makeParts } from './parts.ts';
import { previewStart } from './preview.ts';
import { Questions } from './questions.ts';
import { isRouterId } from './remove.ts';
import { reportOf } from './report.ts';
import { type RouterCounts, Routers } from './routers.ts';
import { StatusReports } from './status-reports.ts';
import { superviseRouters } from './supervise.ts';
import { RouterSync, type SyncStatistics } from './sync.ts';
import { priorities } from './worker.ts';

export interface L3AgentParts {
  /** This agent's host name, as the server knows it. */
  host: string;
  /** `[DEFAULT] state_path`. */
  statePath: string;
  options: L3Options;
  agentOptions: L3AgentOptions;
  /** How often guests may ask for metadata; left out: as often as they like. */
  metadataRate?: MetadataRate;
  transport: Transport;
  linux: Host;
  logger?: Logger;
  /** Called when what this host alone decides is done: from then on it waits for the server, however long. */
  onSetUp?: () => void;
}

/** What it did since it started, and how much it serves now. */
export type L3Statistics = SyncStatistics & RouterCounts;

/** Routers that are worked on at the same time: each spends most of it waiting for programs. */
const WORKERS = 8;
const RESYNC_MS = 5_000;
const RESYNC_THROTTLE_MS = 1_000;
/** Longest wait for work under way when the agent ends. */
const CLOSE_LIMIT_MS = 5_000;

/**
 * The L3 agent: hears what the server says of routers, keeps one worker per router, and looks after what the workers made.
 * Upstream: agent/l3/agent.py.
 */
export class L3Agent {
  readonly #parts: L3AgentParts;
  readonly #logger: Logger;
  readonly #facts: L3Facts;
  readonly #plugin: L3PluginApi;
  readonly #context: PartContext;
  readonly #routerParts: RouterPart[];
  readonly #keeper: RouterKeeper;
  readonly #announcer: Announcer;
  readonly #statuses: StatusReports;
  readonly #questions: Questions;
  readonly #routers: Routers;
  readonly #resync: Resync;
  readonly #turns = new Turns(WORKERS);
  readonly #supervision: Supervision<RouterState>;
  readonly #heartbeat: Heartbeat;
  readonly #listeners: { close(): Promise<void> }[] = [];
  readonly #firstSync = Promise.withResolvers<void>();
  readonly #sync: RouterSync;
  readonly #fullSync = new FullSync(() => this.#sync.run());

  constructor(parts: L3AgentParts) {
    const { host, statePath, options, agentOptions, metadataRate = null, transport, linux, logger: told } = parts;
    const logger = new ErrorMemory(told);
    this.#parts = parts;
    this.#logger = logger;
    this.#facts = { host, statePath, options, agentOptions, metadataRate };
    this.#plugin = new L3PluginApi(transport, host);
    this.#context = partContext({ transport, plugin: this.#plugin, linux, logger, facts: this.#facts }, () => ({
      routers: this.#routers,
      questions: this.#questions,
      statuses: this.#statuses,
    }));
    this.#routerParts = makeParts(agentOptions.extensions);
    this.#announcer = new Announcer({
      exec: linux.exec,
      count: options.send_arp_for_ha,
      logger,
      isBusy: () => this.#turns.isFull,
    });
    this.#keeper = new RouterKeeper({
      linux,
      facts: this.#facts,
      parts: this.#routerParts,
      announcer: this.#announcer,
      logger,
      stopPoint: stopPointFromEnvironment(process.env),
    });
    this.#statuses = new StatusReports(this.#plugin, logger);
    this.#routers = new Routers({
      keeper: this.#keeper,
      routerParts: this.#routerParts,
      context: this.#context,
      logger,
      turn: (work, place) => this.#turns.take(work, place).finally(() => this.#announcer.next()),
      onStatuses: (routerId, statuses) => this.#statuses.add(routerId, statuses),
      onNeed: (reason, routerId, pauseMs) => this.#resync.need(reason, routerId, pauseMs),
    });
    this.#questions = new Questions({
      plugin: this.#plugin,
      logger,
      tick: () => this.#routers.tick(),
      onAnswer: async (answer) => void (await Promise.all(await this.#routers.hand(answer, priorities.message))),
    });
    this.#resync = new Resync({
      intervalMs: RESYNC_MS,
      throttleMs: RESYNC_THROTTLE_MS,
      run: (routers, reasons) => this.#retry(routers, reasons),
    });
    this.#sync = new RouterSync({
      plugin: this.#plugin,
      questions: this.#questions,
      routers: this.#routers,
      left: () => routersLeft(linux, this.#facts),
      logger,
      onDone: () => this.#firstSync.resolve(),
      onFailed: (reason) => this.#resync.need(reason, null),
    });
    this.#supervision = superviseRouters(linux, this.#routers, agentOptions, () => this.#turns.isFull);
    this.#heartbeat = new Heartbeat({
      transport,
      state: () => reportOf(this.#facts, this.#routers.served()),
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

  get statistics(): L3Statistics {
    return { ...this.#sync.statistics, ...this.#routers.counts };
  }

  /** In words for people. */
  get status(): string {
    return `${this.statistics.routers} routers; ${reportStatus(this.#parts.transport, this.#heartbeat)}`;
  }

  /** Begins to listen, to report and to serve; returns while the first sync is under way or the server is waited for. */
  async start(): Promise<void> {
    const { transport, host, linux } = this.#parts;
    this.#parts.onSetUp?.();
    const methods = [endpoint<L3AgentMethods>(L3_AGENT_VERSION, this.#handlers())];
    this.#listeners.push(await transport.listen(topics.l3Agent, host, methods));
    this.#listeners.push(await listenToNetworks(this.#parts, this.#routers, (ids) => this.#questions.add(ids)));
    for (const part of this.#routerParts) await part.start?.(this.#context);
    // A card's outer end that goes takes the inner one along, at once.
    const onLink = ({ kind, name }: LinkEvent) => kind === 'removed' && this.#routers.tapGone(name);
    this.#listeners.push(await linux.watchLinks(onLink, () => {}));
    this.#supervision.start();
    // The server schedules routers to agents it knows: report first, then ask; an answer `new` has asked already.
    void this.#heartbeat.start().then(() => this.#fullSync.running ?? this.fullSync());
  }

  /** Stops the agent; what it made goes on serving, unless `cleanup_on_shutdown` says otherwise. */
  async close(): Promise<void> {
    this.#fullSync.close();
    this.#sync.close();
    this.#resync.close();
    this.#questions.close();
    this.#announcer.close();
    const work = async () => {
      await Promise.all([
        this.#heartbeat.close(),
        this.#supervision.close(),
        this.#routers.close(),
        ...this.#listeners.map((listener) => listener.close()),
      ]);
      await Promise.all(this.#routerParts.map((part) => part.close?.()));
      await this.#statuses.close();
    };
    // What waits for an answer of a server that is away is left: the next start does it.
    await Promise.race([work(), new Promise<void>((resolve) => setTimeout(resolve, CLOSE_LIMIT_MS).unref())]);
    if (this.#facts.options.cleanup_on_shutdown) await this.#routers.removeAll();
    this.#firstSync.resolve();
  }

  /** Compares everything with the server's word. Asked for while one runs, another follows it. */
  fullSync(): Promise<void> {
    return this.#fullSync.run();
  }

  /** What a start would change on this host, a line each; changes nothing. */
  dryRun(): Promise<string[]> {
    return previewStart(this.#context, this.#routerParts, this.#keeper);
  }

  #retry(routers: ReadonlyMap<string, readonly string[]> | 'all', reasons: readonly string[]): void {
    this.#logger.info({ routers: routers === 'all' ? 'all' : [...routers.keys()], reasons }, 'resync');
    if (routers === 'all') void this.fullSync();
    for (const id of routers === 'all' ? [] : routers.keys()) {
      const worker = this.#routers.get(id);
      // The server may know better by now; what is to be taken away stays that.
      if (worker?.router) this.#questions.add([id]);
      else void worker?.retry();
    }
  }

  #handlers(): Handlers<L3AgentMethods> {
    return {
      routers_updated: async ({ routers }) => this.#questions.add(routers.filter(isRouterId)),
      router_added_to_agent: async ({ payload }) => this.#questions.add(payload.filter(isRouterId)),
      router_deleted: async ({ router_id }) => this.#removed(router_id),
      router_removed_from_agent: async ({ payload }) => this.#removed(payload.router_id),
      agent_updated: async ({ payload }) => {
        this.#logger.info({ admin_state_up: payload.admin_state_up }, 'agent updated');
        void this.fullSync();
      },
    };
  }

  #removed(id: string): void {
    this.#questions.forget(id);
    this.#routers.removed(id);
  }
}
