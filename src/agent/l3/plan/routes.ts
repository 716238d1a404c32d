import type { RouterNexthop, RouterRoute, RouterState } from '../contract.ts';
import type { RouterObserved } from '../kernel/observe.ts';
import type { SeenRoute } from '../kernel/routes.ts';
import { type InsideStep, inside } from './inside.ts';

/** The kernel prints it for each of ours, and for none that it or a user made. */
const PROTOCOL = 'static';
const GONE = /No such process|Cannot find device/;

/** Routes that are not there or lead elsewhere, and those of ours that nobody wants. */
export function planRoutes(state: RouterState, seen: RouterObserved | null): InsideStep[] {
  if (state.routedBy !== 'agent') return [];
  const wanted = state.routes;
  const isThere = (name: string) => seen?.links.get(name)?.up && state.devices.get(name)?.isUp;
  const present = (seen?.routes ?? []).filter(({ nexthops }) => nexthops.every(({ device }) => isThere(device)));
  const come = wanted.filter((route) => !present.some((one) => isSame(route, one)));
  const keys = new Set(wanted.map(keyOf));
  const gone = present.filter((route) => route.protocol === PROTOCOL && !keys.has(keyOf(route)));
  return [
    ...gone.map((route) => inside(['route', 'del', ...words(route)], { tolerate: GONE })),
    ...come.map((route) => inside(['route', 'replace', ...words(route)])),
  ];
}

/** What other sources told of the same way does not stand in for it: it goes when they fall silent. */
function isSame(route: RouterRoute, seen: SeenRoute): boolean {
  if (keyOf(route) !== keyOf(seen) || seen.protocol === 'ra') return false;
  const [a, b] = [route, seen].map(({ nexthops }) => nexthops.map(nexthopKey).sort());
  return a!.join() === b!.join();
}

function keyOf({ family, destination }: Pick<RouterRoute, 'family' | 'destination'>): string {
  return `${family} ${destination}`;
}

function nexthopKey({ via, device }: RouterNexthop): string {
  return `${via} ${device}`;
}

/** `default` names no family, and a batch knows no `-6`: the prefix does. */
function words({ family, destination, nexthops }: Pick<RouterRoute, 'family' | 'destination' | 'nexthops'>): string[] {
  const everywhere = family === 4 ? '0.0.0.0/0' : '::/0';
  const to = destination === 'default' ? everywhere : destination;
  const ways = nexthops.map(({ via, device, onLink }) => [
    ...(via === null ? [] : ['via', via]),
    ...['dev', device],
    ...(onLink ? ['onlink'] : []),
  ]);
  // Several next hops stand last.
  const whole = [to, 'proto', PROTOCOL];
  return ways.length === 1 ? [...whole, ...ways[0]!] : [...whole, ...ways.flatMap((way) => ['nexthop', ...way])];
}
