import { type Cause, CauseList, causedBy } from '../../lib/cause.ts';
import type { Logger } from '../../lib/log.ts';
import type { WireRouter } from '../../rpc/contract.ts';
import type { Place } from '../turns.ts';
import type { ApplyOutcome } from './apply.ts';
import type { RouterState } from './contract.ts';
import type { RouterKeeper } from './keeper.ts';
import { type Statuses, statusesToReport } from './statuses.ts';

/** Lower comes first: a message before a sync, and what the agent itself found before both. */
export const priorities = { found: 0, message: 1, sync: 2 } as const;

export interface WorkerParts {
  keeper: Pick<RouterKeeper, 'derive' | 'ensure' | 'remove'>;
  logger: Logger;
  turn: (work: () => Promise<void>, place: Place) => Promise<void>;
  onStatuses: (routerId: string, statuses: Statuses) => void;
  /** @param times one after the other */
  onFailed: (routerId: string, error: unknown, times: number) => void;
}

/**
 * Everything about one router, one thing after the other: the newest word of the server is what counts, however many came
 * while the host was brought to an older one. Routers do not wait for each other.
 */
export class RouterWorker {
  readonly id: string;
  readonly #parts: WorkerParts;
  readonly #causes = new CauseList();
  #router: WireRouter | null = null;
  /** When the server was asked for what is known, by the agent's count. */
  #askedAt = 0;
  #state: RouterState | null = null;
  /** What is in force can be relied on. */
  #isTrusted = false;
  /** Something of an earlier run, or half of something, may be there. */
  #isLeft = false;
  #failure: string | null = null;
  #failures = 0;
  /** What the server was told of floating IPs since it last told of the router: what it said then is old. */
  #reported: Statuses = {};
  /** Nothing but a look was asked for. */
  #isCheck = false;
  #place: Place | null = null;
  #running: Promise<void> | null = null;
  #batch = Promise.withResolvers<void>();
  #problemsBefore = '[]';
  #closed = false;

  constructor(id: string, parts: WorkerParts) {
    this.id = id;
    this.#parts = parts;
  }

  /** As the server last told of it; null while it is not this agent's. */
  get router(): WireRouter | null {
    return this.#router;
  }

  /** What is in force; null while the router is not on this host. */
  get state(): RouterState | null {
    return this.#state;
  }

  get failure(): string | null {
    return this.#failure;
  }

  get isBusy(): boolean {
    return this.#running !== null || this.#failure !== null;
  }

  /** Whether nothing is known or kept any more: the worker can be dropped. */
  get isIdle(): boolean {
    return this.#running === null && this.#failure === null && this.#router === null && !this.#state && !this.#isLeft;
  }

