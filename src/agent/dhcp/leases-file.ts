import { addressVersion } from '../../lib/ip/address.ts';
import type { NetworkInfo } from '../../rpc/contract.ts';
import { isMac } from './dnsmasq-text.ts';
import { hasReservations, hostEntries } from './network.ts';

/** One line of dnsmasq's lease file. */
export interface Lease {
  /** Seconds since 1970 when it ends; 0 for never. */
  expiry: number;
  /** Null on a v6 line, which has an IAID instead. */
  mac: string | null;
  address: string;
  /** `*` where unknown. */
  hostname: string;
  /** `*` where unknown; the DUID on v6 lines. */
  clientId: string;
  iaid: string | null;
}

/**
 * The lease file before dnsmasq's first start: every IPv4 reservation as a lease without end. A guest that got its address
 * from another agent and asks to keep it is then answered, where dnsmasq would refuse what it did not give itself.
 */
export function renderFirstLeases(network: NetworkInfo): string {
  const lines: string[] = [];
  for (const { port, subnet, fixedIp } of hostEntries(network, '')) {
    if (subnet.ip_version !== 4 || !subnet.enable_dhcp || !hasReservations(subnet)) continue;
    lines.push(`0 ${port.mac_address} ${fixedIp.ip_address} * *\n`);
  }
  return lines.join('');
}

/** Reads a lease file; lines it does not know (`duid …`) are no leases. */
export function parseLeases(text: string): Lease[] {
  const leases: Lease[] = [];
  for (const line of text.split('\n')) {
    const [expiry, owner, address, hostname = '*', clientId = '*'] = line.split(' ');
    if (!expiry || !owner || !address || !/^\d+$/.test(expiry) || addressVersion(address) === null) continue;
    // With another hardware type than Ethernet dnsmasq writes `06-…`: still no IAID, but no MAC of ours either.
    const mac = isMac(owner) ? owner : null;
    leases.push({ expiry: Number(expiry), mac, address, hostname, clientId, iaid: mac === null ? owner : null });
  }
  return leases;
}

/** Whether a guest asked for it, or it only stands in the file from `renderFirstLeases`. */
export function wasAsked(lease: Lease): boolean {
  return !(lease.expiry === 0 && lease.hostname === '*' && lease.clientId === '*');
}

/** Leases of addresses that no port with that MAC has any more: to be given back. */
export function unownedLeases(leases: readonly Lease[], network: NetworkInfo): Lease[] {
  const owned = new Set<string>();
  const addresses = new Set<string>();
  for (const port of network.ports) {
    for (const { ip_address } of port.fixed_ips) {
      owned.add(`${port.mac_address.toLowerCase()} ${ip_address}`);
      addresses.add(ip_address);
    }
  }
  return leases.filter((lease) =>
    lease.mac === null ? !addresses.has(lease.address) : !owned.has(`${lease.mac.toLowerCase()} ${lease.address}`),
  );
}

/**
 * The lease file for a start of dnsmasq: made where there is none, else without what nobody owns any more, for ports came
 * and went while it did not run. Everything else (leases of guests, v6 leases, the `duid` line) stays as it is.
 */
export function leasesForStart(text: string | null, network: NetworkInfo): string {
  if (text === null) return renderFirstLeases(network);
  const gone = new Set(unownedLeases(parseLeases(text), network).map(({ mac, address }) => `${mac} ${address}`));
  const stays = (line: string) => parseLeases(line).every(({ mac, address }) => !gone.has(`${mac} ${address}`));
  return text
    .split('\n')
    .filter((line) => line !== '' && stays(line))
    .map((line) => `${line}\n`)
    .join('');
}
