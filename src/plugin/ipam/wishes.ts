import type { SubnetFacts } from '../../db/write/subnets.ts';
import { eui64, formatAddress, parseAddress } from '../../lib/ip/address.ts';
import { cidrHas, hostRange, parseCidr } from '../../lib/ip/cidr.ts';
import { ipamErrors } from './errors.ts';
import { DHCP_OWNER, routerInterfaceOwners, routerInterfaceOwnersSnat, routerOwners } from './owners.ts';

/** One entry of `fixed_ips` as a client writes it: either key, or both. */
export interface AddressRequest {
  subnet_id?: string;
  ip_address?: string;
}

/** What is to be allocated: exactly one address, or any of the first of these subnets that has one left. */
export type Wish =
  | { readonly kind: 'exact'; readonly subnet: SubnetFacts; readonly value: bigint }
  | { readonly kind: 'any'; readonly subnets: readonly SubnetFacts[] };

/** What address rules need to know of a port. */
export interface AddressedPort {
  network_id: string;
  device_owner: string;
  mac_address: string;
}

/** Whether ports give themselves addresses on this subnet (EUI-64), so that nobody chooses them. */
export function isAutoAddressSubnet({ ipv6_address_mode, ipv6_ra_mode }: SubnetModes): boolean {
  return isAutoMode(ipv6_address_mode) || isAutoMode(ipv6_ra_mode);
}

interface SubnetModes {
  ipv6_address_mode: string | null;
  ipv6_ra_mode: string | null;
}

function isAutoMode(mode: string | null): boolean {
  return mode === 'slaac' || mode === 'dhcpv6-stateless';
}

/**
 * The subnets a port of this owner may have addresses of: those without service types and those with its type, which come
 * first. A DHCP server may be on every subnet it serves.
 */
export function eligibleSubnets(subnets: readonly SubnetFacts[], deviceOwner: string): SubnetFacts[] {
  const fits = (subnet: SubnetFacts) =>
    subnet.service_types.length === 0 ||
    subnet.service_types.includes(deviceOwner) ||
    (deviceOwner === DHCP_OWNER && subnet.enable_dhcp);
  const fitting = subnets.filter(fits);
  return [
    ...fitting.filter(({ service_types }) => service_types.length > 0),
    ...fitting.filter(({ service_types }) => service_types.length === 0),
  ];
}

/**
 * What a new port gets: of what was asked for (`[]` asks for none), else one IPv4 and one IPv6 address, and (unless it
 * belongs to a router) its own EUI-64 address of every auto-address subnet, last: guests take that address whatever was
 * asked for. Addresses asked for come first, so that a free choice does not take them.
 *
 * @param requested `fixed_ips` of the request; undefined when it has none
 * @throws InvalidInput, InvalidIpForSubnet, InvalidIpForNetwork, AllocationOnAutoAddressSubnet
 */
export function wishesOfNewPort(
  subnets: readonly SubnetFacts[],
  port: AddressedPort,
  requested: readonly AddressRequest[] | undefined,
): Wish[] {
  const eligible =
    requested?.length === 0 ? eligibleSubnets(subnets, port.device_owner) : eligibleOrThrow(subnets, port);
  const wishes =
    requested === undefined
      ? defaultWishes(eligible)
      : requested.flatMap((one) => wishesOfRequest(eligible, port, one));
  const auto = routerInterfaceOwnersSnat.has(port.device_owner) ? [] : autoWishes(eligible, port.mac_address);
  return [...exactFirst(wishes), ...auto];
}

/** What a port gets in addition, by entries of an update. Auto addresses only of the subnets named. */
export function wishesOfAddedAddresses(
  subnets: readonly SubnetFacts[],
  port: AddressedPort,
  added: readonly AddressRequest[],
): Wish[] {
  if (added.length === 0) return [];
  const eligible = eligibleOrThrow(subnets, port);
  const named = new Set(added.map(({ subnet_id }) => subnet_id));
  const auto = routerInterfaceOwnersSnat.has(port.device_owner)
    ? []
    : autoWishes(
        eligible.filter(({ id }) => named.has(id)),
        port.mac_address,
      );
  return [...exactFirst(added.flatMap((one) => wishesOfRequest(eligible, port, one))), ...auto];
}

/** The EUI-64 address of a card on an auto-address subnet. */
export function autoAddress(cidr: string, mac: string): bigint {
  return eui64(parseCidr(cidr)!.first, mac);
}