  /** What the server answered to a question of that time; null: the router is not this agent's. Older answers do not count. */
  take(router: WireRouter | null, askedAt: number, priority: number): Promise<void> {
    if (askedAt < this.#askedAt) return Promise.resolve();
    this.#askedAt = askedAt;
    this.#router = router;
    this.#reported = {};
    this.#isCheck = false;
    return this.#push(priority);
  }

  /** A namespace of it was found that nobody of this run made. */
  markLeft(): void {
    if (!this.#state) this.#isLeft = true;
  }

  /** Looks whether the host is as it should be. */
  check(): Promise<void> {
    this.#isTrusted = false;
    this.#isCheck = this.#running === null;
    return this.#push(priorities.found);
  }

  /** Tries again what failed. */
  retry(): Promise<void> {
    return this.#failure === null ? Promise.resolve() : this.#push(priorities.message);
  }

  /** What parts add may be another than it was. */
  refresh(): Promise<void> {
    if (!this.#router) return Promise.resolve();
    this.#isCheck = false;
    return this.#push(priorities.found);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
  }

  #push(priority: number): Promise<void> {
    if (this.#closed) return Promise.resolve();
    this.#causes.add();
    if (this.#place) this.#place.priority = Math.min(this.#place.priority, priority);
    else this.#place = { priority };
    this.#running ??= this.#work();
    return this.#batch.promise;
  }

  async #work(): Promise<void> {
    try {
      while (this.#place && !this.#closed) {
        await this.#parts.turn(async () => {
          const batch = this.#batch;
          const causes: readonly Cause[] = this.#causes.take();
          this.#place = null;
          this.#batch = Promise.withResolvers();
          await causedBy(causes, () => this.#handle());
          batch.resolve();
        }, this.#place);
      }
    } finally {
      this.#running = null;
      this.#batch.resolve();
      if (this.#place && !this.#closed) this.#running = this.#work();
    }
  }

  async #handle(): Promise<void> {
    if (this.#closed) return;
    const router = this.#router;
    let isKnown = false;
    try {
      const state = router && this.#parts.keeper.derive(router);
      isKnown = true;
      // Of a router that becomes highly available, or stops being so, nothing is as it was.
      if (this.#state && state && this.#state.routedBy !== state.routedBy) await this.#remove(true);
      const before = this.#state;
      if (router && state) await this.#ensure(router, state, before);
      else await this.#remove();
      this.#failure = null;
      this.#failures = 0;
    } catch (error) {
      this.#isTrusted = false;
      this.#isLeft = true;
      this.#failure = error instanceof Error ? error.message : String(error);
      // What single steps failed for was reported when the others were done; without knowing all that the router has,
      // nothing was touched.
      if (router && isKnown && !(error instanceof StepsFailed))
        this.#report(router, null, this.#state, { addresses: [], failures: [] });
      this.#failures += 1;
      this.#parts.onFailed(this.id, error, this.#failures);
    }
  }

  async #ensure(router: WireRouter, state: RouterState, before: RouterState | null): Promise<void> {
    // What is changed because the host was not as it was left; a change that somebody asked for is none.
    const isCheck = before !== null && this.#isCheck && this.#failure === null;
    const { outcome } = await this.#parts.keeper.ensure(router, state, this.#isTrusted ? before : null, (plan) => {
      const fields = { resource: 'router', id: this.id, plan };
      if (isCheck) this.#parts.logger.warn(fields, 'found the host not as it was left, mending it');
    });
    this.#state = state;
    this.#isLeft = false;
    this.#isTrusted = outcome.failures.length === 0;
    this.#tellProblems(state);
    this.#report(router, state, before, outcome);
    if (outcome.failures.length > 0) throw new StepsFailed(outcome.failures);
  }

  async #remove(comesBack = false): Promise<void> {
    const isHere = this.#state !== null || this.#isLeft || this.#failure !== null;
    if (!isHere) return;
    const state = this.#state;
    this.#isLeft = true;
    this.#state = null;
    this.#isTrusted = false;
    await this.#parts.keeper.remove(this.id, state, comesBack);
    this.#isLeft = false;
    if (!comesBack)
      this.#parts.logger.info({ resource: 'router', id: this.id }, 'the router is not on this host any more');
  }

  #report(router: WireRouter, state: RouterState | null, before: RouterState | null, outcome: ApplyOutcome): void {
    const reported = router === this.#router ? this.#reported : {};
    const floatingIps = (router._floatingips ?? []).map((one) => ({ ...one, status: reported[one.id] ?? one.status }));
    const statuses = statusesToReport({ ...router, _floatingips: floatingIps }, state, before, outcome);
    // Which floating IPs went while no agent ran, the server alone knows: it asks itself when it is told anything.
    const wentUnseen = before === null && outcome.forgot === true;
    if (Object.keys(statuses).length === 0 && !wentUnseen) return;
    Object.assign(reported, statuses);
    this.#parts.onStatuses(this.id, statuses);
  }

  /** Each set of problems once, not with every change of the router. */
  #tellProblems({ problems }: RouterState): void {
    const text = JSON.stringify(problems);
    if (text === this.#problemsBefore) return;
    this.#problemsBefore = text;
    for (const { resource, id, reason } of problems)
      this.#parts.logger.warn({ resource, id, reason }, 'a part of a router was left out');
  }
}

/** All was done but these. */
class StepsFailed extends Error {
  constructor(failures: readonly string[]) {
    super(failures.join('; '));
    this.name = 'StepsFailed';
  }
}
