import { rowStore } from '../../db/write/rows.ts';
import { networkSegmentRange } from '../../resources/network-segment-range.ts';
import { specOf } from '../stored/spec.ts';

const TABLE = 'network_segment_ranges';

/** How `tags` calls them. */
export const segmentRangeTags = { table: TABLE, type: 'network_segment_range' } as const;

/** Where ranges are stored, and how they are read; what is used and what is left of one is worked out. */
export const segmentRangeSpec = specOf(networkSegmentRange, {
  table: TABLE,
  tags: segmentRangeTags.type,
  sources: { default: { column: 'is_default', as: 'flag' }, used: null, available: null },
});

export const segmentRangeRows = rowStore(
  TABLE,
  [
    'id',
    'project_id',
    'name',
    'description',
    'created_at',
    'updated_at',
    'revision_number',
    'is_default',
    'shared',
    'network_type',
    'physical_network',
    'minimum',
    'maximum',
  ],
  { tags: segmentRangeTags.type },
);
