import type { IpVersion } from '../../../lib/ip/address.ts';
import type { PortPlan } from './desired.ts';
import type { Unit } from './unit.ts';

/** Rules that the kernel refused are tried again after this, or when they change. */
const RETRY_MS = 10_000;

/** Ports whose rules the kernel refused, in one family or both. */
export class Refusals {
  readonly #refused = new Map<string, { unit: Unit | undefined; reason: string; atMs: number }>();

  get isEmpty(): boolean {
    return this.#refused.size === 0;
  }

  clear(): void {
    this.#refused.clear();
  }

  /** Forgets ports that are no more. */
  keep(ports: ReadonlyMap<string, PortPlan>): void {
    for (const key of this.#refused.keys()) if (!ports.has(key.slice(2))) this.#refused.delete(key);
  }

  add(version: IpVersion, tap: string, refused: { unit: Unit | undefined; reason: string; atMs: number }): void {
    this.#refused.set(`${version} ${tap}`, refused);
  }

  /** Taps whose rules need not be tried now, with the reason; those that are to be tried are forgotten. */
  waiting(version: IpVersion, ports: ReadonlyMap<string, PortPlan>, nowMs: number): Map<string, string> {
    const waiting = new Map<string, string>();
    for (const [tap, { units }] of ports) {
      const refused = this.#refused.get(`${version} ${tap}`);
      if (refused?.unit === units[version] && nowMs - refused.atMs < RETRY_MS) waiting.set(tap, refused.reason);
      else this.#refused.delete(`${version} ${tap}`);
    }
    return waiting;
  }
}
