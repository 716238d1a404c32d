import { ipVersion, parseIp, stringifyIp } from 'ip-bigint';

export type IpVersion = 4 | 6;

/** One address as a number. Strings stay at the borders (API, database, files); arithmetic is done on these. */
export interface Address {
  readonly version: IpVersion;
  readonly value: bigint;
}

const bits = { 4: 32n, 6: 128n } as const;

/**
 * Reads one address, strictly: four decimal octets without leading zeros, or RFC 4291 text. Short forms (`10.1`), octal,
 * hexadecimal, zones (`%eth0`), blanks and prefixes give null, so that the same text never means two addresses.
 */
export function parseAddress(text: string): Address | null {
  if (text.length > 45 || text.includes('%') || ipVersion(text) === 0) return null;
  const { number, version } = parseIp(text);
  return { version, value: number };
}

/** The canonical text (RFC 5952 for v6), as Neutron stores and shows it. */
export function formatAddress(value: bigint, version: IpVersion): string {
  // The v4-mapped block keeps its dotted tail, as Python's netaddr prints it.
  const mapped = version === 6 && value >> 32n === 0xffffn;
  return stringifyIp(mapped ? { number: value, version, ipv4mapped: true } : { number: value, version });
}

/** Canonical text of an address, or null when it is none. */
export function normalizeAddress(text: string): string | null {
  const address = parseAddress(text);
  return address && formatAddress(address.value, address.version);
}

/** 4 or 6, or null when the text is no address. */
export function addressVersion(text: string): IpVersion | null {
  return parseAddress(text)?.version ?? null;
}

/** 32 hex digits that sort and compare as the number does: column `ip_key`. */
export function addressKey(value: bigint): string {
  return value.toString(16).padStart(32, '0');
}

/** The number behind an `ip_key`. */
export function valueOfKey(key: string): bigint {
  return BigInt(`0x${key}`);
}

/** The largest value of an address family. */
export function maxValue(version: IpVersion): bigint {
  return (1n << bits[version]) - 1n;
}

export function isMulticast({ version, value }: Address): boolean {
  return version === 4 ? value >> 28n === 0xen : value >> 120n === 0xffn;
}

export function isLoopback({ version, value }: Address): boolean {
  return version === 4 ? value >> 24n === 127n : value === 1n;
}

export function isLinkLocal({ version, value }: Address): boolean {
  return version === 4 ? value >> 16n === 0xa9fen : value >> 118n === 0x3fan;
}

/**
 * The modified EUI-64 address (RFC 4291, appendix A) a card with this MAC gives itself on a /64.
 *
 * @param network first address of the /64
 * @param mac six octets, colon-separated
 */
export function eui64(network: bigint, mac: string): bigint {
  const octets = BigInt(`0x${mac.replaceAll(':', '')}`);
  const high = (octets >> 24n) ^ 0x020000n;
  return network | (high << 40n) | (0xfffen << 24n) | (octets & 0xffffffn);
}
