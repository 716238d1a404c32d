import type { ApiResource } from '../api/description.ts';
import { type Done, requestOf } from '../forms/command-line.ts';
import { type TakeBack, takeBack } from '../forms/undo.ts';
import type { Drawn } from './graph-elements.ts';
import type { Device, NetworkItem, Topology } from './topology.ts';

/** A router and a network that are to be joined; what is not chosen yet is null. */
export interface Joining {
  readonly router: string | null;
  readonly network: string | null;
}

/** @param after when the dialog is closed again */
export type OnJoin = (joining: Joining, after?: () => void) => void;

/** What a line between two nodes asks for; null where it joins no router with a network. */
export function joiningOf(a: Drawn | undefined, b: Drawn | undefined): Joining | null {
  const both = [a, b];
  const router = both.find((one) => one?.kind === 'device' && one.device.kind === 'router');
  const network = both.find((one) => one?.kind === 'network');
  if (router?.kind !== 'device' || network?.kind !== 'network') return null;
  return { router: router.device.id, network: network.item.network.id };
}

/** What joins them: a gateway to an external network, an interface in a subnet of another. @param resource routers */
export function joinOf(resource: ApiResource, router: string, item: NetworkItem, subnet: string | null): Done {
  const of = { resource, id: router, parentId: null };
  return item.isExternal
    ? { ...of, verb: 'update', body: { external_gateway_info: { network_id: item.network.id } } }
    : { ...of, verb: 'add_router_interface', body: { subnet_id: subnet } };
}

/** What parts them again; null where there was another gateway before. @param answer of the request that joined them */
export function partingOf({ resource, verb, id }: Done, answer: Item, before: Device | undefined): TakeBack | null {
  const of = { resource, id: id!, parentId: null };
  if (verb === 'add_router_interface') {
    const parting = requestOf({ ...of, verb: 'remove_router_interface', body: { port_id: answer.port_id } });
    return async (ask) => void (await ask('PUT', parting.path, parting.body));
  }
  if (before?.router?.external_gateway_info) return null;
  return takeBack({ ...of, body: { external_gateway_info: null }, left: answer[resource.member] as Item });
}

type Item = Readonly<Record<string, unknown>>;

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
