import { type Cause, CauseList, causedBy, currentCauses } from '../../lib/cause.ts';
import { type Logger, silentLogger } from '../../lib/log.ts';
import type { NetworkInfo, PluginApi } from '../../rpc/contract.ts';
import type { DhcpState } from './derive.ts';
import type { DhcpKeeper } from './keeper.ts';
import { wantsDhcp } from './network.ts';
import { foldEvents, isMessage, type Known, type NetworkEvent, type QueuedEvent } from './network-events.ts';
import type { Scope } from './observe.ts';
import { describeStep } from './plan.ts';

/** A burst of messages is gathered until none came for this long, so that dnsmasq reads its files once. */
const QUIET_MS = 2;
const LONGEST_GATHER_MS = 20;

export interface WorkerParts {
  host: string;
  keeper: Pick<DhcpKeeper, 'ensure' | 'remove'>;
  plugin: Pick<PluginApi, 'getNetworkInfo'>;
  logger?: Logger;
  /** `bulk_reload_interval`: how long changes of ports are gathered. */
  gatherMs: number;
  /** Ports that were deleted. */
  deleted: ReadonlySet<string>;
  /** At most so many networks of a sync at once: whoever gets the turn works, and hands it back. */
  turn: <T>(work: () => Promise<T>) => Promise<T>;
  onReady: (first: string[], rest: string[]) => void;
  /** After the host follows the network: leases may have to be released. */
  onApplied: (worker: NetworkWorker) => void;
  /** `again`: so did the try before. */
  onFailed: (networkId: string, error: unknown, again: boolean) => void;
}

/**
 * Everything about one network, one thing after the other: messages are gathered, folded into what is known, and the host
 * is brought to the result. Networks do not wait for each other.
 */
export class NetworkWorker {
  readonly id: string;
  readonly #parts: WorkerParts;
  readonly #logger: Logger;
  readonly #queue: QueuedEvent[] = [];
  #running: Promise<void> | null = null;
  /** Of what is in the queue now. */
  #batch = Promise.withResolvers<void>();
  #known: Known = { network: null, touchedAt: 0, removedAt: 0 };
  #state: DhcpState | null = null;
  /** What is on disk from a run before must be removed though this worker made nothing yet. */
  #leftover: boolean;
  #refusedBefore = '';
  /** What failed and is to be tried again; null when all is well. */
  #failed: NetworkEvent | null = null;
  #failure: string | null = null;
  #closed = false;

  constructor(id: string, parts: WorkerParts, leftover = false) {
    this.id = id;
    this.#parts = parts;
    this.#logger = parts.logger ?? silentLogger;
    this.#leftover = leftover;
  }

  /** What the server said of the network, as far as this agent serves it. */
  get network(): NetworkInfo | null {
    return this.#known.network;
  }

  /** What the host has been brought to; null while DHCP is not served here. */
  get state(): DhcpState | null {
    return this.#state;
  }

  /** What went wrong last; null when all is well. */
  get failure(): string | null {
    return this.#failed && this.#failure;
  }

  /** Whether work is going on or waiting: the host is not as it should be, and that is known. */
  get isBusy(): boolean {
    return this.#running !== null || this.#failed !== null;
  }

  /** Whether the network is to be served, as far as is known. */
  get isKnown(): boolean {
    return this.network ? wantsDhcp(this.network) : this.#running !== null;
  }

  /** Whether nothing is known or kept any more: the worker can be dropped. */
  get isIdle(): boolean {
    return this.#running === null && this.#failed === null && this.#known.network === null && !this.#leftover;
  }

