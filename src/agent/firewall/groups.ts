import type { Logger } from '../../lib/log.ts';
import {
  type SecuredDevice,
  SecurityGroupApi,
  type SecurityGroupInfo,
  type SendOptions,
  type WireRule,
} from '../../rpc/contract.ts';
import type { Transport } from '../../rpc/transport.ts';
import type { Members } from './contract.ts';

/** So many devices are asked for in one call. */
const CHUNK = 500;

/** What the server said of a port's security. The same object as long as nothing of it changed. */
export interface PortSecurity {
  readonly groups: readonly string[];
  readonly fixedIps: readonly string[];
  readonly providerRules: readonly WireRule[];
}

/**
 * What the server said of the security groups of this host's ports: each rule and each member once, however many ports
 * share a group. It is asked for ports that came or changed, and, where the rules or members of a group changed, for one port
 * that has to do with it.
 */
export class GroupKnowledge {
  readonly #api: SecurityGroupApi;
  readonly #logger: Logger;
  readonly #ports = new Map<string, PortSecurity>();
  readonly #rules = new Map<string, readonly WireRule[]>();
  readonly #members = new Map<string, Members>();
  /** Taps and groups to ask for, also again when the server did not answer. */
  readonly #staleTaps = new Set<string>();
  readonly #staleGroups = new Set<string>();
  /** Groups said to be changed while the server is asked: its answer may be the first that tells of them, and older. */
  #meanwhile: { rules: Set<string>; members: Set<string> } | null = null;

  constructor(transport: Transport, logger: Logger) {
    this.#api = new SecurityGroupApi(transport);
    this.#logger = logger;
  }

  /** What is known of a port; undefined when it is not filtered, or not known (yet). */
  port(tap: string): PortSecurity | undefined {
    return this.#ports.get(tap);
  }

  get rules(): ReadonlyMap<string, readonly WireRule[]> {
    return this.#rules;
  }

  get members(): ReadonlyMap<string, Members> {
    return this.#members;
  }

  /** These taps are to be asked for, with whatever else is due. */
  askFor(taps: Iterable<string>): void {
    for (const tap of taps) this.#staleTaps.add(tap);
  }

  /** The tap is gone, or no port of this host. */
  forget(tap: string): void {
    this.#staleTaps.delete(tap);
    if (this.#ports.delete(tap)) this.#prune();
  }

  /** @returns whether a port here has one of the groups, or may turn out to have: then it must be asked for */
  rulesUpdated(groups: readonly string[]): boolean {
    for (const group of groups) this.#meanwhile?.rules.add(group);
    return this.#mark(groups.filter((group) => this.#rules.has(group)));
  }

  /** @returns whether a rule here refers to one of the groups, or may turn out to */
  membersUpdated(groups: readonly string[]): boolean {
    for (const group of groups) this.#meanwhile?.members.add(group);
    return this.#mark(this.#referring(new Set(groups)));
  }

  /** Groups with a rule that refers to one of these. */
  #referring(remotes: ReadonlySet<string>): string[] {
    const referring = [...this.#rules].filter(([, rules]) => rules.some((rule) => remotes.has(remoteOf(rule) ?? '')));
    return referring.map(([group]) => group);
  }

  #mark(groups: readonly string[]): boolean {
    for (const group of groups) this.#staleGroups.add(group);
    return groups.length > 0 || this.#meanwhile !== null;
  }

