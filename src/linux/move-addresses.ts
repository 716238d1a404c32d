import { parseAddress } from '../lib/ip/address.ts';
import { cidrHas, parseCidr } from '../lib/ip/cidr.ts';
import type { Address, Link, NetworkOperation, NetworkState, Route } from './contract.ts';

/**
 * Moves a host's own addresses and routes from a card to the bridge that takes the card in, and back, without cutting
 * the host off. The order matters:
 *
 * 1. every address is added to the new device (both have it for a moment, which the kernel allows),
 * 2. the card enters or leaves the bridge (`between`),
 * 3. routes go by the new device, then the old ones are taken away,
 * 4. the addresses leave the old device.
 *
 * Run as one batch the time between 2 and 4 is well below a millisecond, and at no moment is the host without one of its
 * addresses: its TCP sessions live on.
 */
export function moveAddresses(
  state: NetworkState,
  from: Link,
  to: Link | { name: string; addresses: Link['addresses'] },
  direction: 'to_bridge' | 'back',
  between: readonly NetworkOperation[],
): NetworkOperation[] {
  const addresses = movable(from);
  const present = new Set(to.addresses.map((address) => address.cidr));
  const routes = state.routes.filter((route) => route.device === from.name && isOwnRoute(route));
  // Routes without a gateway first: gateways may be reached by them.
  routes.sort((a, b) => Number(a.via !== null) - Number(b.via !== null));
  return [
    ...addresses
      .filter((address) => !present.has(address.cidr))
      .map(
        ({ cidr, broadcast, peer }): NetworkOperation => ({
          ...{ op: 'add_address', device: to.name, cidr, broadcast },
          ...(peer !== undefined && { peer }),
        }),
      ),
    ...between,
    ...routes.map((route): NetworkOperation => {
      const { family, destination, via, source } = route;
      const metric = newMetric(route, direction);
      return {
        ...{ op: 'replace_route', family, destination, via, device: to.name, metric, source },
        ...(needsOnLink(route, [...addresses, ...to.addresses]) && { onLink: true }),
      };
    }),
    ...routes.map((route): NetworkOperation => {
      const { family, destination, via, metric } = route;
      return { op: 'delete_route', family, destination, via, device: from.name, metric };
    }),
    ...addresses.map(
      ({ cidr, peer }): NetworkOperation => ({
        ...{ op: 'delete_address', device: from.name, cidr },
        ...(peer !== undefined && { peer }),
      }),
    ),
  ];
}

/** Addresses that belong to the host and not to the device: all but link-local ones. */
export function movable(link: Link): Link['addresses'] {
  return link.addresses.filter((address) => address.scope === 'global' || address.scope === 'site');
}

/** The kernel makes and removes its own routes with the addresses. */
export function isOwnRoute(route: Route): boolean {
  return (
    route.protocol !== 'kernel' && !route.destination.startsWith('ff00:') && !route.destination.startsWith('fe80:')
  );
}

/**
 * Whether the kernel must be told that a gateway is on the link: hosters give a gateway outside the address's prefix, and
 * a route to it that is refused would stop the move half-way.
 */
export function needsOnLink({ via, onLink }: Route, addresses: readonly Address[]): boolean {
  const gateway = via === null ? null : parseAddress(via);
  if (gateway === null || via?.toLowerCase().startsWith('fe80:')) return false;
  if (onLink) return true;
  return !addresses.some(({ cidr, peer }) => {
    const block = peer === undefined ? parseCidr(cidr) : null;
    return block !== null && cidrHas(block, gateway);
  });
}

/** What `ip route` adds for IPv6 when no metric is given. */
const IPV6_DEFAULT_METRIC = 1024;

/**
 * The default route by the bridge is one better than the card's was, so that it wins while both are there, or 100 where
 * the card's had the kernel's default (as upstream). Going back undoes exactly that. Other routes keep their metric.
 */
export function newMetric(route: Route, direction: 'to_bridge' | 'back'): number | null {
  const metric = route.metric ?? 0;
  if (route.destination !== 'default') return route.metric;
  if (direction === 'to_bridge') return metric === 0 ? 100 : metric - 1;
  if (route.family === 4 && metric === 100) return null;
  return route.family === 6 && metric === 0 ? IPV6_DEFAULT_METRIC : metric + 1;
}
