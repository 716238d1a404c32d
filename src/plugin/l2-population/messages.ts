import type { PlacedPort } from '../../db/read/forwarding.ts';
import {
  type FdbAddressChange,
  type FdbEntry,
  type FdbNetwork,
  type FdbPorts,
  FLOODING_ENTRY,
} from '../../rpc/contract.ts';
import { type FormerPlace, formerPlace } from './notes.ts';
import type { TunnelEnds } from './tunnel-ends.ts';

/** A port that agents must be told of. */
export interface PortChange {
  readonly portId: string;
  /** Where agents may believe it to be. */
  readonly was: readonly FormerPlace[];
  /** It came up or went down where it is: agents know of it, or do not. */
  readonly switched: boolean;
}

/** What is true now. */
export interface ForwardingFacts {
  /** By port. */
  readonly places: ReadonlyMap<string, readonly PlacedPort[]>;
  /** By `hostKey`: whether anything of a network is on a host. */
  readonly present: ReadonlySet<string>;
  /** By `hostKey`: whether agents were told of some port of the network there that is up, and its agent of the others. */
  readonly told: ReadonlySet<string>;
  readonly ends: TunnelEnds;
}

/** What must be said of one network, in this order. */
export interface NetworkMessages {
  remove: FdbNetwork | null;
  change: Record<string, FdbAddressChange> | null;
  /** Hosts whose agents need to know of all others. */
  lists: readonly string[];
  add: FdbNetwork | null;
}

export function hostKey(networkId: string, host: string): string {
  return `${networkId} ${host}`;
}

/**
 * What agents must hear so that they know where these ports are: pure. What is gone comes first: of a port that moves between
 * two hosts upstream's agents would else forget the address they have just learned.
 *
 * @param said what was true when these ports were told of a moment ago; null the first time
 */
export function planMessages(
  changes: readonly PortChange[],
  facts: ForwardingFacts,
  said: ForwardingFacts | null = null,
): Map<string, NetworkMessages> {
  const networks = new Map<string, NetworkDraft>();
  const draftOf = (place: FormerPlace) => {
    const draft = networks.get(place.network_id) ?? new NetworkDraft(place);
    networks.set(place.network_id, draft);
    return draft;
  };
  for (const change of changes) {
    const { before, now } = placesOf(change, facts);
    for (const place of before) {
      const there = now.find((other) => sameHost(place, other));
      if (there) draftOf(place).readdress(place, there.entries, facts);
      else draftOf(place).leave(place, facts);
    }
    for (const place of now) {
      const known = before.find((other) => sameHost(place, other));
      const wasPrepared = known?.entries.length === 0 && place.entries.length > 0;
      if (change.switched || !known || wasPrepared) draftOf(place).come(place, facts);
    }
    if (said) for (const place of [...before, ...now]) draftOf(place).mendFlooding(place, facts, said);
  }
  return new Map([...networks].map(([id, draft]) => [id, draft.messages]));
}

/** Where agents may believe the port to be, and where it is; only hosts that tunnel its network. */
function placesOf({ portId, was, switched }: PortChange, { places, ends }: ForwardingFacts) {
  const all = places.get(portId) ?? [];
  const left = switched ? all.filter(({ present }) => !present).map(formerPlace) : [];
  return {
    before: [...was, ...left].filter((place) => isServed(place, ends)),
    now: all
      .filter(({ present }) => present)
      .map(formerPlace)
      .filter((place) => isServed(place, ends)),
  };
}

function sameHost(one: FormerPlace, other: FormerPlace): boolean {
  return one.host === other.host && one.network_id === other.network_id;
}

function isServed({ host, network_type }: FormerPlace, ends: TunnelEnds): boolean {
  return ends.get(host)?.types.includes(network_type) === true;
}

class NetworkDraft {
  readonly #segment: Pick<FdbNetwork, 'segment_id' | 'network_type'>;
  readonly #gone = new Ends();
  readonly #come = new Ends();
  readonly #changed = new Map<string, { before: FdbEntry[]; after: FdbEntry[] }>();
  readonly #lists = new Set<string>();

  constructor({ segment_id, network_type }: FormerPlace) {
    this.#segment = { segment_id, network_type };
  }

  leave({ network_id, host, entries }: FormerPlace, { ends, present }: ForwardingFacts): void {
    const { ip } = ends.get(host)!;
    if (!present.has(hostKey(network_id, host))) this.#gone.add(ip, [FLOODING_ENTRY]);
    this.#gone.add(ip, entries);
  }

  come({ network_id, host, entries }: FormerPlace, { ends, told }: ForwardingFacts): void {
    const { ip, starts } = ends.get(host)!;
    if (starts || !told.has(hostKey(network_id, host))) {
      this.#come.add(ip, [FLOODING_ENTRY]);
      this.#lists.add(host);
    }
    this.#come.add(ip, entries);
  }

  /** Other ports of the host came or went meanwhile. */
  mendFlooding({ network_id, host }: FormerPlace, { ends, present }: ForwardingFacts, said: ForwardingFacts): void {
    const key = hostKey(network_id, host);
    if (present.has(key) === said.present.has(key)) return;
    const { ip } = ends.get(host)!;
    (present.has(key) ? this.#come : this.#gone).add(ip, [FLOODING_ENTRY]);
  }

  readdress({ host, entries }: FormerPlace, now: readonly FdbEntry[], { ends }: ForwardingFacts): void {
    if (entries.length === 0) return;
    const has = (list: readonly FdbEntry[], entry: FdbEntry) => list.some((other) => sameEntry(other, entry));
    const before = entries.filter((entry) => !has(now, entry));
    const after = now.filter((entry) => !has(entries, entry));
    if (before.length === 0 && after.length === 0) return;
    const { ip } = ends.get(host)!;
    const macs = new Set(entries.map(([mac]) => mac));
    if (now.length === 0 || !now.every(([mac]) => macs.has(mac))) {
      this.#gone.add(ip, before);
      this.#come.add(ip, after);
      return;
    }
    const change = this.#changed.get(ip) ?? { before: [], after: [] };
    this.#changed.set(ip, { before: [...change.before, ...before], after: [...change.after, ...after] });
  }

  get messages(): NetworkMessages {
    return {
      remove: this.#network(this.#gone.ports),
      change: this.#changes(),
      lists: [...this.#lists],
      add: this.#network(this.#come.ports),
    };
  }

  #network(ports: FdbPorts): FdbNetwork | null {
    return Object.keys(ports).length === 0 ? null : { ...this.#segment, ports };
  }

  #changes(): Record<string, FdbAddressChange> | null {
    if (this.#changed.size === 0) return null;
    return Object.fromEntries(
      [...this.#changed].map(([ip, { before, after }]) => [
        ip,
        { ...(before.length > 0 && { before }), ...(after.length > 0 && { after }) },
      ]),
    );
  }
}

/** Entries by tunnel end, each once, in the order in which they came. */
export class Ends {
  readonly ports: Record<string, FdbEntry[]> = {};
  readonly #known = new Set<string>();

  add(ip: string, entries: readonly FdbEntry[]): void {
    for (const entry of entries) {
      const key = `${ip} ${entry.join(' ')}`;
      if (this.#known.has(key)) continue;
      this.#known.add(key);
      this.ports[ip] ??= [];
      this.ports[ip].push(entry);
    }
  }
}

function sameEntry(one: FdbEntry, other: FdbEntry): boolean {
  return one[0] === other[0] && one[1] === other[1];
}
