import { addressVersion, type IpVersion } from '../../lib/ip/address.ts';
import { parseCidr } from '../../lib/ip/cidr.ts';
import type { NetworkInfo, WirePort, WireSubnet } from '../../rpc/contract.ts';
import { fitsLine, isOptionValue, isUuid, parseOptionName } from './dnsmasq-text.ts';
import { isClientIdOption } from './hosts-file.ts';
import { allSubnets, isolatedSubnets } from './network.ts';
import type { DhcpOptions } from './options.ts';

const METADATA_CIDR = '169.254.169.254/32';
const EVERYWHERE = '0.0.0.0/0';

/** Microsoft's number for classless static routes: Windows before Vista asks for 249 and not for 121. */
const MICROSOFT_ROUTES = '249';

type MetadataOptions = Pick<DhcpOptions, 'dns_domain' | 'enable_isolated_metadata' | 'force_metadata'>;

export interface OptsFile {
  text: string;
  /** What was left out, and why: for the log. */
  refused: { resource: 'port' | 'subnet'; id: string; option: string; reason: string }[];
}

/**
 * `--dhcp-optsfile`: options by subnet, then by port. `ownAddresses` are the DHCP server's own on this host: the next hop
 * of metadata where it is served in the namespace.
 */
export function renderOptsFile(
  network: NetworkInfo,
  options: MetadataOptions,
  ownAddresses: ReadonlyMap<string, string>,
): OptsFile {
  const lines: string[] = [];
  const isolated = isolatedSubnets(network);
  const unnamed = new Set<string>();
  for (const subnet of allSubnets(network)) {
    if (!subnet.enable_dhcp || subnet.ipv6_address_mode === 'slaac' || !isUuid(subnet.id)) continue;
    if (subnet.dns_nameservers.length > 0) lines.push(nameservers(subnet));
    else unnamed.add(subnet.id);
    if (subnet.ip_version === 6) {
      if (options.dns_domain) lines.push(subnetOption(subnet, 'option6:domain-search', options.dns_domain));
      continue;
    }
    const served = options.force_metadata || (options.enable_isolated_metadata && isolated.has(subnet.id));
    const metadataHop = served ? (ownAddresses.get(subnet.id) ?? null) : null;
    lines.push(...routeOptions(network, subnet, metadataHop));
  }
  const ports = portOptions(network);
  lines.push(...ports.lines, ...severalServers(network, unnamed));
  const fitting = lines.filter(fitsLine);
  const refused = [...lines.filter((line) => !fitsLine(line)).map(tooLong), ...ports.refused];
  return { text: fitting.map((line) => `${line}\n`).join(''), refused };
}

/** A subnet with so many routes that the line (and the option's 255 octets) cannot hold them. */
function tooLong(line: string): OptsFile['refused'][number] {
  const [tag, option] = line.split(',');
  return { resource: 'subnet', id: tag!.slice('tag:subnet-'.length), option: option!, reason: 'value too long' };
}

/** `0.0.0.0` (or `::`) as the only server means: announce none. */
function nameservers(subnet: WireSubnet): string {
  const servers = subnet.dns_nameservers.filter((server) => addressVersion(server) === subnet.ip_version);
  const none = servers.length === 1 && servers[0] === (subnet.ip_version === 4 ? '0.0.0.0' : '::');
  return dnsServers(subnet, none ? [] : servers);
}

function dnsServers({ id, ip_version }: { id: string; ip_version: IpVersion }, servers: string[]): string {
  return ip_version === 4
    ? subnetOption({ id }, 'option:dns-server', ...servers)
    : subnetOption({ id }, 'option6:dns-server', ...servers.map((server) => `[${server}]`));
}

/**
 * Options 121, 249 and 3 of an IPv4 subnet. A guest that takes 121 ignores 3, so the default route is in both. Other
 * subnets of the same network (and segment) are on the link.
 */
