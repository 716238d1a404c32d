import { specReader } from '../../db/read/spec.ts';
import { fullView } from '../../db/read/view.ts';
import { qosRulesOf } from '../../db/write/qos-rules.ts';
import type { QosRule } from '../../resources/shapes.ts';
import type { VersionedObject } from '../../rpc/contract.ts';
import { qosPolicySpec, type StoredPolicy } from '../qos/storage.ts';
import { grouped, named, standard, versionedObject } from './compose.ts';
import type { ObjectKind } from './contract.ts';

const policies = specReader<StoredPolicy>(qosPolicySpec);

/** The objects of rules, and the version of a policy that brought each. */
const ruleObjects: Readonly<Record<string, { readonly name: string; readonly since: number }>> = {
  bandwidth_limit: { name: 'QosBandwidthLimitRule', since: 0 },
  dscp_marking: { name: 'QosDscpMarkingRule', since: 1 },
  minimum_bandwidth: { name: 'QosMinimumBandwidthRule', since: 2 },
  packet_rate_limit: { name: 'QosPacketRateLimitRule', since: 9 },
  minimum_packet_rate: { name: 'QosMinimumPacketRateRule', since: 10 },
};

export const qosPolicyObject: ObjectKind = {
  name: 'QosPolicy',
  version: '1.10',
  resource: 'qos_policy',
  single: { by: 'id', extension: 'qos' },
  bare: { shared: false, is_default: false },
  async read(db, filters) {
    const found = await policies.find(db, { filters }, fullView);
    const ids = found.map(({ id }) => id);
    const rulesOf = grouped(await qosRulesOf(db, ids), ({ qos_policy_id }) => qos_policy_id);
    return found.map((policy) => ({
      ...named(policy),
      shared: policy.shared === true,
      rules: rulesOf(policy.id).map(ruleObject),
      is_default: policy.is_default === true,
      ...standard(policy),
    }));
  },
  // Older ones than 1.8 upstream refuses; agents of that age have no other wish.
  downgrade(data, minor) {
    const known = Object.values(ruleObjects).filter(({ since }) => since <= minor);
    const names = known.map(({ name }) => name);
    const rules = data.rules as VersionedObject[] | undefined;
    if (rules) data.rules = rules.filter((rule) => names.includes(rule['versioned_object.name']));
  },
};

function ruleObject({ type, ...data }: QosRule): VersionedObject {
  return versionedObject(ruleObjects[type]!.name, '1.5', data);
}
