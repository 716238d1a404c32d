import { type Address, parseAddress } from '../../lib/ip/address.ts';
import { parseCidr } from '../../lib/ip/cidr.ts';
import type { Port, Subnet } from '../../resources/shapes.ts';
import type { Mend } from './contract.ts';
import { isIn } from './rules.ts';

/** Where a guest sends a packet: to the address itself, or to somebody who passes it on. */
export type GuestRoute =
  | { readonly kind: 'link'; readonly subnet: Subnet }
  | { readonly kind: 'hop'; readonly nexthop: Address; readonly cause: string; readonly subnet: Subnet }
  | { readonly kind: 'none'; readonly why: string; readonly remedy: string; readonly mend: Mend };

/**
 * What a guest does that believes its DHCP server and router advertisements: the subnets of its network are on the link,
 * then the host routes of its subnet, the longest first, then the subnet's gateway.
 *
 * @param subnets of the port's network
 */
export function guestRoute(port: Port, subnets: readonly Subnet[], dst: Address): GuestRoute {
  const own = ownSubnets(port, subnets).filter(({ ip_version }) => ip_version === dst.version);
  if (own.length === 0) {
    return {
      kind: 'none',
      why: `port ${port.id} has no IPv${dst.version} address`,
      remedy: `give the port an address of an IPv${dst.version} subnet`,
      mend: { resource: 'ports', id: port.id, values: {} },
    };
  }
  const link = onLink(own, subnets, dst);
  const named = hostRoute(own, dst);
  // A host route that is longer than the subnet's prefix goes before the link.
  if (named !== null && (link === null || named.prefix > parseCidr(link.cidr)!.prefix)) return named.route;
  if (link !== null) return { kind: 'link', subnet: link };
  const withGateway = own.find(({ gateway_ip }) => gateway_ip !== null);
  if (withGateway === undefined) {
    const subnet = own[0]!;
    return {
      kind: 'none',
      why: `subnet ${subnet.id} has no gateway and no host route to it`,
      remedy: `neutron subnet-update ${subnet.id} --gateway ADDRESS, then neutron router-interface-add ROUTER ${subnet.id}`,
      mend: { resource: 'subnets', id: subnet.id, values: {} },
    };
  }
  return {
    kind: 'hop',
    nexthop: parseAddress(withGateway.gateway_ip!)!,
    cause: `gateway of subnet ${withGateway.id}`,
    subnet: withGateway,
  };
}

function ownSubnets(port: Port, subnets: readonly Subnet[]): Subnet[] {
  return port.fixed_ips.flatMap(({ subnet_id }) => subnets.filter(({ id }) => id === subnet_id));
}

/** Its own subnets first; DHCP tells IPv4 guests of the network's other ones, too. */
function onLink(own: readonly Subnet[], subnets: readonly Subnet[], dst: Address): Subnet | null {
  const others = dst.version === 4 && own.some(({ enable_dhcp }) => enable_dhcp) ? subnets : [];
  return [...own, ...others].find(({ cidr }) => isIn(dst, cidr)) ?? null;
}

function hostRoute(own: readonly Subnet[], dst: Address): { prefix: number; route: GuestRoute } | null {
  const routes = own.flatMap((subnet) =>
    subnet.host_routes
      .filter(({ destination }) => isIn(dst, destination))
      .map(({ destination, nexthop }) => ({ subnet, destination, nexthop, prefix: parseCidr(destination)!.prefix })),
  );
  const [best] = routes.toSorted((a, b) => b.prefix - a.prefix);
  if (best === undefined) return null;
  const { subnet, destination, prefix } = best;
  const nexthop = parseAddress(best.nexthop);
  if (nexthop === null || nexthop.value === 0n) return { prefix, route: { kind: 'link', subnet } };
  const cause = `host route ${destination} of subnet ${subnet.id}`;
  return { prefix, route: { kind: 'hop', nexthop, cause, subnet } };
}
