import type { Logger } from '../../lib/log.ts';
import type { BoundDeviceDetails, ExplainStep } from '../../rpc/contract.ts';
import type { FirewallDriver, FirewallOutcome, FirewallState, Together, Unchanged } from '../firewall/contract.ts';
import type { GroupKnowledge } from '../firewall/groups.ts';
import { bridgeOfDevice, FirewallPorts } from '../firewall/ports.ts';
import type { Derived, DesiredTap } from './derive.ts';

export interface ProtectionParts {
  /** Packets by groups and addresses, and frames by addresses. */
  drivers: readonly FirewallDriver[];
  /** What the server said of groups; null where nobody filters by them on this host. */
  groups: GroupKnowledge | null;
  /** physical network → bridge of the operator */
  bridges: ReadonlyMap<string, string>;
  logger: Logger;
}

export interface Protected {
  derived: Derived;
  /** Some rules could not be made, or not the newest: it must be tried again. */
  isUnfinished: boolean;
}

/**
 * Sees to it that no tap gets frames before its rules are in force. A port whose rules could not be made stays shut: it is
 * not put into a bridge, and set down. Where it cannot even be said what is in force (the kernel does not answer) its links
 * stay as they are: a guest that runs goes on running under the rules it has.
 */
export class Protection {
  readonly #parts: ProtectionParts;
  readonly #ports = new FirewallPorts();
  #toldLate = new Map<string, string>();

  constructor(parts: ProtectionParts) {
    this.#parts = parts;
  }

  /** Nobody filters or guards on this host. */
  get isEmpty(): boolean {
    return this.#parts.drivers.length === 0;
  }

  /** @throws CannotStart */
  async start(): Promise<void> {
    for (const driver of this.#parts.drivers) await driver.start();
  }

  /** Somebody else may have changed the rules of this host: they are looked at again. */
  distrust(unchanged?: Unchanged): void {
    for (const driver of this.#parts.drivers) driver.distrust(unchanged);
  }

  state(devices: readonly BoundDeviceDetails[]): FirewallState {
    const { groups, bridges } = this.#parts;
    const securityOf = groups === null ? null : (tap: string) => groups.port(tap);
    return {
      ports: this.#ports.of(devices, (device) => bridgeOfDevice(device, bridges), securityOf),
      groups: groups?.rules ?? new Map(),
      members: groups?.members ?? new Map(),
    };
  }

  /** @param isThere whether a tap is on this host */
  async apply(
    devices: readonly BoundDeviceDetails[],
    derived: Derived,
    isThere: (tap: string) => boolean,
  ): Promise<Protected> {
    const state = this.state(devices);
    const outcomes = await this.#applyTogether(state, isThere);
    const taps = new Map(derived.state.taps);
    const closed = new Map<string, string>();
    const late = new Map<string, string>();
    for (const outcome of outcomes) {
      for (const [tap, reason] of outcome.late) late.set(tap, reason);
      for (const [tap, reason] of outcome.closed) {
        closed.set(tap, reason);
        const desired = taps.get(tap);
        if (desired) taps.set(tap, 'isUnknown' in outcome ? { ...desired, hold: true } : shut(desired));
      }
    }
    const isUnfinished = late.size + closed.size > 0;
    for (const port of state.ports.values()) {
      if (port.filter === 'closed' && !closed.has(port.tap)) {
        closed.set(port.tap, 'the server has not told of its security groups');
      }
    }
    this.#logLate(late);
    return { derived: { ...derived, closed, state: { ...derived.state, taps } }, isUnfinished };
  }

  /** What would be done, a line each. */
  async plan(devices: readonly BoundDeviceDetails[], isThere: (tap: string) => boolean): Promise<string[]> {
    const state = this.state(devices);
    return (await Promise.all(this.#parts.drivers.map((driver) => driver.plan(state, isThere)))).flat();
  }

  /** What of a tap's rules is in force. */
  async explain(devices: readonly BoundDeviceDetails[], tap: string): Promise<ExplainStep[]> {
    const state = this.state(devices);
    if (!state.ports.has(tap)) return [];
    return (await Promise.all(this.#parts.drivers.map((driver) => driver.explain?.(state, tap) ?? []))).flat();
  }

  /**
   * Side by side; but a tap is opened behind its guards, for what one driver lets through passes at once, and to set the tap
   * down when another one has failed comes too late.
   */
  async #applyTogether(state: FirewallState, isThere: (tap: string) => boolean): Promise<Outcome[]> {
    const { drivers } = this.#parts;
    const says = drivers.map(() => Promise.withResolvers<ReadonlyMap<string, string>>());
    const guards = says.filter((_, at) => drivers[at]!.guards);
    const unguarded = Promise.all(guards.map(({ promise }) => promise)).then(
      (closed) => new Map(closed.flatMap((taps) => [...taps])),
    );
    return await Promise.all(
      drivers.map(async (driver, at) => {
        const guarded = says[at]!.resolve;
        const outcome = await this.#applied(driver, state, isThere, { unguarded, guarded });
        guarded(outcome.closed);
        return outcome;
      }),
    );
  }

  async #applied(
    driver: FirewallDriver,
    state: FirewallState,
    isThere: (tap: string) => boolean,
    together: Together,
  ): Promise<Outcome> {
    try {
      return await driver.apply(state, isThere, together);
    } catch (error) {
      const reason = `the rules of this host cannot be seen or changed: ${String(error)}`;
      const filtered = [...state.ports.values()].filter(({ filter }) => filter !== 'open');
      this.#parts.logger.error(
        { driver: driver.name, ports: filtered.length, error: String(error) },
        'Filtering failed',
      );
      return { closed: new Map(filtered.map(({ tap }) => [tap, reason])), late: new Map(), isUnknown: true };
    }
  }

  #logLate(late: ReadonlyMap<string, string>): void {
    const fresh = [...late].filter(([tap, reason]) => this.#toldLate.get(tap) !== reason);
    this.#toldLate = new Map(late);
    if (fresh.length === 0) return;
    const [, reason] = fresh[0]!;
    const devices = fresh.map(([tap]) => tap);
    this.#parts.logger.warn({ devices, reason }, 'Ports keep the rules they have: the newest could not be made');
  }
}

/** `isUnknown`: nobody can say what is in force. */
type Outcome = FirewallOutcome & { isUnknown?: true };

/** Out of its bridge, and down: nothing passes there. */
function shut(tap: DesiredTap): DesiredTap {
  return { ...tap, up: false, enslave: false };
}
