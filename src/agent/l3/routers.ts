import type { Logger } from '../../lib/log.ts';
import type { WireRouter } from '../../rpc/contract.ts';
import type { PartContext, RouterPart, RouterState } from './contract.ts';
import type { RouterKeeper } from './keeper.ts';
import type { Answer } from './questions.ts';
import { isRouterId } from './remove.ts';
import { priorities, RouterWorker, type WorkerParts } from './worker.ts';

/** Routers that were taken away are remembered so long: an answer about one may be late. */
const REMOVED = 10_000;

/** Until a router that failed is tried again, doubling with each time. */
const FIRST_PAUSE_MS = 5_000;
const LONGEST_PAUSE_MS = 60_000;

/** How much this host serves. */
export interface RouterCounts {
  /** Routers that are on this host, their internal interfaces and floating IPs. */
  readonly routers: number;
  readonly interfaces: number;
  readonly floatingIps: number;
  /** Routers that could not be made as they should be, and are tried again. */
  readonly failing: number;
}

export interface RoutersParts {
  keeper: RouterKeeper;
  routerParts: readonly RouterPart[];
  context: PartContext;
  logger: Logger;
  turn: WorkerParts['turn'];
  onStatuses: WorkerParts['onStatuses'];
  /** A router could not be made as it should be, or the server did not tell all of it: try again later. */
  onNeed: (reason: string, routerId: string, pauseMs?: number) => void;
}

/** The routers of this host, each with its worker, and which word of the server about one is the newest. */
export class Routers {
  readonly #parts: RoutersParts;
  readonly #workers = new Map<string, RouterWorker>();
  readonly #removedAt = new Map<string, number>();
  #clock = 0;
  #closed = false;

  constructor(parts: RoutersParts) {
    this.#parts = parts;
  }

  /** The agent's count, one further: what was asked for later has a higher one. */
  tick(): number {
    this.#clock += 1;
    return this.#clock;
  }

  get(id: string): RouterWorker | undefined {
    return this.#workers.get(id);
  }

  all(): IterableIterator<RouterWorker> {
    return this.#workers.values();
  }

  /** As the server last told of those that are on this host. */
  served(): WireRouter[] {
    return [...this.all()].flatMap(({ state, router }) => (state && router ? [router] : []));
  }

  get counts(): RouterCounts {
    const states = [...this.all()].flatMap(({ state }) => (state ? [state] : []));
    const count = (of: (state: RouterState) => number) => states.reduce((sum, state) => sum + of(state), 0);
    return {
      routers: states.length,
      interfaces: count(({ devices }) => [...devices.values()].filter(({ role }) => role === 'internal').length),
      floatingIps: count(({ floatingIps }) => floatingIps.size),
      failing: [...this.all()].filter(({ failure }) => failure !== null).length,
    };
  }

  /** Hands routers to their workers. @returns what settles when each is in force */
  async hand({ ids, routers, askedAt }: Answer, priority: number): Promise<Promise<void>[]> {
    const mine = new Map(routers.map((router) => [router.id, router]));
    const { routerParts, context, logger, onNeed } = this.#parts;
    for (const part of routerParts) {
      await part.prepare?.(routers, context).catch((error: unknown) => {
        // Derived without it, and again when it is known.
        logger.warn({ part: part.name, error: String(error) }, 'the server did not tell all of routers');
        for (const { id } of routers) onNeed(String(error), id);
      });
    }
    if (this.#closed) return [];
    return ids.flatMap((id) => {
      const router = mine.get(id) ?? null;
      if (!isRouterId(id) || askedAt < (this.#removedAt.get(id) ?? 0)) return [];
      return router || this.#workers.has(id) ? [this.#worker(id).take(router, askedAt, priority)] : [];
    });
  }

  /** The server says that a router is not this agent's any more. */
  removed(id: string): void {
    const now = this.tick();
    this.#removedAt.set(id, now);
    if (this.#removedAt.size > REMOVED) this.#removedAt.delete(this.#removedAt.keys().next().value!);
    const worker = this.#workers.get(id);
    // By fan-out: most agents never heard of the router.
    void worker?.take(null, now, priorities.message).then(() => {
      if (worker.isIdle && this.#workers.get(id) === worker) this.#workers.delete(id);
    });
  }

  /**
   * All others go: those of the server's, and those that an earlier agent left.
   *
   * @param known what the server told of @param left of whom something is on this host @param askedAt when it was asked
   */
  keepOnly(known: ReadonlySet<string>, left: readonly string[], askedAt: number): Promise<void>[] {
    for (const id of left) if (!known.has(id)) this.#worker(id).markLeft();
    // Those of whom a message came since were scheduled after the question: the worker sees that.
    return [...this.#workers].flatMap(([id, worker]) =>
      known.has(id) ? [] : [worker.take(null, askedAt, priorities.sync)],
    );
  }

  /** Forgets those of whom nothing is known or kept. */
  dropIdle(): void {
    for (const [id, worker] of this.#workers) if (worker.isIdle) this.#workers.delete(id);
  }

  /** The outer end of a card is gone, and with it the inner one. */
  tapGone(tap: string): void {
    for (const worker of this.all()) {
      const devices = [...(worker.state?.devices.values() ?? [])];
      if (!worker.isBusy && devices.some((device) => device.tap === tap)) void worker.check();
    }
  }

  /** Nothing is taken any more; settles when what is under way is done. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.all()].map((worker) => worker.close()));
  }

  /** Takes all of them off this host. */
  async removeAll(): Promise<void> {
    await Promise.all([...this.#workers].map(([id, { state }]) => this.#parts.keeper.remove(id, state)));
  }

  #worker(id: string): RouterWorker {
    const known = this.#workers.get(id);
    if (known) return known;
    const { keeper, logger, turn, onStatuses, onNeed } = this.#parts;
    const onFailed = (routerId: string, error: unknown, times: number) => {
      const fields = { resource: 'router', id: routerId, error: String(error) };
      logger.error(fields, 'configuring a router failed, trying again');
      // What fails for good costs the server and this host less and less.
      onNeed(String(error), routerId, Math.min(FIRST_PAUSE_MS * 2 ** (times - 1), LONGEST_PAUSE_MS));
    };
    const worker = new RouterWorker(id, { keeper, logger, turn, onStatuses, onFailed });
    this.#workers.set(id, worker);
    return worker;
  }
}