function routeOptions(network: NetworkInfo, subnet: WireSubnet, metadataHop: string | null): string[] {
  let gateway = subnet.gateway_ip;
  const routes: string[] = [];
  for (const { destination, nexthop } of subnet.host_routes) {
    if (parseCidr(destination)?.version !== 4 || addressVersion(nexthop) !== 4) continue;
    if (destination === EVERYWHERE) gateway ??= nexthop;
    else routes.push(`${destination},${nexthop}`);
  }
  const hop = metadataHop ?? gateway;
  if (hop) routes.push(`${METADATA_CIDR},${hop}`);
  const neighbours = allSubnets(network).filter(
    (other) => other.ip_version === 4 && other.cidr !== subnet.cidr && other.segment_id === subnet.segment_id,
  );
  const onLink = neighbours.filter((other) => parseCidr(other.cidr)).map((other) => `${other.cidr},0.0.0.0`);
  const all = [...onLink.reverse(), ...routes];
  if (all.length > 0 && gateway) all.push(`${EVERYWHERE},${gateway}`);
  return [
    ...(all.length > 0 ? [subnetOption(subnet, 'option:classless-static-route', ...all)] : []),
    ...(all.length > 0 ? [subnetOption(subnet, MICROSOFT_ROUTES, ...all)] : []),
    // Without a value: no router at all, where dnsmasq would name itself.
    gateway ? subnetOption(subnet, 'option:router', gateway) : subnetOption(subnet, 'option:router'),
  ];
}

function portOptions(network: NetworkInfo): { lines: string[]; refused: OptsFile['refused'] } {
  const lines: string[] = [];
  const refused: OptsFile['refused'] = [];
  for (const port of network.ports) {
    if (!isUuid(port.id)) continue;
    for (const { opt_name, opt_value, ip_version } of port.extra_dhcp_opts ?? []) {
      if (isClientIdOption(String(opt_name))) continue;
      const line = portOption(port, String(opt_name), String(opt_value), ip_version ?? 4);
      if (typeof line === 'string') lines.push(line);
      else refused.push({ resource: 'port', id: port.id, option: String(opt_name).slice(0, 80), reason: line.reason });
    }
  }
  return { lines, refused };
}

function portOption(port: WirePort, name: string, value: string, version: IpVersion): string | { reason: string } {
  const option = parseOptionName(name);
  if (!option) return { reason: 'no name or number of an option' };
  if (!isOptionValue(value)) return { reason: 'value with control characters or unpaired quotes, or too long' };
  if (!port.fixed_ips.some((ip) => addressVersion(ip.ip_address) === version)) {
    return { reason: `the port has no IPv${version} address` };
  }
  const numeric = /^\d/.test(option.name);
  const prefix = version === 6 ? 'option6:' : numeric ? '' : 'option:';
  const line = [`tag:port-${port.id}`, ...option.tags, `${prefix}${option.name}`, value].join(',');
  return fitsLine(line) ? line : { reason: 'value too long' };
}

/** Where a subnet names no DNS servers and several DHCP servers answer, each names all of them; alone it names itself. */
function severalServers(network: NetworkInfo, unnamed: ReadonlySet<string>): string[] {
  const servers = new Map<string, string[]>();
  for (const port of network.ports) {
    if (port.device_owner !== 'network:dhcp') continue;
    for (const { subnet_id, ip_address } of port.fixed_ips) {
      if (!unnamed.has(subnet_id) || addressVersion(ip_address) === null) continue;
      servers.set(subnet_id, [...(servers.get(subnet_id) ?? []), ip_address]);
    }
  }
  return [...servers].flatMap(([id, addresses]) =>
    ([4, 6] as const)
      .map((version) => ({ version, own: addresses.filter((address) => addressVersion(address) === version) }))
      .filter(({ own }) => own.length > 1)
      .map(({ version, own }) => dnsServers({ id, ip_version: version }, own)),
  );
}

function subnetOption({ id }: { id: string }, ...fields: string[]): string {
  return [`tag:subnet-${id}`, ...fields].join(',');
}
