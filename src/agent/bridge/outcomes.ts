import type { Logger } from '../../lib/log.ts';
import type { Derived } from './derive.ts';
import type { Devices } from './devices.ts';
import type { DeviceReports } from './reports.ts';

/** What became of the devices of a pass: said to the server, and each reason once in the log. */
export class Outcomes {
  readonly #devices: Devices;
  readonly #reports: DeviceReports;
  readonly #logger: Logger;
  readonly #toldProblems = new Map<string, string>();
  #closedTold: ReadonlySet<string> = new Set();

  constructor(parts: { devices: Devices; reports: DeviceReports; logger: Logger }) {
    this.#devices = parts.devices;
    this.#reports = parts.reports;
    this.#logger = parts.logger;
  }

  /** @param failed taps and bridges on which an operation failed, with the reason */
  tell(derived: Derived, failed: ReadonlyMap<string, string>): void {
    this.#report(derived, failed);
    this.#log(derived, failed);
  }

  #report({ state, problems }: Derived, failed: ReadonlyMap<string, string>): void {
    for (const device of this.#devices.all()) {
      if (!device.toReport) continue;
      const tap = state.taps.get(device.name);
      const broken = problems.has(device.name) || !tap || failed.has(tap.name) || failed.has(tap.bridge ?? '');
      const word = !broken && tap.up && !tap.closed ? 'up' : 'down';
      if (word !== device.told) this.#reports.report(device.name, word);
      device.told = word;
      // What is broken is looked at again until it works.
      device.toReport = broken;
    }
  }

  #log({ state, problems }: Derived, failed: ReadonlyMap<string, string>): void {
    const reasons = [...problems].map(([name, { reason, remedy }]) => [name, `${reason}: ${remedy}`] as const);
    const now = new Map([...reasons, ...failed]);
    const closed = new Set([...state.taps.values()].filter((tap) => tap.closed).map((tap) => tap.name));
    const fresh = [...closed].filter((name) => !this.#closedTold.has(name));
    if (fresh.length > 0) {
      const reason = 'security groups are configured and not served yet';
      this.#logger.warn({ devices: fresh, reason }, 'Ports with port security stay closed');
    }
    this.#closedTold = closed;
    for (const [subject, reason] of now) {
      if (this.#toldProblems.get(subject) !== reason) {
        this.#logger.warn({ device: subject, reason }, 'A device cannot be served');
      }
    }
    this.#toldProblems.clear();
    for (const [subject, reason] of now) this.#toldProblems.set(subject, reason);
  }
}
