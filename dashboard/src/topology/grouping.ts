import { type Health, worst } from './cloud.ts';
import type { Device, Topology } from './topology.ts';

/** Guests on the same networks, as one thing to draw. */
export interface Group {
  /** Made of the ids of the networks: the same while guests come and go. */
  readonly id: string;
  readonly network_ids: readonly string[];
  readonly guests: readonly Device[];
  readonly health: Health;
  /** How many there are of each state. */
  readonly counts: Readonly<Partial<Record<Health, number>>>;
}

export interface Gathered {
  readonly devices: readonly Device[];
  readonly groups: readonly Group[];
}

/** More guests than this on the same networks are drawn as one. */
const APART = 6;
/** An opened group shows so many at once: the rest stays gathered, search finds it. */
const OPENED = 60;
/** No picture has more guests: beyond, a guest is counted at its first network only. */
const MOST = 300;

/**
 * Which guests are drawn, and which are gathered: a picture of 2,000 guests is none. Those that are not well stay apart
 * as long as they are few.
 *
 * @param opened ids of groups that the user opened
 */
export function gathered(topology: Topology, opened: ReadonlySet<string>): Gathered {
  const routers = topology.devices.filter(({ kind }) => kind === 'router');
  const guests = topology.devices.filter(({ kind }) => kind === 'guest');
  const byNetworks = Map.groupBy(guests, (guest) => groupId(networksOf(guest)));
  const usual = [...byNetworks].map(([id, own]) => split(id, own, opened));
  const drawn = usual.reduce((sum, { apart, rest }) => sum + apart.length + (rest.length > 0 ? 1 : 0), 0);
  const parts =
    drawn <= MOST
      ? usual
      : [...Map.groupBy(guests, (guest) => groupId(networksOf(guest).slice(0, 1)))].map(([id, own]) =>
          split(id, own, opened),
        );
  return {
    devices: [...routers, ...parts.flatMap(({ apart }) => apart)],
    groups: parts.flatMap(({ id, rest }) => (rest.length > 0 ? [groupOf(id, rest)] : [])),
  };
}

export function networksOf({ links }: Device): string[] {
  return [...new Set(links.map(({ network_id }) => network_id))].sort();
}

/** No network has such an id. */
const groupId = (networkIds: readonly string[]) => `group:${networkIds.join('+')}`;

function split(id: string, guests: readonly Device[], opened: ReadonlySet<string>) {
  const most = opened.has(id) ? OPENED : APART;
  if (guests.length <= most) return { id, apart: guests, rest: [] };
  const ill = guests.filter(({ health }) => health === 'error' || health === 'down');
  const well = guests.filter(({ health }) => health !== 'error' && health !== 'down');
  if (opened.has(id)) {
    const all = [...ill, ...well];
    return { id, apart: all.slice(0, OPENED), rest: all.slice(OPENED) };
  }
  // Many that are down say no more each than their number does.
  return ill.length <= APART ? { id, apart: ill, rest: well } : { id, apart: [], rest: guests };
}

function groupOf(id: string, guests: readonly Device[]): Group {
  const counts: Partial<Record<Health, number>> = {};
  for (const { health } of guests) counts[health] = (counts[health] ?? 0) + 1;
  return {
    id,
    network_ids: id.slice('group:'.length).split('+'),
    guests,
    health: worst(guests.map(({ health }) => health)),
    counts,
  };
}
