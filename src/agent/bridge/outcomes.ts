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
  #toldClosed: ReadonlyMap<string, string> = new Map();

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

  #report({ state, problems, closed }: Derived, failed: ReadonlyMap<string, string>): void {
    for (const device of this.#devices.all()) {
      if (!device.toReport) continue;
      const tap = state.taps.get(device.name);
      const broken = problems.has(device.name) || !tap || failed.has(tap.name) || failed.has(tap.bridge ?? '');
      const isClosed = closed.has(device.name);
      const word = !broken && tap.up && !isClosed ? 'up' : 'down';
      if (word !== device.told) this.#reports.report(device.name, word);
      device.told = word;
      // What is broken or closed is looked at again until it works.
      device.toReport = broken || isClosed;
    }
  }

  #log({ problems, closed }: Derived, failed: ReadonlyMap<string, string>): void {
    const fresh = [...closed].filter(([name, reason]) => this.#toldClosed.get(name) !== reason);
    for (const [reason, names] of Map.groupBy(fresh, ([, reason]) => reason)) {
      const devices = names.map(([name]) => name);
      this.#logger.warn({ devices, reason }, 'Ports are closed: nothing passes there');
    }
    this.#toldClosed = closed;
    const reasons = [...problems].map(([name, { reason, remedy }]) => [name, `${reason}: ${remedy}`] as const);
    const now = new Map([...reasons, ...failed]);
    for (const [subject, reason] of now) {
      if (this.#toldProblems.get(subject) !== reason) {
        this.#logger.warn({ device: subject, reason }, 'A device cannot be served');
      }
    }
    this.#toldProblems.clear();
    for (const [subject, reason] of now) this.#toldProblems.set(subject, reason);
  }
}
