import { type ResourceDefinition, unset } from './contract.ts';
import * as shown from './shown-types.ts';

/** Where floating addresses come from: only listed (upstream: neutron-lib `api/definitions/floatingip_pools`). */
export const floatingIpPool: ResourceDefinition = {
  member: 'floatingip_pool',
  collection: 'floatingip_pools',
  extension: 'floatingip-pools',
  attributes: {
    subnet_id: { ops: 'R', type: shown.text, default: unset },
    subnet_name: { ops: 'R', type: shown.text, default: unset },
    network_id: { ops: 'R', type: shown.text, default: unset },
    cidr: { ops: 'R', type: shown.text, default: unset },
    tenant_id: { ops: 'R', type: shown.textOrNull, default: unset },
    project_id: { ops: 'R', type: shown.textOrNull, default: unset },
  },
};
