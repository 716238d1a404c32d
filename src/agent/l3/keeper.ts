import type { Logger } from '../../lib/log.ts';
import type { Host } from '../../linux/contract.ts';
import type { WireRouter } from '../../rpc/contract.ts';
import { applyDaemonStep, type DaemonStep, describeDaemonStep, observeKept, planKept } from '../daemons/kept.ts';
import type { Announcer } from './announcer.ts';
import { type ApplyOutcome, applyRouter } from './apply.ts';
import type { L3Facts, PartStep, RouterDaemon, RouterPart, RouterState } from './contract.ts';
import { asObserved, NamespaceFilters, observeRouter } from './kernel/observe.ts';
import { OwedEndings } from './owed.ts';
import { deriveRouter } from './parts.ts';
import { describePlan, isEmpty, planRouter } from './plan/plan.ts';
import { removeRouter } from './remove.ts';
import type { RouterStopPoint } from './stop-point.ts';

export interface KeeperParts {
  linux: Host;
  facts: L3Facts;
  parts: readonly RouterPart[];
  announcer: Pick<Announcer, 'add'>;
  logger: Logger;
  stopPoint?: RouterStopPoint;
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
  readonly #owed: OwedEndings;
  readonly #stopPoint: RouterStopPoint;

  constructor(parts: KeeperParts) {
    this.#parts = parts;
    this.#filters = new NamespaceFilters(parts.linux.exec);
    this.#owed = new OwedEndings(parts.facts.statePath);
    this.#stopPoint = parts.stopPoint ?? (() => {});
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
    // A namespace that is made anew has no connections.
    const owed = seen === null ? [] : await this.#owed.of(router.id);
    const plan = { ...planned, forget: [...new Set([...owed, ...planned.forget])] };
    const isNothing = isEmpty(plan) && plan.forget.length === 0;
    if (plan.forget.length > owed.length) await this.#owed.add(router.id, plan.forget);
    for (const part of this.#parts.parts) await part.before?.(router, state);
    if (!isNothing) {
      onFound(describePlan(plan));
      logger.debug({ resource: 'router', id: router.id, plan: describePlan(plan) }, 'changing the host');
    }
    const outcome = isNothing ? ALL_DONE : await applyRouter(linux, this.#filters, plan, logger, this.#stopPoint);
    await this.#owed.settle(router.id);
    announcer.add(state.namespace, plan.announce);
    const failures = await this.#ensureDaemons(state, before, onFound);
    for (const step of await this.#partSteps(router, state, before, seen === null)) {
      onFound([step.text]);
      await step.run();
    }
    for (const part of this.#parts.parts) part.after?.(router, state);
    return { state, outcome: { ...outcome, failures: [...outcome.failures, ...failures] } };
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

  /**
   * Takes the router off this host.
   *
   * @param state what is in force, as far as it is known
   * @param comesBack it is made anew at once, of what is known of it
   */
  async remove(routerId: string, state: RouterState | null, comesBack = false): Promise<void> {
    const { linux, parts, facts } = this.#parts;
    const leftovers = parts.flatMap((part) => part.leftovers?.(routerId, facts) ?? []);
    const unwanted = [...(state?.daemons ?? []), ...leftovers].map((daemon) => ({ ...daemon, isWanted: false }));
    for (const steps of await this.#daemonSteps(unwanted)) await this.#doAll(steps);
    this.#stopPoint('after_daemons_ended');
    await removeRouter(linux, routerId, this.#stopPoint);
    await this.#owed.forget(routerId);
    for (const part of parts) {
      await part.removed?.(routerId);
      if (!comesBack) part.forget?.(routerId);
    }
  }

  /** @returns what failed: packets go without them, and so does whatever else is to be done for the router */
  async #ensureDaemons(
    state: RouterState,
    before: RouterState | null,
    onFound: (plan: readonly string[]) => void,
  ): Promise<string[]> {
    const known = new Set(before?.daemons.map((daemon) => JSON.stringify(daemon)));
    const kept = new Set(state.daemons.map(({ spec }) => spec.mark));
    const changed = state.daemons.filter((daemon) => !known.has(JSON.stringify(daemon)));
    const gone = (before?.daemons ?? [])
      .filter(({ spec }) => !kept.has(spec.mark))
      .map((daemon) => ({ ...daemon, isWanted: false }));
    const done = await Promise.allSettled(
      [...gone, ...changed].map(async (daemon) => {
        const [steps = []] = await this.#daemonSteps([daemon]);
        if (steps.length > 0) onFound(steps.map(describeDaemonStep));
        await this.#doAll(steps);
        return steps.length > 0;
      }),
    );
    if (done.some((one) => one.status === 'fulfilled' && one.value)) this.#stopPoint('after_daemons');
    return done.flatMap((one) => (one.status === 'rejected' ? [String(one.reason?.message ?? one.reason)] : []));
  }

  async #doAll(steps: readonly DaemonStep[]): Promise<void> {
    for (const step of steps) {
      await applyDaemonStep(this.#parts.linux.exec, step);
      if (step.do === 'write_file') this.#stopPoint('after_daemon_files');
    }
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