  /** Asks for what is due. @returns whether the server told all of it; what it did not tell stays due */
  async ask(options?: SendOptions): Promise<boolean> {
    // What becomes due while the server is asked stays due: its answer may be older.
    const taps = new Set(this.#staleTaps);
    const groups = new Set(this.#staleGroups);
    this.#staleTaps.clear();
    this.#staleGroups.clear();
    if (taps.size + groups.size === 0) return true;
    const meanwhile = { rules: new Set<string>(), members: new Set<string>() };
    this.#meanwhile = meanwhile;
    try {
      return await this.#askFor(taps, groups, options);
    } finally {
      this.#meanwhile = null;
      this.#mark([...meanwhile.rules].filter((group) => this.#rules.has(group)));
      this.#mark(this.#referring(meanwhile.members));
    }
  }

  async #askFor(taps: Set<string>, groups: Set<string>, options: SendOptions | undefined): Promise<boolean> {
    while (taps.size + groups.size > 0) {
      const asked = [...taps, ...this.#cover(groups, taps)];
      for (let start = 0; start < asked.length; start += CHUNK) {
        const chunk = asked.slice(start, start + CHUNK);
        try {
          const info = await this.#api.infoForDevices(chunk, options);
          this.#learn(chunk, info);
          for (const group of Object.keys(info.security_groups)) groups.delete(group);
          for (const tap of chunk) taps.delete(tap);
        } catch (error) {
          for (const tap of taps) this.#staleTaps.add(tap);
          for (const group of groups) this.#staleGroups.add(group);
          this.#logger.warn(
            { devices: asked.length, error: String(error) },
            'The server did not tell of security groups',
          );
          return false;
        }
      }
      // A port may have left the group that it was to be asked for: another one has it, or none here.
      taps.clear();
      for (const group of groups) if (!this.#rules.has(group)) groups.delete(group);
    }
    return true;
  }

  /** Of each group one tap that has it; those in `stale` may have lost it. */
  #cover(groups: ReadonlySet<string>, stale: ReadonlySet<string>): string[] {
    const open = new Set(groups);
    const taps: string[] = [];
    for (const [tap, port] of this.#ports) {
      if (open.size === 0) break;
      if (stale.has(tap) || !port.groups.some((group) => open.has(group))) continue;
      taps.push(tap);
      for (const group of port.groups) open.delete(group);
    }
    return taps;
  }

  #learn(asked: readonly string[], info: SecurityGroupInfo): void {
    const told = new Map(Object.values(info.devices).map((device) => [device.device, device]));
    for (const tap of asked) {
      const device = told.get(tap);
      if (device) this.#ports.set(tap, kept(this.#ports.get(tap), securityOf(device)));
      else this.#ports.delete(tap);
    }
    for (const [group, rules] of Object.entries(info.security_groups)) {
      this.#rules.set(group, kept(this.#rules.get(group), rules));
    }
    for (const [group, members] of Object.entries(info.sg_member_ips)) {
      const known = this.#members.get(group);
      // Told are the IP versions that rules of these ports ask for; rules of others may ask for the other one.
      const merged: Members = {
        ...known,
        ...(members.IPv4 && { IPv4: kept(known?.IPv4, members.IPv4) }),
        ...(members.IPv6 && { IPv6: kept(known?.IPv6, members.IPv6) }),
      };
      this.#members.set(group, kept(known, merged));
    }
    this.#prune();
  }

  /** Groups that no port has, and members that no rule refers to, are not kept in step by anybody. */
  #prune(): void {
    const groups = new Set([...this.#ports.values()].flatMap((port) => port.groups));
    for (const group of this.#rules.keys()) if (!groups.has(group)) this.#rules.delete(group);
    for (const group of this.#staleGroups) if (!groups.has(group)) this.#staleGroups.delete(group);
    const referred = new Map<string, Set<string>>();
    for (const rule of [...this.#rules.values()].flat()) {
      const remote = remoteOf(rule);
      if (remote === undefined) continue;
      referred.set(remote, (referred.get(remote) ?? new Set()).add(rule.ethertype));
    }
    for (const [group, members] of this.#members) {
      const versions = referred.get(group);
      if (!versions) this.#members.delete(group);
      else if (Object.keys(members).some((version) => !versions.has(version))) {
        const rest = Object.entries(members).filter(([version]) => versions.has(version));
        this.#members.set(group, Object.fromEntries(rest));
      }
    }
  }
}

/** The group or address group that a rule refers to. */
export function remoteOf(rule: WireRule): string | undefined {
  return rule.remote_group_id ?? rule.remote_address_group_id ?? undefined;
}

function securityOf(device: SecuredDevice): PortSecurity {
  return {
    groups: [...((device.security_groups as string[] | undefined) ?? [])].sort(),
    fixedIps: device.fixed_ips,
    providerRules: device.security_group_rules,
  };
}

/** What was known, where the new one says the same: who compares by identity sees that nothing changed. */
function kept<T>(known: T | undefined, now: T): T {
  return known !== undefined && JSON.stringify(known) === JSON.stringify(now) ? known : now;
}
