import { portIdPrefix } from '../../lib/names.ts';
import type { Link, NetworkState } from '../../linux/contract.ts';
import type { BoundDeviceDetails, DeviceDetails } from '../../rpc/contract.ts';

/** A tap on this host, and what the server said of it. */
export interface Device {
  readonly name: string;
  /** A tap that is made anew under the same name has another. */
  readonly ifindex: number;
  /** Null when the server does not know it, or not on this host, or was not asked yet. */
  details: BoundDeviceDetails | null;
  /** The server must be asked (again). */
  stale: boolean;
  /** The server must be told (again) whether it is up. */
  toReport: boolean;
  /** What the server was last told since it gave these details. */
  told: 'up' | 'down' | null;
  /** Since when it hangs in the air, in ms of the monotonic clock; null while it is in a bridge. */
  looseSinceMs: number | null;
  /** The device of a sub-port whose trunk's parent is down. */
  heldDown: boolean;
  /** It was seen in the bridge where it belongs. */
  wasPlugged: boolean;
  /** Its binding here was deactivated, and was not activated again since. */
  hasLeft: boolean;
}

/** A guest's tap that is in no bridge for this long was forgotten by whoever should have put it there. */
const ORPHAN_AFTER_MS = 20_000;

/** The taps of this host by name, kept in step with the kernel. */
export class Devices {
  readonly #byName = new Map<string, Device>();
  /** Taps that the kernel told of and that were not seen yet: name → ifindex. */
  readonly #announced = new Map<string, number>();

  get size(): number {
    return this.#byName.size;
  }

  get(name: string): Device | undefined {
    return this.#byName.get(name);
  }

  all(): Device[] {
    return [...this.#byName.values()];
  }

  stale(): Device[] {
    return this.all().filter((device) => device.stale);
  }

  /** The kernel told of a device that came. */
  announce(name: string, ifindex: number): void {
    if (portIdPrefix(name) !== null) this.#announced.set(name, ifindex);
  }

  /**
   * From now on there are the taps that the kernel told of. One that is there no more, or is another, is found so by `see`.
   *
   * @returns whether there were any
   */
  admit(nowMs: number): boolean {
    const fresh = [...this.#announced].filter(([name]) => !this.#byName.has(name));
    for (const [name, ifindex] of fresh) this.#byName.set(name, newDevice({ name, ifindex, master: null }, nowMs));
    this.#announced.clear();
    return fresh.length > 0;
  }

  /** Whether there are taps that the server was not asked for. */
  get isSomeNew(): boolean {
    return [...this.#announced.keys()].some((name) => !this.#byName.has(name)) || this.stale().length > 0;
  }

  /** Takes in what the kernel has now. @returns names of taps that are gone, and of those that came */
  see(state: NetworkState, nowMs: number): { gone: Device[]; came: Device[] } {
    const gone = this.all().filter((device) => !state.links.has(device.name));
    for (const device of gone) this.#byName.delete(device.name);
    const came: Device[] = [];
    for (const link of state.links.values()) {
      if (portIdPrefix(link.name) === null) continue;
      const known = this.#byName.get(link.name);
      if (known?.ifindex === link.ifindex) {
        known.looseSinceMs = link.master === null ? (known.looseSinceMs ?? nowMs) : null;
        continue;
      }
      const device = newDevice(link, nowMs);
      this.#byName.set(link.name, device);
      came.push(device);
    }
    return { gone, came };
  }

  /** Takes in an answer of the server. An answer with nothing but a name means that the server does not know it here. */
  learn(details: DeviceDetails): void {
    const device = this.#byName.get(details.device);
    if (!device) return;
    device.details = details.port_id === undefined || details.network_id === undefined ? null : details;
    // An answer to a question from before the guest left says that it is here: the next one, which is due, counts.
    if (device.details !== null && !device.stale) device.hasLeft = false;
    // Of a guest that is only moving here everything is made ready, and nothing said.
    device.toReport = device.details !== null && !device.details.no_active_binding;
    device.told = null;
  }

  details(): BoundDeviceDetails[] {
    return this.all().flatMap((device) => device.details ?? []);
  }

  markStale(which: (device: Device) => boolean): void {
    for (const device of this.#byName.values()) if (which(device)) device.stale = true;
  }

  /** Guests' taps that we put into their bridge: they were in it before, or have waited too long for somebody else. */
  orphans(nowMs: number): Set<string> {
    const orphans = this.all().filter(
      ({ looseSinceMs, wasPlugged }) =>
        looseSinceMs !== null && (wasPlugged || nowMs - looseSinceMs >= ORPHAN_AFTER_MS),
    );
    return new Set(orphans.map((device) => device.name));
  }
}

function newDevice({ name, ifindex, master }: Pick<Link, 'name' | 'ifindex' | 'master'>, nowMs: number): Device {
  return {
    name,
    ifindex,
    details: null,
    stale: true,
    toReport: false,
    told: null,
    looseSinceMs: master === null ? nowMs : null,
    heldDown: false,
    wasPlugged: false,
    hasLeft: false,
  };
}
