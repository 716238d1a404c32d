import { type Logger, silentLogger } from '../../../lib/log.ts';
import { CommandFailed } from '../../../linux/contract.ts';
import { LockTimeout, withHostLocks } from '../../../linux/lock.ts';
import type { ExplainStep } from '../../../rpc/contract.ts';
import { CannotStart } from '../../bridge/cannot-start.ts';
import { ensureBridgeFiltering } from '../bridge-filtering.ts';
import type { FirewallDriver, FirewallOutcome, FirewallState, Together, Unchanged } from '../contract.ts';
import type { Desired } from './desired.ts';
import { Endings, passesLess } from './endings.ts';
import { explainFiltering, explainRules } from './explain.ts';
import type { Enforced, RulesInForce } from './in-force.ts';
import { type Lacking, lackingSets } from './lacking.ts';
import { mustStayShut, openingTaps } from './opening.ts';
import { outcomeOf } from './outcome.ts';
import { describeChange } from './plan.ts';
import {
  chainKeys,
  type IptablesFirewallOptions,
  isKnown,
  look,
  lookAtSets,
  makeReady,
  newBridge,
  type Ready,
} from './ready.ts';
import { Refusals } from './refusals.ts';
import type { StopPoint } from './stop-point.ts';
import { bridgeOf } from './unit.ts';
import { fallback, WantedUnits } from './wanted-units.ts';

/**
 * Security groups by iptables and ipset: upstream's IptablesFirewallDriver, with its names. What all ports need is derived,
 * compared with what is in force, and the difference restored: first sets, then rules, then connections that are no
 * longer allowed end, then sets that nothing refers to any more go.
 */
export class IptablesFirewall implements FirewallDriver {
  readonly name = 'iptables';
  readonly #options: IptablesFirewallOptions;
  readonly #logger: Logger;
  readonly #stopPoint: StopPoint;
  readonly #now: () => number;
  #ready: Ready | null = null;
  readonly #endings = new Endings();
  readonly #refusals = new Refusals();
  readonly #wanted = new WantedUnits();
  #isTrusted = false;

  constructor(options: IptablesFirewallOptions) {
    this.#options = options;
    this.#logger = options.logger ?? silentLogger;
    this.#stopPoint = options.stopPoint ?? (() => {});
    this.#now = options.now ?? (() => performance.now());
  }

  async start(): Promise<void> {
    await this.#ensureFiltering();
    await this.#open();
  }

