import type { Db, Tx } from '../../../db/database.ts';
import { type Allocations, allocations } from '../../../db/write/allocations.ts';
import { segmentRangesOf } from '../../../db/write/segment-ranges.ts';
import { type IdRange, type RangedType, without } from './ranges.ts';

/** A range, and the project whose networks alone get ids of it; null: everybody's. */
export interface OwnedRange extends IdRange {
  readonly project_id: string | null;
}

/** Ranges by physical network (null for tunnels), in the order in which these are tried. */
export type Ranges = ReadonlyMap<string | null, readonly OwnedRange[]>;

/** Where the ranges of a type come from: the configuration, or what administrators made of it. */
export type RangeSource = (db: Db) => Promise<Ranges>;

/** Ranges of the configuration: everybody's, and the same for as long as the server runs. */
export function fixedRanges(ranges: Iterable<readonly [string | null, readonly IdRange[]]>): RangeSource {
  const everybodys = new Map(
    [...ranges].map(([physical, list]) => [physical, list.map((range) => ({ ...range, project_id: null }))]),
  );
  return async () => everybodys;
}

/**
 * Ranges that administrators keep (service plugin network_segment_range): asked for each time, because any server may have
 * changed them.
 */
export function storedRanges(type: RangedType): RangeSource {
  return async (db) =>
    Map.groupBy(
      (await segmentRangesOf(db, type)).map((range) => ({ ...range, project_id: range.project_id || null })),
      ({ physical_network }) => physical_network,
    );
}

/** The ids of one type: which are taken, and which of the free ones a network gets. */
export class IdPool {
  readonly ranges: RangeSource;
  readonly #taken: Allocations;
  readonly #random: () => number;

  constructor(type: RangedType, ranges: RangeSource, random: () => number) {
    this.ranges = ranges;
    this.#taken = allocations[type];
    this.#random = random;
  }

  /** Takes exactly this id, in a range or not; false when a network has it. */
  async take(tx: Tx, id: number, physicalNetwork: string | null): Promise<boolean> {
    if (await this.#taken.isTaken(tx, id, physicalNetwork)) return false;
    await this.#taken.take(tx, id, physicalNetwork);
    return true;
  }

  /**
   * Takes a free id for a network of a project: of the project's own ranges, then of those that are everybody's and not
   * another project's. The search begins anywhere, so that servers seldom want the same id, and looks at the taken ids
   * from there on, of which few lie side by side until a range is nearly full.
   *
   * @returns null when there is none
   */
  async takeAny(
    tx: Tx,
    ranges: readonly OwnedRange[],
    projectId: string | null,
    physicalNetwork: string | null,
  ): Promise<number | null> {
    const own = ranges.filter((range) => range.project_id !== null && range.project_id === projectId);
    const others = ranges.filter((range) => range.project_id !== null && range.project_id !== projectId);
    const shared = ranges.filter((range) => range.project_id === null);
    for (const choice of [without(own, []), without(shared, others)]) {
      const id = await this.#firstFree(tx, choice, physicalNetwork);
      if (id === null) continue;
      await this.#taken.take(tx, id, physicalNetwork);
      return id;
    }
    return null;
  }

  release(tx: Tx, id: number, physicalNetwork: string | null): Promise<void> {
    return this.#taken.release(tx, id, physicalNetwork);
  }

  async #firstFree(tx: Tx, ranges: readonly IdRange[], physicalNetwork: string | null): Promise<number | null> {
    for (const { minimum, maximum } of fromAnywhere(ranges, this.#random())) {
      const id = await this.#taken.firstFree(tx, minimum, maximum, physicalNetwork);
      if (id !== null) return id;
    }
    return null;
  }
}

/** All ids of these ranges once around, beginning at a part (in [0, 1)) of the way. */
function fromAnywhere(ranges: readonly IdRange[], part: number): IdRange[] {
  let ahead = Math.floor(part * ranges.reduce((sum, { minimum, maximum }) => sum + maximum - minimum + 1, 0));
  for (const [at, { minimum, maximum }] of ranges.entries()) {
    const size = maximum - minimum + 1;
    if (ahead >= size) {
      ahead -= size;
      continue;
    }
    const start = minimum + ahead;
    const before = start > minimum ? [{ minimum, maximum: start - 1 }] : [];
    return [{ minimum: start, maximum }, ...ranges.slice(at + 1), ...ranges.slice(0, at), ...before];
  }
  return [];
}
