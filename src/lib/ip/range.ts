/** Addresses from `first` to `last`, both included. Of one family; which one the owner knows. */
export interface Range {
  readonly first: bigint;
  readonly last: bigint;
}

export function rangeSize(range: Range): bigint {
  return range.last - range.first + 1n;
}

export function rangeHas(range: Range, value: bigint): boolean {
  return range.first <= value && value <= range.last;
}

export function rangeInside(inner: Range, outer: Range): boolean {
  return outer.first <= inner.first && inner.last <= outer.last;
}

export function rangesOverlap(a: Range, b: Range): boolean {
  return a.first <= b.last && b.first <= a.last;
}
