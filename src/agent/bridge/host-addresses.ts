import type { Address, NetworkOperation, NetworkState, Route } from '../../linux/contract.ts';
import { isOwnRoute, movable, needsOnLink, newMetric } from '../../linux/move-addresses.ts';

/** The host's own addresses and routes on a network's bridge. */
export interface HostAddresses {
  /** Of the bridge: one that was made anew has another. */
  ifindex: number;
  /** Where they came from; null for a bridge without a card. */
  card: string | null;
  addresses: readonly Address[];
  routes: readonly Route[];
}

/**
 * Remembers what the host itself has on the bridges of networks. Somebody who deletes a bridge deletes the host's
 * addresses with it; where they came from the card they would be gone for good.
 */
export class AddressMemory {
  readonly #byBridge: Map<string, HostAddresses>;
  /**
   * Bridges that the last look found with fewer routes than the one before. A bridge that is being deleted loses its routes
   * first and is there for a moment more: only who is found so again has really lost some.
   */
  readonly #doubted = new Set<string>();

  constructor(known: ReadonlyMap<string, HostAddresses> = new Map()) {
    this.#byBridge = new Map(known);
  }

  /** Takes in what is there. What went with a bridge is kept until it is somewhere again. */
  see(state: NetworkState): void {
    for (const [name, had] of this.#byBridge) {
      if (isLost(name, had, state) && missing(had, state).length === 0) this.#byBridge.delete(name);
    }
    for (const link of state.links.values()) {
      if (link.kind !== 'bridge' || !link.name.startsWith('brq')) continue;
      const had = this.#byBridge.get(link.name);
      if (had && isLost(link.name, had, state)) continue;
      const addresses = movable(link);
      const routes = state.routes.filter((route) => route.device === link.name && isOwnRoute(route));
      const { ifindex } = link;
      if (had && !this.#doubted.has(link.name) && had.routes.some((route) => !includes(routes, route))) {
        this.#doubted.add(link.name);
        continue;
      }
      this.#doubted.delete(link.name);
      if (addresses.length === 0) this.#byBridge.delete(link.name);
      else this.#byBridge.set(link.name, { ifindex, card: cardOf(link.name, state), addresses, routes });
    }
  }