function autoWishes(subnets: readonly SubnetFacts[], mac: string): Wish[] {
  return subnets
    .filter(isAutoAddressSubnet)
    .map((subnet) => ({ kind: 'exact', subnet, value: autoAddress(subnet.cidr, mac) }));
}

function eligibleOrThrow(subnets: readonly SubnetFacts[], port: AddressedPort): SubnetFacts[] {
  const eligible = eligibleSubnets(subnets, port.device_owner);
  if (eligible.length === 0 && subnets.length > 0) {
    throw ipamErrors.IpAddressGenerationFailureNoMatchingSubnet({
      network_id: port.network_id,
      service_type: port.device_owner,
    });
  }
  return eligible;
}

function defaultWishes(subnets: readonly SubnetFacts[]): Wish[] {
  const chosen = subnets.filter((subnet) => !isAutoAddressSubnet(subnet));
  return [4, 6]
    .map((version) => chosen.filter(({ ip_version }) => ip_version === version))
    .filter((candidates) => candidates.length > 0)
    .map((candidates) => ({ kind: 'any', subnets: candidates }));
}

function wishesOfRequest(subnets: readonly SubnetFacts[], port: AddressedPort, request: AddressRequest): Wish[] {
  const subnet = subnetOfRequest(subnets, port, request);
  const auto = isAutoAddressSubnet(subnet);
  if (request.ip_address !== undefined) {
    const value = parseAddress(request.ip_address)!.value;
    if (auto && !routerInterfaceOwners.has(port.device_owner)) {
      if (value === autoAddress(subnet.cidr, port.mac_address)) return [];
      throw ipamErrors.AllocationOnAutoAddressSubnet({ ip: request.ip_address, subnet_id: subnet.id });
    }
    return [{ kind: 'exact', subnet, value }];
  }
  if (auto && !routerInterfaceOwnersSnat.has(port.device_owner)) return [];
  return [{ kind: 'any', subnets: [subnet] }];
}

/** Addresses were asked for where there can be none. */
export function withoutSubnets(): Error {
  return ipamErrors.InvalidInput({ error_message: 'IP allocation requires subnets for network' });
}

function subnetOfRequest(subnets: readonly SubnetFacts[], port: AddressedPort, request: AddressRequest): SubnetFacts {
  if (subnets.length === 0) throw withoutSubnets();
  const { subnet_id, ip_address } = request;
  if (subnet_id !== undefined) {
    const subnet = subnets.find(({ id }) => id === subnet_id);
    if (!subnet) {
      throw ipamErrors.InvalidInput({
        error_message: `Failed to create port on network ${port.network_id}, because fixed_ips included invalid subnet ${subnet_id}`,
      });
    }
    if (ip_address !== undefined && !isUsable(subnet.cidr, ip_address, port.device_owner)) {
      throw ipamErrors.InvalidIpForSubnet({ ip_address });
    }
    return subnet;
  }
  if (ip_address === undefined) {
    throw ipamErrors.InvalidInput({ error_message: 'IP allocation requires subnet_id or ip_address' });
  }
  const holder = subnets.find(({ cidr }) => isUsable(cidr, ip_address, port.device_owner));
  if (!holder) throw ipamErrors.InvalidIpForNetwork({ ip_address });
  return holder;
}

/**
 * Inside the subnet and neither its network nor its broadcast address. The first one of IPv6 is for routers, and for ports
 * without an owner, because nobody knows yet what those will be (upstream: `check_subnet_ip`).
 */
function isUsable(cidrText: string, addressText: string, deviceOwner: string): boolean {
  const cidr = parseCidr(cidrText)!;
  const address = parseAddress(addressText);
  if (!address || !cidrHas(cidr, address)) return false;
  if (cidr.version === 6 && (deviceOwner === '' || routerOwners.has(deviceOwner))) return true;
  const hosts = hostRange(cidr);
  return hosts.first <= address.value && address.value <= hosts.last;
}

function exactFirst(wishes: readonly Wish[]): Wish[] {
  const seen = new Set<string>();
  const exact = wishes.filter((wish) => {
    if (wish.kind !== 'exact') return false;
    const key = `${wish.subnet.id} ${formatAddress(wish.value, wish.subnet.ip_version as 4 | 6)}`;
    return !seen.has(key) && seen.add(key);
  });
  return [...exact, ...wishes.filter(({ kind }) => kind === 'any')];
}
