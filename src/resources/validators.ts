import { normalizeAddress, parseAddress } from '../lib/ip/address.ts';
import { parseCidr } from '../lib/ip/cidr.ts';
import { pythonRepr, pythonString } from '../lib/python-text.ts';
import { toMac } from './converters.ts';

/**
 * Each says what is wrong with a value, in upstream's words (neutron-lib `api/validators`), or null. None of them throws
 * and none changes the value.
 */
export type Validator = (value: unknown) => string | null;

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function text(maxLength: number | null = null): Validator {
  return (value) => {
    if (typeof value !== 'string') return `'${pythonString(value)}' is not a valid string`;
    // Length in code points, as the columns and Python count.
    if (maxLength !== null && value.length > maxLength && [...value].length > maxLength) {
      return `'${value}' exceeds maximum length of ${maxLength}`;
    }
    return null;
  };
}

export function notEmptyText(maxLength: number | null = null): Validator {
  const isText = text(maxLength);
  return (value) =>
    isText(value) ?? ((value as string).trim() === '' ? `'${value}' Blank strings are not permitted` : null);
}

/** What must never reach a daemon's configuration file: it could become a line of its own. */
export function controlCharacters(value: string): string | null {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is refused
  return /[\u0000-\u001f\u007f\u0085\u2028\u2029]/.test(value)
    ? `${pythonRepr(value)} contains control characters`
    : null;
}

export function orNull(validator: Validator): Validator {
  return (value) => (value === null ? null : validator(value));
}

export function oneOf(values: readonly unknown[]): Validator {
  return (value) => (values.includes(value) ? null : `${pythonString(value)} is not in valid_values`);
}

export function nonNegative(value: unknown): string | null {
  if (typeof value !== 'number' || !Number.isInteger(value)) return `'${pythonString(value)}' is not an integer`;
  return value < 0 ? `'${value}' should be non-negative` : null;
}

/** Upstream's `range`, both ends included. */
export function between(minimum: number, maximum: number): Validator {
  return (value) => {
    if (typeof value !== 'number' || !Number.isInteger(value)) return `'${pythonString(value)}' is not an integer`;
    if (value < minimum) return `'${value}' is too small - must be at least '${minimum}'`;
    return value > maximum ? `'${value}' is too large - must be no larger than '${maximum}'` : null;
  };
}

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** With hyphens in the usual places, or with none, in any case. */
export function uuid(value: unknown): string | null {
  const valid = typeof value === 'string' && (uuidPattern.test(value) || /^[0-9a-f]{32}$/i.test(value));
  return valid ? null : `'${pythonString(value)}' is not a valid UUID`;
}

export function uuidList(value: unknown): string | null {
  if (!Array.isArray(value)) return `'${pythonString(value)}' is not a list`;
  for (const item of value) {
    const wrong = uuid(item);
    if (wrong !== null) return wrong;
  }
  return duplicateItems(value);
}

/** Names each item that stands there more than once. */
function duplicateItems(list: readonly unknown[]): string | null {
  const twice = new Set(list.filter((item, index) => list.indexOf(item) < index));
  return twice.size === 0 ? null : `Duplicate items in the list: '${[...twice].join(', ')}'`;
}

export function uniqueTextList(maxLength: number): Validator {
  const isText = text(maxLength);
  return (value) => {
    if (!Array.isArray(value)) return `'${pythonString(value)}' is not a list`;
    for (const item of value) {
      const wrong = isText(item);
      if (wrong !== null) return wrong;
    }
    return duplicateItems(value);
  };
}

const unusableMacs = new Set(['00:00:00:00:00:00', 'ff:ff:ff:ff:ff:ff']);

export function mac(value: unknown): string | null {
  const canonical = toMac(value);
  const valid =
    typeof canonical === 'string' && /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/.test(canonical) && !unusableMacs.has(canonical);
  return valid ? null : `'${pythonString(value)}' is not a valid MAC address`;
}

/** The IPv4 address that is meant if its octets are decimal; null when it is none even so. */
function withoutLeadingZeros(value: string): string | null {
  if (!/^\d+(\.\d+){3}$/.test(value)) return null;
  const decimal = value.split('.').map(Number).join('.');
  return parseAddress(decimal) === null ? null : decimal;
}

export function address(value: unknown): string | null {
  if (typeof value !== 'string') return `'${pythonString(value)}' is not a valid IP address`;
  if (parseAddress(value) !== null) return null;
  const decimal = withoutLeadingZeros(value);
  return decimal === null
    ? `'${value}' is not a valid IP address`
    : `'${value}' is not an accepted IP address, '${decimal}' is recommended`;
}

export function cidr(value: unknown): string | null {
  if (typeof value !== 'string') return `'${pythonString(value)}' is not a valid CIDR`;
  if (parseCidr(value) !== null) return null;
  const host = value.includes('/') ? null : parseAddress(value);
  if (host === null) return `'${value}' is not a valid CIDR`;
  return `'${value}' isn't a recognized CIDR, '${value}/${host.version === 4 ? 32 : 128}' is recommended`;
}

