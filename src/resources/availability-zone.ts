import { type ResourceDefinition, unset } from './contract.ts';
import * as shown from './shown-types.ts';

/** Zones, as agents report them: only listed (upstream: neutron-lib `api/definitions/availability_zone`). */
export const availabilityZone: ResourceDefinition = {
  member: 'availability_zone',
  collection: 'availability_zones',
  extension: 'availability_zone',
  attributes: {
    name: { ops: 'R', type: shown.text, default: unset, filter: true },
    resource: { ops: 'R', type: shown.oneOf('network', 'router'), default: unset, filter: true },
    state: { ops: 'R', type: shown.oneOf('available', 'unavailable'), default: unset, filter: true },
  },
};
