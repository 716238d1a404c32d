import type { Address, NetworkOperation, NetworkState, Route } from '../../linux/contract.ts';
import { isOwnRoute, movable } from '../../linux/move-addresses.ts';

/** The host's own addresses and routes on a network's bridge. */
export interface HostAddresses {
  addresses: readonly Address[];
  routes: readonly Route[];
}

/**
 * Remembers what the host itself has on the bridges of networks. Somebody who deletes a bridge deletes the host's
 * addresses with it; where they came from the card they would be gone for good.
 */
export class AddressMemory {
  readonly #byBridge = new Map<string, HostAddresses>();

  /** Takes in what is there. What a missing bridge had is kept. */
  see(state: NetworkState): void {
    for (const link of state.links.values()) {
      if (link.kind !== 'bridge' || !link.name.startsWith('brq')) continue;
      const addresses = movable(link);
      const routes = state.routes.filter((route) => route.device === link.name && isOwnRoute(route));
      if (addresses.length === 0) this.#byBridge.delete(link.name);
      else this.#byBridge.set(link.name, { addresses, routes });
    }
  }

  /** The network was deleted: its card has the addresses. */
  forget(bridge: string): void {
    this.#byBridge.delete(bridge);
  }

  get all(): ReadonlyMap<string, HostAddresses> {
    return this.#byBridge;
  }
}

/** Gives a bridge that is made anew what it had, except what is on another device by now. */
export function planReturn(
  bridge: string,
  { addresses, routes }: HostAddresses,
  actual: NetworkState,
): NetworkOperation[] {
  const elsewhere = new Set([...actual.links.values()].flatMap((link) => link.addresses.map(({ cidr }) => cidr)));
  const missing = addresses.filter(({ cidr }) => !elsewhere.has(cidr));
  if (missing.length === 0) return [];
  const operations: NetworkOperation[] = [];
  if (missing.some((address) => address.family === 6)) {
    operations.push({ op: 'sysctl', key: `net/ipv6/conf/${bridge}/disable_ipv6`, value: '0' });
  }
  for (const { cidr, broadcast } of missing) operations.push({ op: 'add_address', device: bridge, cidr, broadcast });
  for (const { family, destination, via, metric, source } of [...routes].sort(withoutGatewayFirst)) {
    operations.push({ op: 'replace_route', family, destination, via, device: bridge, metric, source });
  }
  return operations;
}

function withoutGatewayFirst(a: Route, b: Route): number {
  return Number(a.via !== null) - Number(b.via !== null);
}
