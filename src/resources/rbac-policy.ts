import { pythonString } from '../lib/python-text.ts';
import { type AttributeType, type ResourceDefinition, required, unset } from './contract.ts';
import { resourceErrors } from './errors.ts';
import { projectAttributes } from './standard-attributes.ts';
import * as type from './types.ts';

/** What can be shared, whether this server has it or not; the plugin refuses what it has not. */
const objectTypes = [
  'network',
  'qos_policy',
  'security_group',
  'address_scope',
  'subnetpool',
  'address_group',
  'bgpvpn',
];

/** Upstream finds out while it converts, hence the type of error; blanks and case do not matter. */
const objectType: AttributeType = {
  schema: { enum: objectTypes },
  convert(value) {
    const normalized = pythonString(value).trim().toLowerCase();
    if (!objectTypes.includes(normalized)) {
      throw resourceErrors.InvalidInput({ error_message: `'${pythonString(value)}' is not a valid RBAC object type` });
    }
    return normalized;
  },
};

/**
 * Entries by which an object of one project may be used by another, or by everybody (upstream: extensions/rbac.py). Its
 * own project sees one, and administrators.
 */
export const rbacPolicy: ResourceDefinition = {
  member: 'rbac_policy',
  collection: 'rbac_policies',
  extension: 'rbac-policies',
  visibility: ['owner'],
  attributes: {
    id: { ops: 'R', type: type.uuid, default: unset, filter: true, sort: true },
    ...projectAttributes,
    object_type: { ops: 'CR', type: objectType, default: required, filter: true, sort: true },
    object_id: { ops: 'CR', type: type.uuid, default: required, filter: true, sort: true },
    action: { ops: 'CR', type: type.string(255), default: required, filter: true, sort: true },
    target_tenant: { ops: 'CUR', type: type.string(255), default: required, filter: true, sort: true },
  },
};
