import type { Gathered, Group } from './grouping.ts';
import { networksOf } from './grouping.ts';
import type { Device, Link, NetworkItem, Topology } from './topology.ts';

/** A network, as a bar over the whole width. */
export interface Bar {
  readonly item: NetworkItem;
  readonly y: number;
}

/** A router, a guest or a group of them. */
export type Box = { readonly id: string; readonly x: number; readonly y: number } & (
  | { readonly kind: 'device'; readonly device: Device }
  | { readonly kind: 'group'; readonly group: Group }
);

/** From a box to a bar: straight, or by a lane at the left where something is in between. */
export interface Line {
  readonly id: string;
  readonly network_id: string;
  readonly box: string;
  /** Null for those of a group, which stand for many. */
  readonly link: Link | null;
  /** Corners, from the box to the bar. */
  readonly points: readonly { readonly x: number; readonly y: number }[];
}

export interface BarsLayout {
  readonly width: number;
  readonly height: number;
  readonly bars: readonly Bar[];
  readonly boxes: readonly Box[];
  readonly lines: readonly Line[];
}

export const BAR = 30;
export const BOX = { width: 132, height: 46 } as const;
const GAP = 20;
/** Between two lanes. */
const LANE = 9;
/** Boxes beside each other below a bar, before the next line begins. */
const ACROSS = 8;

/** A thing with its networks, as places in the order of bars. */
interface Hanging {
  readonly id: string;
  readonly what: { kind: 'device'; device: Device } | { kind: 'group'; group: Group };
  readonly places: readonly number[];
  /** The place of the bar below which it stands. */
  readonly home: number;
}

/** A line that cannot go straight, with the places between which it needs its lane. */
interface Detour {
  readonly id: string;
  readonly top: number;
  readonly bottom: number;
}

/**
 * Where everything is: each thing below the first of its networks that is no external one. Lines to the bar above and
 * the next one go straight; all others take a lane at the left, so that no line passes behind a box.
 */
export function barsLayout({ networks }: Topology, { devices, groups }: Gathered): BarsLayout {
  const placeOf = new Map(networks.map(({ network }, place) => [network.id, place]));
  const inside = networks.filter(({ isExternal }) => isExternal).length;
  const hang = (what: Hanging['what'], id: string, on: readonly string[]): Hanging => {
    const places = on.flatMap((network) => placeOf.get(network) ?? []).sort((a, b) => a - b);
    return { id, what, places, home: places.find((place) => place >= inside) ?? places.at(-1) ?? networks.length };
  };
  const hanging = [
    ...devices.map((device) => hang({ kind: 'device', device }, device.id, networksOf(device))),
    ...groups.map((group) => hang({ kind: 'group', group }, group.id, group.network_ids)),
  ];
  const rows = Map.groupBy(
    [...hanging].sort((a, b) => b.places.length - a.places.length),
    ({ home }) => home,
  );
  const linesIn = (place: number) => Math.ceil((rows.get(place)?.length ?? 0) / ACROSS);
  const isStraight = ({ home }: Hanging, place: number) =>
    place === home || (place === home + 1 && linesIn(home) === 1);
  const lanes = lanesOf(
    hanging.flatMap((one) =>
      one.places
        .filter((place) => !isStraight(one, place))
        .map((place) => ({
          id: lineId(one, place),
          top: Math.min(place, one.home),
          bottom: Math.max(place, one.home),
        })),
    ),
  );
  const left = GAP + lanes.count * LANE;

  const boxes: Box[] = [];
  const barY: number[] = [];
  let y = 0;
  for (let place = 0; place <= networks.length; place += 1) {
    if (place < networks.length) {
      barY.push(y);
      y += BAR;
    }
    for (const [at, { id, what }] of (rows.get(place) ?? []).entries()) {
      const line = Math.floor(at / ACROSS);
      const x = left + (at % ACROSS) * (BOX.width + GAP);
      boxes.push({ id, x, y: y + GAP + line * (BOX.height + GAP), ...what });
    }
    y += linesIn(place) * (BOX.height + GAP) + GAP;
  }
  const boxOf = new Map(boxes.map((box) => [box.id, box]));
  const lines = hanging.flatMap((one) => {
    const box = boxOf.get(one.id)!;
    return one.places.map((place, at): Line => {
      const x = box.x + (BOX.width * (at + 1)) / (one.places.length + 1);
      const bar = barY[place]!;
      const end = place <= one.home ? bar + BAR : bar;
      const lane = lanes.of.get(lineId(one, place));
      const network_id = networks[place]!.network.id;
      const link =
        one.what.kind === 'device' ? one.what.device.links.find((leg) => leg.network_id === network_id)! : null;
      const shared = { id: `${one.id}/${network_id}`, network_id, box: one.id, link };
      if (lane === undefined) {
        return {
          ...shared,
          points: [
            { x, y: place > one.home ? box.y + BOX.height : box.y },
            { x, y: end },
          ],
        };
      }
      // Along the gap above the box, at a height of its own, so that neighbours do not lie on each other.
      const along = box.y - 4 - (lane % 4) * 3;
      const laneX = GAP / 2 + lane * LANE;
      const corners = [
        { x, y: box.y },
        { x, y: along },
        { x: laneX, y: along },
        { x: laneX, y: end },
      ];
      return { ...shared, points: corners };
    });
  });
  const across = Math.max(3, ...[...rows.values()].map((row) => Math.min(row.length, ACROSS)));
  const bars = networks.map((item, place) => ({ item, y: barY[place]! }));
  return { width: left + across * (BOX.width + GAP), height: Math.max(y, BAR), bars, boxes, lines };
}

const lineId = ({ id }: Hanging, place: number) => `${id}/${place}`;

/** A lane for each, shared by those that are not beside each other. */
function lanesOf(detours: readonly Detour[]): { of: ReadonlyMap<string, number>; count: number } {
  const of = new Map<string, number>();
  /** For each lane the place down to which it is taken. */
  const taken: number[] = [];
  for (const { id, top, bottom } of [...detours].sort((a, b) => a.top - b.top || b.bottom - a.bottom)) {
    const free = taken.findIndex((until) => until < top);
    const lane = free < 0 ? taken.length : free;
    taken[lane] = bottom;
    of.set(id, lane);
  }
  return { of, count: taken.length };
}
