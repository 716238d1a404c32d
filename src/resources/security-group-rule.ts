import { type AttributeTable, type ResourceDefinition, required, unset } from './contract.ts';
import * as rule from './rule-types.ts';
import { projectAttributes, standardAttributes } from './standard-attributes.ts';
import * as type from './types.ts';

const { tags: _untagged, ...standard } = standardAttributes;
const { description, ...times } = standard;

/** What rules and the templates of default rules have in common. */
export const ruleAttributes = {
  ethertype: { ops: 'CR', type: rule.ethertype, default: 'IPv4', filter: true, sort: true },
  direction: {
    ops: 'CR',
    type: type.stringOf('ingress', 'egress'),
    default: required,
    filter: true,
    sort: true,
  },
  protocol: { ops: 'CR', type: rule.protocol, default: null, filter: true, sort: true },
  port_range_min: { ops: 'CR', type: rule.portNumber, default: null, filter: true, sort: true },
  port_range_max: { ops: 'CR', type: rule.portNumber, default: null, filter: true, sort: true },
  remote_ip_prefix: { ops: 'CR', type: rule.remotePrefix, default: null, filter: true, sort: true },
  remote_address_group_id: {
    ops: 'CR',
    type: rule.reference,
    default: null,
    filter: true,
    sort: true,
    extension: 'security-groups-remote-address-group',
  },
  remote_group_id: { ops: 'CR', type: rule.reference, default: null, filter: true, sort: true },
} as const satisfies AttributeTable;

const { remote_group_id, ...beforeRemoteGroup } = ruleAttributes;

/**
 * One rule of a security group. Rules do not change, though upstream's table lets a PUT give a description.
 */
export const securityGroupRule: ResourceDefinition = {
  member: 'security_group_rule',
  collection: 'security_group_rules',
  extension: 'security-group',
  unchanging: true,
  visibility: ['owner', 'parent_owner'],
  attributes: {
    id: { ops: 'R', type: type.uuid, default: unset, filter: true, sort: true },
    ...projectAttributes,
    security_group_id: {
      ops: 'CR',
      type: rule.groupId,
      default: required,
      filter: true,
      sort: true,
    },
    ...beforeRemoteGroup,
    normalized_cidr: {
      ops: 'R',
      type: rule.normalizedPrefix,
      default: unset,
      filter: true,
      sort: true,
      extension: 'security-groups-normalized-cidr',
    },
    remote_group_id,
    belongs_to_default_sg: {
      ops: 'R',
      type: type.boolean,
      default: unset,
      filter: true,
      extension: 'security-groups-rules-belongs-to-default-sg',
    },
    description,
    ...times,
  },
};
