import { type ResourceDefinition, unset } from './contract.ts';
import { projectAttributes } from './standard-attributes.ts';
import * as type from './types.ts';

/** Where all of metering is found: `/v2.0/metering/metering-labels`. */
export const METERING = 'metering';

/** What traffic through routers is counted under (upstream: neutron-lib `api/definitions/metering`). */
export const meteringLabel: ResourceDefinition = {
  member: 'metering_label',
  collection: 'metering_labels',
  prefix: METERING,
  extension: 'metering',
  visibility: ['owner'],
  unchanging: true,
  kept: ['name', 'shared'],
  attributes: {
    id: { ops: 'R', type: type.uuid, default: unset, filter: true, sort: true },
    name: { ops: 'CR', type: type.string(255), default: '', filter: true, sort: true },
    description: { ops: 'CR', type: type.string(1024), default: '', filter: true, sort: true },
    shared: { ops: 'CR', type: type.boolean, default: false, filter: true, sort: true },
    ...projectAttributes,
  },
};
