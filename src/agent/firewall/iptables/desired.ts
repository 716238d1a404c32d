import type { IpVersion } from '../../../lib/ip/address.ts';
import { kernelCidr, parseBlock } from '../../../lib/ip/kernel-text.ts';
import type { FirewallPort, FirewallState } from '../contract.ts';
import { type GroupLineCache, type GroupLines, groupLines, type RuleLine } from './group-rules.ts';
import { chainKey, isPortChain, otherChainKey, portChain } from './names.ts';
import { bridgeUnit, closedUnit, type PortSetting, portUnit, type Spelling, type Tracking } from './port-rules.ts';
import { type ByVersion, bridgeOwner, type Unit } from './unit.ts';
import type { Zones } from './zones.ts';

/** What one port must be in the kernel, with what it is made of. */
export interface PortPlan {
  readonly port: FirewallPort;
  readonly units: ByVersion<Unit>;
  /** The same port with nothing open: where its rules cannot be had. */
  readonly closed: ByVersion<Unit>;
  readonly tracking: Tracking;
  readonly stateless: boolean;
  /** Lines of its chains that rules made, the server's own first. */
  readonly lines: Readonly<Record<IpVersion, Readonly<Record<'ingress' | 'egress', readonly RuleLine[]>>>>;
  readonly groups: readonly GroupLines[];
  /** Groups whose addresses its rules need, by IP version. */
  readonly remotes: Readonly<Record<IpVersion, ReadonlySet<string>>>;
}

export interface Desired {
  readonly ports: ReadonlyMap<string, PortPlan>;
  /** By owner. */
  readonly bridges: ReadonlyMap<string, ByVersion<Unit>>;
  /** Taps that nothing can be made of, with the reason. */
  readonly refused: ReadonlyMap<string, string>;
}

/** Derives what all ports need; what did not change since the last time is the same object again. */
export class DesiredRules {
  readonly #spelling: Spelling;
  readonly #groups: GroupLineCache;
  readonly #zones: Zones;
  readonly #plans = new WeakMap<FirewallPort, { inputs: readonly unknown[]; plan: PortPlan }>();
  readonly #bridges = new Map<string, { key: string; units: ByVersion<Unit> }>();
  readonly #provider = new WeakMap<FirewallPort['providerRules'], GroupLines>();

  constructor(spelling: Spelling, groups: GroupLineCache, zones: Zones) {
    this.#spelling = spelling;
    this.#groups = groups;
    this.#zones = zones;
  }

