import { addressVersion } from '../../lib/ip/address.ts';
import type { NetworkInfo, WirePort } from '../../rpc/contract.ts';
import { fitsLine, isClientId } from './dnsmasq-text.ts';
import { type HostEntry, hasReservations, hostEntries } from './network.ts';
import type { DhcpOptions } from './options.ts';

const clientIdNames: ReadonlySet<string> = new Set(['client-id', '61']);

/** The client id a port asks to be known by, or null. */
export function clientIdOf(port: WirePort): string | null {
  const found = (port.extra_dhcp_opts ?? []).find((option) => clientIdNames.has(String(option.opt_name)));
  return found && isClientId(String(found.opt_value)) ? String(found.opt_value) : null;
}

/** Whether an extra option of a port is its client id, which belongs into the hosts file and not among the options. */
export function isClientIdOption(name: string): boolean {
  return clientIdNames.has(name);
}

/**
 * `--dhcp-hostsfile`: who gets which address.
 *
 *     fa:16:3e:00:00:01,host-10-0-0-5.openstacklocal,10.0.0.5
 *     fa:16:3e:00:00:01,tag:dhcpv6,host-fd00--5.openstacklocal,[fd00::5]
 *     fa:16:3e:00:00:02,id:ff:01:02,web.example.org,10.0.0.6,set:port-<port id>
 *
 * The `set:` tag stands only where the port has options of its own.
 */
export function renderHostsFile(
  network: NetworkInfo,
  options: Pick<DhcpOptions, 'dns_domain' | 'dnsmasq_enable_addr6_list'>,
): string {
  const lines: string[] = [];
  const done = new Set<HostEntry>();
  const entries = hostEntries(network, options.dns_domain);
  for (const entry of entries) {
    if (done.has(entry)) continue;
    const together = options.dnsmasq_enable_addr6_list ? sameLease(entry, entries) : [entry];
    for (const other of together) done.add(other);
    const line = hostLine(
      entry,
      together.map((other) => other.fixedIp.ip_address),
    );
    if (line !== null && fitsLine(line)) lines.push(`${line}\n`);
  }
  return lines.join('');
}

/** The entries that go into one line: all stateful v6 addresses of a port on one subnet. */
function sameLease(entry: HostEntry, entries: HostEntry[]): HostEntry[] {
  if (entry.subnet.ip_version !== 6 || !hasReservations(entry.subnet)) return [entry];
  return entries.filter((other) => other.port === entry.port && other.subnet.id === entry.subnet.id);
}

function hostLine({ port, subnet, fqdn }: HostEntry, addresses: string[]): string | null {
  const extras = port.extra_dhcp_opts ?? [];
  const tag = subnet.ip_version === 6 ? ['tag:dhcpv6'] : [];
  const set = `set:port-${port.id}`;
  if (!hasReservations(subnet)) {
    // SLAAC guests ask nobody; stateless ones ask for options only.
    const asks = subnet.ipv6_address_mode === 'dhcpv6-stateless' && extras.length > 0;
    return asks ? [port.mac_address, ...tag, set].join(',') : null;
  }
  if (!subnet.enable_dhcp) return null;
  const clientId = clientIdOf(port);
  const hasOwnOptions = extras.some((option) => !isClientIdOption(String(option.opt_name)));
  return [
    port.mac_address,
    ...tag,
    ...(clientId === null ? [] : [`id:${clientId}`]),
    fqdn,
    ...addresses.map(bracketed),
    ...(hasOwnOptions ? [set] : []),
  ].join(',');
}

/** dnsmasq tells an IPv6 address from a MAC by its brackets. */
function bracketed(address: string): string {
  return addressVersion(address) === 6 ? `[${address}]` : address;
}
