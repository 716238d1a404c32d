import type { SegmentRangeRow } from '../../db/write/segment-ranges.ts';
import { type IdRange, idLimits, isIn, type RangedType } from '../ml2/type/ranges.ts';
import { segmentRangeErrors as errors } from './errors.ts';

/** Whether a type of networks has ranges at all. */
export function isRanged(type: unknown): type is RangedType {
  return typeof type === 'string' && Object.hasOwn(idLimits, type);
}

/**
 * Ids must be of the type, and in order (upstream: neutron-lib `plugins/utils` verify_vlan_range, verify_tunnel_range).
 * @throws NetworkVlanRangeError, NetworkTunnelRangeError
 */
export function checkBounds(type: RangedType, { minimum, maximum }: IdRange): void {
  const text = `${minimum}:${maximum}`;
  const refuse = (error: string) =>
    type === 'vlan'
      ? errors.NetworkVlanRangeError({ vlan_range: text, error })
      : errors.NetworkTunnelRangeError({ tunnel_range: text, error });
  const wrong = [minimum, maximum].find((id) => !isIn(idLimits[type], id));
  if (wrong !== undefined) {
    throw refuse(type === 'vlan' ? `${wrong} is not a valid VLAN tag` : `${wrong} is not a valid ${type} identifier`);
  }
  if (maximum < minimum) {
    throw refuse(
      `End of ${type === 'vlan' ? 'VLAN' : 'tunnel'} range is less than start of ${type === 'vlan' ? 'VLAN' : 'tunnel'} range`,
    );
  }
}

/**
 * Ranges that administrators make lie beside each other; over those of the configuration they may lie.
 * @param others ranges of the same type
 * @throws NetworkSegmentRangeOverlaps
 */
export function checkOverlap(
  range: IdRange & Pick<SegmentRangeRow, 'physical_network'>,
  others: readonly SegmentRangeRow[],
): void {
  const overlapping = others.filter(
    (other) =>
      !other.is_default &&
      other.physical_network === range.physical_network &&
      range.minimum <= other.maximum &&
      range.maximum >= other.minimum,
  );
  if (overlapping.length === 0) return;
  throw errors.NetworkSegmentRangeOverlaps({ range_id: overlapping.map(({ id }) => id).join(', ') });
}
