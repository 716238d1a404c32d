import { type ResourceDefinition, unset } from './contract.ts';
import { givenProject } from './standard-attributes.ts';
import * as type from './types.ts';

/** What stands behind a flavor: a driver, and what it is told (upstream: neutron-lib `api/definitions/flavors`). */
export const serviceProfile: ResourceDefinition = {
  member: 'service_profile',
  collection: 'service_profiles',
  extension: 'flavors',
  attributes: {
    id: { ops: 'R', type: type.uuid, default: unset, filter: true, sort: true },
    description: { ops: 'CUR', type: type.stringOrNull(1024), default: '', filter: true, sort: true },
    driver: { ops: 'CUR', type: type.string(1024), default: '', filter: true, sort: true },
    // Upstream looks at it only when the column overflows.
    metainfo: { ops: 'CUR', type: type.string(4096), default: '', sort: true },
    ...givenProject,
    enabled: { ops: 'CUR', type: type.booleanOrNull, default: true, filter: true, sort: true },
  },
};