  /** The folder of an earlier run was found: removing the network then has something to do. */
  markLeftover(): void {
    if (!this.#state) this.#leftover = true;
  }

  /** Settles when the host follows the event, or that failed. */
  push(event: NetworkEvent, priority: number, arrivedAt: number): Promise<void> {
    if (this.#closed) return Promise.resolve();
    this.#queue.push({ event, priority, arrivedAt, causes: currentCauses() });
    this.#running ??= this.#work();
    return this.#batch.promise;
  }

  /** Tries again what failed. Taking a network away stays that: the server would still tell of it when asked. */
  retry(arrivedAt: number): void {
    if (this.#failed) void this.push(this.#failed, 0, arrivedAt);
  }

  /** Settles when nothing is left to do. */
  async settled(): Promise<void> {
    while (this.#running) await this.#running;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#queue.length = 0;
    this.#batch.resolve();
    await this.settled();
  }

  async #work(): Promise<void> {
    try {
      while (this.#queue.length > 0) {
        await this.#gather();
        const events = this.#queue.splice(0);
        const batch = this.#batch;
        this.#batch = Promise.withResolvers();
        const ofSync = events.some(({ event }) => event.kind === 'info');
        const handle = () => causedBy(causesOf(events), () => this.#handle(events));
        await (ofSync ? this.#parts.turn(handle) : handle());
        batch.resolve();
      }
    } finally {
      this.#running = null;
      if (this.#queue.length > 0) this.#running = this.#work();
    }
  }

  async #gather(): Promise<void> {
    const ports = this.#queue.every(({ event }) => event.kind === 'port' || event.kind === 'port_gone');
    if (!ports) return;
    if (this.#parts.gatherMs > 0) return await pause(this.#parts.gatherMs);
    const startedMs = performance.now();
    let length = 0;
    while (length !== this.#queue.length && performance.now() - startedMs < LONGEST_GATHER_MS) {
      length = this.#queue.length;
      await pause(QUIET_MS);
    }
  }

  async #handle(events: readonly QueuedEvent[]): Promise<void> {
    const folded = foldEvents(this.#known, events, this.#parts.deleted);
    const messages = events.filter(({ event }) => isMessage(event)).map(({ arrivedAt }) => arrivedAt);
    const touchedAt = Math.max(this.#known.touchedAt, ...messages);
    const latest = Math.max(...events.map(({ arrivedAt }) => arrivedAt));
    try {
      if (folded.remove) return await this.#remove(latest);
      let network = folded.network;
      if (folded.ask) {
        network = await this.#parts.plugin.getNetworkInfo(this.id, this.#parts.host);
        if (!network) return await this.#remove(latest);
        network = { ...network, ports: network.ports.filter((port) => !this.#parts.deleted.has(port.id)) };
      }
      if (!network) return;
      this.#known = { ...this.#known, network, touchedAt };
      await this.#ensure(network, folded);
      this.#failed = null;
    } catch (error) {
      const again = this.#failed !== null;
      this.#failed = folded.remove ? { kind: 'remove' } : { kind: 'refresh' };
      this.#failure = error instanceof Error ? error.message : String(error);
      this.#parts.onFailed(this.id, error, again);
    }
  }

  async #ensure(
    network: NetworkInfo,
    { scope, ports, onlyCheck }: { scope: Scope; ports: string[]; onlyCheck: boolean },
  ): Promise<void> {
    const first = this.#state === null || this.#failed !== null;
    const kept = await this.#parts.keeper.ensure(network, first ? 'all' : scope, (steps) => {
      if (onlyCheck && steps.length > 0 && !first) {
        const plan = steps.flatMap(describeStep);
        this.#logger.warn({ resource: 'network', id: this.id, plan }, 'found the host not as it was left, mending it');
      }
    });
    if (!kept) {
      if (this.#state || this.#leftover) await this.#clear();
      return;
    }
    this.#leftover = false;
    this.#state = kept.state;
    this.#known = { ...this.#known, network: kept.network };
    this.#tellRefused(kept.state);
    if (!onlyCheck) {
      const all = scope === 'all' || first ? kept.network.ports.map((port) => port.id) : [];
      this.#parts.onReady(ports, all);
    }
    this.#parts.onApplied(this);
  }

  async #remove(at: number): Promise<void> {
    this.#known = { network: null, touchedAt: at, removedAt: at };
    if (this.#state || this.#leftover) await this.#clear();
    this.#failed = null;
  }

  async #clear(): Promise<void> {
    // Until it is done there is something left to remove, also after a failure.
    this.#leftover = true;
    this.#state = null;
    await this.#parts.keeper.remove(this.id);
    this.#leftover = false;
    this.#logger.info({ resource: 'network', id: this.id }, 'DHCP for the network ended on this host');
  }

  /** Each set of refused options once, not with every change of the network. */
  #tellRefused({ refused }: DhcpState): void {
    const text = JSON.stringify(refused);
    if (text === this.#refusedBefore) return;
    this.#refusedBefore = text;
    for (const { resource, id, option, reason } of refused)
      this.#logger.warn({ resource, id, option, reason }, 'DHCP option left out');
  }
}

function causesOf(events: readonly QueuedEvent[]): readonly Cause[] {
  const list = new CauseList();
  for (const { causes = [] } of events) list.add(causes);
  return list.take();
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
