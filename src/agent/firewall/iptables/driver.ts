import type { IpVersion } from '../../../lib/ip/address.ts';
import { type Logger, silentLogger } from '../../../lib/log.ts';
import { CommandFailed, type Exec } from '../../../linux/contract.ts';
import { LockTimeout, withHostLocks } from '../../../linux/lock.ts';
import { PacketFilter } from '../../../linux/packet-filter.ts';
import type { ExplainStep } from '../../../rpc/contract.ts';
import { CannotStart } from '../../bridge/cannot-start.ts';
import { ensureBridgeFiltering, type KernelSettings, unfilteredKeys } from '../bridge-filtering.ts';
import type { FirewallDriver, FirewallOutcome, FirewallState, Unchanged } from '../contract.ts';
import { commented } from './comments.ts';
import { type CommonRules, commonRules } from './common-rules.ts';
import { type Desired, DesiredRules, type PortPlan } from './desired.ts';
import { explainRules } from './explain.ts';
import { FlowKeeper } from './flow-keeper.ts';
import { GroupLineCache } from './group-rules.ts';
import { type Enforced, RulesInForce } from './in-force.ts';
import { setName } from './names.ts';
import { describeChange } from './plan.ts';
import { knownUnit, zoneOf } from './port-rules.ts';
import { type Protocols, readProtocols } from './protocols.ts';
import { SetsInForce } from './sets-in-force.ts';
import type { StopPoint } from './stop-point.ts';
import { chainKeyOf, zonesOf } from './survey.ts';
import { bridgeOf, isPassing, tables, type Unit } from './unit.ts';
import { Zones } from './zones.ts';

export interface IptablesFirewallOptions {
  readonly exec: Exec;
  /** Through which tables are read and written, where others want to see what is found at the start. */
  readonly filters?: Readonly<Record<IpVersion, PacketFilter>>;
  readonly logger?: Logger;
  /** Folders of the locks that agents of this host share. */
  readonly lockPaths?: readonly string[];
  /** `[securitygroup] enable_ipset` */
  readonly sets?: boolean;
  /** `[agent] comment_iptables_rules` */
  readonly comments?: boolean;
  /** One for certain, instead of the host's own. */
  readonly flavour?: '-nft' | '-legacy' | null;
  readonly stopPoint?: StopPoint;
  readonly settings?: KernelSettings;
  /** Milliseconds that only grow; a seam for tests. */
  readonly now?: () => number;
}

