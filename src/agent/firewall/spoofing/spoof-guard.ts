import { type Logger, silentLogger } from '../../../lib/log.ts';
import type { Host } from '../../../linux/contract.ts';
import type { ExplainStep } from '../../../rpc/contract.ts';
import type { FirewallDriver, FirewallOutcome, FirewallPort, FirewallState, Together, Unchanged } from '../contract.ts';
import { CLOSED_CHAIN, type GuardedPort, guarded, guardedTaps, TYPES_IN_CHAIN, TYPES_OUT_CHAIN } from './desired.ts';
import { explainGuards } from './explain.ts';
import { Frames, type Guard } from './frames.ts';
import { Neighbors } from './neighbors.ts';
import { arpChain, macChain } from './port-rules.ts';
import type { SavedTable } from './saved-table.ts';

export interface SpoofGuardParts {
  host: Host;
  logger?: Logger;
  /** Folders of the locks that agents of this host share. */
  lockPaths?: readonly string[];
  /** `[securitygroup] permitted_ethertypes`. */
  permittedTypes?: readonly number[];
  /** What another has just read of all tables of ip6tables; null when nobody has. */
  savedPackets?: () => string | null;
}

interface Outcome {
  closed: Map<string, string>;
  late: Map<string, string>;
}

/**
 * Keeps guests to their own MACs and addresses in what filters of packets do not see: sources of frames, ARP, neighbour
 * discovery, and frames of other types than IP and ARP. Chains, names and order are upstream's, which does the first two.
 *
 * Desired state, as the firewall drivers: told all there must be with every pass, it changes what differs.
 */
export class SpoofGuard implements FirewallDriver {
  readonly name = 'spoofing';
  readonly guards = true;
  readonly #logger: Logger;
  readonly #frames: Frames;
  readonly #neighbors: Neighbors;
  readonly #guarded = new WeakMap<FirewallPort, GuardedPort>();
  /** Taps that rules were last made for, and with which result. */
  #last: { ports: readonly FirewallPort[]; taps: readonly string[]; outcome: FirewallOutcome } | null = null;

  constructor({ host, logger = silentLogger, lockPaths = [], permittedTypes = [], savedPackets }: SpoofGuardParts) {
    this.#logger = logger;
    this.#frames = new Frames({ exec: host.exec, logger, lockPaths, permittedTypes });
    this.#neighbors = new Neighbors({ exec: host.exec, logger, lockPaths, saved: savedPackets ?? (() => null) });
  }

  /** Says so when this host has no ebtables that works: ports with security stay closed then. */
  async start(): Promise<void> {
    const remedy = 'install the package ebtables, and a kernel with nf_tables or ebtable_nat';
    // What is read is what the first `apply` goes by.
    this.#neighbors.adopt();
    await this.#frames
      .look()
      .catch((error) => this.#logger.error({ error: String(error), remedy }, 'ebtables does not work on this host'));
  }

  /**
   * Changes what differs.
   *
   * @param isThere whether a tap is on this host: rules of taps that are neither in `state` nor there are removed
   * @throws CommandFailed when ports must be guarded and the tables cannot even be read
   */
  async apply(state: FirewallState, isThere: (tap: string) => boolean, together?: Together): Promise<FirewallOutcome> {
    const ports = [...state.ports.values()];
    if (this.#isDone(ports, isThere)) return this.#last!.outcome;
    this.#last = null;
    const outcome = { closed: new Map<string, string>(), late: new Map<string, string>() };
    if (!(await this.#canRead(ports))) return outcome;
    const guard = { ports: this.#wanted(state), isThere };
    for (const [tap, { problem }] of guard.ports) if (problem !== null) outcome.closed.set(tap, problem);
    const isDone = await this.#write(guard, outcome, together);
    if (isDone) this.#last = { ports, taps: tapsOf(this.#frames.nat, this.#neighbors.raw), outcome };
    return outcome;
  }

  /** What `apply` would do, a line each. */
  async plan(state: FirewallState, isThere: (tap: string) => boolean): Promise<string[]> {
    if (!(await this.#canRead([...state.ports.values()]))) return [];
    const guard = { ports: this.#wanted(state), isThere };
    return [...(await this.#frames.plan(guard)), ...(await this.#neighbors.plan(guard))];
  }

  /**
   * What is in force for one tap, from the kernel as it is now.
   *
   * @throws CommandFailed when the tables cannot be read
   */
  async explain(state: FirewallState, tap: string): Promise<ExplainStep[]> {
    const wanted = this.#wanted(state).get(tap);
    if (!wanted) return [];
    const [nat, raw] = await Promise.all([this.#frames.lookAside(), this.#neighbors.lookAside()]);
    return explainGuards(wanted, nat, raw);
  }

  /** Forgets what was seen: the next `apply` looks at the host again. */
  distrust(unchanged?: Unchanged): void {
    this.#frames.distrust(unchanged);
    this.#neighbors.distrust(unchanged);
    if (!this.#frames.isKnown || !this.#neighbors.isKnown) this.#last = null;
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
      await Promise.all([this.#frames.known(), this.#neighbors.known()]);
      return true;
    } catch (error) {
      if (ports.some(({ filter }) => filter !== 'open')) throw error;
      return false;
    }
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

  /** @returns whether all is as it should be */
  async #write(guard: Guard, outcome: Outcome, together: Together | undefined): Promise<boolean> {
    // Neighbour discovery waits for a lock that who waits for the frames may hold.
    const [isDone, packets] = await Promise.all([
      this.#writeFrames(guard, outcome).finally(() => together?.guarded(outcome.closed)),
      this.#neighbors.write(guard),
    ]);
    if (packets !== null) {
      // Such a port has less than it should have, but all that upstream gives it: it stays open.
      this.#logger.error({ error: packets }, 'Rules for neighbour discovery could not be written');
      for (const [tap, { rules }] of guard.ports) if (rules) outcome.late.set(tap, `neighbour discovery: ${packets}`);
    }
    return isDone && packets === null;
  }

  /** @throws CommandFailed when it cannot be seen what is in force */
  async #writeFrames(guard: Guard, outcome: Outcome): Promise<boolean> {
    try {
      await this.#frames.write(guard);
      return true;
    } catch (error) {
      this.#logger.error({ error: String(error) }, 'Protection against spoofing could not be written');
      await this.#judge(guard, String(error), outcome);
      return false;
    }
  }

  /** Which ports have nothing in force, and which something older. @throws CommandFailed when that cannot be seen */
  async #judge({ ports }: Guard, reason: string, { closed, late }: Outcome): Promise<void> {
    const { nat: frames } = await this.#frames.look();
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
