import { eui64, parseAddress } from '../../lib/ip/address.ts';
import type { FixedIp } from '../../resources/shapes.ts';
import type { AddressRequest } from './wishes.ts';

/** What an update of `fixed_ips` means for the addresses a port has. */
export interface AddressChanges {
  keep: FixedIp[];
  remove: FixedIp[];
  add: AddressRequest[];
}

/**
 * Compares the addresses a port has with the list that replaces them: an address named again stays; a subnet named without
 * address keeps one the port has there; the rest goes, except automatic addresses, which stay as long as their subnet does.
 *
 * @param isAutomatic whether addresses of a subnet cannot be given up by this port
 */
export function compareAddresses(
  current: readonly FixedIp[],
  wanted: readonly AddressRequest[],
  isAutomatic: (subnetId: string) => boolean,
): AddressChanges {
  const left = [...current];
  const keep: FixedIp[] = [];
  const add: AddressRequest[] = [];
  const claim = (matches: (ip: FixedIp) => boolean): boolean => {
    const index = left.findIndex(matches);
    if (index >= 0) keep.push(...left.splice(index, 1));
    return index >= 0;
  };
  for (const request of wanted) {
    if (request.ip_address === undefined) continue;
    const fits = (ip: FixedIp) =>
      ip.ip_address === request.ip_address && (request.subnet_id ?? ip.subnet_id) === ip.subnet_id;
    if (!claim(fits)) add.push(request);
  }
  for (const request of wanted) {
    if (request.ip_address !== undefined) continue;
    if (!claim((ip) => ip.subnet_id === request.subnet_id)) add.push(request);
  }
  const automatic = left.filter(({ subnet_id }) => isAutomatic(subnet_id));
  return {
    keep: current.filter((ip) => keep.includes(ip) || automatic.includes(ip)),
    remove: left.filter((ip) => !automatic.includes(ip)),
    add,
  };
}

/** Whether an address was made from this MAC, and so follows when the MAC changes. */
export function isEui64Of(address: string, mac: string): boolean {
  const parsed = parseAddress(address);
  if (parsed?.version !== 6) return false;
  const network = (parsed.value >> 64n) << 64n;
  return parsed.value === eui64(network, mac);
}
