import { defineErrors } from '../../lib/errors.ts';

export const segmentErrors = defineErrors({
  SegmentNotFound: ['not_found', 'Segment {segment_id} could not be found.'],
  SegmentInUse: ['conflict', "Segment '{segment_id}' cannot be deleted: {reason}."],
  NeutronDbObjectDuplicateEntry: [
    'conflict',
    'Failed to create a duplicate {object_type}: for attribute(s) {attributes} with value(s) {values}',
  ],
  NetworkIdsDontMatch: [
    'bad_request',
    "The subnet's network id, '{subnet_network}', doesn't match the network_id of segment '{segment_id}'",
  ],
  SubnetsNotAllAssociatedWithSegments: [
    'bad_request',
    "All of the subnets on network '{network_id}' must either all be associated with segments or all not associated with any segment.",
  ],
  SubnetCantAssociateToDynamicSegment: ['bad_request', 'A subnet cannot be associated with a dynamic segment.'],
  SubnetSegmentAssociationChangeNotAllowed: [
    'bad_request',
    'A subnet that is already associated with a segment cannot have its segment association changed.',
  ],
  NoUpdateSubnetWhenMultipleSegmentsOnNetwork: [
    'bad_request',
    "The network '{network_id}' has multiple segments, it is only possible to associate an existing subnet with a segment on networks with a single segment.",
  ],
  HostConnectedToMultipleSegments: [
    'conflict',
    "Host {host} is connected to multiple segments on routed provider network '{network_id}'.  It should be connected to one.",
  ],
  HostNotConnectedToAnySegment: [
    'conflict',
    "Host {host} is not connected to any segments on routed provider network '{network_id}'.  It should be connected to one.",
  ],
  HostNotCompatibleWithFixedIps: [
    'conflict',
    'Host {host} is not connected to a segment where the existing fixed_ips on port {port_id} will function given the routed network topology.',
  ],
  FixedIpsSubnetsNotOnSameSegment: ['bad_request', 'Cannot allocate addresses from different segments.'],
});
