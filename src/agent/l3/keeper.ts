import type { Logger } from '../../lib/log.ts';
import type { Host } from '../../linux/contract.ts';
import type { WireRouter } from '../../rpc/contract.ts';
import { applyDaemonStep, type DaemonStep, describeDaemonStep, observeKept, planKept } from '../daemons/kept.ts';
import type { Announcer } from './announcer.ts';
import { type ApplyOutcome, applyRouter } from './apply.ts';
import type { L3Facts, PartStep, RouterDaemon, RouterPart, RouterState } from './contract.ts';
import { asObserved, NamespaceFilters, observeRouter } from './kernel/observe.ts';
import { deriveRouter } from './parts.ts';
import { describePlan, isEmpty, planRouter } from './plan/plan.ts';
import { removeRouter } from './remove.ts';

export interface KeeperParts {
  linux: Host;
  facts: L3Facts;
  parts: readonly RouterPart[];
  announcer: Pick<Announcer, 'add'>;
  logger: Logger;
}

export interface Kept {
  readonly state: RouterState;
  readonly outcome: ApplyOutcome;
}

const ALL_DONE: ApplyOutcome = { addresses: [], failures: [] };

/** Brings the host to what one router needs: derive, look, plan, apply. Keeps next to nothing of a router between two calls. */
export class RouterKeeper {
  readonly #parts: KeeperParts;
  readonly #filters: NamespaceFilters;
  /** Addresses whose connections have still to be ended: the rules that told of them may be gone. */
  readonly #owed = new Map<string, readonly string[]>();

  constructor(parts: KeeperParts) {
    this.#parts = parts;
    this.#filters = new NamespaceFilters(parts.linux.exec);
  }

  /** What the router must look like here; null where it is not to be here. */
  derive(router: WireRouter): RouterState | null {
    return deriveRouter(router, this.#parts.parts, this.#parts.facts);
  }

  /**
   * @param before what is in force and can be relied on; null: the kernel is looked at
   * @param onFound hears what is to be changed, before it is
   * @throws what a command failed with: try again later, and look then
   */
  async ensure(
    router: WireRouter,
    state: RouterState,
    before: RouterState | null,
    onFound: (plan: readonly string[]) => void = () => {},
  ): Promise<Kept> {
    const { linux, logger, announcer } = this.#parts;
    const seen = before ? asObserved(before) : await observeRouter(linux, this.#filters, state);
    const planned = planRouter(state, seen);
    const plan = { ...planned, forget: [...new Set([...(this.#owed.get(router.id) ?? []), ...planned.forget])] };
    const isNothing = isEmpty(plan) && plan.forget.length === 0;
    if (plan.forget.length > 0) this.#owed.set(router.id, plan.forget);
    if (!isNothing) {
      onFound(describePlan(plan));
      logger.debug({ resource: 'router', id: router.id, plan: describePlan(plan) }, 'changing the host');
    }
    const outcome = isNothing ? ALL_DONE : await applyRouter(linux, this.#filters, plan, logger);
    this.#owed.delete(router.id);
    announcer.add(state.namespace, plan.announce);
    await this.#ensureDaemons(state, before, onFound);
    for (const step of await this.#partSteps(router, state, before, seen === null)) {
      onFound([step.text]);
      await step.run();
    }
    return { state, outcome };
  }

  /** What `ensure` would do, a line each. */
  async preview(router: WireRouter): Promise<string[]> {
    const state = this.derive(router);
    if (!state) {
      const there = (await this.#parts.linux.listNetns()).includes(`qrouter-${router.id}`);
      return there ? ['remove it from this host'] : [];
    }
    const seen = await observeRouter(this.#parts.linux, this.#filters, state);
    const daemons = await this.#daemonSteps(state.daemons);
    // What parts would look into is not there yet.
    const steps = seen === null ? [] : await this.#partSteps(router, state, null, false);
    return [
      ...describePlan(planRouter(state, seen)),
      ...daemons.flat().map(describeDaemonStep),
      ...steps.map(({ text }) => text),
    ];
  }

  /** Takes the router off this host. @param state what is in force, as far as it is known */
  async remove(routerId: string, state: RouterState | null): Promise<void> {
    const { linux, parts, facts } = this.#parts;
    const leftovers = parts.flatMap((part) => part.leftovers?.(routerId, facts) ?? []);
    const unwanted = [...(state?.daemons ?? []), ...leftovers].map((daemon) => ({ ...daemon, isWanted: false }));
    for (const steps of await this.#daemonSteps(unwanted)) await this.#doAll(steps);
    await removeRouter(linux, routerId);
    this.#owed.delete(routerId);
    for (const part of parts) part.removed?.(routerId);
  }

  async #ensureDaemons(state: RouterState, before: RouterState | null, onFound: (plan: readonly string[]) => void) {
    const known = new Set(before?.daemons.map((daemon) => JSON.stringify(daemon)));
    const kept = new Set(state.daemons.map(({ spec }) => spec.mark));
    const changed = state.daemons.filter((daemon) => !known.has(JSON.stringify(daemon)));
    const gone = (before?.daemons ?? [])
      .filter(({ spec }) => !kept.has(spec.mark))
      .map((daemon) => ({ ...daemon, isWanted: false }));
    const lists = await this.#daemonSteps([...gone, ...changed]);
    const done = await Promise.allSettled(
      lists.map(async (steps) => {
        if (steps.length > 0) onFound(steps.map(describeDaemonStep));
        await this.#doAll(steps);
      }),
    );
    const failed = done.find((one) => one.status === 'rejected');
    if (failed) throw failed.reason;
  }

  async #doAll(steps: readonly DaemonStep[]): Promise<void> {
    for (const step of steps) await applyDaemonStep(this.#parts.linux.exec, step);
  }

  async #daemonSteps(daemons: readonly RouterDaemon[]): Promise<DaemonStep[][]> {
    return await Promise.all(daemons.map(async (daemon) => planKept(daemon, await observeKept(daemon))));
  }

  async #partSteps(
    router: WireRouter,
    state: RouterState,
    before: RouterState | null,
    fresh: boolean,
  ): Promise<PartStep[]> {
    const host = this.#parts.linux;
    const look = { host, router, state, before, fresh };
    const lists = await Promise.all(this.#parts.parts.map(async (part) => (await part.plan?.(look)) ?? []));
    return lists.flat();
  }
}
