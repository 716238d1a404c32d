import { join } from 'node:path';
import type { DaemonSpec } from '../../linux/daemon.ts';
import type { NetworkInfo } from '../../rpc/contract.ts';
import { isPrintable } from './dnsmasq-text.ts';
import { allSubnets, isolatedSubnets } from './network.ts';
import type { DhcpOptions } from './options.ts';

export const METADATA_ADDRESS = '169.254.169.254';
export const METADATA_ADDRESS_V6 = 'fe80::a9fe:a9fe';

type MetadataSwitches = Pick<DhcpOptions, 'enable_isolated_metadata' | 'force_metadata' | 'enable_metadata_network'>;

/** Whether the namespace gets the metadata address: wherever metadata may be served, so that a change needs no new address. */
export function hasMetadataAddress(options: MetadataSwitches): boolean {
  return options.enable_isolated_metadata || options.force_metadata;
}

/**
 * Whether the network's namespace answers metadata requests: always when forced; else where a DHCP subnet has no router,
 * or where a subnet in 169.254.0.0/16 was made for guests to reach metadata by (`enable_metadata_network`).
 */
export function wantsMetadataProxy(network: NetworkInfo, options: MetadataSwitches): boolean {
  const subnets = allSubnets(network);
  const served = subnets.filter((subnet) => subnet.enable_dhcp);
  if (served.length === 0) return false;
  if (options.force_metadata) return true;
  if (!options.enable_isolated_metadata) return false;
  if (options.enable_metadata_network && subnets.some((subnet) => isMetadataCidr(subnet.cidr))) return true;
  const isolated = isolatedSubnets(network);
  return served.some((subnet) => isolated.has(subnet.id));
}

function isMetadataCidr(cidr: string): boolean {
  const [address, prefix] = cidr.split('/');
  return address!.startsWith('169.254.') && Number(prefix) >= 16;
}

export interface ProxyPlace {
  /** `$state_path`, below which the configuration lies. */
  statePath: string;
  pidFolder: string;
  /** The metadata agent's unix socket. */
  socket: string;
  device: string;
  /** Whether to listen on the IPv6 address too. */
  v6: boolean;
}

export interface MetadataProxy {
  configFile: string;
  /** Null where no proxy belongs. */
  config: string | null;
  daemon: DaemonSpec;
}

/** haproxy of one network: its configuration, if it is wanted, and how it is run. */
export function metadataProxy(networkId: string, netns: string, place: ProxyPlace, wanted: boolean): MetadataProxy {
  const daemon = proxyDaemon(networkId, netns, place);
  const config = wanted ? renderProxyConfig(networkId, place, daemon.pidFile) : null;
  return { configFile: daemon.mark, config, daemon };
}

/** The process alone: enough to end it when the network is gone. */
export function proxyDaemon(
  networkId: string,
  netns: string,
  place: Pick<ProxyPlace, 'statePath' | 'pidFolder'>,
): DaemonSpec {
  const configFile = join(place.statePath, 'ns-metadata-proxy', `${networkId}.conf`);
  return {
    argv: ['haproxy', '-f', configFile],
    pidFile: join(place.pidFolder, `${networkId}.pid`),
    mark: configFile,
    netns,
    env: { PROCESS_TAG: `haproxy-${networkId}` },
    logFile: join(place.statePath, 'ns-metadata-proxy', `${networkId}.log`),
  };
}

/**
 * The guest's address reaches the metadata agent as X-Forwarded-For, the network as a header that the guest cannot set
 * itself; the router's header is removed, lest a guest claims to be behind one.
 */
function renderProxyConfig(networkId: string, place: ProxyPlace, pidFile: string): string {
  const v6 = place.v6 ? [`    bind ${METADATA_ADDRESS_V6}:80 interface ${word(place.device)}`] : [];
  const lines = [
    'global',
    '    log /dev/log local0 info',
    `    log-tag haproxy-metadata-proxy-${word(networkId)}`,
    '    user root',
    '    group root',
    '    maxconn 1024',
    '    nbthread 2',
    `    pidfile ${word(pidFile)}`,
    '    daemon',
    '',
    'defaults',
    '    log global',
    '    mode http',
    '    option httplog',
    '    option dontlognull',
    '    option http-server-close',
    '    option forwardfor',
    '    retries 3',
    '    timeout http-request 30s',
    '    timeout connect 30s',
    '    timeout client 32s',
    '    timeout server 32s',
    '    timeout http-keep-alive 30s',
    '',
    'listen listener',
    `    bind ${METADATA_ADDRESS}:80`,
    ...v6,
    `    server metadata ${word(place.socket)}`,
    '    http-request del-header X-Neutron-Router-ID',
    `    http-request set-header X-Neutron-Network-ID ${word(networkId)}`,
  ];
  return `${lines.join('\n')}\n`;
}

/** A value as one word of an haproxy line. @throws Error on control characters, which no quoting makes harmless */
function word(text: string): string {
  if (!isPrintable(text)) throw new Error(`not fit for an haproxy configuration: ${JSON.stringify(text)}`);
  return text.replace(/[\s\\"'#]/g, '\\$&');
}
