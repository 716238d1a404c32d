import type { Range } from './range.ts';

/**
 * A set of addresses of one family as sorted, disjoint, non-touching ranges: a /64 costs what a single address costs.
 * All functions return new sets.
 */
export type IpSet = readonly Range[];

/** The set of all addresses that are in any of the ranges. */
export function ipSet(ranges: Iterable<Range>): IpSet {
  const sorted = [...ranges].filter((range) => range.first <= range.last);
  sorted.sort((a, b) => (a.first < b.first ? -1 : a.first > b.first ? 1 : 0));
  const merged: { first: bigint; last: bigint }[] = [];
  for (const { first, last } of sorted) {
    const previous = merged.at(-1);
    if (!previous || first > previous.last + 1n) merged.push({ first, last });
    else if (last > previous.last) previous.last = last;
  }
  return merged;
}

/** Everything of `a` that is not in `b`. */
export function subtract(a: IpSet, b: IpSet): IpSet {
  const left: Range[] = [];
  let skip = 0;
  for (const { first, last } of a) {
    let start = first;
    while (skip < b.length && b[skip]!.last < start) skip += 1;
    for (let i = skip; i < b.length && b[i]!.first <= last; i += 1) {
      const hole = b[i]!;
      if (hole.first > start) left.push({ first: start, last: hole.first - 1n });
      start = hole.last + 1n;
    }
    if (start <= last) left.push({ first: start, last });
  }
  return left;
}

export function has(set: IpSet, value: bigint): boolean {
  let low = 0;
  let high = set.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const range = set[middle]!;
    if (value < range.first) high = middle - 1;
    else if (value > range.last) low = middle + 1;
    else return true;
  }
  return false;
}

/** How many addresses there are. */
export function size(set: IpSet): bigint {
  let total = 0n;
  for (const { first, last } of set) total += last - first + 1n;
  return total;
}

/** The address at a position, counted from the lowest (0); undefined beyond the end. */
export function nth(set: IpSet, position: bigint): bigint | undefined {
  let rest = position;
  for (const { first, last } of set) {
    const length = last - first + 1n;
    if (rest < length) return first + rest;
    rest -= length;
  }
  return undefined;
}
