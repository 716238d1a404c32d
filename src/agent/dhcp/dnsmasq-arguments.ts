import { join } from 'node:path';
import { formatAddress } from '../../lib/ip/address.ts';
import { netmask, parseCidr } from '../../lib/ip/cidr.ts';
import { rangeSize } from '../../lib/ip/range.ts';
import type { NetworkInfo } from '../../rpc/contract.ts';
import { isUuid } from './dnsmasq-text.ts';
import { allSubnets, isLeased } from './network.ts';
import type { DhcpOptions } from './options.ts';

export interface DnsmasqPlace {
  /** Folder of the network's files. */
  folder: string;
  /** `ns-<11>`, the card in the namespace. */
  device: string;
  /**
   * dnsmasq gives up root, and then reads its files again on SIGHUP: below a folder that only root may enter it must keep
   * it. Null keeps dnsmasq's own choice.
   */
  user: string | null;
}

/** Argument that says where a network's log goes, below `dnsmasq_base_log_dir`. */
export const LOG_FILE = 'dhcp_dns_log';

/**
 * dnsmasq's command line for one network (upstream: agent/linux/dhcp.py). `--interface` and `--except-interface` stand
 * where older releases had them: `ps` then shows the device, and nothing is served on the namespace's `lo`.
 */
export function dnsmasqArguments(network: NetworkInfo, options: DhcpOptions, place: DnsmasqPlace): string[] {
  const file = (name: string) => join(place.folder, name);
  const forwarders = options.dnsmasq_dns_servers;
  const { ranges, leases } = dhcpRanges(network, options);
  return [
    'dnsmasq',
    '--no-hosts',
    ...(forwarders.length > 0 || !options.dnsmasq_local_resolv ? ['--no-resolv'] : []),
    `--interface=${place.device}`,
    '--except-interface=lo',
    `--pid-file=${file('pid')}`,
    `--dhcp-hostsfile=${file('host')}`,
    `--addn-hosts=${file('addn_hosts')}`,
    `--dhcp-optsfile=${file('opts')}`,
    `--dhcp-leasefile=${file('leases')}`,
    '--dhcp-match=set:ipxe,175',
    '--dhcp-userclass=set:ipxe6,iPXE',
    '--local-service',
    '--bind-dynamic',
    ...ranges,
    ...(network.mtu > 0 ? [`--dhcp-option-force=option:mtu,${Math.trunc(network.mtu)}`] : []),
    `--dhcp-lease-max=${Math.min(leases, options.dnsmasq_lease_max)}`,
    ...(options.dhcp_renewal_time > 0 ? [`--dhcp-option-force=option:T1,${options.dhcp_renewal_time}s`] : []),
    ...(options.dhcp_rebinding_time > 0 ? [`--dhcp-option-force=option:T2,${options.dhcp_rebinding_time}s`] : []),
    ...(options.dnsmasq_txt_record ? [`--txt-record=${options.dnsmasq_txt_record}`] : []),
    `--conf-file=${options.dnsmasq_config_file.trim() || '/dev/null'}`,
    ...forwarders.map((server) => `--server=${server}`),
    ...(options.dns_domain ? [`--domain=${options.dns_domain}`] : []),
    ...(options.dhcp_broadcast_reply ? ['--dhcp-broadcast'] : []),
    ...logArguments(network.id, options),
    ...(place.user === null ? [] : [`--user=${place.user}`, `--group=${place.user}`]),
  ];
}

/** One range per leased subnet, and how many addresses they have together. IPv6 prefixes below 64 are no DHCP ranges. */
function dhcpRanges(network: NetworkInfo, options: DhcpOptions): { ranges: string[]; leases: number } {
  const lease = options.dhcp_lease_duration === -1 ? 'infinite' : `${options.dhcp_lease_duration}s`;
  const ranges: string[] = [];
  let leases = 0n;
  for (const subnet of allSubnets(network)) {
    const cidr = parseCidr(subnet.cidr);
    if (!isLeased(subnet) || !cidr || !isUuid(subnet.id) || (cidr.version === 6 && cidr.prefix < 64)) continue;
    const mask = cidr.version === 4 ? netmask(cidr) : cidr.prefix;
    ranges.push(
      `--dhcp-range=set:subnet-${subnet.id},${formatAddress(cidr.first, cidr.version)},static,${mask},${lease}`,
    );
    leases += rangeSize(cidr);
  }
  // A /64 alone is beyond what a double holds exactly; the option's limit is far below.
  return { ranges, leases: Number(leases) };
}

function logArguments(networkId: string, options: DhcpOptions): string[] {
  if (!options.dnsmasq_base_log_dir) return [];
  const file = join(options.dnsmasq_base_log_dir, networkId, LOG_FILE);
  return ['--log-queries', '--log-dhcp', `--log-facility=${file}`];
}
