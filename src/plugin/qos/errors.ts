import { defineErrors } from '../../lib/errors.ts';

export const qosErrors = defineErrors({
  BadRequest: ['bad_request', 'Bad {resource} request: {msg}.'],
  HTTPNotFound: ['not_found', 'The resource could not be found.'],
  NotAuthorized: ['forbidden', 'Not authorized.'],
  NotImplementedError: ['not_implemented', '{message}'],
  PolicyRemoveAuthorizationError: [
    'forbidden',
    'Failed to remove provided policy {policy_id} because you are not authorized.',
  ],
  QosPolicyNotFound: ['not_found', 'QoS policy {policy_id} could not be found.'],
  QosPolicyInUse: ['conflict', 'QoS Policy {policy_id} is used by {object_type} {object_id}.'],
  QoSPolicyDefaultAlreadyExists: ['conflict', 'A default QoS policy exists for project {project_id}.'],
  QosRuleNotFound: ['not_found', 'QoS rule {rule_id} for policy {policy_id} could not be found.'],
  QosRuleNotSupported: ['conflict', 'Rule {rule_type} is not supported by port {port_id}'],
  QosRuleNotSupportedByNetwork: ['conflict', 'Rule {rule_type} is not supported by network {network_id}'],
  QoSRulesConflict: [
    'conflict',
    'Rule {new_rule_type} conflicts with rule {rule_id} which already exists in QoS Policy {policy_id}.',
  ],
  QoSRuleParameterConflict: [
    'conflict',
    'Unable to add the rule with value {rule_value} to the policy {policy_id} as the existing rule of type {existing_rule} has value {existing_value}.',
  ],
});
