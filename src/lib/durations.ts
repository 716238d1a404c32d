/**
 * How long many things took, as counts by class: a class is a quarter of a doubling, so that a share of them is told within
 * 10 %, counts of several processes add up, and an hour is a few numbers. `{"12": 5}`: five in class 12.
 */
export type Durations = Readonly<Record<string, number>>;

/** Milliseconds; what is shorter is in the first class. */
const SHORTEST_MS = 0.25;
const OF_A_DOUBLING = 4;
/** Half an hour. */
const LAST_CLASS = 92;

/** The class of a duration. @param ms milliseconds */
export function classOf(ms: number): number {
  if (!(ms > SHORTEST_MS)) return 0;
  return Math.min(LAST_CLASS, Math.ceil(OF_A_DOUBLING * Math.log2(ms / SHORTEST_MS)));
}

export function sumOf(some: Durations, others: Durations): Durations {
  const sum: Record<string, number> = { ...some };
  for (const [name, count] of Object.entries(others)) sum[name] = (sum[name] ?? 0) + count;
  return sum;
}

/** What this share of them took at most, in milliseconds; null of none. @param share in (0, 1] */
export function shareOf(durations: Durations, share: number): number | null {
  const classes = Object.entries(durations).map(([name, count]) => [Number(name), count] as const);
  const total = classes.reduce((sum, [, count]) => sum + count, 0);
  let left = share * total;
  for (const [name, count] of classes.toSorted(([a], [b]) => a - b)) {
    left -= count;
    // The middle of the class: more is not known.
    if (left <= 0) return Number((SHORTEST_MS * 2 ** ((name - 0.5) / OF_A_DOUBLING)).toPrecision(3));
  }
  return null;
}
