import type { IpVersion } from '../../../lib/ip/address.ts';
import { kernelCidr, parseBlock } from '../../../lib/ip/kernel-text.ts';
import type { FirewallPort, FirewallState } from '../contract.ts';
import { type Direction, type GroupLineCache, type GroupLines, groupLines } from './group-rules.ts';
import { chainKey, isPortChain, otherChainKey, portChain } from './names.ts';
import type { Spelling } from './port-chains.ts';
import {
  bridgeUnit,
  closedUnit,
  type MadeUnit,
  type PortSetting,
  portUnit,
  type Tracking,
  zoneOf,
} from './port-rules.ts';
import { type ByVersion, bridgeOwner, type Unit } from './unit.ts';
import type { Zones } from './zones.ts';

/** What one port must be in the kernel, with what it is made of. */
export interface PortPlan {
  readonly port: FirewallPort;
  readonly units: ByVersion<Unit>;
  /** The same port with nothing open: where its rules cannot be had. */
  closed(): Unit;
  readonly tracking: Tracking;
  readonly stateless: boolean;
  /** The server's own rules first, then those of its groups. */
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
  readonly #plans = new WeakMap<FirewallPort, Cached>();
  readonly #joins = new WeakMap<readonly string[], WeakMap<readonly string[], readonly string[]>>();
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
    const followed = new Map<string, boolean>();
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
          ? port.groups.map((id) => this.#groups.get(id, state.groups.get(id) ?? none, state.members))
          : [];
      const stateless = groups.find((group) => group.stateful !== null)?.stateful === false;
      known.push({ port, groups, stateless });
      // Bridges without filtered ports need no zone: upstream has none there either.
      if (port.filter === 'filtered') followed.set(port.bridge, !stateless || (followed.get(port.bridge) ?? false));
    }
    this.#groups.keep(new Set(known.flatMap(({ port }) => port.groups)));
    this.#zones.keep(followed.keys());
    const trackings = new Map<string, Tracking>();
    for (const [bridge, isFollowed] of followed) {
      const zone = this.#zones.of(bridge);
      trackings.set(bridge, isFollowed ? { zone } : 'notrack');
    }
    const names = new ChainKeys(keys);
    const ports = new Map<string, PortPlan>();
    for (const { port, groups, stateless } of known) {
      const tracking = trackings.get(port.bridge) ?? 'notrack';
      const key = names.of(port.tap);
      ports.set(port.tap, this.#plan(port, groups, { key, tracking, stateless }));
    }
    return { ports, bridges: this.#bridgeUnits(trackings), refused };
  }

  #plan(port: FirewallPort, groups: readonly GroupLines[], setting: Omit<PortSetting, 'rules'>): PortPlan {
    const { key, tracking, stateless } = setting;
    const inputs = [key, zoneOf(tracking), stateless, ...groups];
    const cached = this.#plans.get(port);
    if (cached && cached.inputs.length === inputs.length && inputs.every((one, i) => one === cached.inputs[i])) {
      return cached.plan;
    }
    const provider = this.#providerLines(port);
    const made = (version: IpVersion, beside: Unit | null = null): MadeUnit => {
      const before = cached?.made[version] ?? null;
      const rules = {
        ingress: this.#bodies(port, provider, groups, version, 'ingress'),
        egress: this.#bodies(port, provider, groups, version, 'egress'),
      };
      const full = { ...setting, rules };
      return { setting: full, unit: portUnit(port, version, full, this.#spelling, { before, beside }) };
    };
    const four = made(4);
    const both = { 4: four, 6: made(6, four.unit) };
    const plan: PortPlan = {
      port,
      units: { 4: both[4].unit, 6: both[6].unit },
      closed: () => closedUnit(port, this.#spelling),
      tracking,
      stateless,
      groups: [provider, ...groups],
      remotes: { 4: union(groups.map(({ remotes }) => remotes[4])), 6: union(groups.map(({ remotes }) => remotes[6])) },
    };
    this.#plans.set(port, { inputs, made: both, plan });
    return plan;
  }

  /** Texts of all rules of a port, each once. Ports with the same ones, and none of their own, get the same array. */
  #bodies(
    port: FirewallPort,
    provider: GroupLines,
    groups: readonly GroupLines[],
    version: IpVersion,
    direction: Direction,
  ): readonly string[] {
    const first = provider.bodies[version][direction];
    const lists = groups.map(({ bodies }) => bodies[version][direction]);
    const shared = lists.reduce<readonly string[]>((all, list) => this.#joined(all, list), none);
    const all = this.#joined(first, shared);
    if (!groups.some(({ hasAddresses }) => hasAddresses)) return all;
    const own = new Set(port.fixedIps.flatMap(kernelText));
    const lines = groups.flatMap((group) => group.lines[version][direction]);
    const self = new Set(lines.flatMap(({ body, remote }) => (remote !== null && own.has(remote) ? [body] : [])));
    return self.size > 0 ? all.filter((body) => !self.has(body)) : all;
  }

  #joined(first: readonly string[], second: readonly string[]): readonly string[] {
    if (first.length === 0) return second;
    if (second.length === 0) return first;
    let after = this.#joins.get(first);
    if (!after) {
      after = new WeakMap();
      this.#joins.set(first, after);
    }
    let joined = after.get(second);
    if (!joined) {
      joined = [...first, ...second.filter((body) => !first.includes(body))];
      after.set(second, joined);
    }
    return joined;
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

/** Names of chains: the same as long as a tap has some, and never those of another's. */
class ChainKeys {
  readonly #keys: Map<string, string>;
  readonly #taken: Set<string>;

  constructor(keys: Map<string, string>) {
    this.#keys = keys;
    this.#taken = new Set(keys.values());
  }

  of(tap: string): string {
    const given = this.#keys.get(tap);
    if (given !== undefined) return given;
    const usual = chainKey(tap);
    const key = this.#taken.has(usual) ? otherChainKey(tap) : usual;
    this.#keys.set(tap, key);
    this.#taken.add(key);
    return key;
  }
}

/** Names come from a server's ids and a file's mappings: a word with a blank or a `+` would be another rule. */
function isDevice(name: string): boolean {
  return /^[\w.@-]{1,15}$/.test(name);
}

function kernelText(ip: string): string[] {
  const block = parseBlock(ip);
  return block ? [kernelCidr(block)] : [];
}

interface Cached {
  readonly inputs: readonly unknown[];
  readonly made: ByVersion<MadeUnit>;
  readonly plan: PortPlan;
}

/** One of them where there is only one: it tells by its identity that nothing changed. */
function union(sets: readonly ReadonlySet<string>[]): ReadonlySet<string> {
  const filled = sets.filter(({ size }) => size > 0);
  return filled.length === 1 ? (filled[0] as ReadonlySet<string>) : new Set(filled.flatMap((set) => [...set]));
}
