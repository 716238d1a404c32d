import type { Trunk } from './trunk.ts';

/** A tap of this host that may be the parent of a trunk. */
export interface ParentTap {
  readonly name: string;
  readonly ifindex: number;
  readonly portId: string;
}

/** What is known of such a port. */
export interface Parent extends ParentTap {
  /** Null: it has none. */
  trunk: Trunk | null;
  /** The server must be asked (again). */
  stale: boolean;
  /** Nothing was heard of its trunk before this. */
  isNew: boolean;
  /** Sub-ports that the server has bound to this host. */
  readonly bound: Set<string>;
  /** When the server was last asked to bind sub-ports, in ms of the monotonic clock. */
  boundAtMs: number;
  /** What failed is not tried again before this, in ms of the monotonic clock. */
  notBeforeMs: number;
  /** What is wrong, by device, as it was last said in the log. */
  problems: ReadonlyMap<string, string>;
}

/** The ports with taps on this host by their ids, in step with the kernel. */
export class Parents {
  readonly #byPort = new Map<string, Parent>();

  all(): Parent[] {
    return [...this.#byPort.values()];
  }

  get(portId: string): Parent | undefined {
    return this.#byPort.get(portId);
  }

  /** The parent on whose trunk a port is; undefined where it is on none of this host. */
  carrierOf(portId: string): Parent | undefined {
    return this.all().find(({ trunk }) => trunk?.subPorts.some((subPort) => subPort.port_id === portId));
  }

  ofTrunk(trunkId: string): Parent | undefined {
    return this.all().find(({ trunk }) => trunk?.id === trunkId);
  }

  /** Takes in which taps there are now; one that was made anew is another. */
  see(taps: readonly ParentTap[]): void {
    const present = new Map(taps.map((tap) => [tap.portId, tap]));
    for (const parent of this.all()) {
      if (present.get(parent.portId)?.ifindex !== parent.ifindex) this.#byPort.delete(parent.portId);
    }
    for (const tap of taps) {
      if (this.#byPort.has(tap.portId)) continue;
      const unknown = { trunk: null, stale: true, isNew: true, bound: new Set<string>(), boundAtMs: 0 };
      this.#byPort.set(tap.portId, { ...tap, ...unknown, notBeforeMs: 0, problems: new Map() });
    }
  }

  /** Takes in what the server says of a port's trunk now. */
  learn(parent: Parent, trunk: Trunk | null): void {
    parent.trunk = trunk;
    parent.stale = false;
    const carried = new Set(trunk?.subPorts.map(({ port_id }) => port_id));
    for (const id of parent.bound) if (!carried.has(id)) parent.bound.delete(id);
  }
}
