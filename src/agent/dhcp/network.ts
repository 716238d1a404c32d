import { addressVersion } from '../../lib/ip/address.ts';
import type { NetworkInfo, WireFixedIp, WirePort, WireSubnet } from '../../rpc/contract.ts';
import { isHostName, isMac, isUuid } from './dnsmasq-text.ts';

/** What several of the files are made of: a network's subnets, ports and names, in upstream's order. */

const noEntryFor: ReadonlySet<string> = new Set([
  'network:dhcp',
  'network:floatingip',
  'network:floatingip_agent_gateway',
  'network:router_ha_interface',
  'network:router_interface_distributed',
  'network:distributed',
]);

const routerInterfaces: ReadonlySet<string> = new Set([
  'network:router_interface',
  'network:ha_router_replicated_interface',
  'network:router_interface_distributed',
  'network:router_centralized_snat',
]);

/** Subnets this host reaches and those it does not: dnsmasq serves both (routed networks send relayed requests). */
export function allSubnets(network: NetworkInfo): WireSubnet[] {
  return [...network.subnets, ...(network.non_local_subnets ?? [])];
}

/** Whether a DHCP server is needed here at all. */
export function wantsDhcp(network: NetworkInfo): boolean {
  return network.admin_state_up && network.subnets.some((subnet) => subnet.enable_dhcp);
}

/** Whether dnsmasq answers DHCP on a subnet; for SLAAC guests take their address from the router's announcements. */
export function isLeased(subnet: WireSubnet): boolean {
  if (!subnet.enable_dhcp) return false;
  if (subnet.ip_version === 4) return true;
  const { ipv6_address_mode: mode, ipv6_ra_mode: announced } = subnet;
  return mode === 'dhcpv6-stateful' || mode === 'dhcpv6-stateless' || (!mode && !announced);
}

/** Whether addresses of the subnet are given by DHCP, and not made by the guest itself. */
export function hasReservations(subnet: WireSubnet): boolean {
  return subnet.ipv6_address_mode !== 'slaac' && subnet.ipv6_address_mode !== 'dhcpv6-stateless';
}

/** Whether guests of a subnet make their addresses themselves and ask for options only. */
export function isStateless(subnet: WireSubnet): boolean {
  return subnet.ipv6_address_mode === 'dhcpv6-stateless';
}

/** Subnets without a router port on their gateway address. */
export function isolatedSubnets(network: NetworkInfo): Set<string> {
  const subnets = new Map(allSubnets(network).map((subnet) => [subnet.id, subnet]));
  const isolated = new Set(subnets.keys());
  for (const port of network.ports) {
    if (!routerInterfaces.has(port.device_owner)) continue;
    for (const { subnet_id, ip_address } of port.fixed_ips) {
      if (subnets.get(subnet_id)?.gateway_ip === ip_address) isolated.delete(subnet_id);
    }
  }
  return isolated;
}

/** One address of a port and the names it has. */
export interface HostEntry {
  port: WirePort;
  fixedIp: WireFixedIp;
  subnet: WireSubnet;
  fqdn: string;
  hostname: string;
}

/**
 * Every address that gets a line somewhere, in the order of the ports; within a port stateless subnets first, because dnsmasq takes the last line that fits a MAC. Ports with a malformed MAC, id or address are left out.
 */
export function hostEntries(network: NetworkInfo, domain: string): HostEntry[] {
  const subnets = new Map(allSubnets(network).map((subnet) => [subnet.id, subnet]));
  const entries: HostEntry[] = [];
  for (const port of network.ports) {
    if (noEntryFor.has(port.device_owner) || !isMac(port.mac_address) || !isUuid(port.id)) continue;
    const own: HostEntry[] = [];
    for (const fixedIp of port.fixed_ips) {
      const subnet = subnets.get(fixedIp.subnet_id);
      if (!subnet || addressVersion(fixedIp.ip_address) === null) continue;
      own.push({ port, fixedIp, subnet, ...namesOf(port, fixedIp.ip_address, domain) });
    }
    own.sort((a, b) => Number(isStateless(b.subnet)) - Number(isStateless(a.subnet)));
    entries.push(...own);
  }
  return entries;
}

/** The names of an address: the port's own (`dns_assignment`) where they are names, else `host-10-0-0-5`. */
function namesOf(port: WirePort, address: string, domain: string): { fqdn: string; hostname: string } {
  const given = assignments(port).find((assignment) => assignment.ip_address === address);
  if (given && isHostName(given.hostname) && isHostName(given.fqdn)) {
    return { hostname: given.hostname, fqdn: given.fqdn };
  }
  const hostname = `host-${address.replace(/[.:]/g, '-')}`;
  return { hostname, fqdn: domain ? `${hostname}.${domain}` : hostname };
}

interface Assignment {
  ip_address: string;
  hostname: string;
  fqdn: string;
}

function assignments(port: WirePort): Assignment[] {
  const list = port.dns_assignment;
  if (!Array.isArray(list)) return [];
  return list.filter(
    (entry): entry is Assignment => typeof entry?.hostname === 'string' && typeof entry?.fqdn === 'string',
  );
}
