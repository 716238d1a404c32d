import type { Logger } from '../../lib/log.ts';
import type { Host } from '../../linux/contract.ts';
import {
  endpoint,
  type Handlers,
  L3_AGENT_VERSION,
  type L3AgentMethods,
  L3PluginApi,
  topics,
  type WireRouter,
} from '../../rpc/contract.ts';
import type { Listener, Transport } from '../../rpc/transport.ts';
import { crowding } from '../crowding.ts';
import type { MetadataRate } from '../daemons/metadata-rate.ts';
import { Supervision } from '../daemons/supervision.ts';
import { dryRunQuestion } from '../dry-run.ts';
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
import type { L3AgentOptions, L3Options } from './options.ts';
import { makeParts } from './parts.ts';
import { type Answer, Questions } from './questions.ts';
import { isRouterId } from './remove.ts';
import { reportOf } from './report.ts';
import { StatusReports } from './status-reports.ts';
import { priorities, RouterWorker } from './worker.ts';

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

export interface L3Statistics {
  /** Full syncs with the server, and those of them that failed. */
  readonly syncs: number;
  readonly failed: number;
  readonly seconds: number;
  /** When the last one that was done ended, in ms since the epoch. */
  readonly fullSyncAtMs: number | null;
  /** Routers that are on this host, their internal interfaces and floating IPs. */
  readonly routers: number;
  readonly interfaces: number;
  readonly floatingIps: number;
  /** Routers that could not be made as they should be, and are tried again. */
  readonly failing: number;
}

/** Routers that are worked on at the same time: each spends most of it waiting for programs. */
const WORKERS = 8;
/** Between two full checks: each takes some 13 ms of CPU, and no more than a hundredth of a core is to go there. */
const CHECK_PAUSE_MS = 1_500;
/** On a busy machine they come so many times rarer at most. */
const MOST_CROWDED = 4;
const RESYNC_MS = 5_000;
const RESYNC_THROTTLE_MS = 1_000;
/** Longest wait for work under way when the agent ends. */
const CLOSE_LIMIT_MS = 5_000;
/** Routers that were taken away are remembered so long: an answer about one may be late. */
const REMOVED = 10_000;

/**
 * The L3 agent: hears what the server says of routers, keeps one worker per router, and looks after what the workers made.
 * Upstream: agent/l3/agent.py.
 */
export class L3Agent {
  readonly #statistics = { syncs: 0, failed: 0, seconds: 0, fullSyncAtMs: null as number | null };
  readonly #parts: L3AgentParts;
  readonly #logger: Logger;
  readonly #facts: L3Facts;
  readonly #plugin: L3PluginApi;
  readonly #routerParts: RouterPart[];
  readonly #keeper: RouterKeeper;
  readonly #announcer: Announcer;
  readonly #statuses: StatusReports;
  readonly #questions: Questions;
  readonly #workers = new Map<string, RouterWorker>();
  readonly #removedAt = new Map<string, number>();
  readonly #resync: Resync;
  readonly #turns = new Turns(WORKERS);
  readonly #supervision: Supervision<RouterState>;
  readonly #heartbeat: Heartbeat;
  readonly #listeners: { close(): Promise<void> }[] = [];
  readonly #firstSync = Promise.withResolvers<void>();
  readonly #fullSync = new FullSync(() => this.#sync());
  #clock = 0;
  #closed = false;

