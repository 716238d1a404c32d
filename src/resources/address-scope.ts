import { type ResourceDefinition, required, unset, type Who } from './contract.ts';
import { projectAttributes } from './standard-attributes.ts';
import * as type from './types.ts';

const admin: readonly Who[] = ['admin'];

/** Spaces in which no address is there twice (upstream: neutron-lib `api/definitions/address_scope`). */
export const addressScope: ResourceDefinition = {
  member: 'address_scope',
  collection: 'address_scopes',
  extension: 'address-scope',
  visibility: ['owner', 'shared'],
  attributes: {
    id: { ops: 'R', type: type.uuid, default: unset, filter: true, sort: true },
    name: { ops: 'CUR', type: type.string(255), default: '', filter: true, sort: true },
    ...projectAttributes,
    shared: { ops: 'CUR', type: type.boolean, default: false, filter: true, create: admin, update: admin },
    ip_version: { ops: 'CR', type: type.integerOf(4, 6), default: required, filter: true, sort: true },
  },
};
