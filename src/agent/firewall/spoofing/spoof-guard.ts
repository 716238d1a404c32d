import { type Logger, silentLogger } from '../../../lib/log.ts';
import { CommandFailed, type Host } from '../../../linux/contract.ts';
import { RuleTables } from '../../../linux/iptables.ts';
import { withHostLocks } from '../../../linux/lock.ts';
import type { ExplainStep } from '../../../rpc/contract.ts';
import type { FirewallDriver, FirewallOutcome, FirewallPort, FirewallState } from '../contract.ts';
import {
  CLOSED_CHAIN,
  desiredFrames,
  desiredInterim,
  desiredPackets,
  type GuardedPort,
  guarded,
  guardedTaps,
  TYPES_IN_CHAIN,
  TYPES_OUT_CHAIN,
} from './desired.ts';
import { explainGuards } from './explain.ts';
import { planTable, type TablePlan } from './plan.ts';
import { arpChain, macChain } from './port-rules.ts';
import { parseTable, type SavedTable } from './saved-table.ts';

export interface SpoofGuardParts {
  host: Host;
  logger?: Logger;
  /** Folders of the locks that agents of this host share. */
  lockPaths?: readonly string[];
  /** `[securitygroup] permitted_ethertypes`. */
  permittedTypes?: readonly number[];
}

interface Frames {
  nat: SavedTable;
  /** Where ports were closed before there were filters. */
  filter: SavedTable;
}

interface Outcome {
  closed: Map<string, string>;
  late: Map<string, string>;
}

type Ports = ReadonlyMap<string, GuardedPort>;
type IsThere = (tap: string) => boolean;

const LOGGED_STEPS = 40;
/** What ip6tables says when the kernel, or it itself, does not have what a rule asks for. */
const UNSUPPORTED = /u32|missing kernel module|No chain\/target\/match|can't initialize|not supported|not installed/i;

/**
 * Keeps guests to their own MACs and addresses in what filters of packets do not see: sources of frames, ARP, neighbour
 * discovery, and frames of other types than IP and ARP. Chains, names and order are upstream's, which does the first two.
 *
 * Desired state, as the firewall drivers: told all there must be with every pass, it changes what differs.
 */
export class SpoofGuard implements FirewallDriver {
  readonly name = 'spoofing';
  readonly #parts: SpoofGuardParts;
  readonly #logger: Logger;
  readonly #ebtables: RuleTables;
  readonly #ip6tables: RuleTables;
  readonly #guarded = new WeakMap<FirewallPort, GuardedPort>();
  readonly #texts = new Map<string, { text: string; table: SavedTable }>();
  /** As last read or written; null when that must be looked up. */
  #frames: Frames | null = null;
  #packets: SavedTable | null = null;
  /** Taps that rules were last made for, and with which result. */
  #last: { ports: readonly FirewallPort[]; taps: readonly string[]; outcome: FirewallOutcome } | null = null;
  #hasNeighbors = true;

  constructor(parts: SpoofGuardParts) {
    this.#parts = parts;
    this.#logger = parts.logger ?? silentLogger;
    this.#ebtables = new RuleTables(parts.host.exec, 'ebtables');
    this.#ip6tables = new RuleTables(parts.host.exec, 'ip6tables');
  }

