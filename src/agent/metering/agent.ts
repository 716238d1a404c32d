import { adminContext, type Context } from '../../lib/context.ts';
import type { Logger } from '../../lib/log.ts';
import type { Host } from '../../linux/contract.ts';
import {
  endpoint,
  METERING_AGENT_VERSION,
  type MeteringAgentMethods,
  MeteringPluginApi,
  topics,
  type WireMeteredRouter,
} from '../../rpc/contract.ts';
import type { Listener, Transport } from '../../rpc/transport.ts';
import { Wake } from '../bridge/wake.ts';
import { dryRunQuestion } from '../dry-run.ts';
import { Heartbeat, reportStatus } from '../heartbeat.ts';
import { ErrorMemory } from '../last-error.ts';
import { Meters } from './meters.ts';
import { isNoop, type MeteringAgentOptions, type MeteringOptions } from './options.ts';

export interface MeteringAgentParts {
  host: string;
  options: MeteringOptions;
  agentOptions: MeteringAgentOptions;
  transport: Transport;
  linux: Pick<Host, 'exec' | 'listNetns'>;
  logger: Logger;
  /** Who is told of what was counted; null: nobody. */
  notices: { tell(context: Context, eventType: string, payload: string): void } | null;
  /** Called when it begins to wait for the server, however long. */
  onSetUp?: () => void;
  /** Milliseconds since the epoch; tests bring their own. */
  now?: () => number;
}

export interface MeteringStatistics {
  /** Passes over the counters, and those of them in which something failed. */
  readonly rounds: number;
  readonly failed: number;
  readonly seconds: number;
  /** When the last one that was done whole ended, in ms since the epoch. */
  readonly fullSyncAtMs: number | null;
  /** Routers that are counted in, labels that are counted, and routers that failed the last time. */
  readonly routers: number;
  readonly labels: number;
  readonly failing: number;
  /** Counted since the start. */
  readonly packets: number;
  readonly bytes: number;
}

interface Sum {
  packets: number;
  bytes: number;
  seconds: number;
  readonly first: number;
  last: number;
}

/** The event that billing listens for. */
const EVENT = 'l3.meter';

/**
 * Counts the traffic of labels in the routers of this host and tells of it (upstream: services/metering/agents/
 * metering_agent.py). Whatever the server says makes it ask what there is to count.
 */
export class MeteringAgent {
  readonly #parts: MeteringAgentParts;
  readonly #plugin: MeteringPluginApi;
  readonly #meters: Meters;
  readonly #heartbeat: Heartbeat;
  readonly #wake: Wake;
  readonly #sums = new Map<string, Sum>();
  readonly #now: () => number;
  readonly #done = { rounds: 0, failed: 0, seconds: 0, packets: 0, bytes: 0, failing: 0 };
  #fullSyncAtMs: number | null = null;
  #routers: readonly WireMeteredRouter[] = [];
  #mustAsk = true;
  #listener: Listener | null = null;
  #timer: NodeJS.Timeout | null = null;
  #forgetReconnect: () => void = () => {};
  #toldAtMs: number;

