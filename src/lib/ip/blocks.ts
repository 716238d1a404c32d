import { formatAddress, type IpVersion } from './address.ts';
import { type Cidr, cidrOf, parseCidr } from './cidr.ts';
import type { Range } from './range.ts';
import { type IpSet, ipSet } from './set.ts';

const width = { 4: 32, 6: 128 } as const;

/** The addresses of CIDRs, as a set. They must be of one family. */
export function setOfCidrs(texts: readonly string[]): IpSet {
  return ipSet(texts.map((text) => parseCidr(text)!));
}

/**
 * The fewest CIDR blocks that make up a set, lowest first: two halves become the whole, what overlaps is there once.
 * Every aligned block inside the set lies inside one of them.
 */
export function blocksOf(set: IpSet, version: IpVersion): Cidr[] {
  const blocks: Cidr[] = [];
  for (const { first, last } of set) {
    let start = first;
    while (start <= last) {
      const block = largestBlock(start, last, version);
      blocks.push(block);
      start = block.last + 1n;
    }
  }
  return blocks;
}

/** CIDR texts as few as can be, for the same addresses. */
export function compactCidrs(texts: readonly string[], version: IpVersion): string[] {
  return blocksOf(setOfCidrs(texts), version).map(({ first, prefix }) => `${formatAddress(first, version)}/${prefix}`);
}

/**
 * A free block of a length: the beginning of the smallest block that has room, of several the lowest, so that large
 * blocks stay whole as long as they can. Null when none has room.
 */
export function findBlock(free: IpSet, prefix: number, version: IpVersion): Cidr | null {
  let best: Cidr | null = null;
  for (const block of blocksOf(free, version)) {
    if (block.prefix > prefix || (best !== null && block.prefix <= best.prefix)) continue;
    best = block;
    if (block.prefix === prefix) break;
  }
  return best === null ? null : cidrOf({ version, value: best.first }, prefix);
}

/** The largest aligned block that begins at `start` and does not go beyond `last`. */
function largestBlock(start: bigint, last: bigint, version: IpVersion): Cidr {
  const bits = width[version];
  // How often the address can be halved tells how large a block may begin there; then it must not be too long.
  let size = start === 0n ? bits : trailingZeros(start);
  size = Math.min(size, (last - start + 1n).toString(2).length - 1);
  return { version, prefix: bits - size, first: start, last: start + (1n << BigInt(size)) - 1n };
}

function trailingZeros(value: bigint): number {
  return (value & -value).toString(2).length - 1;
}

/** Whether two sets have an address in common. */
export function setsOverlap(a: IpSet, b: IpSet): boolean {
  let [i, j] = [0, 0];
  while (i < a.length && j < b.length) {
    const [x, y] = [a[i]!, b[j]!];
    if (x.first <= y.last && y.first <= x.last) return true;
    if (x.last < y.last) i++;
    else j++;
  }
  return false;
}

/** Whether all addresses of a range are in the set. */
export function setCovers(set: IpSet, { first, last }: Range): boolean {
  return set.some((range) => range.first <= first && last <= range.last);
}