  /** Says so when this host has no ebtables that works: ports with security stay closed then. */
  async start(): Promise<void> {
    const remedy = 'install the package ebtables, and a kernel with nf_tables or ebtable_nat';
    // What is read is what the first `apply` goes by.
    await this.#readFrames().catch((error) =>
      this.#logger.error({ error: String(error), remedy }, 'ebtables does not work on this host'),
    );
  }

  /**
   * Changes what differs.
   *
   * @param isThere whether a tap is on this host: rules of taps that are neither in `state` nor there are removed
   * @throws CommandFailed when ports must be guarded and the tables cannot even be read
   */
  async apply(state: FirewallState, isThere: (tap: string) => boolean): Promise<FirewallOutcome> {
    const ports = [...state.ports.values()];
    if (this.#isDone(ports, isThere)) return this.#last!.outcome;
    this.#last = null;
    const outcome = { closed: new Map<string, string>(), late: new Map<string, string>() };
    if (!(await this.#canRead(ports))) return outcome;
    const wanted = this.#wanted(state);
    for (const [tap, { problem }] of wanted) if (problem !== null) outcome.closed.set(tap, problem);
    const isDone = await this.#write(wanted, isThere, outcome);
    if (isDone) this.#last = { ports, taps: this.#tapsWithRules(), outcome };
    return outcome;
  }

  /** What `apply` would do, a line each. */
  async plan(state: FirewallState, isThere: (tap: string) => boolean): Promise<string[]> {
    if (!(await this.#canRead([...state.ports.values()]))) return [];
    const wanted = this.#wanted(state);
    const { nat, filter } = this.#frames ?? (await this.#readFrames());
    const raw = this.#packets ?? (await this.#readPackets());
    return [
      ...this.#planFrames(wanted, isThere, nat).steps.map((step) => `ebtables -t nat: ${step}`),
      ...this.#planInterim(wanted, isThere, filter).steps.map((step) => `ebtables -t filter: ${step}`),
      ...(raw ? this.#planPackets(wanted, isThere, raw).steps : []).map((step) => `ip6tables -t raw: ${step}`),
    ];
  }

  /**
   * What is in force for one tap, from the kernel as it is now.
   *
   * @throws CommandFailed when the tables cannot be read
   */
  async explain(state: FirewallState, tap: string): Promise<ExplainStep[]> {
    const wanted = this.#wanted(state).get(tap);
    if (!wanted) return [];
    const [[nat = ''], raw] = await Promise.all([
      this.#ebtables.saveEach(['nat']),
      this.#hasNeighbors ? this.#ip6tables.save('raw') : null,
    ]);
    return explainGuards(wanted, parseTable(nat), raw === null ? null : parseTable(raw));
  }

  /** Forgets what was seen: the next `apply` looks at the host again. */
  distrust(): void {
    this.#frames = null;
    this.#packets = null;
    this.#last = null;
  }

  /** Nothing is new since the last time, and no tap with rules has gone. */
  #isDone(ports: readonly FirewallPort[], isThere: (tap: string) => boolean): boolean {
    const last = this.#last;
    if (!last || last.ports.length !== ports.length) return false;
    if (!last.ports.every((port, at) => port === ports[at])) return false;
    const known = new Set(ports.map(({ tap }) => tap));
    return last.taps.every((tap) => known.has(tap) || isThere(tap));
  }

  /** @returns false where nothing can be read, and nothing has to be guarded */
  async #canRead(ports: readonly FirewallPort[]): Promise<boolean> {
    try {
      await Promise.all([this.#frames ?? this.#readFrames(), this.#packets ?? this.#readPackets()]);
      return true;
    } catch (error) {
      if (ports.some(({ filter }) => filter !== 'open')) throw error;
      return false;
    }
  }

  #tapsWithRules(): string[] {
    const nat = this.#frames?.nat ?? new Map();
    return tapsOf(nat, this.#packets ?? new Map());
  }

  #wanted(state: FirewallState): ReadonlyMap<string, GuardedPort> {
    const wanted = new Map<string, GuardedPort>();
    for (const [tap, port] of state.ports) {
      const known = this.#guarded.get(port) ?? guarded(port);
      this.#guarded.set(port, known);
      wanted.set(tap, known);
    }
    return wanted;
  }

  #planFrames(ports: Ports, isThere: IsThere, present: SavedTable): TablePlan {
    const isLeft = (tap: string) => !ports.has(tap) && isThere(tap);
    return planTable(present, desiredFrames({ ports, present, isLeft }, this.#parts.permittedTypes ?? []));
  }

  #planPackets(ports: Ports, isThere: IsThere, present: SavedTable): TablePlan {
    const isLeft = (tap: string) => !ports.has(tap) && isThere(tap);
    return planTable(present, desiredPackets({ ports, present, isLeft }), ' [0:0]');
  }

  /** @returns whether all is as it should be */
  async #write(ports: Ports, isThere: IsThere, { closed, late }: Outcome): Promise<boolean> {
    const [frames, packets] = await Promise.all([
      this.#writeFrames(ports, isThere).then(
        () => null,
        (error) => String(error),
      ),
      this.#writePackets(ports, isThere),
    ]);
    if (packets !== null) {
      // Such a port has less than it should have, but all that upstream gives it: it stays open.
      this.#logger.error({ error: packets }, 'Rules for neighbour discovery could not be written');
      for (const [tap, { rules }] of ports) if (rules) late.set(tap, `neighbour discovery: ${packets}`);
    }
    if (frames !== null) {
      this.#logger.error({ error: frames }, 'Protection against spoofing could not be written');
      await this.#judge(ports, frames, { closed, late });
    }
    return frames === null && packets === null;
  }

  /** Others may have changed the tables since they were read: then it is looked at again, once. */
  async #writeFrames(ports: Ports, isThere: IsThere): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      const present = this.#frames ?? (await this.#readFrames());
      const { lines, steps, next } = this.#planFrames(ports, isThere, present.nat);
      const interim = this.#planInterim(ports, isThere, present.filter);
      // Unknown until it is done.
      this.#frames = null;
      try {
        if (lines.length > 0) {
          await this.#restore(this.#ebtables, 'ebtables', 'nat', lines);
          const told = { count: steps.length, steps: steps.slice(0, LOGGED_STEPS) };
          this.#logger.info(told, 'Rules against spoofing were changed');
        }
        if (interim.lines.length > 0) await this.#restore(this.#ebtables, 'ebtables', 'filter', interim.lines);
        this.#frames = { nat: next, filter: interim.next };
        return;
      } catch (error) {
        if (!(error instanceof CommandFailed) || attempt === 2) throw error;
      }
    }
  }

  /** Ports that were closed before there were filters: their rules are in force now. */
  #planInterim(ports: Ports, isThere: IsThere, present: SavedTable): TablePlan {
    if (!present.has(CLOSED_CHAIN)) return { lines: [], steps: [], next: present };
    const isLeft = (tap: string) => !ports.has(tap) && isThere(tap);
    return planTable(present, desiredInterim({ ports, present, isLeft }));
  }

  /** @returns the reason when it failed and shall be tried again */
  async #writePackets(ports: Ports, isThere: IsThere): Promise<string | null> {
    try {
      const present = this.#packets ?? (await this.#readPackets());
      if (!present) return null;
      const { lines, next } = this.#planPackets(ports, isThere, present);
      this.#packets = null;
      if (lines.length > 0) await this.#restore(this.#ip6tables, 'iptables', 'raw', lines);
      this.#packets = next;
      return null;
    } catch (error) {
      if (!(error instanceof CommandFailed) || !UNSUPPORTED.test(error.message)) return String(error);
      this.#withoutNeighbors(error);
      return null;
    }
  }

  #withoutNeighbors(error: unknown): void {
    this.#hasNeighbors = false;
    const effect = 'guests can tell neighbours of IPv6 addresses that are not theirs (as with upstream)';
    this.#logger.warn(
      { error: String(error), effect },
      'ip6tables cannot match by u32: neighbour discovery is not guarded',
    );
  }

  /** Which ports have nothing in force, and which something older. */
  async #judge(ports: Ports, reason: string, { closed, late }: Outcome): Promise<void> {
    const { nat: frames } = await this.#readFrames().catch(() => ({ nat: new Map() as SavedTable }));
    const shut = new Set((frames.get(CLOSED_CHAIN)?.rules ?? []).map(({ key }) => key));
    const working = guardedTaps(frames);
    for (const [tap, { port, rules, shared }] of ports) {
      const isWorking = working.has(tap);
      if (port.filter === 'open') continue;
      if (rules && isWorking) {
        if (!isSame(frames, tap, rules)) late.set(tap, reason);
      } else if (!isWorking && !shared.closed.every(({ key }) => shut.has(key))) closed.set(tap, reason);
    }
  }

  async #restore(tables: RuleTables, lock: string, table: string, lines: readonly string[]): Promise<void> {
    // The legacy flavour of ebtables takes COMMIT for a rule; the other one needs none either.
    const end = lock === 'ebtables' ? [''] : ['COMMIT', ''];
    const text = [`*${table}`, ...lines, ...end].join('\n');
    await withHostLocks(lock, this.#parts.lockPaths ?? [], () => tables.restore(text));
  }

  async #readFrames(): Promise<Frames> {
    const [nat = '', filter = ''] = await this.#ebtables.saveEach(['nat', 'filter']);
    this.#frames = { nat: this.#parsed('nat', nat), filter: this.#parsed('filter', filter) };
    return this.#frames;
  }

  /** @returns null where neighbour discovery cannot be guarded */
  async #readPackets(): Promise<SavedTable | null> {
    if (!this.#hasNeighbors) return null;
    try {
      this.#packets = this.#parsed('raw', await this.#ip6tables.save('raw'));
      return this.#packets;
    } catch (error) {
      if (!(error instanceof CommandFailed) || !UNSUPPORTED.test(error.message)) throw error;
      this.#withoutNeighbors(error);
      return null;
    }
  }

  #parsed(name: string, text: string): SavedTable {
    const bare = text.split('\n# Completed on')[0]!.replaceAll(/ \[\d+:\d+\]$/gm, '');
    const known = this.#texts.get(name);
    if (known?.text === bare) return known.table;
    const table = parseTable(bare);
    this.#texts.set(name, { text: bare, table });
    return table;
  }
}

function isSame(frames: SavedTable, tap: string, { mac, arp }: NonNullable<GuardedPort['rules']>): boolean {
  const chains = [
    [macChain(tap), mac],
    [arpChain(tap), arp],
  ] as const;
  return chains.every(([chain, rules]) => {
    const there = frames.get(chain)?.rules;
    if (!rules || !there) return !rules && !there;
    return there.length === rules.length && rules.every(({ key }, at) => there[at]!.key === key);
  });
}

/** Taps that have chains or rules of ours. */
function tapsOf(frames: SavedTable, packets: SavedTable): string[] {
  const names = [...frames.keys(), ...packets.keys()];
  const chains = names.flatMap((name) => /^neutr(?:on(?:MAC|ARP)|inoND)-(.+)$/.exec(name)?.[1] ?? []);
  const shared = [CLOSED_CHAIN, TYPES_IN_CHAIN, TYPES_OUT_CHAIN].flatMap((name) => frames.get(name)?.rules ?? []);
  return [...new Set([...chains, ...shared.flatMap(({ text }) => /-[io] (\S+)/.exec(text)?.[1] ?? [])])];
}
