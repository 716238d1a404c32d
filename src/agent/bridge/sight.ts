import type { Cause } from '../../lib/cause.ts';
import type { NetworkState } from '../../linux/contract.ts';
import type { WatchedHost } from '../../linux/watched-host.ts';
import type { GroupKnowledge } from '../firewall/groups.ts';
import type { Asked, DeviceQuestions } from './ask.ts';
import type { Devices } from './devices.ts';
import type { DeviceReports } from './reports.ts';

/** While taps go on coming they are waited for: this long between two looks, and so long in all. */
const BURST_MS = 4;
const LONGEST_BURST_MS = 100;

export interface SightParts {
  linux: WatchedHost;
  devices: Devices;
  questions: DeviceQuestions;
  groups: GroupKnowledge | null;
  reports: DeviceReports;
  /** Does what must not wait for an answer of the server's. @returns whether anything was done on the host */
  before: (state: NetworkState) => Promise<boolean>;
}

export interface Seen extends Asked {
  state: NetworkState;
  /** Taps came or went. */
  isNew: boolean;
  /** Ports that the server was asked for again. */
  retold: readonly string[];
}

/**
 * What a pass goes by: the host as it is, and what the server says of its taps. A pass over many rules costs nearly as much
 * for one tap as for a hundred: while taps go on coming, they are gathered.
 */
export class Sight {
  readonly #parts: SightParts;

  constructor(parts: SightParts) {
    this.#parts = parts;
  }

  async look(): Promise<Seen> {
    const { devices } = this.#parts;
    const endMs = performance.now() + LONGEST_BURST_MS;
    const seen = { asked: 0, failed: false, causes: [] as Cause[], isNew: false, retold: [] as string[] };
    for (;;) {
      seen.isNew = devices.admit(performance.now()) || seen.isNew;
      seen.retold.push(...devices.stale().flatMap(({ details }) => details?.port_id ?? []));
      // At the same time; but what the way to the server may lead over is not held up by it.
      const asking = this.#ask();
      const state = await this.#read();
      add(seen, await asking);
      seen.isNew = this.#see(state) || seen.isNew;
      if (seen.failed || !devices.isSomeNew) return { ...seen, state };
      if (performance.now() > endMs) {
        add(seen, await this.#ask());
        return { ...seen, state };
      }
      await new Promise((resolve) => setTimeout(resolve, BURST_MS));
    }
  }

  async #read(): Promise<NetworkState> {
    const { linux, before } = this.#parts;
    const state = await linux.readNetwork();
    return (await before(state)) ? await linux.readNetwork() : state;
  }

  /** Devices and their groups at the same time: which of them are filtered is known with the answer. */
  async #ask(): Promise<Asked> {
    const { groups, devices, questions } = this.#parts;
    groups?.askFor(devices.stale().map(({ name }) => name));
    const [asked, areGroupsTold] = await Promise.all([questions.ask(), groups?.ask() ?? true]);
    for (const device of devices.all()) if (!device.stale && !device.details) groups?.forget(device.name);
    return { ...asked, failed: asked.failed || !areGroupsTold };
  }

  /** @returns whether taps came or went */
  #see(state: NetworkState): boolean {
    const { devices, reports, groups } = this.#parts;
    const { gone, came } = devices.see(state, performance.now());
    for (const device of gone) {
      reports.forget(device.name);
      groups?.forget(device.name);
      if (device.details && !device.details.no_active_binding) reports.report(device.name, 'down');
    }
    return came.length > 0 || gone.length > 0;
  }
}

function add(seen: { asked: number; failed: boolean; causes: Cause[] }, { asked, failed, causes }: Asked): void {
  seen.asked += asked;
  seen.failed ||= failed;
  seen.causes.push(...causes);
}
