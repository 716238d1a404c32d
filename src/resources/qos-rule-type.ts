import { type Attribute, type ResourceDefinition, unset } from './contract.ts';
import { qosPolicy } from './qos-policy.ts';
import * as shown from './shown-types.ts';
import * as type from './types.ts';

/** Not an attribute of a rule type: which of them a list is of. */
const which: Attribute = {
  ops: '',
  type: type.booleanOrNull,
  default: unset,
  filter: true,
  extension: 'qos-rule-type-filter',
};

/**
 * Kinds of rules that the loaded drivers can enforce (upstream: neutron-lib `api/definitions/qos`, `qos_rule_type_details`,
 * `qos_rule_type_filter`).
 */
export const qosRuleType: ResourceDefinition = {
  member: 'rule_type',
  collection: 'rule_types',
  prefix: qosPolicy.prefix!,
  extension: 'qos',
  key: 'type',
  attributes: {
    type: { ops: 'R', type: shown.text, default: unset },
    drivers: {
      ops: 'R',
      type: shown.objects({
        name: { type: 'string' },
        supported_parameters: { type: 'array', items: { type: 'object' } },
      }),
      default: unset,
      extension: 'qos-rule-type-details',
    },
    all_supported: which,
    all_rules: which,
  },
};
