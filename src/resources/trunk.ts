import { type AttributeTable, type ResourceDefinition, type RouteDefinition, required, unset } from './contract.ts';
import * as shown from './shown-types.ts';
import { projectAttributes, standardAttributes } from './standard-attributes.ts';
import { subPorts, uncheckedSubPorts } from './sub-ports.ts';
import { tagRoutes } from './tags.ts';
import * as type from './types.ts';

/** What a route that adds or removes sub-ports is sent. */
const body: AttributeTable = { sub_ports: { ops: 'CU', type: uncheckedSubPorts, default: required } };

const action = (
  method: 'GET' | 'PUT',
  what: 'get' | 'add' | 'remove',
  summary: string,
  more: Partial<RouteDefinition> = {},
): RouteDefinition => ({
  method,
  path: `trunks/{id}/${what}_subports`,
  extension: 'trunk',
  summary,
  rule: `${what}_subports`,
  targetFirst: true,
  status: 200,
  envelope: null,
  ...more,
});

export const trunkStatuses = ['ACTIVE', 'DOWN', 'BUILD', 'DEGRADED', 'ERROR'] as const;

/** A port whose VLANs are ports of other networks (upstream: neutron-lib `api/definitions/trunk`). */
export const trunk: ResourceDefinition = {
  member: 'trunk',
  collection: 'trunks',
  extension: 'trunk',
  visibility: ['owner'],
  routes: [
    action('GET', 'get', 'Lists the sub-ports of a trunk'),
    action('PUT', 'add', 'Adds sub-ports to a trunk', { body }),
    action('PUT', 'remove', 'Removes sub-ports from a trunk', { body }),
    ...tagRoutes('trunk', 'trunks'),
  ],
  attributes: {
    id: { ops: 'R', type: type.uuid, default: unset, filter: true, sort: true },
    name: { ops: 'CUR', type: type.string(255), default: '', filter: true, sort: true },
    ...projectAttributes,
    port_id: { ops: 'CR', type: type.uuid, default: required, filter: true, sort: true },
    status: { ops: 'R', type: shown.oneOf(...trunkStatuses), default: unset, filter: true, sort: true },
    admin_state_up: { ops: 'CUR', type: type.boolean, default: true, filter: true, sort: true },
    sub_ports: { ops: 'CR', type: subPorts, default: [] },
    ...standardAttributes,
  },
};
