import type { Db } from '../../db/database.ts';
import { allocations } from '../../db/write/allocations.ts';
import { type IdInUse, idsInUse, type SegmentRangeRow } from '../../db/write/segment-ranges.ts';
import { inTurns } from '../../lib/turns.ts';
import type { RangedType } from '../ml2/type/ranges.ts';

/**
 * So many free ids of a range are listed at most. Upstream lists all: 16 million numbers of a whole VXLAN range, for every
 * range of a list.
 */
export const MOST_AVAILABLE = 65_536;

export interface Usage {
  /** Segmentation id → the project whose network has it. */
  used: Record<string, string>;
  /** Ids that no network has, the lowest first. */
  available: number[];
}

type Range = Pick<SegmentRangeRow, 'network_type' | 'physical_network' | 'minimum' | 'maximum'>;

/** What is used and what is left of each range. Two statements for the ranges of one network type, however many. */
export async function usageOf(db: Db, ranges: readonly Range[]): Promise<Usage[]> {
  const known = new Map<string, Known>();
  for (const [type, alike] of Map.groupBy(ranges, ({ network_type }) => network_type)) {
    known.set(type, await knownOf(db, type, alike));
  }
  return inTurns(ranges, async ({ network_type, physical_network, minimum, maximum }) => {
    const { taken, used } = known.get(network_type)!;
    const inRange = between(used.get(physical_network) ?? [], ({ id }) => id, minimum, maximum);
    return {
      used: Object.fromEntries(inRange.map(({ id, project_id }) => [id, project_id])),
      available: freeIn(
        minimum,
        maximum,
        between(taken.get(physical_network)!, (id) => id, minimum, maximum),
      ),
    };
  });
}

/** By physical network, ids in order. */
interface Known {
  readonly taken: ReadonlyMap<string | null, readonly number[]>;
  readonly used: ReadonlyMap<string | null, readonly IdInUse[]>;
}

/** What is known of all ids from the lowest of these ranges to the highest. */
async function knownOf(db: Db, type: string, ranges: readonly Range[]): Promise<Known> {
  let [minimum, maximum] = [Number.POSITIVE_INFINITY, 0];
  for (const range of ranges) {
    minimum = Math.min(minimum, range.minimum);
    maximum = Math.max(maximum, range.maximum);
  }
  const on = [...new Set(ranges.map(({ physical_network }) => physical_network))];
  return {
    taken: await allocations[type as RangedType].takenIn(db, minimum, maximum, on),
    used: Map.groupBy(await idsInUse(db, type, { minimum, maximum }, on), ({ physical_network }) => physical_network),
  };
}

/** The part of an ordered list whose ids lie in a range. */
function between<T>(ordered: readonly T[], idOf: (entry: T) => number, minimum: number, maximum: number): readonly T[] {
  return ordered.slice(firstAtLeast(ordered, idOf, minimum), firstAtLeast(ordered, idOf, maximum + 1));
}

function firstAtLeast<T>(ordered: readonly T[], idOf: (entry: T) => number, wanted: number): number {
  let low = 0;
  let high = ordered.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (idOf(ordered[middle]!) < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** @param taken in order */
function freeIn(minimum: number, maximum: number, taken: readonly number[]): number[] {
  const free: number[] = [];
  let next = 0;
  for (let id = minimum; id <= maximum && free.length < MOST_AVAILABLE; id++) {
    if (taken[next] === id) next++;
    else free.push(id);
  }
  return free;
}
