import {
  formatAddress,
  type IpVersion,
  isLoopback,
  isMulticast,
  maxValue,
  parseAddress,
} from '../../lib/ip/address.ts';
import { type Cidr, cidrHas, parseCidr } from '../../lib/ip/cidr.ts';
import type { HostRoute, Subnet } from '../../resources/shapes.ts';
import { isAutoAddressSubnet } from '../ipam/wishes.ts';
import type { CoreOptions } from '../options.ts';
import { subnetErrors } from './errors.ts';

/** What of a subnet is checked, on create and (with the rest as it is stored) on update. */
export interface SubnetDraft {
  /** Id as error messages name it. */
  label: string;
  ip_version: IpVersion;
  cidr: string;
  gateway_ip: string | null | undefined;
  enable_dhcp: boolean;
  dns_nameservers: readonly string[] | undefined;
  host_routes: readonly HostRoute[] | undefined;
  ipv6_ra_mode: string | null;
  ipv6_address_mode: string | null;
}

type Limits = Pick<CoreOptions, 'max_dns_nameservers' | 'max_subnet_host_routes'>;

/**
 * Everything that can be said of a subnet without looking at others (upstream: db_base_plugin_v2 `_validate_subnet`), in
 * upstream's order, so that of several mistakes the same one is named.
 *
 * @param current the stored subnet, on update
 * @throws InvalidInput, DNSNameServersExhausted, HostRoutesExhausted
 */
export function checkSubnet(draft: SubnetDraft, current: Subnet | null, limits: Limits): void {
  checkVersion(draft.ip_version, draft.cidr, 'cidr');
  const cidr = parseCidr(draft.cidr)!;
  if (draft.enable_dhcp && !current?.enable_dhcp) checkDhcpPossible(cidr);
  if (draft.gateway_ip) checkGateway(cidr, draft.gateway_ip);
  checkNameservers(draft, limits.max_dns_nameservers);
  checkHostRoutes(draft, limits.max_subnet_host_routes);
  if (draft.ip_version === 4) checkNoIpv6Modes(draft);
  else if (current) checkIpv6Update(draft, current);
  else checkIpv6Modes(draft, cidr);
}

/** The gateway of a subnet that names none: the first host, or the routers' anycast address of IPv6 (RFC 4291 2.6.1). */
export function defaultGateway(cidr: Cidr): string | null {
  const value = cidr.version === 6 ? cidr.first : cidr.first + 1n;
  return value > maxValue(cidr.version) ? null : formatAddress(value, cidr.version);
}

function invalid(error_message: string): never {
  throw subnetErrors.InvalidInput({ error_message });
}

function checkVersion(version: IpVersion, text: string, name: string): void {
  const found = parseCidr(text)?.version ?? parseAddress(text)?.version;
  if (found !== version) invalid(`${name} '${text}' does not match the ip_version '${version}'`);
}

function checkDhcpPossible(cidr: Cidr): void {
  if (cidr.prefix > (cidr.version === 4 ? 30 : 126)) {
    invalid('Subnet has a prefix length that is incompatible with DHCP service enabled');
  }
  const first = { version: cidr.version, value: cidr.first };
  if (isMulticast(first)) invalid('Multicast IP subnet is not supported if enable_dhcp is True');
  if (isLoopback(first)) invalid('Loopback IP subnet is not supported if enable_dhcp is True');
  if (cidr.version === 4 && cidr.first === 0n) {
    // With upstream's own full stop, beside the one every such message ends with.
    invalid("First IP '0.0.0.0' of network is not supported if enable_dhcp is True.");
  }
}

function checkGateway(cidr: Cidr, gateway: string): void {
  checkVersion(cidr.version, gateway, 'gateway_ip');
  const address = parseAddress(gateway)!;
  // Both addresses of a /31 are hosts' (RFC 3021); the one of a /32 is nobody's gateway.
  if (cidr.version !== 4 || cidr.prefix === 31 || !cidrHas(cidr, address)) return;
  if (address.value === cidr.first || address.value === cidr.last) invalid('Gateway is not valid on subnet');
}

function checkNameservers({ dns_nameservers = [], ip_version, label }: SubnetDraft, quota: number): void {
  if (dns_nameservers.length > quota) throw subnetErrors.DNSNameServersExhausted({ subnet_id: label, quota });
  for (const address of dns_nameservers) {
    if (!parseAddress(address)) invalid(`Error parsing dns address ${address}`);
    checkVersion(ip_version, address, 'dns_nameserver');
  }
}

function checkHostRoutes({ host_routes = [], ip_version, label }: SubnetDraft, quota: number): void {
  if (host_routes.length > quota) throw subnetErrors.HostRoutesExhausted({ subnet_id: label, quota });
  for (const { destination, nexthop } of host_routes) {
    if (!parseCidr(destination) || !parseAddress(nexthop)) {
      invalid(`Invalid route: {'destination': '${destination}', 'nexthop': '${nexthop}'}`);
    }
    checkVersion(ip_version, nexthop, 'nexthop');
    checkVersion(ip_version, destination, 'destination');
  }
}

function checkNoIpv6Modes(draft: SubnetDraft): void {
  for (const mode of ['ipv6_ra_mode', 'ipv6_address_mode'] as const) {
    if (draft[mode]) invalid(`${mode} is not valid when ip_version is 4`);
  }
}

function checkIpv6Modes(draft: SubnetDraft, cidr: Cidr): void {
  const { ipv6_ra_mode: ra, ipv6_address_mode: address } = draft;
  if (!ra && !address) return;
  if (!draft.enable_dhcp) invalid('ipv6_ra_mode or ipv6_address_mode cannot be set when enable_dhcp is set to False');
  if (ra && address && ra !== address) {
    invalid(
      `ipv6_ra_mode set to '${ra}' with ipv6_address_mode set to '${address}' is not valid. If both attributes are set, they must be the same value`,
    );
  }
  if (isAutoAddressSubnet(draft) && cidr.prefix !== 64) {
    invalid(
      `Invalid CIDR ${draft.cidr} for IPv6 address mode. OpenStack uses the EUI-64 address format, which requires the prefix to be /64`,
    );
  }
}

function checkIpv6Update(draft: SubnetDraft, current: Subnet): void {
  if (draft.enable_dhcp || !(current.ipv6_ra_mode || current.ipv6_address_mode)) return;
  invalid('Cannot disable enable_dhcp with ipv6 attributes set');
}
