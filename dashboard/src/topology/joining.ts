import type { Drawn } from './graph-elements.ts';
import type { Device, NetworkItem, Topology } from './topology.ts';

/** A router and a network that are to be joined; what is not chosen yet is null. */
export interface Joining {
  readonly router: string | null;
  readonly network: string | null;
}

/** What a line between two nodes asks for; null where it joins no router with a network. */
export function joiningOf(a: Drawn | undefined, b: Drawn | undefined): Joining | null {
  const both = [a, b];
  const router = both.find((one) => one?.kind === 'device' && one.device.kind === 'router');
  const network = both.find((one) => one?.kind === 'network');
  if (router?.kind !== 'device' || network?.kind !== 'network') return null;
  return { router: router.device.id, network: network.item.network.id };
}

/** The request that joins them: a gateway to an external network, an interface in a subnet of another. */
export function joinRequest(router: string, item: NetworkItem, subnet: string | null): { path: string; body: object } {
  if (item.isExternal) {
    const body = { router: { external_gateway_info: { network_id: item.network.id } } };
    return { path: `/v2.0/routers/${router}`, body };
  }
  return { path: `/v2.0/routers/${router}/add_router_interface`, body: { subnet_id: subnet } };
}

/** What may be chosen: routers, and networks that have what a router needs, a subnet. */
export function joinable({ networks, devices }: Topology): {
  routers: readonly Device[];
  networks: readonly NetworkItem[];
} {
  return {
    routers: devices.filter(({ kind }) => kind === 'router'),
    networks: networks.filter(({ isExternal, subnets }) => isExternal || subnets.length > 0),
  };
}
