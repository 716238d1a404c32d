import { type Attribute, type AttributeTable, type ResourceDefinition, required, unset } from './contract.ts';
import { qosPolicy } from './qos-policy.ts';
import { givenProject } from './standard-attributes.ts';
import * as type from './types.ts';

/** Marks that mean something: even, without those that no class of service uses (upstream: neutron-lib `VALID_DSCP_MARKS`). */
export const dscpMarks = [0, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30, 32, 34, 36, 38, 40, 46, 48, 56];

/** The largest number a column of the database holds. */
export const MOST = 2_147_483_647;

const rate: Attribute = {
  ops: 'CUR',
  type: type.integerBetween(0, MOST),
  default: required,
  filter: true,
  sort: true,
};
const burst: Attribute = { ...rate, default: 0 };

const directions = ['ingress', 'egress'] as const;

function direction(extension: string | null, ...values: readonly string[]): Attribute {
  return {
    ops: 'CUR',
    type: type.stringOf(...values),
    default: 'egress',
    filter: true,
    sort: true,
    ...(extension !== null && { extension }),
  };
}

export type QosRuleType =
  | 'bandwidth_limit'
  | 'dscp_marking'
  | 'minimum_bandwidth'
  | 'minimum_packet_rate'
  | 'packet_rate_limit';

/** What one kind of rule says, and which extensions bring it and its address without a policy. */
interface QosRuleKind {
  readonly extension: string;
  /** Null: a rule of it is found below its policy only. */
  readonly alias: string | null;
  readonly attributes: AttributeTable;
}

/** In the order in which a policy shows its rules (upstream: neutron-lib `VALID_RULE_TYPES`). */
export const qosRuleKinds: Readonly<Record<QosRuleType, QosRuleKind>> = {
  bandwidth_limit: {
    extension: 'qos',
    alias: 'qos-rules-alias',
    attributes: {
      max_kbps: rate,
      max_burst_kbps: burst,
      direction: direction('qos-bw-limit-direction', ...directions),
    },
  },
  dscp_marking: {
    extension: 'qos',
    alias: 'qos-rules-alias',
    attributes: {
      dscp_mark: { ops: 'CUR', type: type.integerOf(...dscpMarks), default: required, filter: true, sort: true },
    },
  },
  minimum_bandwidth: {
    extension: 'qos',
    alias: 'qos-rules-alias',
    attributes: { min_kbps: rate, direction: direction(null, ...directions) },
  },
  minimum_packet_rate: {
    extension: 'qos-pps-minimum',
    alias: 'qos-pps-minimum-rule-alias',
    attributes: { min_kpps: rate, direction: direction(null, 'ingress', 'egress', 'any') },
  },
  packet_rate_limit: {
    extension: 'qos-pps',
    alias: null,
    attributes: { max_kpps: rate, max_burst_kpps: burst, direction: direction(null, ...directions) },
  },
};

export const qosRuleTypes = Object.keys(qosRuleKinds) as readonly QosRuleType[];

const id: Attribute = { ops: 'R', type: type.uuid, default: unset, filter: true, sort: true };

/** The rules of a policy, a collection for each kind. */
export function qosRuleResource(ruleType: QosRuleType): ResourceDefinition {
  const { extension, attributes } = qosRuleKinds[ruleType];
  return {
    member: `${ruleType}_rule`,
    collection: `${ruleType}_rules`,
    prefix: qosPolicy.prefix!,
    extension,
    parent: { collection: qosPolicy.collection, member: qosPolicy.member },
    attributes: { id, ...attributes, ...givenProject },
  };
}

/** The same rules for who knows a rule's id and not its policy's: shown, changed and deleted, not listed or made. */
function aliasResource(ruleType: QosRuleType): ResourceDefinition[] {
  const { alias, attributes } = qosRuleKinds[ruleType];
  if (alias === null) return [];
  const changed = Object.entries(attributes).map(([name, attribute]): [string, Attribute] => {
    const { filter: _, sort: __, extension: ___, ...bare } = attribute;
    return [name, { ...bare, ops: 'UR', default: unset }];
  });
  return [
    {
      member: `alias_${ruleType}_rule`,
      collection: `alias_${ruleType}_rules`,
      prefix: qosPolicy.prefix!,
      extension: alias,
      single: true,
      above: { collection: qosPolicy.collection, key: 'qos_policy_id' },
      attributes: {
        id: { ops: 'R', type: type.uuid, default: unset },
        ...Object.fromEntries(changed),
        // Never shown: the rules of policy ask for the owner of what it belongs to.
        qos_policy_id: { ops: '', type: type.uuid, default: unset },
      },
    },
  ];
}

export const qosRules: readonly ResourceDefinition[] = qosRuleTypes.map(qosRuleResource);
export const qosRuleAliases: readonly ResourceDefinition[] = qosRuleTypes.flatMap(aliasResource);
