import type { SegmentRow } from '../../db/write/segments.ts';
import type { VersionedObject } from '../../rpc/contract.ts';
import { columns, standard, versionedObject } from './compose.ts';

/** @param hosts that reach it */
export function segmentObject(segment: SegmentRow, hosts: readonly string[]): VersionedObject {
  const { id, network_id, name, network_type, physical_network, segmentation_id, is_dynamic, segment_index } = segment;
  return versionedObject('NetworkSegment', '1.0', {
    ...columns({ id, network_id, name, network_type, physical_network, segmentation_id }),
    ...{ is_dynamic, segment_index, hosts },
    ...standard(segment),
  });
}
