/** Segmentation ids from the smallest to the largest. */
export interface IdRange {
  readonly minimum: number;
  readonly maximum: number;
}

/** The ids a type of network has at all (IEEE 802.1Q, RFC 7348, RFC 2890, RFC 8926). */
export const idLimits = {
  vlan: { minimum: 1, maximum: 4094 },
  vxlan: { minimum: 1, maximum: 2 ** 24 - 1 },
  gre: { minimum: 1, maximum: 2 ** 32 - 1 },
  geneve: { minimum: 1, maximum: 2 ** 24 - 1 },
} as const satisfies Record<string, IdRange>;

export type RangedType = keyof typeof idLimits;
export type TunnelType = Exclude<RangedType, 'vlan'>;

export function isIn({ minimum, maximum }: IdRange, id: number): boolean {
  return id >= minimum && id <= maximum;
}

/** VLAN ranges by physical network, in the order in which the option names these. */
export type VlanRanges = ReadonlyMap<string, readonly IdRange[]>;

/**
 * Reads `physnet:first:last` items; a bare `physnet` has every VLAN id (upstream: neutron-lib
 * `plugins/utils.parse_network_vlan_ranges`).
 */
export function parseVlanRanges(items: readonly string[]): { ranges: VlanRanges; error: string | null } {
  const ranges = new Map<string, IdRange[]>();
  for (const item of items.map((text) => text.trim())) {
    const parts = item.split(':').map((part) => part.trim());
    const [physical = '', ...bounds] = parts;
    if (physical === '') return { ranges: new Map(), error: `'${item}' names no physical network` };
    if (bounds.length === 0) {
      ranges.set(physical, [idLimits.vlan]);
      continue;
    }
    const { range, error } = parseRange(bounds, idLimits.vlan, 'VLAN id');
    if (range === null) {
      return { ranges: new Map(), error: `'${item}' ${error}; give physical_network:first:last or physical_network` };
    }
    const known = ranges.get(physical) ?? [];
    if (!known.includes(idLimits.vlan)) ranges.set(physical, [...known, range]);
  }
  return { ranges, error: null };
}

/** Reads `first:last` items of a tunnel type (upstream: plugins/ml2/drivers/type_tunnel.py). */
export function parseTunnelRanges(
  type: TunnelType,
  items: readonly string[],
): { ranges: readonly IdRange[]; error: string | null } {
  const ranges: IdRange[] = [];
  for (const item of items.map((text) => text.trim())) {
    const { range, error } = parseRange(item.split(':'), idLimits[type], type === 'gre' ? 'GRE key' : 'VNI');
    if (range === null) return { ranges: [], error: `'${item}' ${error}; give first:last` };
    ranges.push(range);
  }
  return { ranges, error: null };
}

function parseRange(
  bounds: readonly string[],
  limits: IdRange,
  what: string,
): { range: IdRange; error: null } | { range: null; error: string } {
  const wrong = (error: string) => ({ range: null, error });
  if (bounds.length !== 2) return wrong('is no range');
  for (const bound of bounds) {
    const text = bound.trim();
    if (!/^\d+$/.test(text) || !isIn(limits, Number(text))) {
      return wrong(`has no ${what} from ${limits.minimum} to ${limits.maximum} at '${text}'`);
    }
  }
  const [minimum, maximum] = bounds.map(Number) as [number, number];
  if (maximum < minimum) return wrong('ends before it begins');
  return { range: { minimum, maximum }, error: null };
}

/** What is left of ranges without others; in order, without overlaps. */
export function without(ranges: readonly IdRange[], others: readonly IdRange[]): IdRange[] {
  let left = merged(ranges);
  for (const other of others) {
    left = left.flatMap((range) => {
      if (other.maximum < range.minimum || other.minimum > range.maximum) return [range];
      const parts: IdRange[] = [];
      if (other.minimum > range.minimum) parts.push({ minimum: range.minimum, maximum: other.minimum - 1 });
      if (other.maximum < range.maximum) parts.push({ minimum: other.maximum + 1, maximum: range.maximum });
      return parts;
    });
  }
  return left;
}

function merged(ranges: readonly IdRange[]): IdRange[] {
  const result: IdRange[] = [];
  for (const range of ranges.toSorted((a, b) => a.minimum - b.minimum)) {
    const last = result.at(-1);
    if (last === undefined || range.minimum > last.maximum + 1) result.push({ ...range });
    else if (range.maximum > last.maximum) result[result.length - 1] = { ...last, maximum: range.maximum };
  }
  return result;
}
