import { defineErrors } from '../../lib/errors.ts';

/** Types and texts are upstream's (extensions/securitygroup.py, extensions/security_groups_default_rules.py). */
export const securityGroupErrors = defineErrors({
  SecurityGroupNotFound: ['not_found', 'Security group {id} does not exist'],
  SecurityGroupInUse: ['conflict', 'Security Group {id} in use.'],
  SecurityGroupConflict: ['conflict', 'Error {reason} while attempting the operation.'],
  SecurityGroupCannotRemoveDefault: ['conflict', 'Insufficient rights for removing default security group.'],
  SecurityGroupCannotUpdateDefault: ['conflict', 'Updating default security group not allowed.'],
  SecurityGroupDefaultStatefulnessNotFound: [
    'not_found',
    'Security group default statefulness {id} could not be found.',
  ],
  SecurityGroupDefaultStatefulnessAlreadyExists: [
    'conflict',
    "A security group default statefulness setting already exists for project '{project_id}'.",
  ],
  SecurityGroupRuleNotFound: ['not_found', 'Security group rule {id} does not exist'],
  SecurityGroupRuleExists: ['conflict', 'Security group rule already exists. Rule id is {rule_id}.'],
  DuplicateSecurityGroupRuleInPost: ['conflict', 'Duplicate Security Group Rule in POST.'],
  SecurityGroupNotSingleGroupRules: ['bad_request', 'Only allowed to update rules for one security profile at a time'],
  SecurityGroupRulesNotSingleTenant: [
    'bad_request',
    'Multiple tenant_ids in bulk security group rule create not allowed',
  ],
  SecurityGroupProtocolRequiredWithPorts: ['bad_request', 'Must also specify protocol if port range is given.'],
  SecurityGroupInvalidPortValue: ['bad_request', 'Invalid value for port {port}'],
  SecurityGroupInvalidPortRange: ['bad_request', 'For TCP/UDP protocols, port_range_min must be <= port_range_max'],
  SecurityGroupInvalidIcmpValue: [
    'bad_request',
    'Invalid value for ICMP {field} ({attr}) {value}. It must be 0 to 255.',
  ],
  SecurityGroupMissingIcmpType: [
    'bad_request',
    'ICMP code (port-range-max) {value} is provided but ICMP type (port-range-min) is missing.',
  ],
  SecurityGroupInvalidProtocolForPort: [
    'bad_request',
    'Ports cannot be specified for protocol {protocol}. Ports are only supported for {valid_port_protocols}.',
  ],
  SecurityGroupEthertypeConflictWithProtocol: ['bad_request', 'Invalid ethertype {ethertype} for protocol {protocol}.'],
  SecurityGroupRuleParameterConflict: ['bad_request', 'Conflicting value ethertype {ethertype} for CIDR {cidr}'],
  SecurityGroupMultipleRemoteEntites: [
    'bad_request',
    'Only one of remote_ip_prefix or remote_group_id or remote_address_group_id may be provided.',
  ],
  DefaultSecurityGroupRuleNotFound: ['not_found', 'Default Security Group rule {id} does not exist'],
  DefaultSecurityGroupRuleExists: ['conflict', 'Default Security group rule already exists. Rule id is {rule_id}.'],
  DuplicateDefaultSgRuleInPost: ['conflict', 'Duplicate Default Security Group Rule in POST.'],
  HTTPMethodNotAllowed: [
    'method_not_allowed',
    'The server could not comply with the request since it is either malformed or otherwise incorrect.',
  ],
});
