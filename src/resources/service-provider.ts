import { type ResourceDefinition, unset } from './contract.ts';
import * as shown from './shown-types.ts';
import * as type from './types.ts';

/**
 * Who serves what, from `[service_providers]` of the configuration: only listed, as a whole (upstream: neutron-lib
 * `api/definitions/servicetype`).
 */
export const serviceProvider: ResourceDefinition = {
  member: 'service_provider',
  collection: 'service_providers',
  extension: 'service-type',
  attributes: {
    service_type: { ops: 'R', type: shown.text, default: unset },
    name: { ops: 'R', type: shown.text, default: unset },
    default: { ops: 'R', type: type.boolean, default: unset },
  },
};
