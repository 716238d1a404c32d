import type { Desired } from './desired.ts';
import type { RulesInForce } from './in-force.ts';
import { knownUnit } from './port-rules.ts';
import { bridgeOf, type Unit } from './unit.ts';

/** What tables must hold, by owner. What did not change is the same object again. */
export class WantedUnits {
  readonly #knownUnits = new WeakMap<Unit, Unit>();

  /** What the tables of one family must hold: ours, and what others' agents put there for taps that are on this host. */
  of(
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
}

/** What is in force stays, if it filters at least as the port wants to be; else nothing passes. */
export function fallback(desired: Desired, owner: string, have: Unit | undefined): Unit | undefined {
  const plan = desired.ports.get(owner);
  if (!plan) return have;
  const filters = have !== undefined && have.chains.size > 0;
  return filters && plan.port.filter !== 'closed' ? have : plan.closed();
}
