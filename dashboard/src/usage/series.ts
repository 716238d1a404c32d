import type { RecentUsage } from '../../../src/lib/recent-usage.ts';

/** A value at a moment (seconds since the epoch); null: there is none, and a line is broken there. */
export interface Point {
  readonly at: number;
  readonly value: number | null;
}

export interface Series {
  readonly name: string;
  readonly points: readonly Point[];
}

/**
 * How much was asked, a second: nothing where nobody asked.
 * @param of which number of a step
 */
export function rates({ load, step, from, until }: RecentUsage, of: 'requests' | 'errors'): Point[] {
  const byStep = new Map(load.map((one) => [one.at, one[of] / step]));
  return steps(from, until, step).map((at) => ({ at, value: byStep.get(at) ?? 0 }));
}

/** How long answers took, in ms: unknown where nobody asked. */
export function latencies({ load, step, from, until }: RecentUsage, of: 'p50' | 'p95'): Point[] {
  const byStep = new Map(load.map((one) => [one.at, one[of]]));
  return steps(from, until, step).map((at) => ({ at, value: byStep.get(at) ?? null }));
}

/** Ports of one status, as steps: each count holds until the next. */
export function counts({ ports, until }: Pick<RecentUsage, 'ports' | 'until'>, status: string): Point[] {
  const points: Point[] = [];
  for (const { at, counts } of ports) {
    const before = points.at(-1);
    if (before) points.push({ at, value: before.value });
    points.push({ at, value: counts[status] ?? 0 });
  }
  const last = points.at(-1);
  return last ? [...points, { at: until, value: last.value }] : [];
}

/** Every status that was seen within the hour. */
export function statusesOf({ ports }: Pick<RecentUsage, 'ports'>): string[] {
  return [...new Set(ports.flatMap(({ counts }) => Object.keys(counts)))].toSorted();
}

/** Whole steps of a time; the last, which is not over yet, is left out. */
function steps(from: number, until: number, step: number): number[] {
  const first = Math.ceil(from / step) * step;
  // What a step was like is told a step later.
  const count = Math.max(0, Math.floor((until - first) / step) - 1);
  return Array.from({ length: count }, (_, i) => first + i * step);
}

/** Least, greatest and last value that is known, for whoever does not see the line. */
export function told(
  points: readonly Point[],
): { readonly least: number; readonly most: number; readonly last: number } | null {
  const values = points.flatMap(({ value }) => value ?? []);
  if (values.length === 0) return null;
  return { least: Math.min(...values), most: Math.max(...values), last: values.at(-1)! };
}

/** A round number at or above the greatest, so that the lines of a chart stand at values that one can read: 1, 2, 5, 10 … */
export function topOf(most: number): number {
  if (most <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(most));
  return ([1, 2, 5, 10].find((digit) => most <= digit * power) ?? 10) * power;
}

/** Pieces of a line in a picture of that size: broken where a value is unknown, one that stands alone is a short dash. */
export function linePath(
  points: readonly Point[],
  picture: {
    readonly from: number;
    readonly until: number;
    readonly top: number;
    readonly width: number;
    readonly height: number;
  },
): string {
  const { from, until, top, width, height } = picture;
  const x = (at: number) => round(((at - from) / Math.max(1, until - from)) * width);
  const y = (value: number) => round(height - (Math.min(value, top) / top) * height);
  let path = '';
  let isDrawing = false;
  for (const { at, value } of points) {
    if (value === null) {
      isDrawing = false;
      continue;
    }
    path += isDrawing ? `L${x(at)} ${y(value)}` : `M${x(at)} ${y(value)}h0.5`;
    isDrawing = true;
  }
  return path;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

/** The greatest value of each line in each piece of a time, for a table beside the picture. */
export function rowsOf(
  series: readonly Series[],
  { from, until, seconds }: { readonly from: number; readonly until: number; readonly seconds: number },
): { readonly at: number; readonly values: readonly (number | null)[] }[] {
  const count = Math.ceil((until - from) / seconds);
  return Array.from({ length: count }, (_, i) => {
    const at = from + i * seconds;
    const within = (points: readonly Point[]) => points.filter((point) => point.at >= at && point.at < at + seconds);
    return { at, values: series.map(({ points }) => told(within(points))?.most ?? null) };
  });
}
