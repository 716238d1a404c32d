import type { Db } from '../../db/database.ts';
import { allocations } from '../../db/write/allocations.ts';
import { idsInUse, type SegmentRangeRow } from '../../db/write/segment-ranges.ts';
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

/** What is used and what is left of each range. */
export function usageOf(db: Db, ranges: readonly Range[]): Promise<Usage[]> {
  return inTurns(ranges, async (range) => {
    const { network_type, physical_network, minimum, maximum } = range;
    const taken = await allocations[network_type as RangedType].takenIn(db, minimum, maximum, physical_network);
    const used = await idsInUse(db, range);
    return {
      used: Object.fromEntries(used.map(({ id, project_id }) => [id, project_id])),
      available: freeIn(minimum, maximum, taken),
    };
  });
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
