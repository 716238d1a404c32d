import { defineErrors } from '../../lib/errors.ts';

export const segmentRangeErrors = defineErrors({
  NetworkSegmentRangeNotFound: ['not_found', 'Network Segment Range {range_id} could not be found.'],
  NetworkSegmentRangeNetTypeNotSupported: [
    'bad_request',
    'Network type {type} does not support network segment ranges.',
  ],
  NetworkSegmentRangeReferencedByProject: [
    'conflict',
    'Network Segment Range {range_id} is referenced by one or more tenant networks.',
  ],
  NetworkSegmentRangeDefaultReadOnly: [
    'bad_request',
    'Network Segment Range {range_id} is a default segment range which could not be updated or deleted.',
  ],
  NetworkSegmentRangeOverlaps: ['conflict', 'Network segment range overlaps with range(s) with id {range_id}'],
  // Upstream takes the next two for errors of its own (500).
  NetworkVlanRangeError: ['bad_request', "Invalid network VLAN range: '{vlan_range}' - '{error}'."],
  NetworkTunnelRangeError: ['bad_request', "Invalid network tunnel range: '{tunnel_range}' - {error}."],
  BadRequest: ['bad_request', 'Bad network_segment_range request: {msg}.'],
});
