import type { QosRule } from '../../resources/shapes.ts';
import type { Input } from '../contract.ts';
import { qosErrors as errors } from './errors.ts';

/** What rules of one policy may say together (upstream: objects/qos/qos_policy_validator.py). */

/**
 * At least as much may pass as is guaranteed, whichever way it goes.
 * @param given what the request says
 * @throws QoSRuleParameterConflict
 */
export function checkBandwidths(policy_id: string, rules: readonly QosRule[], given: Input): void {
  const { max_kbps: most, min_kbps: least } = given as { max_kbps?: number; min_kbps?: number };
  for (const { type, min_kbps, max_kbps } of rules) {
    if (type === 'minimum_bandwidth' && most !== undefined && (min_kbps as number) > most) {
      throw conflict(policy_id, most, { type, value: min_kbps as number });
    }
    if (type === 'bandwidth_limit' && least !== undefined && (max_kbps as number) < least) {
      throw conflict(policy_id, least, { type, value: max_kbps as number });
    }
  }
}

/**
 * One rule of a kind, or one for each direction; packets are guaranteed either by direction or together.
 * @throws QoSRulesConflict, QoSRuleParameterConflict
 */
export function checkTwins(policy_id: string, rules: readonly QosRule[], rule: QosRule): void {
  const others = rules.filter(({ id, type }) => id !== rule.id && type === rule.type);
  if (rule.type === 'minimum_packet_rate') {
    const other = others.find(({ direction }) => (direction === 'any') !== (rule.direction === 'any'));
    if (other !== undefined) {
      throw conflict(policy_id, rule.direction!, { type: other.type, value: other.direction! });
    }
  }
  const twin = others.find(({ direction }) => direction === rule.direction);
  if (twin !== undefined) throw errors.QoSRulesConflict({ new_rule_type: rule.type, rule_id: twin.id, policy_id });
}

function conflict(
  policy_id: string,
  rule_value: string | number,
  { type, value }: { type: string; value: string | number },
) {
  return errors.QoSRuleParameterConflict({ rule_value, policy_id, existing_rule: type, existing_value: value });
}