  /** @param keys what the names of chains of taps end in, of those that have some; new ones are added */
  derive(state: FirewallState, keys: Map<string, string>): Desired {
    const refused = new Map<string, string>();
    const known: { port: FirewallPort; groups: readonly GroupLines[]; stateless: boolean }[] = [];
    const stateful = new Set<string>();
    for (const port of state.ports.values()) {
      if (!isDevice(port.tap) || !isDevice(port.bridge)) {
        refused.set(port.tap, `${JSON.stringify(isDevice(port.tap) ? port.bridge : port.tap)} is no name of a device`);
        continue;
      }
      if (!isPortChain(portChain('s', chainKey(port.tap)))) {
        refused.set(port.tap, `${port.tap} would have a chain that is for all ports`);
        continue;
      }
      const groups =
        port.filter === 'filtered'
          ? port.groups.map((id) => this.#groups.get(state.groups.get(id) ?? none, state.members))
          : [];
      const stateless = groups.find((group) => group.stateful !== null)?.stateful === false;
      known.push({ port, groups, stateless });
      // Closed ports have no say: their groups are not known.
      if (!stateless && port.filter !== 'closed') stateful.add(port.bridge);
    }
    const withStateless = new Set(known.filter(({ stateless }) => stateless).map(({ port }) => port.bridge));
    this.#zones.keep(known.map(({ port }) => port.bridge));
    const trackingOf = (bridge: string): Tracking =>
      withStateless.has(bridge) && !stateful.has(bridge) ? 'notrack' : { zone: this.#zones.of(bridge) };
    const ports = new Map<string, PortPlan>();
    const trackings = new Map<string, Tracking>();
    for (const { port, groups, stateless } of known) {
      let tracking = trackings.get(port.bridge);
      if (!tracking) {
        tracking = trackingOf(port.bridge);
        trackings.set(port.bridge, tracking);
      }
      const key = keyFor(port.tap, keys);
      ports.set(port.tap, this.#plan(port, groups, { key, tracking, stateless }));
    }
    return { ports, bridges: this.#bridgeUnits(trackings), refused };
  }

  #plan(port: FirewallPort, groups: readonly GroupLines[], setting: Omit<PortSetting, 'rules'>): PortPlan {
    const { key, tracking, stateless } = setting;
    const inputs = [key, tracking === 'notrack' ? 0 : tracking.zone, stateless, ...groups];
    const cached = this.#plans.get(port);
    if (cached && cached.inputs.length === inputs.length && inputs.every((one, i) => one === cached.inputs[i])) {
      return cached.plan;
    }
    const all = [this.#providerLines(port), ...groups];
    const own = new Set(port.fixedIps.flatMap((ip) => kernelText(ip)));
    const lines = (version: IpVersion, direction: 'ingress' | 'egress') =>
      uniqueLines(
        all
          .flatMap((group) => group.lines[version][direction])
          .filter(({ remote }) => remote === null || !own.has(remote)),
      );
    const byVersion = (version: IpVersion) => ({
      ingress: lines(version, 'ingress'),
      egress: lines(version, 'egress'),
    });
    const both = { 4: byVersion(4), 6: byVersion(6) };
    const bodies = (list: readonly RuleLine[]) => list.map(({ body }) => body);
    const unit = (version: IpVersion) =>
      portUnit(
        port,
        version,
        { ...setting, rules: { ingress: bodies(both[version].ingress), egress: bodies(both[version].egress) } },
        this.#spelling,
      );
    const closed = closedUnit(port, tracking, this.#spelling);
    const plan: PortPlan = {
      port,
      units: { 4: unit(4), 6: unit(6) },
      closed: { 4: closed, 6: closed },
      tracking,
      stateless,
      lines: both,
      groups,
      remotes: {
        4: new Set(groups.flatMap((group) => [...group.remotes[4]])),
        6: new Set(groups.flatMap((group) => [...group.remotes[6]])),
      },
    };
    this.#plans.set(port, { inputs, plan });
    return plan;
  }

  #providerLines({ providerRules }: FirewallPort): GroupLines {
    let lines = this.#provider.get(providerRules);
    if (!lines) {
      lines = groupLines(providerRules, new Map(), { protocols: this.#spelling.protocols, sets: true });
      this.#provider.set(providerRules, lines);
    }
    return lines;
  }

  #bridgeUnits(trackings: ReadonlyMap<string, Tracking>): Map<string, ByVersion<Unit>> {
    const units = new Map<string, ByVersion<Unit>>();
    for (const [bridge, tracking] of trackings) {
      const owner = bridgeOwner(bridge);
      const key = tracking === 'notrack' ? tracking : String(tracking.zone);
      let cached = this.#bridges.get(owner);
      if (cached?.key !== key) {
        const unit = bridgeUnit(bridge, tracking);
        cached = { key, units: { 4: unit, 6: unit } };
        this.#bridges.set(owner, cached);
      }
      units.set(owner, cached.units);
    }
    for (const owner of this.#bridges.keys()) if (!units.has(owner)) this.#bridges.delete(owner);
    return units;
  }
}

const none: readonly never[] = [];

/** The same names as long as the tap has chains, and never those of another's. */
function keyFor(tap: string, keys: Map<string, string>): string {
  const given = keys.get(tap);
  if (given !== undefined) return given;
  const usual = chainKey(tap);
  const taken = [...keys].some(([other, key]) => key === usual && other !== tap);
  const key = taken ? otherChainKey(tap) : usual;
  keys.set(tap, key);
  return key;
}

/** Names come from a server's ids and a file's mappings: a word with a blank or a `+` would be another rule. */
function isDevice(name: string): boolean {
  return /^[\w.@-]{1,15}$/.test(name);
}

function kernelText(ip: string): string[] {
  const block = parseBlock(ip);
  return block ? [kernelCidr(block)] : [];
}

function uniqueLines(lines: readonly RuleLine[]): RuleLine[] {
  const seen = new Set<string>();
  return lines.filter(({ body }) => !seen.has(body) && seen.add(body));
}
