import { type ResourceDefinition, unset } from './contract.ts';
import { projectAttributes } from './standard-attributes.ts';
import * as type from './types.ts';

const owner = { ...projectAttributes.project_id, type: type.stringOrNull(255) } as const;

/**
 * Whether new groups are stateful when nobody says: of a project, or (without a project) of all that have none of their own
 * (upstream: neutron-lib `api/definitions/security_groups_default_statefulness`). The name is the same for one and many.
 */
export const securityGroupsDefaultStatefulness: ResourceDefinition = {
  member: 'security_groups_default_statefulness',
  collection: 'security_groups_default_statefulness',
  extension: 'security-groups-default-statefulness',
  visibility: ['owner'],
  attributes: {
    id: { ops: 'R', type: type.uuid, default: unset, filter: true, sort: true },
    tenant_id: owner,
    project_id: owner,
    stateful: { ops: 'CUR', type: type.boolean, default: true, filter: true, sort: true },
  },
};
