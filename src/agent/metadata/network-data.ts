import { netmask, parseCidr } from '../../lib/ip/cidr.ts';
import { tapName } from '../../lib/names.ts';
import type { WireSubnet } from '../../rpc/contract.ts';
import { addressesOf, type Card, type Guest } from './guest.ts';

/** `network_data.json` (Nova: virt/netutils.py, doc/api_schemas/network_data.json): what cloud-init configures cards from. */
export interface NetworkData {
  links: { id: string; vif_id: string; type: string; mtu: number | null; ethernet_mac_address: string }[];
  networks: DataNetwork[];
  services: DnsService[];
}

interface DataNetwork {
  id: string;
  /** `ipv4`, `ipv6`: set the address given; `…_dhcp`: ask DHCP; `ipv6_slaac`, `ipv6_dhcpv6-…`: as the router advertises. */
  type: string;
  link: string;
  network_id: string;
  ip_address?: string;
  netmask?: string;
  routes?: { network: string; netmask: string; gateway: string }[];
  services?: DnsService[];
}

interface DnsService {
  type: 'dns';
  address: string;
}

export function networkData(guest: Guest): NetworkData {
  const networks: DataNetwork[] = [];
  for (const card of guest.cards) {
    for (const { address, subnet } of addressesOf(card)) {
      networks.push(dataNetwork(`network${networks.length}`, card, address, subnet));
    }
  }
  const subnets = guest.cards.flatMap((card) => addressesOf(card).map(({ subnet }) => subnet));
  const servers = new Set(subnets.flatMap((subnet) => subnet.dns_nameservers));
  return { links: guest.cards.map(link), networks, services: [...servers].map(dnsService) };
}

function link({ port, network }: Card): NetworkData['links'][number] {
  const mtu = network?.mtu ?? null;
  return { id: linkId(port.id), vif_id: port.id, type: 'bridge', mtu, ethernet_mac_address: port.mac_address };
}

/** Nova names links after the tap. */
function linkId(portId: string): string {
  return tapName(portId);
}

function dataNetwork(id: string, { port }: Card, address: string, subnet: WireSubnet): DataNetwork {
  const base = { id, link: linkId(port.id), network_id: subnet.network_id };
  const version = `ipv${subnet.ip_version}`;
  const mode = subnet.ip_version === 6 ? subnet.ipv6_address_mode : null;
  if (mode === null && subnet.enable_dhcp) return { ...base, type: `${version}_dhcp` };
  return {
    ...base,
    type: mode === null ? version : `${version}_${mode}`,
    ip_address: address,
    netmask: maskOf(subnet.cidr),
    routes: routesOf(subnet),
    services: subnet.dns_nameservers.map(dnsService),
  };
}

function routesOf(subnet: WireSubnet): { network: string; netmask: string; gateway: string }[] {
  const anywhere = subnet.ip_version === 4 ? '0.0.0.0/0' : '::/0';
  const all = [
    ...(subnet.gateway_ip ? [{ destination: anywhere, nexthop: subnet.gateway_ip }] : []),
    ...subnet.host_routes,
  ];
  return all.map(({ destination, nexthop }) => ({
    network: destination.split('/', 1)[0] ?? '',
    netmask: maskOf(destination),
    gateway: nexthop,
  }));
}

function maskOf(cidr: string): string {
  const parsed = parseCidr(cidr);
  return parsed ? netmask(parsed) : '';
}

function dnsService(address: string): DnsService {
  return { type: 'dns', address };
}
