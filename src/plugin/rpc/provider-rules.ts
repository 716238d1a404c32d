import { addressVersion } from '../../lib/ip/address.ts';
import type { WireRule } from '../../rpc/contract.ts';

/** ICMPv6 type of router advertisements. */
const ROUTER_ADVERTISEMENT = 134;

/**
 * What every filtered port is let have, whatever its groups say: router advertisements, and the answers of DHCP servers to
 * its own addresses (upstream: db/securitygroups_rpc_base.py).
 */
export function providerRules(addresses: readonly string[]): WireRule[] {
  const v4 = addresses.filter((address) => addressVersion(address) === 4);
  const v6 = addresses.filter((address) => addressVersion(address) === 6);
  return [
    ...(v6.length > 0 ? [routerAdvertisement] : []),
    // Servers answer by broadcast, too; those of IPv6 to link-local addresses.
    ...[...v4.map((address) => `${address}/32`), '255.255.255.255/32'].map((to) => dhcp('IPv4', 67, 68, to)),
    ...[...v6.map((address) => `${address}/128`), 'fe80::/64'].map((to) => dhcp('IPv6', 547, 546, to)),
  ];
}

const routerAdvertisement: WireRule = {
  direction: 'ingress',
  ethertype: 'IPv6',
  protocol: 'ipv6-icmp',
  source_port_range_min: ROUTER_ADVERTISEMENT,
};

function dhcp(ethertype: 'IPv4' | 'IPv6', from: number, to: number, dest_ip_prefix: string): WireRule {
  return {
    direction: 'ingress',
    ethertype,
    protocol: 'udp',
    port_range_min: to,
    port_range_max: to,
    source_port_range_min: from,
    source_port_range_max: from,
    dest_ip_prefix,
  };
}
