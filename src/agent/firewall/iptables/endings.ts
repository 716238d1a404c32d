import type { Desired, PortPlan } from './desired.ts';
import { zoneOf } from './port-rules.ts';
import type { Ready } from './ready.ts';
import { isPassing, type Unit } from './unit.ts';

/** What passes no more, or is no longer a port's, follows from what ports had when the kernel last got it. */
export class Endings {
  readonly #settled = new Map<string, PortPlan>();

  /**
   * Notes what ended with a change.
   *
   * @param shrunk sets that have lost addresses, as `VERSION GROUP`
   */
  settle({ families, flows }: Ready, desired: Desired, shrunk: ReadonlySet<string>): void {
    const isInForce = (tap: string, plan: PortPlan) =>
      families.every(({ version, units }) => units.get(tap) === plan.units[version]);
    for (const [tap, old] of this.#settled) {
      const plan = desired.ports.get(tap);
      if (plan === old) continue;
      if (plan && !isInForce(tap, plan)) continue;
      const now = new Set(plan ? addressesOf(plan) : []);
      const lost = addressesOf(old).filter((ip) => !now.has(ip));
      const isElsewhere = plan !== undefined && zoneOf(plan.tracking) !== zoneOf(old.tracking);
      flows.lose(old, isElsewhere ? addressesOf(old) : lost);
    }
    for (const tap of this.#settled.keys()) if (!desired.ports.has(tap)) this.#settled.delete(tap);
    for (const [tap, plan] of desired.ports) {
      if (isInForce(tap, plan)) this.#settled.set(tap, plan);
      if (shrunk.size === 0) continue;
      const concerns = ([4, 6] as const).some((v) => [...plan.remotes[v]].some((id) => shrunk.has(`${v} ${id}`)));
      if (concerns) flows.recheck(tap);
    }
  }
}

function addressesOf({ port }: PortPlan): string[] {
  return [...port.fixedIps, ...port.addressPairs.map(({ ip_address }) => ip_address)];
}

/** Whether something that used to be let through at a port may be dropped now. */
export function passesLess(before: Unit | undefined, after: Unit | undefined, plan: PortPlan): boolean {
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
