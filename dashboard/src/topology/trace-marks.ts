import type { Gathered } from './grouping.ts';
import type { Mend } from './mend.ts';
import type { Link } from './topology.ts';

/** What `GET /v2.0/ports/{id}/trace` answers. */
export interface Trace {
  readonly port_id: string;
  readonly from: string;
  readonly to: string;
  readonly protocol: string;
  readonly port: number | null;
  readonly verdict: 'arrives' | 'dropped' | 'leaves' | 'unknown';
  readonly summary: string;
  readonly hops: readonly Hop[];
  readonly answer?: { readonly verdict: Trace['verdict']; readonly summary: string; readonly hops: readonly Hop[] };
}

export interface Hop {
  readonly hop: string;
  readonly state: 'passes' | 'drops' | 'unknown';
  readonly text: string;
  readonly cause?: string;
  readonly remedy?: string;
  readonly mend?: Mend;
}

/** Which hops are at a thing, and whether the packet's way ends there. */
export interface HopsHere {
  readonly numbers: readonly number[];
  readonly isDropped: boolean;
}

/** By the id of the network, device, group or port they are at. */
export type TraceMarks = ReadonlyMap<string, HopsHere>;

const uuids = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;

/** Where in the picture the hops of a trace are: what they name that is drawn, the sender where they name nothing. */
export function traceMarks(trace: Trace, { devices, groups }: Gathered, networks: Iterable<string>): TraceMarks {
  const drawnAs = new Map<string, string[]>([...networks].map((id) => [id, [id]]));
  const add = (links: readonly Link[], box: string) => {
    for (const { port } of links) drawnAs.set(port.id, [...new Set([port.id, box])]);
  };
  for (const { id, links } of devices) {
    drawnAs.set(id, [id]);
    add(links, id);
  }
  for (const { id, guests } of groups) for (const { links } of guests) add(links, id);
  const found = new Map<string, HopsHere>();
  let before = drawnAs.get(trace.port_id) ?? [];
  trace.hops.forEach(({ text, cause = '', state }, at) => {
    const named = (`${text} ${cause}`.match(uuids) ?? []).flatMap((id) => drawnAs.get(id) ?? []);
    const places = named.length > 0 ? [...new Set(named)] : before;
    for (const place of places) {
      const { numbers = [], isDropped = false } = found.get(place) ?? {};
      found.set(place, { numbers: [...numbers, at + 1], isDropped: isDropped || state === 'drops' });
    }
    before = places;
  });
  return found;
}
