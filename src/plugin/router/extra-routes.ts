import type { RouterFacts } from '../../db/write/routers.ts';
import { parseAddress } from '../../lib/ip/address.ts';
import {
  type Cidr,
  cidrContains,
  cidrHas,
  cidrsOverlap,
  formatCidr,
  hostRange,
  isSameCidr,
  parseCidr,
} from '../../lib/ip/cidr.ts';
import { METADATA_ADDRESS } from '../../lib/ip/metadata.ts';
import { rangeHas } from '../../lib/ip/range.ts';
import { pythonRepr } from '../../lib/python-text.ts';
import type { HostRoute } from '../../resources/shapes.ts';
import { HA_PORT_OWNER } from '../ha-router/ha-ports.ts';
import { routerErrors as errors } from './errors.ts';

/** What routes can go over, and what they must leave alone. */
export interface RouteGround {
  /** Prefixes of the subnets that the router is on. */
  readonly cidrs: readonly string[];
  /** The router's own addresses. */
  readonly addresses: readonly string[];
  /** Where HA routers speak to each other: `l3_ha_net_cidr`. */
  readonly haCidr: string;
}

const LINK_LOCAL = parseCidr('169.254.0.0/16')!;
const METADATA = parseCidr(`${METADATA_ADDRESS}/32`)!;
const LINK_LOCAL_V6 = parseCidr('fe80::/10')!;

/**
 * That a router can have these routes (upstream: db/extraroute_db.py `_validate_routes`, which only looks at next hops). What
 * the kernel would refuse later, or what would take the way of others, is refused here.
 * @throws InvalidRoutes
 */
export function checkRoutes(routes: readonly HostRoute[], ground: RouteGround): void {
  const connected = ground.cidrs.map((cidr) => parseCidr(cidr)!);
  const reserved = [METADATA, parseCidr(ground.haCidr)!];
  const seen = new Set<string>();
  for (const { destination, nexthop } of routes) {
    const reason =
      nextHopProblem(nexthop, connected, ground.addresses) ??
      destinationProblem(parseCidr(destination)!, nexthop, { connected, reserved }) ??
      coveredNextHop(nexthop, routes, connected) ??
      (seen.has(`${destination} ${nexthop}`) ? 'a route stands there twice' : null);
    if (reason !== null) throw errors.InvalidRoutes({ routes: pythonRepr(routes), reason });
    seen.add(`${destination} ${nexthop}`);
  }
}

function nextHopProblem(nexthop: string, connected: readonly Cidr[], own: readonly string[]): string | null {
  const address = parseAddress(nexthop)!;
  const holders = connected.filter((cidr) => cidrHas(cidr, address));
  if (holders.length === 0) return 'the nexthop is not connected with router';
  if (own.includes(nexthop)) return 'the nexthop is used by router';
  // The kernel takes no network's own or broadcast address for a gateway.
  const isHost = holders.every((cidr) => cidr.version === 6 || rangeHas(hostRange(cidr), address.value));
  return isHost ? null : 'the nexthop is not the address of a host';
}

function destinationProblem(
  destination: Cidr,
  nexthop: string,
  { connected, reserved }: { connected: readonly Cidr[]; reserved: readonly Cidr[] },
): string | null {
  const address = parseAddress(nexthop)!;
  if (destination.version !== address.version) return 'destination and nexthop are of different IP versions';
  if (connected.some((cidr) => isSameCidr(cidr, destination))) {
    // To a subnet by one of its own hosts: it is reached already, and users may say so (OpenStack's acceptance tests do).
    return cidrHas(destination, address) ? null : `the router is on ${formatCidr(destination)} itself`;
  }
  // Once it is there, the way to its next hop would lead to the next hop.
  const loops = (cidr: Cidr) => cidrContains(cidr, destination) && cidrHas(destination, address);
  if (connected.some(loops)) return 'the nexthop lies in its own destination';
  if (cidrContains(LINK_LOCAL_V6, destination)) return 'link-local addresses are not routed';
  // Wider routes yield to the narrower ones that are there for these addresses.
  const narrow = cidrContains(LINK_LOCAL, destination) || reserved.some((block) => cidrContains(block, destination));
  if (narrow && reserved.some((block) => cidrsOverlap(block, destination))) {
    return `${formatCidr(destination)} would take the way of metadata or of routers that stand in for each other`;
  }
  return null;
}

/**
 * The kernel takes no IPv6 route by a next hop that another route leads to somebody else, unless that one came later: which of
 * them fails would be chance. Of IPv4 it looks for the next hop on the link only.
 */
function coveredNextHop(nexthop: string, routes: readonly HostRoute[], connected: readonly Cidr[]): string | null {
  const address = parseAddress(nexthop)!;
  if (address.version === 4) return null;
  const covers = ({ destination }: HostRoute) => {
    const block = parseCidr(destination)!;
    const isNarrower = connected.some((cidr) => cidrContains(cidr, block) && !isSameCidr(cidr, block));
    return isNarrower && cidrHas(block, address);
  };
  const other = routes.find(covers);
  return other === undefined ? null : `the nexthop lies in the destination of another route, ${other.destination}`;
}

/** @throws RoutesExhausted */
export function checkCount(router_id: string, routes: readonly HostRoute[], max_routes: number): void {
  if (routes.length > max_routes) throw errors.RoutesExhausted({ router_id, quota: max_routes });
}

/** The routes of both, each once. */
export function withRoutes(present: readonly HostRoute[], added: readonly HostRoute[]): HostRoute[] {
  return [...new Map([...present, ...added].map((route) => [keyOf(route), route])).values()];
}

/** What is left of routes; one that is not there is nothing to take away. */
export function withoutRoutes(present: readonly HostRoute[], removed: readonly HostRoute[]): HostRoute[] {
  const gone = new Set(removed.map(keyOf));
  return present.filter((route) => !gone.has(keyOf(route)));
}

function keyOf({ destination, nexthop }: HostRoute): string {
  return `${destination} ${nexthop}`;
}

/** What a router stands on; the network over which HA routers speak to each other is none of it. */
export function groundOf(router: Pick<RouterFacts, 'attached'>, haCidr: string): RouteGround {
  const attached = router.attached.filter(({ port_type }) => port_type !== HA_PORT_OWNER);
  return {
    cidrs: attached.flatMap(({ cidr }) => cidr ?? []),
    addresses: attached.flatMap(({ ip_address }) => ip_address ?? []),
    haCidr,
  };
}

/** The first of these routes whose next hop is in a subnet. */
export function routeInto(routes: readonly HostRoute[], subnetCidr: string): HostRoute | undefined {
  const cidr = parseCidr(subnetCidr)!;
  return routes.find(({ nexthop }) => cidrHas(cidr, parseAddress(nexthop)!));
}
