import { join } from 'node:path';
import { addressVersion } from '../../lib/ip/address.ts';
import { type Cidr, formatCidr, parseCidr } from '../../lib/ip/cidr.ts';
import type { WireRouterSubnet } from '../../rpc/contract.ts';
import type { L3Facts, RouterDaemon, RouterDevice, RouterPart } from './contract.ts';
import type { L3Options } from './options.ts';

/** Least MTU of a link that carries IPv6: a smaller one is not announced. */
const LEAST_MTU = 1280;
/** radvd takes no more in one option. */
const MOST_NAME_SERVERS = 3;
/** Guests without any other route reach the metadata service by the router. */
const METADATA_ROUTE = 'fe80::a9fe:a9fe/128';

/** Router advertisements: where a subnet says who gives its guests their addresses (`ipv6_ra_mode`). */
export const radvdPart: RouterPart = {
  name: 'radvd',
  derive(draft, _router, facts) {
    const text = draft.isActive ? renderRadvd(draft.internal, facts.options) : '';
    draft.daemon(radvdDaemon(draft.routerId, draft.namespace, facts, text));
  },
  leftovers: (routerId, facts) => [radvdDaemon(routerId, undefined, facts, '')],
};

/** An empty text ends it. */
function radvdDaemon(routerId: string, netns: string | undefined, { options }: L3Facts, text: string): RouterDaemon {
  const configFile = join(options.ra_confs, `${routerId}.radvd.conf`);
  const pidFile = join(options.external_pids, `${routerId}.pid.radvd`);
  // It is started as root and stays so unless a user is named. Told another log than syslog it would keep its stderr open.
  const user = ['', 'root'].includes(options.radvd_user) ? [] : ['-u', options.radvd_user];
  return {
    name: 'radvd',
    spec: {
      argv: ['radvd', '-C', configFile, '-p', pidFile, '-m', 'syslog', ...user],
      pidFile,
      mark: configFile,
      netns,
      env: { PROCESS_TAG: `radvd-${routerId}` },
      logFile: join(options.ra_confs, `${routerId}.radvd.log`),
    },
    files: [{ path: configFile, text }],
    isWanted: text !== '',
    onChange: 'SIGHUP',
  };
}

/** The configuration for these devices; empty where none has anything to announce. */
function renderRadvd(devices: readonly RouterDevice[], options: L3Options): string {
  return devices.map((device) => renderInterface(device, options)).join('');
}

function renderInterface({ name, mtu, port }: RouterDevice, options: L3Options): string {
  const subnets = port.subnets.filter((subnet) => subnet.ipv6_ra_mode !== null && prefixOf(subnet) !== null);
  if (subnets.length === 0) return '';
  const has = (mode: WireRouterSubnet['ipv6_ra_mode']) => subnets.some(({ ipv6_ra_mode }) => ipv6_ra_mode === mode);
  // With DHCPv6 of either kind name servers come from it.
  const nameServers = subnets
    .filter(({ ipv6_ra_mode }) => ipv6_ra_mode === 'slaac')
    .flatMap(({ dns_nameservers }) => dns_nameservers)
    .filter((address) => addressVersion(address) === 6)
    .slice(0, MOST_NAME_SERVERS);
  const lines = [
    `interface ${name}`,
    '{',
    '   AdvSendAdvert on;',
    ...intervals(options),
    ...(mtu >= LEAST_MTU ? [`   AdvLinkMTU ${mtu};`] : []),
    ...(has('dhcpv6-stateless') ? ['   AdvOtherConfigFlag on;'] : []),
    ...(has('dhcpv6-stateful') ? ['   AdvManagedFlag on;'] : []),
    ...(nameServers.length > 0 ? [`   RDNSS ${nameServers.join(' ')} {};`] : []),
    ...subnets.flatMap(renderPrefix),
    `   route ${METADATA_ROUTE} {`,
    '   };',
    '};',
  ];
  return `${lines.join('\n')}\n`;
}

/** radvd refuses a least interval of more than three quarters of the greatest. */
function intervals({ min_rtr_adv_interval: least, max_rtr_adv_interval: most }: L3Options): string[] {
  return [
    `   MinRtrAdvInterval ${Math.max(3, Math.min(least, Math.floor(most * 0.75)))};`,
    `   MaxRtrAdvInterval ${most};`,
  ];
}

function renderPrefix(subnet: WireRouterSubnet): string[] {
  const autonomous = subnet.ipv6_ra_mode === 'dhcpv6-stateful' ? 'off' : 'on';
  return [
    `   prefix ${formatCidr(prefixOf(subnet)!)}`,
    '   {',
    '        AdvOnLink on;',
    `        AdvAutonomous ${autonomous};`,
    '   };',
  ];
}

/** Null for IPv4, and where a prefix has still to be delegated (`::/64`). */
function prefixOf({ cidr }: WireRouterSubnet): Cidr | null {
  const found = parseCidr(cidr);
  return found?.version === 6 && found.first !== 0n ? found : null;
}
