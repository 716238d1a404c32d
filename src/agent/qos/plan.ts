import type { Filter, Shape, TrafficOperation, TrafficState } from '../../linux/traffic-control.ts';
import type { Treatment } from './derive.ts';

/** How this host limits what guests send: it polices, or (a kernel that cannot) it shapes on a detour. */
export type Means = 'police' | 'detour';

/** The device that what a guest sends is shaped on: `ifb` and the rest of the tap's name. */
export function detourName(tap: string): string {
  return `ifb${tap.slice('tap'.length)}`;
}

/** A name that `detourName` gives: others are somebody else's. */
const DETOUR = /^ifb[0-9a-f]{8}-[0-9a-f]{2}$/;

/**
 * What must be done so that these taps are limited as they shall be, and detours of taps that are gone go. Nothing where all
 * is well. Taps that are not named are left alone.
 *
 * @param taps all that are on the host, known or not
 */
export function planTraffic(
  treatments: Iterable<Treatment>,
  state: TrafficState,
  { means, taps }: { means: Means; taps: ReadonlyMap<string, unknown> },
): TrafficOperation[] {
  const operations: TrafficOperation[] = [];
  const late: TrafficOperation[] = [];
  for (const treatment of treatments) {
    operations.push(...planToGuest(treatment, state));
    const { now, last } = planFromGuest(treatment, state, means);
    operations.push(...now);
    late.push(...last);
  }
  for (const name of state.detours) {
    if (DETOUR.test(name) && !taps.has(`tap${name.slice('ifb'.length)}`)) late.push({ op: 'delete_detour', name });
  }
  const made = operations.filter(({ op }) => op === 'make_detour');
  return [...made, ...operations.filter(({ op }) => op !== 'make_detour'), ...late];
}

function planToGuest({ device, toGuest }: Treatment, { roots }: TrafficState): TrafficOperation[] {
  const root = roots.get(device);
  if (toGuest === null) return root?.kind === 'tbf' ? [{ op: 'unshape', device }] : [];
  return isShaped(root?.shape, toGuest) ? [] : [shape(device, toGuest)];
}

function planFromGuest(
  { device, fromGuest }: Treatment,
  { roots, entrances, detours }: TrafficState,
  means: Means,
): { now: TrafficOperation[]; last: TrafficOperation[] } {
  const entrance = entrances.get(device);
  const name = detourName(device);
  const away: TrafficOperation[] = detours.has(name) ? [{ op: 'delete_detour', name }] : [];
  const unfilter: TrafficOperation[] = entrance?.filter ? [{ op: 'unfilter', device }] : [];
  if (fromGuest === null) {
    // A place that somebody else made, or uses, stays.
    const close = entrance?.kind === 'ingress' && !entrance.others;
    return { now: [...unfilter, ...(close ? [{ op: 'close_entrance', device } as const] : [])], last: away };
  }
  const open: TrafficOperation[] = entrance === undefined ? [{ op: 'open_entrance', device }] : [];
  if (means === 'police') {
    const { rate, burst } = fromGuest;
    if (isPoliced(entrance?.filter ?? null, fromGuest)) return { now: [], last: away };
    return { now: [...open, ...unfilter, { op: 'police', device, rate, burst }], last: away };
  }
  const make: TrafficOperation[] = detours.has(name) ? [] : [{ op: 'make_detour', name }];
  // A device that is made anew under the name has no bucket yet.
  const bucket = detours.has(name) && isShaped(roots.get(name)?.shape, fromGuest) ? [] : [shape(name, fromGuest)];
  const { filter = null } = entrance ?? {};
  const isLed = filter?.kind === 'redirect' && filter.to === name && detours.has(name);
  const lead: TrafficOperation[] = isLed ? [] : [...open, ...unfilter, { op: 'redirect', device, to: name }];
  return { now: [...make, ...bucket, ...lead], last: [] };
}

function shape(device: string, { rate, burst, limit }: Shape & { limit: number }): TrafficOperation {
  return { op: 'shape', device, rate, burst, limit };
}

/** The kernel keeps a burst as time, in ticks of 64 ns, and tells it rounded. */
function isShaped(there: Shape | undefined, { rate, burst }: Shape): boolean {
  if (there === undefined) return false;
  const slack = Math.max(2, rate / 1_000_000, burst / 500);
  return there.rate === rate && Math.abs(there.burst - burst) <= slack;
}

function isPoliced(filter: Filter | null, { rate, burst }: Shape): boolean {
  return filter?.kind === 'police' && filter.shape.rate === rate && filter.shape.burst === burst;
}
