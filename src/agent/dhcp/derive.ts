import { join } from 'node:path';
import { addressVersion, parseAddress } from '../../lib/ip/address.ts';
import { cidrHas, parseCidr } from '../../lib/ip/cidr.ts';
import { dhcpDeviceName, dhcpNamespace, tapName } from '../../lib/names.ts';
import type { DaemonSpec } from '../../linux/daemon.ts';
import type { NetworkInfo, WirePort, WireSubnet } from '../../rpc/contract.ts';
import { metadataProxy } from '../daemons/haproxy.ts';
import type { KeptDaemon } from '../daemons/kept.ts';
import type { MetadataRate } from '../daemons/metadata-rate.ts';
import type { Watched } from '../daemons/supervision.ts';
import { renderAddnHostsFile } from './addn-hosts-file.ts';
import { dnsmasqArguments, LOG_FILE } from './dnsmasq-arguments.ts';
import { renderHostsFile } from './hosts-file.ts';
import { hasMetadataAddress, METADATA_ADDRESS, METADATA_ADDRESS_V6, wantsMetadataProxy } from './metadata-proxy.ts';
import { wantsDhcp } from './network.ts';
import type { DhcpOptions } from './options.ts';
import { type OptsFile, renderOptsFile } from './opts-file.ts';

/** Where this agent keeps things, and with which options: the same for all networks. */
export interface DhcpSettings {
  /** `$state_path`. */
  statePath: string;
  /** How often guests may ask for metadata; left out: as often as they like. */
  metadataRate?: MetadataRate | null;
  options: DhcpOptions;
  /** See `DnsmasqPlace.user`. */
  dnsmasqUser: string | null;
}

/** What this host must look like for one network that has a DHCP server here. */
export interface DhcpState {
  networkId: string;
  /** What it was derived from; the lease file is mended by it when dnsmasq starts. */
  network: NetworkInfo;
  namespace: string;
  card: Card;
  /** Folder of dnsmasq's files. */
  folder: string;
  /** Text of the files that follow the network, by name; `leases` belongs to dnsmasq once it runs. */
  files: { interface: string; host: string; addn_hosts: string; opts: string };
  /** Folders that dnsmasq writes to and does not make itself. */
  logFolder: string | null;
  dnsmasq: DaemonSpec;
  proxy: KeptDaemon;
  /** Options that were left out. */
  refused: OptsFile['refused'];
}

/** The veth pair of the DHCP port. */
export interface Card {
  /** `ns-<11>`, in the namespace. */
  device: string;
  /** `tap<11>`, on the host: the bridge agent takes it into the network's bridge. */
  tap: string;
  mac: string;
  mtu: number;
  addresses: string[];
  /** One per address family at most. */
  gateways: { family: 4 | 6; address: string; onLink: boolean }[];
  /** Families whose DHCP answers need their UDP checksum filled in. */
  checksums: (4 | 6)[];
}

/** Where the files of a network's dnsmasq lie. */
export function networkFolder(networkId: string, options: Pick<DhcpOptions, 'dhcp_confs'>): string {
  return join(options.dhcp_confs, networkId);
}

/** How to find a network's dnsmasq: all that is needed to end it. */
export function dnsmasqDaemon(
  networkId: string,
  argv: readonly string[],
  options: Pick<DhcpOptions, 'dhcp_confs'>,
): DaemonSpec {
  const folder = networkFolder(networkId, options);
  return {
    argv: argv.length > 0 ? argv : ['dnsmasq'],
    pidFile: join(folder, 'pid'),
    mark: `--pid-file=${join(folder, 'pid')}`,
    netns: dhcpNamespace(networkId),
    env: { PROCESS_TAG: `dnsmasq-${networkId}` },
    logFile: join(folder, 'log'),
  };
}

