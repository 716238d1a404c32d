import { type ResourceDefinition, required, unset } from './contract.ts';
import * as shown from './shown-types.ts';
import { projectAttributes, standardAttributes } from './standard-attributes.ts';
import { tagRoutes } from './tags.ts';
import * as type from './types.ts';

/** From 1 to the largest number any type has, GRE's 32 bits; the plugin knows the limits of each type. */
const bound = { ops: 'CUR', type: type.integerBetween(1, 4_294_967_295), default: required } as const;

/**
 * Which segmentation ids networks may be given, for everybody or for one project (upstream: neutron-lib
 * `api/definitions/network_segment_range`). Only administrators see them.
 */
export const networkSegmentRange: ResourceDefinition = {
  member: 'network_segment_range',
  collection: 'network_segment_ranges',
  extension: 'network-segment-range',
  routes: tagRoutes('network_segment_range', 'network_segment_ranges'),
  attributes: {
    id: { ops: 'R', type: type.uuid, default: unset, filter: true, sort: true },
    name: { ops: 'CUR', type: type.string(255), default: '', filter: true, sort: true },
    default: { ops: 'R', type: type.boolean, default: unset },
    shared: { ops: 'CR', type: type.boolean, default: true },
    ...projectAttributes,
    network_type: {
      ops: 'CR',
      type: type.stringOf('vlan', 'vxlan', 'gre', 'geneve'),
      default: unset,
      filter: true,
    },
    physical_network: { ops: 'CR', type: type.string(64), default: unset, filter: true },
    minimum: bound,
    maximum: bound,
    /** Each segmentation id in use, and the project that uses it. */
    used: { ops: 'R', type: shown.object, default: unset },
    available: { ops: 'R', type: shown.counts, default: unset },
    ...standardAttributes,
  },
};
