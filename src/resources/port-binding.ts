import { type ResourceDefinition, required, unset, type Who } from './contract.ts';
import { vnicTypes } from './port.ts';
import * as shown from './shown-types.ts';
import * as type from './types.ts';

const service: readonly Who[] = ['service'];

/**
 * Where a port is plugged in, or could be: several bindings, one of them active, are how a guest moves to another host
 * (upstream: neutron-lib `api/definitions/portbindings_extended`).
 */
export const portBinding: ResourceDefinition = {
  member: 'binding',
  collection: 'bindings',
  extension: 'binding-extended',
  parent: { collection: 'ports', member: 'port' },
  key: 'host',
  routes: [
    {
      method: 'PUT',
      path: 'ports/{port_id}/bindings/{host}/activate',
      extension: 'binding-extended',
      summary: 'Makes the binding on this host the active one',
      rule: 'activate',
      status: 200,
      envelope: null,
    },
  ],
  attributes: {
    host: { ops: 'CUR', type: type.hostName, default: required, filter: true },
    vif_type: { ops: 'R', type: shown.text, default: unset, filter: true },
    vnic_type: { ops: 'CUR', type: type.stringOf(...vnicTypes), default: 'normal', filter: true },
    status: { ops: 'R', type: shown.oneOf('ACTIVE', 'INACTIVE'), default: unset, filter: true },
    profile: { ops: 'CUR', type: type.objectOrNull, default: unset, create: service, update: service },
    vif_details: { ops: 'R', type: shown.object, default: unset },
    project_id: { ops: 'C', type: type.string(255), default: unset },
  },
};