  /**
   * Takes in what bridges are about to be given: one that is deleted right after was never seen with it. Where nothing of
   * it comes true, the next look forgets it.
   */
  expect(operations: readonly NetworkOperation[], state: NetworkState): void {
    for (const [name, given] of Map.groupBy(operations.filter(gives), ({ device }) => device)) {
      if (!name.startsWith('brq')) continue;
      const had = this.#byBridge.get(name);
      this.#byBridge.set(name, {
        ifindex: had?.ifindex ?? state.links.get(name)?.ifindex ?? NOT_YET,
        card: had?.card ?? cardThatComes(name, operations) ?? cardOf(name, state),
        addresses: [...(had?.addresses ?? []), ...given.flatMap(addressOf)],
        routes: [...(had?.routes ?? []), ...given.flatMap(routeOf)],
      });
    }
  }

  /** The network was deleted: its card has the addresses. */
  forget(bridge: string): void {
    this.#byBridge.delete(bridge);
  }

  /** What went with bridges that were deleted, by their names. */
  lost(state: NetworkState): ReadonlyMap<string, HostAddresses> {
    return new Map([...this.#byBridge].filter(([name, had]) => isLost(name, had, state)));
  }

  get all(): ReadonlyMap<string, HostAddresses> {
    return this.#byBridge;
  }
}

/** Of a bridge that is yet to be made. */
const NOT_YET = 0;

type Gives = Extract<NetworkOperation, { op: 'add_address' | 'replace_route' }>;

function gives(operation: NetworkOperation): operation is Gives {
  return operation.op === 'add_address' || operation.op === 'replace_route';
}

function addressOf(given: Gives): Address[] {
  if (given.op !== 'add_address') return [];
  const { cidr, broadcast = null, peer } = given;
  const family = cidr.includes(':') ? 6 : 4;
  return [{ ...{ cidr, family, scope: 'global', dynamic: false, broadcast }, ...(peer !== undefined && { peer }) }];
}

function routeOf(given: Gives): Route[] {
  if (given.op !== 'replace_route') return [];
  const { op, metric = null, source = null, protocol = 'static', ...route } = given;
  return [{ ...route, metric, source, protocol, scope: null }];
}

function includes(routes: readonly Route[], { destination, via, metric }: Route): boolean {
  return routes.some((route) => route.destination === destination && route.via === via && route.metric === metric);
}

/** Deleted by hand, and perhaps made anew (by Nova, for one) without what was on it. */
function isLost(name: string, had: HostAddresses, state: NetworkState): boolean {
  return state.links.get(name)?.ifindex !== had.ifindex;
}

function cardOf(bridge: string, state: NetworkState): string | null {
  const ports = [...state.links.values()].filter((link) => link.master === bridge);
  return ports.find(isCard)?.name ?? null;
}

function cardThatComes(bridge: string, operations: readonly NetworkOperation[]): string | null {
  const ports = operations.flatMap((one) => (one.op === 'set_master' && one.master === bridge ? [one] : []));
  return ports.find(isCard)?.name ?? null;
}

function isCard({ name }: { name: string }): boolean {
  return !name.startsWith('tap');
}

/** Addresses that are nowhere. A card that has others of the family was set up anew by somebody: that counts. */
function missing({ card, addresses }: HostAddresses, actual: NetworkState): Address[] {
  const there = new Set([...actual.links.values()].flatMap((link) => link.addresses.map(({ cidr }) => cidr)));
  const link = card === null ? undefined : actual.links.get(card);
  const families = new Set((link ? movable(link) : []).map(({ family }) => family));
  return addresses.filter(({ cidr, family }) => !there.has(cidr) && !families.has(family));
}

/** Gives a bridge that is made anew what it had, except what is on another device by now. */
export function planReturn(bridge: string, had: HostAddresses, actual: NetworkState): NetworkOperation[] {
  const addresses = missing(had, actual);
  if (addresses.length === 0) return [];
  const allow: NetworkOperation[] = addresses.some((address) => address.family === 6)
    ? [{ op: 'sysctl', key: `net/ipv6/conf/${bridge}/disable_ipv6`, value: '0' }]
    : [];
  return [...allow, ...give(bridge, had, addresses, (route) => route.metric)];
}

/**
 * Gives it back to the card, where nobody says (yet) that the bridge belongs here: the way to the server may lead over
 * these very addresses.
 */
export function planReturnToCard(had: HostAddresses, actual: NetworkState): NetworkOperation[] {
  const card = had.card === null ? undefined : actual.links.get(had.card);
  if (!card || card.master !== null) return [];
  const addresses = missing(had, actual);
  if (addresses.length === 0) return [];
  const up: NetworkOperation[] = card.up ? [] : [{ op: 'set_up', name: card.name }];
  return [...up, ...give(card.name, had, addresses, (route) => newMetric(route, 'back'))];
}

function give(
  device: string,
  { routes }: HostAddresses,
  addresses: readonly Address[],
  metricOf: (route: Route) => number | null,
): NetworkOperation[] {
  return [
    ...addresses.map(
      ({ cidr, broadcast, peer }): NetworkOperation => ({
        ...{ op: 'add_address', device, cidr, broadcast },
        ...(peer !== undefined && { peer }),
      }),
    ),
    ...[...routes].sort(withoutGatewayFirst).map((route): NetworkOperation => {
      const { family, destination, via, source } = route;
      return {
        ...{ op: 'replace_route', family, destination, via, device, metric: metricOf(route), source },
        ...(needsOnLink(route, addresses) && { onLink: true }),
      };
    }),
  ];
}

function withoutGatewayFirst(a: Route, b: Route): number {
  return Number(a.via !== null) - Number(b.via !== null);
}
