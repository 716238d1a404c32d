import { qosRule } from '../../db/write/qos-rules.ts';
import type { Context } from '../../lib/context.ts';
import type { Page } from '../../lib/query.ts';
import type { QosRuleType } from '../../resources/qos-rules.ts';
import type { QosRule } from '../../resources/shapes.ts';
import type { Collection, Input } from '../contract.ts';
import type { Machine } from '../machine.ts';
import { qosErrors as errors } from './errors.ts';
import { QosRules } from './rules.ts';

/** Rules by their id alone: the policy is looked up, the rest is as if it had been named (upstream: `get_rule` and its kin). */
export class QosRuleAliases implements Collection<QosRule> {
  readonly #machine: Machine;
  readonly #type: QosRuleType;

  constructor(machine: Machine, type: QosRuleType) {
    this.#machine = machine;
    this.#type = type;
  }

  async list(): Promise<Page<QosRule>> {
    throw errors.HTTPNotFound();
  }

  async get(context: Context, id: string, fields: readonly string[] | null = null): Promise<QosRule> {
    const { rules, policyId } = await this.#below(id);
    const rule = await rules.get(context, id);
    // The rules of policy ask whose policy it is; nobody is shown it.
    const whole: QosRule = { ...rule, qos_policy_id: policyId };
    if (fields === null) return whole;
    return Object.fromEntries(Object.entries(whole).filter(([key]) => fields.includes(key))) as QosRule;
  }

  async update(context: Context, id: string, changes: Input): Promise<QosRule> {
    return (await this.#below(id)).rules.update(context, id, changes);
  }

  async delete(context: Context, id: string): Promise<void> {
    await (await this.#below(id)).rules.delete(context, id);
  }

  async #below(rule_id: string): Promise<{ rules: QosRules; policyId: string }> {
    const rule = await qosRule(this.#machine.shared.database.db, this.#type, rule_id);
    if (rule === null) throw errors.QosRuleNotFound({ rule_id, policy_id: '' });
    return { rules: new QosRules(this.#machine, this.#type, rule.qos_policy_id), policyId: rule.qos_policy_id };
  }
}
