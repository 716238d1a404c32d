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

function throwIf(message: string | null): void {
  if (message !== null) throw refused(message);
}

function refused(message: string): Error {
  return resourceErrors.HTTPBadRequest({ message });
}
