import { projectRows } from '../../db/write/quotas.ts';
import type { Domain } from '../domain.ts';
import { hasServicePlugin } from '../options.ts';
import { writeDefaultRanges } from './defaults.ts';
import { NetworkSegmentRanges } from './segment-ranges.ts';
import { segmentRangeTags } from './storage.ts';

/** The service plugin `network_segment_range`: the ids networks get are what administrators say. */
export const networkSegmentRanges: Domain = {
  name: 'network segment ranges',
  enabled: (options) => hasServicePlugin(options, 'network_segment_range'),
  aliases: () => ['network-segment-range'],
  quotas: { network_segment_range: projectRows('network_segment_ranges') },
  tagged: { network_segment_ranges: segmentRangeTags },
  make: (machine) => ({
    collections: { network_segment_ranges: new NetworkSegmentRanges(machine) },
    start: () => writeDefaultRanges(machine),
  }),
};
