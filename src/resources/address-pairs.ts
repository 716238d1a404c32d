import { cidrsOverlap, parseCidr } from '../lib/ip/cidr.ts';
import { pythonString } from '../lib/python-text.ts';
import { toAddress, toMac } from './converters.ts';
import { resourceErrors } from './errors.ts';
import { address, cidr, isObject, mac } from './validators.ts';

/**
 * Address pairs are the one attribute whose faults upstream reports without the "Invalid input for …" frame and with
 * types of their own, so this validator throws. How many a port may have is the plugin's option.
 */
export function addressPairs(value: unknown): null {
  if (!Array.isArray(value)) throw refused('Allowed address pairs must be a list.');
  const seen = new Set<string>();
  for (const pair of value) {
    if (!isObject(pair)) throw refused(`'${pythonString(pair)}' is not a dictionary`);
    if (Object.hasOwn(pair, 'mac_address')) throwIf(mac(pair.mac_address));
    if (!Object.hasOwn(pair, 'ip_address')) throw resourceErrors.AllowedAddressPairsMissingIP();
    const ip = pair.ip_address;
    throwIf(typeof ip === 'string' && ip.includes('/') ? cidr(ip) : address(ip));
    throwIf(multicast(ip as string) ?? multicastMac(pair.mac_address));
    const same = JSON.stringify([toMac(pair.mac_address) ?? null, toAddress(ip)]);
    if (seen.has(same)) {
      throw resourceErrors.DuplicateAddressPairInRequest({
        mac_address: pair.mac_address === undefined ? null : String(pair.mac_address),
        ip_address: ip as string,
      });
    }
    seen.add(same);
    const unknown = Object.keys(pair).filter((key) => key !== 'ip_address' && key !== 'mac_address');
    if (unknown.length > 0) throw refused(`Unrecognized attribute(s) '${unknown.join(', ')}'`);
  }
  return null;
}

/** Valid addresses only: pairs of multicast addresses never did what they promise (alias `aap-reject-multicast`). */
function multicast(ip: string): string | null {
  const cidr = parseCidr(ip.includes('/') ? ip : `${ip}/${ip.includes(':') ? 128 : 32}`)!;
  const range = cidr.version === 4 ? '224.0.0.0/4' : 'ff00::/8';
  // Every address there is: what appliances that forward ask for.
  if (cidr.prefix === 0 || !cidrsOverlap(cidr, parseCidr(range)!)) return null;
  return ip.includes('/')
    ? `Subnet ${ip} overlaps with multicast range ${range}, which is not supported.`
    : `IP ${ip} is a multicast address, which is not supported.`;
}

function multicastMac(value: unknown): string | null {
  const wanted = toMac(value);
  if (typeof wanted !== 'string' || (Number.parseInt(wanted.slice(0, 2), 16) & 1) === 0) return null;
  return `MAC address ${value} is a multicast address, which is not supported.`;
}

function throwIf(message: string | null): void {
  if (message !== null) throw refused(message);
}

function refused(message: string): Error {
  return resourceErrors.HTTPBadRequest({ message });
}