/** Derives the state from what the server said; null where no DHCP server belongs. */
export function deriveDhcpState(network: NetworkInfo, port: WirePort, settings: DhcpSettings): DhcpState | null {
  if (!wantsDhcp(network)) return null;
  const { options, statePath } = settings;
  const namespace = dhcpNamespace(network.id);
  const folder = networkFolder(network.id, options);
  const card = deriveCard(network, port, options);
  const argv = dnsmasqArguments(network, options, { folder, device: card.device, user: settings.dnsmasqUser });
  const opts = renderOptsFile(network, options, new Map(port.fixed_ips.map((ip) => [ip.subnet_id, ip.ip_address])));
  const hasV6 = network.subnets.some((subnet) => subnet.ip_version === 6);
  const proxyPlace = {
    statePath,
    pidFolder: options.external_pids,
    socket: options.metadata_proxy_socket,
    rate: settings.metadataRate ?? null,
    binds: [`${METADATA_ADDRESS}:80`, ...(hasV6 ? [`${METADATA_ADDRESS_V6}:80 interface ${card.device}`] : [])],
  };
  return {
    networkId: network.id,
    network,
    namespace,
    card,
    folder,
    files: {
      interface: card.device,
      host: renderHostsFile(network, options),
      addn_hosts: renderAddnHostsFile(network, options.dns_domain),
      opts: opts.text,
    },
    logFolder: logFolder(argv),
    dnsmasq: dnsmasqDaemon(network.id, argv, options),
    proxy: metadataProxy(
      { kind: 'Network', id: network.id },
      namespace,
      proxyPlace,
      wantsMetadataProxy(network, options),
    ),
    refused: opts.refused,
  };
}

/** What the agent looks at every second of a network it serves. */
export function watchedOf({ namespace, folder, dnsmasq, proxy }: DhcpState): Watched {
  return {
    namespace,
    daemons: [dnsmasq, ...(proxy.isWanted ? [proxy.spec] : [])],
    files: ['host', 'addn_hosts', 'opts', 'leases', 'pid'].map((name) => join(folder, name)),
  };
}

function deriveCard(network: NetworkInfo, port: WirePort, options: DhcpOptions): Card {
  const subnets = new Map(network.subnets.map((subnet) => [subnet.id, subnet]));
  const addresses: string[] = [];
  for (const { subnet_id, ip_address } of port.fixed_ips) {
    const cidr = parseCidr(subnets.get(subnet_id)?.cidr ?? '');
    if (cidr && addressVersion(ip_address) === cidr.version) addresses.push(`${ip_address}/${cidr.prefix}`);
  }
  const served = network.subnets.filter((subnet) => subnet.enable_dhcp);
  if (hasMetadataAddress(options)) {
    addresses.push(`${METADATA_ADDRESS}/32`);
    if (network.subnets.some((subnet) => subnet.ip_version === 6)) addresses.push(`${METADATA_ADDRESS_V6}/128`);
  }
  const gateways = ([4, 6] as const).flatMap((family) => {
    const subnet = served.find((one) => one.ip_version === family && canRoute(one));
    return subnet ? [gatewayOf(subnet, family)] : [];
  });
  return {
    device: dhcpDeviceName(port.id),
    tap: tapName(port.id),
    mac: port.mac_address,
    mtu: network.mtu,
    addresses,
    gateways,
    checksums: ([4, 6] as const).filter((family) => served.some((subnet) => subnet.ip_version === family)),
  };
}

/** The first subnet with a gateway gives the namespace its default route. */
function canRoute(subnet: WireSubnet): boolean {
  if (subnet.gateway_ip === null || addressVersion(subnet.gateway_ip) !== subnet.ip_version) return false;
  if (subnet.ip_version === 4) return true;
  const prefix = parseCidr(subnet.cidr)?.prefix ?? 0;
  const autonomous = [subnet.ipv6_address_mode, subnet.ipv6_ra_mode].some(
    (mode) => mode === 'slaac' || mode === 'dhcpv6-stateless',
  );
  return prefix > 0 && prefix <= 126 && (!autonomous || prefix === 64);
}

/** A gateway outside its subnet is reached by a route of its own. Link-local ones are always on the link. */
function gatewayOf(subnet: WireSubnet, family: 4 | 6): Card['gateways'][number] {
  const address = subnet.gateway_ip!;
  const inside = cidrHas(parseCidr(subnet.cidr)!, parseAddress(address)!);
  return { family, address, onLink: !inside && !address.toLowerCase().startsWith('fe80:') };
}

function logFolder(argv: readonly string[]): string | null {
  const facility = argv.find((argument) => argument.startsWith('--log-facility='));
  return facility ? facility.slice('--log-facility='.length, -LOG_FILE.length - 1) : null;
}