  constructor(parts: MeteringAgentParts) {
    const { transport, host, agentOptions, linux } = parts;
    const logger = new ErrorMemory(parts.logger);
    this.#parts = { ...parts, logger };
    this.#now = parts.now ?? Date.now;
    this.#toldAtMs = this.#now();
    this.#plugin = new MeteringPluginApi(transport, host);
    this.#meters = new Meters(linux);
    this.#wake = new Wake(() => this.#pass(), logger);
    const intervalMs = agentOptions.report_interval * 1000;
    this.#heartbeat = new Heartbeat({
      transport,
      state: () => this.#report(),
      intervalMs,
      logger,
      errors: logger,
      onFullSync: () => this.#ask(),
    });
  }

  async start(): Promise<void> {
    const { transport, host, options, onSetUp } = this.#parts;
    onSetUp?.();
    const ask = async () => this.#ask();
    const methods = endpoint<MeteringAgentMethods>(METERING_AGENT_VERSION, {
      add_metering_label: ask,
      remove_metering_label: ask,
      add_metering_label_rule: ask,
      remove_metering_label_rule: ask,
      update_metering_label_rules: ask,
      routers_updated: ask,
      router_deleted: ask,
    });
    this.#listener = await transport.listen(topics.meteringAgent, host, [methods]);
    this.#forgetReconnect = transport.onReconnect(() => this.#ask());
    this.#timer = setInterval(() => this.#wake.in(0), options.measure_interval * 1000);
    void this.#heartbeat.start().then(() => this.#ask());
  }

  get statistics(): MeteringStatistics {
    const labels = new Set(this.#routers.flatMap((router) => router._metering_labels.map(({ id }) => id)));
    const { length: routers } = this.#routers;
    return { ...this.#done, fullSyncAtMs: this.#fullSyncAtMs, routers, labels: labels.size };
  }

  /** In words for people. */
  get status(): string {
    const { labels, routers } = this.statistics;
    return `${labels} labels in ${routers} routers; ${reportStatus(this.#parts.transport, this.#heartbeat)}`;
  }

  /** What a start would change on this host, a line each; changes nothing. */
  async dryRun(): Promise<string[]> {
    const routers = await this.#plugin.routers(dryRunQuestion());
    return isNoop(this.#parts.options.driver) ? [] : await this.#meters.preview(routers);
  }

  /** Settles when what is known now is done. For tests. */
  async idle(): Promise<void> {
    await this.#wake.idle();
  }

  /** What it made goes on counting. */
  async close(): Promise<void> {
    if (this.#timer) clearInterval(this.#timer);
    this.#forgetReconnect();
    await Promise.all([this.#heartbeat.close(), this.#listener?.close(), this.#wake.close()]);
  }

  #ask(): void {
    this.#mustAsk = true;
    this.#wake.in(0);
  }

  async #pass(): Promise<undefined> {
    const startedMs = performance.now();
    let isWhole = false;
    try {
      isWhole = await this.#countAndMend();
    } finally {
      this.#done.rounds += 1;
      this.#done.failed += isWhole ? 0 : 1;
      this.#done.seconds += (performance.now() - startedMs) / 1000;
      if (isWhole) this.#fullSyncAtMs = this.#now();
    }
    return undefined;
  }

  /** @returns whether nothing failed @throws what the server was asked in vain with */
  async #countAndMend(): Promise<boolean> {
    const { options, logger } = this.#parts;
    const before = this.#routers;
    if (this.#mustAsk) {
      this.#mustAsk = false;
      try {
        this.#routers = await this.#plugin.routers();
      } catch (error) {
        this.#mustAsk = true;
        throw error;
      }
    }
    if (isNoop(options.driver)) return true;
    const { counted, failures } = await this.#meters.pass(before, this.#routers);
    for (const [netns, error] of failures) {
      logger.warn({ netns, error: String(error) }, 'a router is not metered, trying again');
    }
    this.#done.failing = failures.size;
    const second = Math.floor(this.#now() / 1000);
    for (const [id, { packets, bytes }] of counted) {
      const sum = this.#sums.get(id) ?? { packets: 0, bytes: 0, seconds: 0, first: second, last: second };
      sum.packets += packets;
      sum.bytes += bytes;
      this.#done.packets += packets;
      this.#done.bytes += bytes;
      sum.seconds += second - sum.last;
      sum.last = second;
      this.#sums.set(id, sum);
    }
    if (this.#now() - this.#toldAtMs >= options.report_interval * 1000) this.#tell(second);
    return failures.size === 0;
  }

  #tell(second: number): void {
    this.#toldAtMs = this.#now();
    const { notices, host, options } = this.#parts;
    const owners = new Map(
      this.#routers.flatMap((router) => router._metering_labels.map(({ id }) => [id, router.project_id] as const)),
    );
    for (const [label_id, sum] of this.#sums) {
      const { packets: pkts, bytes, seconds: time, first: first_update, last: last_update } = sum;
      const project_id = owners.get(label_id) ?? null;
      const owner = { project_id, tenant_id: project_id };
      const told = { label_id, ...owner, pkts, bytes, time, first_update, last_update, host };
      notices?.tell(adminContext(), EVENT, JSON.stringify(told));
      if (last_update < second - options.report_interval) this.#sums.delete(label_id);
      else Object.assign(sum, { packets: 0, bytes: 0, seconds: 0 });
    }
  }

  #report() {
    const { host, options } = this.#parts;
    const { driver: metering_driver, measure_interval, report_interval } = options;
    return {
      ...{ binary: 'neutron-metering-agent', host, topic: topics.meteringAgent, agent_type: 'Metering agent' },
      configurations: { metering_driver, measure_interval, report_interval },
    };
  }
}
