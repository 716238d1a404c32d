import { formatAddress, parseAddress } from '../lib/ip/address.ts';
import { pythonString } from '../lib/python-text.ts';
import { resourceErrors } from './errors.ts';

/**
 * From what clients send to what the rest of the server works with. A converter that cannot do it throws InvalidInput;
 * one whose validator says it better gives the value back as it came.
 */

function invalid(message: string): Error {
  return resourceErrors.InvalidInput({ error_message: message });
}

const booleans = new Map([
  ...['1', 't', 'true', 'on', 'y', 'yes'].map((text) => [text, true] as const),
  ...['0', 'f', 'false', 'off', 'n', 'no'].map((text) => [text, false] as const),
]);

/** The words oslo's `bool_from_string` knows, in any case; 0 and 1 too. */
export function toBoolean(value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  const found = booleans.get(pythonString(value).trim().toLowerCase());
  if (found === undefined) throw invalid(`'${pythonString(value)}' cannot be converted to boolean`);
  return found;
}

/** Whole numbers, also as text; fractions are refused (upstream cuts them off). */
export function toInteger(value: unknown): number {
  if (typeof value === 'boolean') return value ? 1 : 0;
  const number = typeof value === 'string' && /^\s*[+-]?\d+\s*$/.test(value) ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isSafeInteger(number)) {
    throw invalid(`'${pythonString(value)}' is not an integer`);
  }
  return number + 0;
}

export function toIntegerOrNull(value: unknown): number | null {
  return value === null ? null : toInteger(value);
}

/** `null` lists are empty ones. */
export function nullToList(value: unknown): unknown {
  return value === null ? [] : value;
}

export function nullToString(value: unknown): unknown {
  return value === null ? '' : value;
}

export function toLowerCase(value: unknown): unknown {
  return typeof value === 'string' ? value.toLowerCase() : value;
}

/** Address and prefix in canonical text; a bare address is a host's. Host bits stay: the plugin clears them. */
export function toCidr(value: unknown): unknown {
  if (value === null) return null;
  const text = typeof value === 'string' ? value : '';
  const slash = text.indexOf('/');
  const address = parseAddress(slash < 0 ? text : text.slice(0, slash));
  const width = address?.version === 4 ? 32 : 128;
  const length = slash < 0 ? String(width) : text.slice(slash + 1);
  if (address === null || !/^\d{1,3}$/.test(length) || Number(length) > width) {
    throw invalid(`${pythonString(value)} is not in a CIDR format`);
  }
  return `${formatAddress(address.value, address.version)}/${Number(length)}`;
}

/**
 * A MAC as `aa:bb:cc:dd:ee:ff`, from the ways netaddr reads: colons or dashes (short octets allowed), Cisco's dots, bare
 * hexadecimal. Anything else comes back unchanged for the validator to refuse.
 */
export function toMac(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  const separator = value.includes(':') ? ':' : value.includes('-') ? '-' : null;
  let hex: string;
  if (separator !== null) {
    const octets = value.split(separator);
    if (octets.length !== 6 || !octets.every((octet) => /^[0-9a-f]{1,2}$/i.test(octet))) return value;
    hex = octets.map((octet) => octet.padStart(2, '0')).join('');
  } else {
    if (!/^([0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4}|[0-9a-f]{12})$/i.test(value)) return value;
    hex = value.replaceAll('.', '');
  }
  return hex.toLowerCase().match(/../g)!.join(':');
}

/** Canonical text of an address; no address: unchanged. */
export function toAddress(value: unknown): unknown {
  const address = typeof value === 'string' ? parseAddress(value) : null;
  return address === null ? value : formatAddress(address.value, address.version);
}

/** One `key=value` of a filter over a list of objects (`fixed_ips=ip_address=10.0.0.5`). */
export function toKeyValue(text: string): { key: string; value: string } {
  const equals = text.indexOf('=');
  if (equals < 1) throw invalid(`'${text}' is not of the form <key>=[value]`);
  return { key: text.slice(0, equals).trim(), value: text.slice(equals + 1).trim() };
}
