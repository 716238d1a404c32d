import { isReturn, isSameChain, runEnd } from './chain-order.ts';

/** What makes one list of rules another: `all` are made anew, or single ones go by their text and come by their place. */
export type ChainDifference =
  | 'all'
  | {
      readonly gone: readonly string[];
      /** In this order; `at` counts from 1, when those before have come. */
      readonly come: readonly { readonly body: string; readonly at: number }[];
    };

/** Of chains whose rules are the same lists (ports with the same groups have them) the difference is looked for once. */
export class ChainDifferences {
  readonly #known = new Map<readonly string[], Map<readonly string[], ChainDifference | null>>();

  /**
   * Few changes are made one by one, and the other rules keep their counters. In the kernel the rules may stand in another
   * order than in `before`, if it means the same.
   *
   * @returns null where both say the same
   */
  between(before: readonly string[], after: readonly string[]): ChainDifference | null {
    if (before === after) return null;
    let known = this.#known.get(before);
    if (!known) {
      known = new Map();
      this.#known.set(before, known);
    }
    let difference = known.get(after);
    if (difference === undefined) {
      difference = differenceOf(before, after);
      known.set(after, difference);
    }
    return difference;
  }
}

function differenceOf(before: readonly string[], after: readonly string[]): ChainDifference | null {
  if (isSameChain(before, after)) return null;
  const old = new Set(before);
  const wanted = new Set(after);
  const gone = before.filter((body) => !wanted.has(body));
  const come = after.flatMap((body, index) => (old.has(body) ? [] : [{ body, index }]));
  const isReordered = !isSameChain(
    before.filter((body) => wanted.has(body)),
    after.filter((body) => old.has(body)),
  );
  // Where exactly the others stand is not known: what is no RETURN would have no certain place.
  const isPlaced = come.every(({ body }) => isReturn(body));
  if (isReordered || !isPlaced || (gone.length + come.length) * 2 > after.length) return 'all';
  const first = runEnd(after);
  return {
    gone,
    come: [
      // From the last to the first, each to the top; then those behind them, each behind all before it.
      ...come.filter(({ index }) => index < first).reverse(),
      ...come.filter(({ index }) => index >= first),
    ].map(({ body, index }) => ({ body, at: index < first ? 1 : index + 1 })),
  };
}
