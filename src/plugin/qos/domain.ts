import { projectsOfPolicy } from '../../db/write/qos-policies.ts';
import { qosRuleKinds, qosRuleTypes } from '../../resources/qos-rules.ts';
import type { Domain } from '../domain.ts';
import { hasServicePlugin } from '../options.ts';
import { refuseWhenUsed } from '../rbac-policy/in-use.ts';
import { QosPolicies } from './policies.ts';
import { QosRuleAliases } from './rule-aliases.ts';
import { QosRuleTypes } from './rule-types.ts';
import { QosRules } from './rules.ts';
import { qosPolicyRows, qosPolicyTags } from './storage.ts';

/** The service plugin `qos`: policies of bandwidth and marks for ports and networks. */
export const qos: Domain = {
  name: 'quality of service',
  enabled: (options) => hasServicePlugin(options, 'qos'),
  aliases: () => [
    'qos',
    'qos-bw-limit-direction',
    'qos-bw-minimum-ingress',
    'qos-default',
    'qos-port-network-policy',
    'qos-pps',
    'qos-pps-minimum',
    'qos-pps-minimum-rule-alias',
    'qos-rule-type-details',
    'qos-rule-type-filter',
    'qos-rules-alias',
    'port-resource-request',
    'port-resource-request-groups',
  ],
  tagged: { policies: qosPolicyTags },
  rbac: [
    {
      type: 'qos_policy',
      table: 'qospolicyrbacs',
      objects: 'qos_policies',
      actions: ['access_as_shared'],
      checkUnused: async ({ tx }, entry, others) =>
        refuseWhenUsed(await projectsOfPolicy(tx, entry.object_id), entry, others),
      touched: ({ tx, time }, id) => qosPolicyRows.bump(tx, id, time),
    },
  ],
  make: (machine) => ({
    collections: {
      policies: new QosPolicies(machine),
      rule_types: new QosRuleTypes(machine.mechanisms.drivers),
      ...Object.fromEntries(
        qosRuleTypes
          .filter((type) => qosRuleKinds[type].alias !== null)
          .map((type) => [`alias_${type}_rules`, new QosRuleAliases(machine, type)]),
      ),
    },
    children: Object.fromEntries(
      qosRuleTypes.map((type) => [
        `policies/${type}_rules`,
        (policyId: string) => new QosRules(machine, type, policyId),
      ]),
    ),
  }),
};
