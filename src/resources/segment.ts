import { type ResourceDefinition, required, unset } from './contract.ts';
import { standardAttributes } from './standard-attributes.ts';
import * as type from './types.ts';

const { tags: _untagged, ...standard } = standardAttributes;

/** Taken, for clients that send it, and forgotten: a segment is its network's. */
const owner = { ops: 'C', type: type.string(255), default: unset } as const;

/**
 * The parts a network is made of, each a layer 2 of its own (upstream: neutron-lib `api/definitions/segment`). Only
 * administrators see them.
 */
export const segment: ResourceDefinition = {
  member: 'segment',
  collection: 'segments',
  extension: 'segment',
  attributes: {
    id: { ops: 'R', type: type.uuid, default: unset, filter: true, sort: true },
    tenant_id: owner,
    project_id: owner,
    network_id: { ops: 'CR', type: type.uuid, default: required, filter: true, sort: true },
    physical_network: { ops: 'CR', type: type.string(64), default: unset, filter: true, sort: true },
    network_type: { ops: 'CR', type: type.string(32), default: required, filter: true, sort: true },
    segmentation_id: { ops: 'CR', type: type.integer, default: unset, sort: true },
    name: { ops: 'CUR', type: type.stringOrNull(255), default: unset, filter: true, sort: true },
    ...standard,
  },
};
