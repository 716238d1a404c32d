import { type AttributeTable, type ResourceDefinition, unset } from './contract.ts';
import { ruleAttributes } from './security-group-rule.ts';
import { standardAttributes } from './standard-attributes.ts';
import * as type from './types.ts';

const { tags: _untagged, description: _shorter, ...times } = standardAttributes;

/** Taken, for clients that send it, and forgotten: templates are everybody's. */
const owner = { ops: 'C', type: type.string(255), default: unset } as const;

const used = (value: boolean) =>
  ({ ops: 'CR', type: type.boolean, default: value, filter: true }) as const satisfies AttributeTable[string];

/**
 * Templates of the rules that new groups begin with (upstream: extensions/security_groups_default_rules.py).
 * `remote_group_id` may be `PARENT`, the new group itself.
 */
export const defaultSecurityGroupRule: ResourceDefinition = {
  member: 'default_security_group_rule',
  collection: 'default_security_group_rules',
  extension: 'security-groups-default-rules',
  attributes: {
    id: { ops: 'R', type: type.uuid, default: unset, filter: true, sort: true },
    tenant_id: owner,
    project_id: owner,
    ...ruleAttributes,
    used_in_default_sg: used(false),
    used_in_non_default_sg: used(true),
    description: { ops: 'CR', type: type.string(1024), default: '', filter: true },
    ...times,
  },
};
