import { formatAddress } from '../../../src/lib/ip/address.ts';
import { cidrsOverlap, formatCidr, hasHostBits, hostRange, parseCidr } from '../../../src/lib/ip/cidr.ts';
import { rangeSize } from '../../../src/lib/ip/range.ts';

/** A subnet that is there already. */
export interface OtherSubnet {
  readonly id: string;
  readonly name: string;
  readonly cidr: string | null;
  readonly network_id: string;
}

/** What a CIDR means, before it is sent. */
export interface CidrHelp {
  /** As the server will store it. */
  readonly cidr: string;
  readonly version: 4 | 6;
  readonly first: string;
  readonly last: string;
  /** Addresses hosts may have, the gateway's among them. */
  readonly size: bigint;
  /** Whether host bits were cleared. */
  readonly isTrimmed: boolean;
  readonly gateway: string;
  readonly overlaps: readonly OtherSubnet[];
}

/** Null while the text is no CIDR. */
export function cidrHelp(text: string, others: readonly OtherSubnet[]): CidrHelp | null {
  const cidr = parseCidr(text.trim());
  if (!cidr) return null;
  const { first, last } = hostRange(cidr);
  const overlaps = others.filter((other) => {
    const theirs = other.cidr === null ? null : parseCidr(other.cidr);
    return theirs !== null && cidrsOverlap(cidr, theirs);
  });
  return {
    cidr: formatCidr(cidr),
    version: cidr.version,
    first: formatAddress(first, cidr.version),
    last: formatAddress(last, cidr.version),
    size: rangeSize({ first, last }),
    isTrimmed: hasHostBits(text.trim()),
    gateway: formatAddress(first, cidr.version),
    overlaps,
  };
}

/** The first private /24 that no subnet overlaps: something to begin with. */
export function freeCidr(others: readonly OtherSubnet[]): string {
  for (let third = 0; third < 256; third++) {
    const candidate = `10.0.${third}.0/24`;
    if (cidrHelp(candidate, others)!.overlaps.length === 0) return candidate;
  }
  return '';
}
