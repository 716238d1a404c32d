import { type Address, parseAddress } from '../../lib/ip/address.ts';
import { parseCidr } from '../../lib/ip/cidr.ts';
import type { WireRouter, WireRouterPort } from '../../rpc/contract.ts';
import type { KnownRouter } from './contract.ts';
import { isIn } from './rules.ts';

/** Where a router sends a packet. */
export interface RouterRoute {
  readonly out: WireRouterPort;
  /** Null: the destination is on the link. */
  readonly nexthop: Address | null;
  readonly cause: string;
}

/** The router's ports: its legs in tenants' networks, then the gateway. */
export function portsOf({ _interfaces = [], gw_port }: WireRouter): WireRouterPort[] {
  return gw_port === undefined ? _interfaces : [..._interfaces, gw_port];
}

/** Ports that a router has in a network; those of its high availability carry no traffic of guests. */
export function isRouterOwner(owner: string): boolean {
  return owner.startsWith('network:router_') || owner === 'network:ha_router_replicated_interface';
}

/** Why a router passes nothing on; null: it does. */
export function whyStopped({ router, agents }: KnownRouter): string | null {
  if (!router.admin_state_up) return `router ${router.id} is switched off`;
  if (agents.length === 0) return `router ${router.id} is on no L3 agent`;
  return null;
}

/** Whether an address is the router's own: of its ports, or of a floating IP, which its gateway has, too. */
export function hasAddress(router: WireRouter, address: Address): boolean {
  const own = portsOf(router).flatMap(({ fixed_ips }) => fixed_ips.map(({ ip_address }) => ip_address));
  const floating = (router._floatingips ?? []).map(({ floating_ip_address }) => floating_ip_address);
  return [...own, ...floating].some((one) => isIn(address, one));
}

/**
 * The kernel's choice: the longest prefix among what is on the link and the extra routes, then the gateway's default
 * routes. Several answers where routes of one destination share its traffic.
 */
export function routerRoutes(router: WireRouter, dst: Address): RouterRoute[] {
  const known = [...links(router, dst), ...extraRoutes(router, dst)];
  const longest = Math.max(...known.map(({ prefix }) => prefix), -1);
  const best = known.filter(({ prefix }) => prefix === longest);
  // What the kernel has by an interface's own address goes before a route of the same prefix.
  const link = best.find(({ nexthop }) => nexthop === null);
  if (link !== undefined) return [link];
  return best.length > 0 ? best : defaultRoutes(router, dst);
}

type Ranked = RouterRoute & { readonly prefix: number };

function links(router: WireRouter, dst: Address): Ranked[] {
  return portsOf(router).flatMap((out) => {
    // The gateway's network is on the link with all its subnets.
    const subnets = out === router.gw_port ? [...out.subnets, ...out.extra_subnets] : out.subnets;
    return subnets
      .filter(({ cidr }) => isIn(dst, cidr))
      .map(({ id, cidr }) => ({
        ...{ out, nexthop: null, cause: `subnet ${id} (${cidr}) is on it` },
        prefix: parseCidr(cidr)!.prefix,
      }));
  });
}

function extraRoutes(router: WireRouter, dst: Address): Ranked[] {
  return router.routes
    .filter(({ destination }) => isIn(dst, destination))
    .flatMap(({ destination, nexthop }) => {
      const address = parseAddress(nexthop)!;
      const link = links(router, address).toSorted((a, b) => b.prefix - a.prefix)[0];
      if (link === undefined) return [];
      const cause = `route ${destination} via ${nexthop} of router ${router.id}`;
      return [{ out: link.out, nexthop: address, cause, prefix: parseCidr(destination)!.prefix }];
    });
}

function defaultRoutes({ id, gw_port }: WireRouter, dst: Address): RouterRoute[] {
  const gateway = gw_port?.subnets
    .map(({ gateway_ip }) => (gateway_ip === null ? null : parseAddress(gateway_ip)))
    .find((address) => address !== null && address.version === dst.version);
  if (gw_port === undefined || gateway === undefined || gateway === null) return [];
  return [{ out: gw_port, nexthop: gateway, cause: `gateway of router ${id}` }];
}