  distrust(unchanged?: Unchanged): void {
    this.#isTrusted = false;
    if (!this.#ready) return;
    for (const rules of this.#ready.families) if (!(unchanged?.nftables && rules.isNft)) rules.distrust();
    this.#ready.sets?.distrust();
    this.#refusals.clear();
  }

  async apply(state: FirewallState, isThere: (tap: string) => boolean, together?: Together): Promise<FirewallOutcome> {
    const ready = this.#ready ?? (await this.#open());
    try {
      if (!this.#isTrusted) {
        await this.#ensureFiltering();
        this.#isTrusted = true;
      }
    } catch (error) {
      if (!(error instanceof CannotStart)) throw error;
      return { closed: new Map([...state.ports.keys()].map((tap) => [tap, error.message])), late: new Map() };
    }
    // Where nothing else can have changed they are looked at without the lock of rules.
    if (ready.families.every((rules) => rules.isKnown)) await lookAtSets(ready);
    if (isKnown(ready) && !newBridge(ready, state)) {
      const desired = this.#derive(ready, state);
      if (this.#isDone(ready, desired, state, isThere)) return { closed: desired.refused, late: new Map() };
    }
    try {
      return await withHostLocks('iptables', this.#options.lockPaths ?? [], () =>
        this.#change(ready, state, isThere, together),
      );
    } catch (error) {
      const isHostsFault = error instanceof CommandFailed || error instanceof LockTimeout;
      // Nobody can say what is in force: ports that work must not be shut for that.
      if (!isHostsFault || !ready.families.every((rules) => rules.wasSeen)) throw error;
      for (const rules of ready.families) rules.distrust();
      this.#logger.error({ error: error.message }, 'Rules of security groups could not be changed; tried again');
      return outcomeOf(ready, this.#derive(ready, state), () => error.message);
    }
  }

  async plan(state: FirewallState, isThere: (tap: string) => boolean): Promise<string[]> {
    const ready = await makeReady(this.#options);
    await look(ready, state);
    const desired = this.#derive(ready, state);
    const sets = ready.sets?.plan(desired.ports.values(), state.members);
    return [
      ...(sets?.changes ?? []).flatMap(({ commands }) => commands.map((command) => `ipset ${command}`)),
      ...ready.families.flatMap((rules) => {
        const tool = rules.version === 4 ? 'iptables' : 'ip6tables';
        const units = this.#wanted.of(rules, desired, isThere, new Map());
        return rules.plan(units).flatMap((change) => describeChange(change).map((words) => `${tool} ${words}`));
      }),
      ...(sets?.unused ?? []).map((name) => `ipset destroy ${name}`),
    ];
  }

  async explain(state: FirewallState, tap: string): Promise<ExplainStep[]> {
    const port = state.ports.get(tap);
    if (!port) return [];
    // Others of its bridge have a say in how connections are followed.
    const near = new Map([...state.ports].filter(([, one]) => one.bridge === port.bridge));
    const ready = await makeReady(this.#options);
    await look(ready, { ...state, ports: near });
    const desired = this.#derive(ready, { ...state, ports: near });
    const plan = desired.ports.get(tap);
    if (!plan) {
      const found = desired.refused.get(tap) ?? 'nothing is known of it';
      return [{ step: 'filter', state: 'fault', expected: 'rules', found, cause: `port ${port.portId}` }];
    }
    const ofRules = ready.families.map(async (rules) => {
      const counts = await rules.counts(plan.units[rules.version].chains.keys());
      return explainRules(plan, rules.version, { have: rules.units.get(tap), counts });
    });
    return [
      await explainFiltering(this.#options.settings),
      ...(await Promise.all(ofRules)).flat(),
      ...(ready.sets?.explain([plan], state.members) ?? []),
    ];
  }

  async #ensureFiltering(): Promise<void> {
    const turnedOn = await ensureBridgeFiltering(this.#options.exec, this.#options.settings);
    if (turnedOn.length === 0) return;
    this.#logger.warn({ settings: turnedOn }, 'Bridges were not filtered: security groups did nothing; turned on');
  }

  async #open(): Promise<Ready> {
    const ready = await makeReady(this.#options, this.#options.filters);
    // The state of the connections is not known: an agent before us may have been killed in the middle.
    ready.flows.recheckAll();
    this.#ready = ready;
    return ready;
  }

  #derive(ready: Ready, state: FirewallState): Desired {
    return ready.desired.derive(state, chainKeys(ready));
  }

  /** Whether the kernel has all of it: then nothing is read, written or locked. */
  #isDone(ready: Ready, desired: Desired, state: FirewallState, isThere: (tap: string) => boolean): boolean {
    if (!ready.flows.isIdle || !this.#refusals.isEmpty) return false;
    for (const { version, units } of ready.families) {
      for (const [tap, plan] of desired.ports) if (units.get(tap) !== plan.units[version]) return false;
      for (const [owner, unit] of desired.bridges) if (units.get(owner) !== unit[version]) return false;
      for (const owner of units.keys()) {
        if (!desired.ports.has(owner) && !desired.bridges.has(owner) && bridgeOf(owner) === null && !isThere(owner))
          return false;
      }
    }
    const sets = ready.sets?.plan(desired.ports.values(), state.members);
    return !sets || (sets.changes.length === 0 && sets.unused.length === 0);
  }

  async #change(
    ready: Ready,
    state: FirewallState,
    isThere: (tap: string) => boolean,
    together: Together | undefined,
  ): Promise<FirewallOutcome> {
    if (!isKnown(ready)) await look(ready, state);
    else if (newBridge(ready, state)) ready.zones.learn(await (ready.families[0] as RulesInForce).lookAtZones());
    const desired = this.#derive(ready, state);
    this.#refusals.keep(desired.ports);
    this.#stopPoint('before_sets');
    const sets = ready.sets?.plan(desired.ports.values(), state.members) ?? null;
    const changed =
      sets && ready.sets ? await ready.sets.change(sets) : { failed: new Map(), shrunk: new Set<string>() };
    for (const [set, reason] of changed.failed)
      this.#logger.error({ set, reason }, 'A set of addresses could not be changed');
    this.#stopPoint('before_rules');
    const lacking = lackingSets(ready, desired, changed.failed);
    const shut = await mustStayShut(openingTaps(ready, desired), together);
    const enforced = await Promise.all(
      ready.families.map((rules) => this.#enforce(rules, ready, desired, state, isThere, { lacking, shut })),
    );
    const reasons = new Map(ready.families.map((rules, index) => [rules.version, enforced[index] as Enforced]));
    this.#endings.settle(ready, desired, changed.shrunk);
    this.#stopPoint('before_conntrack');
    const unsettled = await this.#endConnections(ready, desired, state);
    this.#stopPoint('before_destroy');
    if (sets && enforced.every(({ failure }) => failure === null)) await ready.sets?.destroy(sets);
    return outcomeOf(ready, desired, (tap, version) => {
      const { failure, refused } = reasons.get(version) as Enforced;
      return (
        refused.get(tap) ??
        failure ??
        lacking.get(tap)?.reason ??
        (unsettled?.has(tap) ? 'its old connections could not be ended' : null)
      );
    });
  }

  async #enforce(
    rules: RulesInForce,
    ready: Ready,
    desired: Desired,
    state: FirewallState,
    isThere: (tap: string) => boolean,
    kept: { lacking: ReadonlyMap<string, Lacking>; shut: ReadonlyMap<string, string> },
  ): Promise<Enforced> {
    const { version } = rules;
    const before = rules.units;
    this.#stopPoint(`before_rules_ipv${version}`);
    const nowMs = this.#now();
    const memo = this.#refusals.waiting(version, desired.ports, nowMs);
    for (const [tap, { versions, reason, isMissing }] of kept.lacking)
      if (isMissing && versions.has(version)) memo.set(tap, reason);
    for (const [tap, reason] of kept.shut) memo.set(tap, reason);
    const result = await rules.enforce({
      units: () => this.#wanted.of(rules, desired, isThere, memo),
      fallback: (owner, have) => fallback(desired, owner, have),
      taps: () => state.ports.keys(),
    });
    for (const [tap, reason] of result.refused) {
      this.#logger.error({ tap, reason, version }, 'The kernel refuses rules of a port');
      this.#refusals.add(version, tap, { unit: desired.ports.get(tap)?.units[version], reason, atMs: nowMs });
    }
    if (result.failure)
      this.#logger.error({ reason: result.failure, version }, 'Rules could not be restored; tried again');
    else
      for (const [tap, plan] of desired.ports)
        if (passesLess(before.get(tap), rules.units.get(tap), plan)) ready.flows.recheck(tap);
    this.#stopPoint(`after_rules_ipv${version}`);
    return { ...result, refused: new Map([...memo, ...result.refused]) };
  }

  /** @returns taps whose connections could not be looked at; null when all is well */
  async #endConnections(ready: Ready, desired: Desired, state: FirewallState): Promise<ReadonlySet<string> | null> {
    try {
      const ended = await ready.flows.settle(desired.ports, state.members);
      if (ended > 0) this.#logger.info({ connections: ended }, 'Ended connections that the rules no longer allow');
      return null;
    } catch (error) {
      if (!(error instanceof CommandFailed)) throw error;
      this.#logger.error(
        { error: error.message },
        'Connections that are no longer allowed could not be ended; tried again',
      );
      return ready.flows.waiting;
    }
  }
}
