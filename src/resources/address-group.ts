import { type AttributeTable, type ResourceDefinition, type RouteDefinition, required, unset } from './contract.ts';
import { projectAttributes, standardAttributes } from './standard-attributes.ts';
import * as type from './types.ts';

const { tags: _untagged, description, ...times } = standardAttributes;

/** What a route that adds or removes addresses is sent. */
const addresses: AttributeTable = { addresses: { ops: 'CU', type: type.subnetList, default: required } };

const change = (what: 'add' | 'remove', summary: string): RouteDefinition => ({
  method: 'PUT',
  path: `address_groups/{id}/${what}_addresses`,
  extension: 'address-group',
  summary,
  rule: `${what}_addresses`,
  targetFirst: true,
  status: 200,
  envelope: 'address_group',
  body: addresses,
});

/** Named lists of addresses that security group rules refer to (upstream: neutron-lib `api/definitions/address_group`). */
export const addressGroup: ResourceDefinition = {
  member: 'address_group',
  collection: 'address_groups',
  extension: 'address-group',
  visibility: ['owner', 'shared'],
  routes: [change('add', 'Adds addresses to a group'), change('remove', 'Removes addresses from a group')],
  attributes: {
    id: { ops: 'R', type: type.uuid, default: unset, filter: true, sort: true },
    name: { ops: 'CUR', type: type.string(255), default: '', filter: true, sort: true },
    ...projectAttributes,
    description,
    addresses: { ops: 'CR', type: type.subnetList, default: unset },
    shared: { ops: 'R', type: type.boolean, default: unset, extension: 'rbac-address-group' },
    ...times,
  },
};
