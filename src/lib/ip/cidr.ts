import { type Address, formatAddress, type IpVersion, maxValue, parseAddress } from './address.ts';
import type { Range } from './range.ts';

/** A block of addresses. `first` is the network address, `last` the broadcast address of IPv4. */
export interface Cidr extends Range {
  readonly version: IpVersion;
  readonly prefix: number;
}

const width = { 4: 32, 6: 128 } as const;

/** Reads `address/prefix`, strictly; host bits are cleared (see `hasHostBits`). Null when it is no CIDR. */
export function parseCidr(text: string): Cidr | null {
  const parts = splitCidr(text);
  return parts && cidrOf(parts.address, parts.prefix);
}

/** Whether the address part of a valid CIDR has bits behind the prefix, as in `10.0.0.5/24`. */
export function hasHostBits(text: string): boolean {
  const parts = splitCidr(text);
  return parts !== null && cidrOf(parts.address, parts.prefix).first !== parts.address.value;
}

function splitCidr(text: string): { address: Address; prefix: number } | null {
  const slash = text.indexOf('/');
  if (slash < 0) return null;
  const address = parseAddress(text.slice(0, slash));
  const length = text.slice(slash + 1);
  if (!address || !/^(0|[1-9]\d{0,2})$/.test(length)) return null;
  const prefix = Number(length);
  return prefix > width[address.version] ? null : { address, prefix };
}

/** The block of this length that holds the address. */
export function cidrOf(address: Address, prefix: number): Cidr {
  const hostBits = BigInt(width[address.version] - prefix);
  const first = (address.value >> hostBits) << hostBits;
  return { version: address.version, prefix, first, last: first + (1n << hostBits) - 1n };
}

export function formatCidr(cidr: Cidr): string {
  return `${formatAddress(cidr.first, cidr.version)}/${cidr.prefix}`;
}

/** Whether all of one block lies in another. */
export function cidrContains(outer: Cidr, inner: Cidr): boolean {
  return outer.version === inner.version && outer.first <= inner.first && inner.last <= outer.last;
}

export function isSameCidr(a: Cidr, b: Cidr): boolean {
  return a.version === b.version && a.prefix === b.prefix && a.first === b.first;
}

/** `255.255.255.0` of a /24: what DHCP ranges and `ifconfig` want. */
export function netmask(cidr: Cidr): string {
  const hostBits = BigInt(width[cidr.version] - cidr.prefix);
  return formatAddress((maxValue(cidr.version) >> hostBits) << hostBits, cidr.version);
}

export function cidrHas(cidr: Cidr, address: Address): boolean {
  return cidr.version === address.version && cidr.first <= address.value && address.value <= cidr.last;
}

export function cidrsOverlap(a: Cidr, b: Cidr): boolean {
  return a.version === b.version && a.first <= b.last && b.first <= a.last;
}

/**
 * The addresses a host may have: all but the network and (IPv4) broadcast address; everything on a /31, /32, /127 and
 * /128 (RFC 3021, RFC 6164). IPv6 has no broadcast address, but its first one is the routers' anycast address.
 */
export function hostRange(cidr: Cidr): Range {
  if (width[cidr.version] - cidr.prefix <= 1) return { first: cidr.first, last: cidr.last };
  return { first: cidr.first + 1n, last: cidr.version === 4 ? cidr.last - 1n : cidr.last };
}