/** Upstream's `subnet`: a prefix, which must be written out. */
export function subnet(value: unknown): string | null {
  if (typeof value !== 'string') return `'${pythonString(value)}' is not a valid IP subnet`;
  if (parseCidr(value) !== null) return null;
  const host = value.includes('/') ? null : parseAddress(value);
  if (host === null) return `'${value}' is not a valid IP subnet`;
  return `'${value}' isn't a recognized IP subnet cidr, '${value}/${host.version === 4 ? 32 : 128}' is recommended`;
}

export function subnetList(value: unknown): string | null {
  if (!Array.isArray(value)) return `'${pythonString(value)}' is not a list`;
  const twice = duplicateItems(value);
  if (twice !== null) return twice;
  for (const item of value) {
    const wrong = subnet(item);
    if (wrong !== null) return wrong;
  }
  return null;
}

export function object(value: unknown): string | null {
  return isObject(value) ? null : `'${pythonString(value)}' is not a dictionary`;
}

/** Exactly these keys, as upstream checks dictionaries of a list. */
export function exactKeys(value: unknown, keys: readonly string[]): string | null {
  if (!isObject(value)) {
    return `Invalid input. '${pythonString(value)}' must be a dictionary with keys: ${pythonRepr(keys)}`;
  }
  const provided = Object.keys(value);
  return provided.length === keys.length && keys.every((key) => Object.hasOwn(value, key))
    ? null
    : `Validation of dictionary's keys failed. Expected keys: ${pythonRepr(keys)} Provided keys: ${pythonRepr(provided)}`;
}

export function allocationPools(value: unknown): string | null {
  if (!Array.isArray(value)) return `Invalid data format for IP pool: '${pythonString(value)}'`;
  for (const pool of value) {
    const wrong = exactKeys(pool, ['start', 'end']) ?? address(pool.start) ?? address(pool.end);
    if (wrong !== null) return wrong;
  }
  return null;
}

export function fixedIps(value: unknown): string | null {
  if (!Array.isArray(value)) return `Invalid data format for fixed IP: '${pythonString(value)}'`;
  const seen = new Set<string>();
  for (const item of value) {
    if (!isObject(item)) return `Invalid data format for fixed IP: '${pythonString(item)}'`;
    if (Object.hasOwn(item, 'ip_address')) {
      const wrong = address(item.ip_address);
      if (wrong !== null) return wrong;
      const canonical = normalizeAddress(item.ip_address as string)!;
      if (seen.has(canonical)) return `Duplicate IP address '${item.ip_address}'`;
      seen.add(canonical);
    }
    if (Object.hasOwn(item, 'subnet_id')) {
      const wrong = uuid(item.subnet_id);
      if (wrong !== null) return wrong;
    }
  }
  return null;
}

export function nameServers(value: unknown): string | null {
  if (!Array.isArray(value)) return `Invalid data format for nameserver: '${pythonString(value)}'`;
  const seen = new Set<string>();
  for (const host of value) {
    const wrong = address(host);
    if (wrong !== null) return `'${pythonString(host)}' is not a valid nameserver. ${wrong}`;
    const canonical = normalizeAddress(host)!;
    if (seen.has(canonical)) return `Duplicate nameserver '${host}'`;
    seen.add(canonical);
  }
  return null;
}

const dhcpOptionKeys = new Set(['id', 'opt_name', 'opt_value', 'ip_version']);
/** Options that may be announced empty, to tell guests that there is none. */
const mayBeBlank = new Set(['router', 'classless-static-route']);

/**
 * Upstream lets control characters pass here and cuts the value later, in the agent (CVE-2021-40085); we refuse them at
 * the door.
 */
export function extraDhcpOptions(value: unknown): string | null {
  if (value === null) return null;
  if (!Array.isArray(value)) return `'${pythonString(value)}' is not a list`;
  for (const option of value) {
    if (!isDhcpOption(option)) return `No valid key specs matched for: ${pythonString(option)}`;
    for (const part of [option.opt_name, option.opt_value ?? '']) {
      const wrong = controlCharacters(part);
      if (wrong !== null) return wrong;
    }
  }
  return null;
}

interface DhcpOption {
  opt_name: string;
  opt_value: string | null;
}

function isDhcpOption(option: unknown): option is DhcpOption {
  if (!isObject(option) || Object.keys(option).some((key) => !dhcpOptionKeys.has(key))) return false;
  const { opt_name: name, opt_value: value, ip_version } = option;
  if (notEmptyText(64)(name) !== null) return false;
  if (ip_version !== undefined && ![4, 6].includes(Number(ip_version))) return false;
  return value === null || (value === '' && mayBeBlank.has(name as string)) || notEmptyText(255)(value) === null;
}