/** Rules that the kernel refused are tried again after this, or when they change. */
const RETRY_MS = 10_000;

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
  /** What ports had when the kernel last got it: what less passes now, and addresses that are lost, follow from it. */
  #settled = new Map<string, PortPlan>();
  #refused = new Map<string, { unit: Unit | undefined; reason: string; atMs: number }>();
  #isTrusted = false;
  readonly #knownUnits = new WeakMap<Unit, Unit>();

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
    this.#refused.clear();
  }

  async apply(state: FirewallState, isThere: (tap: string) => boolean): Promise<FirewallOutcome> {
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
      return await withHostLocks('iptables', this.#options.lockPaths ?? [], () => this.#change(ready, state, isThere));
    } catch (error) {
      const isHostsFault = error instanceof CommandFailed || error instanceof LockTimeout;
      // Nobody can say what is in force: ports that work must not be shut for that.
      if (!isHostsFault || !ready.families.every((rules) => rules.wasSeen)) throw error;
      for (const rules of ready.families) rules.distrust();
      this.#logger.error({ error: error.message }, 'Rules of security groups could not be changed; tried again');
      return this.#outcome(ready, this.#derive(ready, state), () => error.message);
    }
  }

  async plan(state: FirewallState, isThere: (tap: string) => boolean): Promise<string[]> {
    const ready = await this.#make();
    await look(ready, state);
    const desired = this.#derive(ready, state);
    const sets = ready.sets?.plan(desired.ports.values(), state.members);
    return [
      ...(sets?.changes ?? []).flatMap(({ commands }) => commands.map((command) => `ipset ${command}`)),
      ...ready.families.flatMap((rules) => {
        const tool = rules.version === 4 ? 'iptables' : 'ip6tables';
        const units = this.#units(rules, desired, isThere, new Map());
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
    const ready = await this.#make();
    await look(ready, { ...state, ports: near });
    const desired = this.#derive(ready, { ...state, ports: near });
    const plan = desired.ports.get(tap);
    if (!plan) {
      const found = desired.refused.get(tap) ?? 'nothing is known of it';
      return [{ step: 'filter', state: 'fault', expected: 'rules', found, cause: `port ${port.portId}` }];
    }
    return [
      await this.#explainFiltering(),
      ...ready.families.flatMap(({ version, units }) => explainRules(plan, version, units.get(tap))),
      ...(ready.sets?.explain([plan], state.members) ?? []),
    ];
  }

  async #explainFiltering(): Promise<ExplainStep> {
    const off = await unfilteredKeys(this.#options.settings);
    const expected = 'the kernel shows iptables the packets of bridges (br_netfilter)';
    const step = { step: 'bridge_filtering', expected, check: 'sysctl net.bridge' };
    if (off.length === 0) return { ...step, state: 'ok', found: 'in force' };
    return { ...step, state: 'fault', found: `not 1: ${off.join(', ')}`, remedy: `sysctl -w ${off[0]}=1` };
  }

  async #ensureFiltering(): Promise<void> {
    const turnedOn = await ensureBridgeFiltering(this.#options.exec, this.#options.settings);
    if (turnedOn.length === 0) return;
    this.#logger.warn({ settings: turnedOn }, 'Bridges were not filtered: security groups did nothing; turned on');
  }

  async #open(): Promise<Ready> {
    const ready = await this.#make(this.#options.filters);
    // The state of the connections is not known: an agent before us may have been killed in the middle.
    ready.flows.recheckAll();
    this.#ready = ready;
    return ready;
  }

  /** @throws CannotStart where a program or table is missing */
  async #make(filters?: IptablesFirewallOptions['filters']): Promise<Ready> {
    const { exec, flavour, sets, comments } = this.#options;
    const protocols = await readProtocols();
    const spelling = { commented: commented(comments ?? true), protocols };
    const base = commonRules(spelling.commented);
    const zones = new Zones();
    const withSets = sets ?? true;
    const need = async (what: string, work: () => Promise<unknown>) => {
      await work().catch((error: Error) => {
        throw new CannotStart('securitygroup', 'firewall_driver', `${what}: ${error.message}`);
      });
    };
    const family = async (version: IpVersion) => {
      const filter =
        filters?.[version] ?? new PacketFilter(exec, version === 4 ? 'iptables' : 'ip6tables', flavour ?? null);
      await need(`IPv${version} cannot be filtered`, () => filter.open(tables));
      return new RulesInForce(version, filter, base, protocols);
    };
    const families = await Promise.all((await versionsOf(this.#options.settings)).map(family));
    await need('connections cannot be ended', () => exec.run(['conntrack', '--version']));
    if (withSets) await need('enable_ipset: there can be no sets', () => exec.run(['ipset', 'list', '-n']));
    return {
      families,
      base,
      protocols,
      zones,
      sets: withSets ? new SetsInForce(exec) : null,
      flows: new FlowKeeper(exec),
      desired: new DesiredRules(spelling, new GroupLineCache({ protocols, sets: withSets }), zones),
    };
  }

  #derive(ready: Ready, state: FirewallState): Desired {
    return ready.desired.derive(state, chainKeys(ready));
  }

  /** Whether the kernel has all of it: then nothing is read, written or locked. */
  #isDone(ready: Ready, desired: Desired, state: FirewallState, isThere: (tap: string) => boolean): boolean {
    if (!ready.flows.isIdle || this.#refused.size > 0) return false;
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

  async #change(ready: Ready, state: FirewallState, isThere: (tap: string) => boolean): Promise<FirewallOutcome> {
    if (!isKnown(ready)) await look(ready, state);
    else if (newBridge(ready, state)) ready.zones.learn(await (ready.families[0] as RulesInForce).lookAtZones());
    const desired = this.#derive(ready, state);
    for (const key of this.#refused.keys()) if (!desired.ports.has(key.slice(2))) this.#refused.delete(key);
    this.#stopPoint('before_sets');
    const sets = ready.sets?.plan(desired.ports.values(), state.members) ?? null;
    const changed =
      sets && ready.sets ? await ready.sets.change(sets) : { failed: new Map(), shrunk: new Set<string>() };
    for (const [set, reason] of changed.failed)
      this.#logger.error({ set, reason }, 'A set of addresses could not be changed');
    this.#stopPoint('before_rules');
    const lacking = lackingSets(ready, desired, changed.failed);
    const enforced = await Promise.all(
      ready.families.map((rules) => this.#enforce(rules, ready, desired, state, isThere, lacking)),
    );
    const reasons = new Map(ready.families.map((rules, index) => [rules.version, enforced[index] as Enforced]));
    this.#settle(ready, desired, changed.shrunk);
    this.#stopPoint('before_conntrack');
    const unsettled = await this.#endConnections(ready, desired, state);
    this.#stopPoint('before_destroy');
    if (sets && enforced.every(({ failure }) => failure === null)) await ready.sets?.destroy(sets);
    return this.#outcome(ready, desired, (tap, version) => {
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
    lacking: ReadonlyMap<string, Lacking>,
  ): Promise<Enforced> {
    const { version } = rules;
    const before = rules.units;
    this.#stopPoint(`before_rules_ipv${version}`);
    const memo = new Map<string, string>();
    const nowMs = this.#now();
    for (const [tap, plan] of desired.ports) {
      const refused = this.#refused.get(`${version} ${tap}`);
      if (refused?.unit === plan.units[version] && nowMs - refused.atMs < RETRY_MS) memo.set(tap, refused.reason);
      else this.#refused.delete(`${version} ${tap}`);
    }
    for (const [tap, { versions, reason, isMissing }] of lacking)
      if (isMissing && versions.has(version)) memo.set(tap, reason);
    const result = await rules.enforce({
      units: () => this.#units(rules, desired, isThere, memo),
      fallback: (owner, have) => fallback(desired, owner, have),
      taps: () => state.ports.keys(),
    });
    for (const [tap, reason] of result.refused) {
      this.#logger.error({ tap, reason, version }, 'The kernel refuses rules of a port');
      this.#refused.set(`${version} ${tap}`, { unit: desired.ports.get(tap)?.units[version], reason, atMs: nowMs });
    }
    if (result.failure)
      this.#logger.error({ reason: result.failure, version }, 'Rules could not be restored; tried again');
    else
      for (const [tap, plan] of desired.ports)
        if (passesLess(before.get(tap), rules.units.get(tap), plan)) ready.flows.recheck(tap);
    this.#stopPoint(`after_rules_ipv${version}`);
    return { ...result, refused: new Map([...memo, ...result.refused]) };
  }

  /** What the tables of one family must hold: ours, and what others' agents put there for taps that are on this host. */
  #units(
    rules: RulesInForce,
    desired: Desired,
    isThere: (tap: string) => boolean,
    refused: ReadonlyMap<string, string>,
  ): Map<string, Unit> {
    const { version, units: have } = rules;
    const units = new Map<string, Unit>();
    for (const [tap, plan] of desired.ports) {
      const unit = refused.has(tap) ? fallback(desired, tap, have.get(tap)) : plan.units[version];
      if (unit) units.set(tap, unit);
    }
    for (const [owner, unit] of desired.bridges) units.set(owner, unit[version]);
    const foreign = [...have].filter(
      ([owner]) => !desired.ports.has(owner) && !units.has(owner) && bridgeOf(owner) === null && isThere(owner),
    );
    for (const [owner, unit] of foreign) units.set(owner, this.#known(owner, unit));
    for (const [owner, unit] of have) {
      const bridge = bridgeOf(owner);
      const isForeign =
        bridge !== null && foreign.some(([, { lines }]) => lines.some(({ body }) => body.startsWith(`-i ${bridge} `)));
      if (isForeign && !units.has(owner)) units.set(owner, unit);
    }
    return units;
  }

  #known(owner: string, unit: Unit): Unit {
    let known = this.#knownUnits.get(unit);
    if (!known) {
      known = knownUnit(owner, unit);
      this.#knownUnits.set(unit, known);
      this.#knownUnits.set(known, known);
    }
    return known;
  }

  /** Notes what ended with this change, for connections. */
  #settle(ready: Ready, desired: Desired, shrunk: ReadonlySet<string>): void {
    const isInForce = (tap: string, plan: PortPlan) =>
      ready.families.every(({ version, units }) => units.get(tap) === plan.units[version]);
    for (const [tap, old] of this.#settled) {
      const plan = desired.ports.get(tap);
      if (plan === old) continue;
      if (plan && !isInForce(tap, plan)) continue;
      const now = new Set(plan ? addressesOf(plan) : []);
      const lost = addressesOf(old).filter((ip) => !now.has(ip));
      const isElsewhere = plan !== undefined && zoneOf(plan.tracking) !== zoneOf(old.tracking);
      ready.flows.lose(old, isElsewhere ? addressesOf(old) : lost);
    }
    for (const tap of this.#settled.keys()) if (!desired.ports.has(tap)) this.#settled.delete(tap);
    for (const [tap, plan] of desired.ports) {
      if (isInForce(tap, plan)) this.#settled.set(tap, plan);
      if (shrunk.size === 0) continue;
      const concerns = ([4, 6] as const).some((v) => [...plan.remotes[v]].some((id) => shrunk.has(`${v} ${id}`)));
      if (concerns) ready.flows.recheck(tap);
    }
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

  #outcome(
    ready: Ready,
    desired: Desired,
    reasonFor: (tap: string, version: IpVersion) => string | null,
  ): FirewallOutcome {
    const closed = new Map(desired.refused);
    const late = new Map<string, string>();
    for (const [tap, plan] of desired.ports) {
      const wrong = ready.families.flatMap(({ version, units }) => {
        const reason = reasonFor(tap, version);
        return reason === null ? [] : [{ reason, isUncovered: units.get(tap) === undefined }];
      });
      if (wrong.length === 0) continue;
      const reason = (wrong[0] as { reason: string }).reason;
      const passes = ready.families.some(({ units }) => isPassing(units.get(tap)));
      if (wrong.some(({ isUncovered }) => isUncovered) || !passes || plan.port.filter === 'closed')
        closed.set(tap, reason);
      else late.set(tap, reason);
    }
    return { closed, late };
  }
}

/** What there is once the host was looked at. */
interface Ready {
  readonly families: readonly RulesInForce[];
  readonly base: CommonRules;
  readonly protocols: Protocols;
  readonly zones: Zones;
  readonly sets: SetsInForce | null;
  readonly flows: FlowKeeper;
  readonly desired: DesiredRules;
}

/** A port whose rules refer to a set that is not as it should be. */
interface Lacking {
  readonly versions: ReadonlySet<IpVersion>;
  readonly reason: string;
  /** There is no such set: rules that refer to it cannot be made. */
  readonly isMissing: boolean;
}

function isKnown({ families, sets }: Ready): boolean {
  return families.every((rules) => rules.isKnown) && (sets?.isKnown ?? true);
}

/** Whether some bridge needs a zone: then it matters which ones others have. */
function newBridge({ zones }: Ready, state: FirewallState): boolean {
  for (const { filter, bridge } of state.ports.values()) if (filter === 'filtered' && !zones.has(bridge)) return true;
  return false;
}

/** What cannot be seen now is looked at again with the rest. */
async function lookAtSets({ sets }: Ready): Promise<void> {
  if (sets && !sets.isKnown) await sets.look().catch(() => {});
}

async function look({ families, sets, zones }: Ready, state: FirewallState): Promise<void> {
  const [, ...saved] = await Promise.all([
    sets && !sets.isKnown ? sets.look() : null,
    ...families.map((rules) => (rules.isKnown ? null : rules.look(state.ports.keys()))),
  ]);
  const found = new Map<string, number>();
  for (const one of saved)
    if (one) for (const [bridge, zone] of zonesOf(one)) if (!found.has(bridge)) found.set(bridge, zone);
  if (saved.some((one) => one !== null)) zones.adopt(found);
}

/** A kernel without IPv6 has none to filter. */
async function versionsOf(settings: KernelSettings | undefined): Promise<IpVersion[]> {
  const read = settings ? settings.read : (await import('../../../linux/sysctl.ts')).readSysctl;
  const has6 = await read('net/ipv6/conf/all/disable_ipv6').then(
    () => true,
    () => false,
  );
  return has6 ? [4, 6] : [4];
}

function chainKeys({ families }: Ready): Map<string, string> {
  const keys = new Map<string, string>();
  for (const { units } of families) {
    for (const [owner, unit] of units) {
      const key = keys.has(owner) ? null : chainKeyOf(unit);
      if (key !== null) keys.set(owner, key);
    }
  }
  return keys;
}

function addressesOf({ port }: PortPlan): string[] {
  return [...port.fixedIps, ...port.addressPairs.map(({ ip_address }) => ip_address)];
}

/** What is in force stays, if it filters at least as the port wants to be; else nothing passes. */
function fallback(desired: Desired, owner: string, have: Unit | undefined): Unit | undefined {
  const plan = desired.ports.get(owner);
  if (!plan) return have;
  const filters = have !== undefined && have.chains.size > 0;
  return filters && plan.port.filter !== 'closed' ? have : plan.closed();
}

/** Whether something that used to be let through at a port may be dropped now. */
function passesLess(before: Unit | undefined, after: Unit | undefined, plan: PortPlan): boolean {
  if (before === after || before === undefined || plan.port.filter === 'open') return false;
  if (before.chains.size === 0) return isPassing(before);
  return [...before.chains].some(([chain, bodies]) => {
    const now = after?.chains.get(chain) ?? [];
    if (now === bodies) return false;
    let at = 0;
    for (const body of now) if (body === bodies[at]) at++;
    return at < bodies.length && bodies.some((body) => !now.includes(body));
  });
}

function lackingSets(ready: Ready, desired: Desired, failed: ReadonlyMap<string, string>): Map<string, Lacking> {
  const lacking = new Map<string, Lacking>();
  if (failed.size === 0) return lacking;
  for (const [tap, plan] of desired.ports) {
    for (const version of [4, 6] as const) {
      for (const id of plan.remotes[version]) {
        const name = setName(id, version);
        const why = failed.get(name);
        if (why === undefined) continue;
        const before = lacking.get(tap);
        const isMissing = !ready.sets?.has(name) || (before?.isMissing ?? false);
        const versions = new Set([...(before?.versions ?? []), version]);
        lacking.set(tap, { versions, isMissing, reason: `set ${name} of group ${id}: ${why}` });
      }
    }
  }
  return lacking;
}
