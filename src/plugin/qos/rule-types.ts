import type { Context } from '../../lib/context.ts';
import type { ListQuery, Page } from '../../lib/query.ts';
import { qosRuleTypes } from '../../resources/qos-rules.ts';
import type { Collection } from '../contract.ts';
import type { MechanismDriver } from '../ml2/contract.ts';
import { qosErrors as errors } from './errors.ts';
import { driversOf, ruleTypes } from './support.ts';

interface RuleType {
  type: string;
  drivers?: ReturnType<typeof driversOf>;
}

/** Kinds of rules, as the drivers say; stored nowhere (upstream: objects/qos/rule_type.py). */
export class QosRuleTypes implements Collection<RuleType> {
  readonly #drivers: readonly MechanismDriver[];

  constructor(drivers: readonly MechanismDriver[]) {
    this.#drivers = drivers;
  }

  async list(_context: Context, { filters, fields }: ListQuery): Promise<Page<RuleType>> {
    const asks = (name: string) => filters[name]?.includes(true) === true;
    const which = asks('all_rules') ? 'all_rules' : asks('all_supported') ? 'all_supported' : null;
    const types = ruleTypes(this.#drivers, which);
    if (fields !== null && !fields.includes('type')) return { items: types.map(() => ({}) as RuleType) };
    return { items: types.map((type) => ({ type })) };
  }

  /** What drivers are there is for administrators, whatever the rules of policy say. @throws NotAuthorized */
  async get(context: Context, type: string, fields: readonly string[] | null = null): Promise<Partial<RuleType>> {
    if (!context.isAdmin) throw errors.NotAuthorized();
    if (!(qosRuleTypes as readonly string[]).includes(type)) throw errors.HTTPNotFound();
    const whole: RuleType = { type, drivers: driversOf(this.#drivers, type) };
    if (fields === null) return whole;
    return Object.fromEntries(Object.entries(whole).filter(([key]) => fields.includes(key)));
  }
}