  constructor(parts: L3AgentParts) {
    const { host, statePath, options, agentOptions, metadataRate = null, transport, linux, logger: told } = parts;
    const logger = new ErrorMemory(told);
    this.#parts = parts;
    this.#logger = logger;
    this.#facts = { host, statePath, options, agentOptions, metadataRate };
    this.#plugin = new L3PluginApi(transport, host);
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
    this.#questions = new Questions({
      plugin: this.#plugin,
      logger,
      tick: () => ++this.#clock,
      onAnswer: (answer) => this.#take(answer, priorities.message).then(() => {}),
      timeoutMs: options.rpc_response_max_timeout * 1000,
    });
    this.#resync = new Resync({
      intervalMs: RESYNC_MS,
      throttleMs: RESYNC_THROTTLE_MS,
      run: (routers, reasons) => this.#retry(routers, reasons),
    });
    this.#supervision = new Supervision<RouterState>({
      host: linux,
      served: () => this.#workers.values(),
      watched: ({ namespace, daemons }) => {
        const wanted = daemons.filter(({ isWanted }) => isWanted);
        const files = wanted.flatMap((daemon) => daemon.files.map(({ path }) => path));
        return { namespace, daemons: wanted.map(({ spec }) => spec), files };
      },
      onFound: (id) => void this.#workers.get(id)?.check(),
      // Each router well within the minute, as long as they are few.
      checkMs: agentOptions.check_child_processes_interval * 750,
      leastMs: () => CHECK_PAUSE_MS * crowding(MOST_CROWDED),
      isBusy: () => this.#turns.isFull,
    });
    this.#heartbeat = new Heartbeat({
      transport,
      state: () => reportOf(this.#facts, this.#served()),
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
  get statistics(): L3Statistics {
    const states = [...this.#workers.values()].flatMap(({ state }) => (state ? [state] : []));
    const count = (of: (state: RouterState) => number) => states.reduce((sum, state) => sum + of(state), 0);
    return {
      ...this.#statistics,
      routers: states.length,
      interfaces: count(({ devices }) => [...devices.values()].filter(({ role }) => role === 'internal').length),
      floatingIps: count(({ floatingIps }) => floatingIps.size),
      failing: [...this.#workers.values()].filter(({ failure }) => failure !== null).length,
    };
  }

  /** In words for people. */
  get status(): string {
    const { routers } = this.statistics;
    return `${routers} routers; ${reportStatus(this.#parts.transport, this.#heartbeat)}`;
  }

  /** Begins to listen, to report and to serve; returns while the first sync is under way or the server is waited for. */
  async start(): Promise<void> {
    const { transport, host, linux } = this.#parts;
    this.#parts.onSetUp?.();
    const agent = endpoint<L3AgentMethods>(L3_AGENT_VERSION, this.#handlers());
    this.#listeners.push(await transport.listen(topics.l3Agent, host, [agent]));
    for (const part of this.#routerParts) await part.start?.(this.#partContext());
    // A card's outer end that goes takes the inner one along, at once.
    const onGone = (tap: string) => {
      for (const worker of this.#workers.values()) {
        const devices = [...(worker.state?.devices.values() ?? [])];
        if (!worker.isBusy && devices.some((device) => device.tap === tap)) void worker.check();
      }
    };
    this.#listeners.push(
      await linux.watchLinks(
        ({ kind, name }) => kind === 'removed' && onGone(name),
        () => {},
      ),
    );
    this.#supervision.start();
    // The server schedules routers to agents it knows: report first, then ask; an answer `new` has asked already.
    void this.#heartbeat.start().then(() => this.#fullSync.running ?? this.fullSync());
  }

  /** Stops the agent; what it made goes on serving, unless `cleanup_on_shutdown` says otherwise. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#fullSync.close();
    this.#resync.close();
    this.#questions.close();
    this.#announcer.close();
    const work = async () => {
      await Promise.all([
        this.#heartbeat.close(),
        this.#supervision.close(),
        ...this.#listeners.map((listener: Listener) => listener.close()),
      ]);
      await Promise.all([...this.#workers.values()].map((worker) => worker.close()));
      await Promise.all(this.#routerParts.map((part) => part.close?.()));
      await this.#statuses.close();
    };
    // What waits for an answer of a server that is away is left: the next start does it.
    await Promise.race([work(), new Promise<void>((resolve) => setTimeout(resolve, CLOSE_LIMIT_MS).unref())]);
    if (this.#facts.options.cleanup_on_shutdown) {
      await Promise.all([...this.#workers].map(([id, { state }]) => this.#keeper.remove(id, state)));
    }
    this.#firstSync.resolve();
  }

  /** Compares everything with the server's word. Asked for while one runs, another follows it. */
  fullSync(): Promise<void> {
    return this.#fullSync.run();
  }

  /** What a start would change on this host, a line each; changes nothing. */
  async dryRun(): Promise<string[]> {
    const question = dryRunQuestion();
    const ids = await this.#plugin.routerIds(question);
    const routers = ids.length > 0 ? await this.#plugin.syncRouters(ids, question) : [];
    const lines: string[] = [];
    for (const part of this.#routerParts) await part.prepare?.(routers, this.#partContext());
    for (const router of routers) {
      for (const line of await this.#keeper.preview(router)) lines.push(`router ${router.id}: ${line}`);
    }
    const known = new Set(routers.map(({ id }) => id));
    for (const id of await routersLeft(this.#parts.linux, this.#facts)) {
      if (!known.has(id)) lines.push(`router ${id}: remove it, no longer scheduled to this host`);
    }
    return lines;
  }

  async #sync(): Promise<void> {
    if (this.#closed) return;
    const askedAt = ++this.#clock;
    const startedMs = performance.now();
    try {
      const ids = (await this.#plugin.routerIds()).filter(isRouterId);
      const work: Promise<unknown>[] = [];
      await this.#questions.askAll(
        ids,
        { timeoutMs: this.#facts.options.rpc_response_max_timeout * 1000 },
        async (answer) => void work.push(...(await this.#hand(answer, priorities.sync))),
      );
      if (this.#closed) return;
      const known = new Set(ids);
      for (const id of await routersLeft(this.#parts.linux, this.#facts))
        if (!known.has(id)) this.#worker(id).markLeft();
      for (const [id, worker] of this.#workers) {
        // Those of whom a message came since were scheduled after the question: the worker sees that.
        if (!known.has(id)) work.push(worker.take(null, askedAt, priorities.sync));
      }
      await Promise.all(work);
      for (const [id, worker] of this.#workers) if (worker.isIdle) this.#workers.delete(id);
      const tookMs = Math.round(performance.now() - startedMs);
      this.#statistics.syncs += 1;
      this.#statistics.seconds += tookMs / 1000;
      this.#statistics.fullSyncAtMs = Date.now();
      this.#logger.info({ routers: ids.length, took_ms: tookMs }, 'synchronized with the server');
      this.#firstSync.resolve();
    } catch (error) {
      this.#statistics.syncs += 1;
      this.#statistics.failed += 1;
      this.#logger.warn({ error: String(error) }, 'sync failed, trying again');
      this.#resync.need(String(error), null);
    }
  }

  async #take(answer: Answer, priority: number): Promise<void> {
    await Promise.all(await this.#hand(answer, priority));
  }

  /** Hands routers to their workers. @returns what settles when each is in force */
  async #hand({ ids, routers, askedAt }: Answer, priority: number): Promise<Promise<void>[]> {
    const mine = new Map(routers.map((router) => [router.id, router]));
    const context = this.#partContext();
    for (const part of this.#routerParts) {
      await part.prepare?.(routers, context).catch((error: unknown) => {
        // Derived without it, and again when it is known.
        this.#logger.warn({ part: part.name, error: String(error) }, 'the server did not tell all of routers');
        for (const { id } of routers) this.#resync.need(String(error), id);
      });
    }
    if (this.#closed) return [];
    return ids.flatMap((id) => {
      const router = mine.get(id) ?? null;
      if (!isRouterId(id) || askedAt < (this.#removedAt.get(id) ?? 0)) return [];
      return router || this.#workers.has(id) ? [this.#worker(id).take(router, askedAt, priority)] : [];
    });
  }

  #retry(routers: ReadonlyMap<string, string[]> | 'all', reasons: string[]): void {
    this.#logger.info({ routers: routers === 'all' ? 'all' : [...routers.keys()], reasons }, 'resync');
    if (routers === 'all') void this.fullSync();
    for (const id of routers === 'all' ? [] : routers.keys()) {
      const worker = this.#workers.get(id);
      // The server may know better by now; what is to be taken away stays that.
      if (worker?.router) this.#questions.add([id]);
      else void worker?.retry();
    }
  }

  #worker(id: string): RouterWorker {
    const known = this.#workers.get(id);
    if (known) return known;
    const worker = new RouterWorker(id, {
      keeper: this.#keeper,
      logger: this.#logger,
      turn: (work, place) => this.#turns.take(work, place).finally(() => this.#announcer.next()),
      onStatuses: (routerId, statuses) => this.#statuses.add(routerId, statuses),
      onFailed: (routerId, error) => {
        const fields = { resource: 'router', id: routerId, error: String(error) };
        this.#logger.error(fields, 'configuring a router failed, trying again');
        this.#resync.need(String(error), routerId);
      },
    });
    this.#workers.set(id, worker);
    return worker;
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
    const now = ++this.#clock;
    this.#questions.forget(id);
    this.#removedAt.set(id, now);
    if (this.#removedAt.size > REMOVED) this.#removedAt.delete(this.#removedAt.keys().next().value!);
    const worker = this.#workers.get(id);
    // By fan-out: most agents never heard of the router.
    void worker?.take(null, now, priorities.message).then(() => {
      if (worker.isIdle && this.#workers.get(id) === worker) this.#workers.delete(id);
    });
  }

  #served(): WireRouter[] {
    return [...this.#workers.values()].flatMap(({ state, router }) => (state && router ? [router] : []));
  }

  #partContext(): PartContext {
    const { transport, linux } = this.#parts;
    const workers = this.#workers;
    return {
      transport,
      plugin: this.#plugin,
      linux,
      logger: this.#logger,
      facts: this.#facts,
      routers: () => [...workers.values()].flatMap(({ router }) => (router ? [router] : [])),
      router: (id) => workers.get(id)?.router ?? null,
      state: (id) => workers.get(id)?.state ?? null,
      refresh: (ids) => {
        for (const id of ids) void workers.get(id)?.refresh();
      },
      ask: (ids) => this.#questions.add([...ids].filter(isRouterId)),
      floatingIpStatuses: (id, statuses) => this.#statuses.add(id, statuses),
    };
  }
}
