import { type ResourceDefinition, unset } from './contract.ts';
import * as type from './types.ts';

const route = {
  path: 'auto_allocated_topology/{project_id}',
  extension: 'auto-allocated-topology',
  envelope: 'auto_allocated_topology',
  ownProject: 'None',
} as const;

/**
 * A network, subnets and a router for a project in one call: no collection, only one per project, made when it is asked for
 * (upstream: neutron-lib `api/definitions/auto_allocated_topology`). The project in the path may be `None`: the caller's.
 */
export const autoAllocatedTopology: ResourceDefinition = {
  member: 'auto_allocated_topology',
  collection: 'auto_allocated_topologies',
  extension: 'auto-allocated-topology',
  routes: [
    {
      ...route,
      method: 'GET',
      summary: "A project's network, made when there is none; fields=dry-run only says whether it could be",
      rule: 'get_auto_allocated_topology',
      status: 200,
    },
    {
      ...route,
      method: 'DELETE',
      summary: 'Removes what was made for a project',
      rule: 'delete_auto_allocated_topology',
      status: 204,
    },
  ],
  attributes: {
    id: { ops: 'R', type: type.uuid, default: unset },
    tenant_id: { ops: 'R', type: type.uuid, default: unset },
    project_id: { ops: 'R', type: type.uuid, default: unset },
  },
};
