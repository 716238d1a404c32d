import { randomUUID } from 'node:crypto';
import { bumpPortsOfPolicy, portsOfPolicy } from '../../db/write/qos-policies.ts';
import { qosRule, qosRuleRows, qosRulesOf } from '../../db/write/qos-rules.ts';
import type { Context } from '../../lib/context.ts';
import type { ListQuery, Page } from '../../lib/query.ts';
import { inTurns } from '../../lib/turns.ts';
import { type QosRuleType, qosRuleKinds } from '../../resources/qos-rules.ts';
import type { QosRule } from '../../resources/shapes.ts';
import type { Change } from '../changes.ts';
import type { Collection, Input } from '../contract.ts';
import type { Machine } from '../machine.ts';
import type { StoredReads } from '../stored/reads.ts';
import { pageOf } from '../stored/small-page.ts';
import { checkBandwidths, checkTwins } from './conflicts.ts';
import { qosErrors as errors } from './errors.ts';
import { qosPolicyReads, qosPolicyRows, type StoredPolicy } from './storage.ts';
import { checkRulesForPort } from './support.ts';

/** What ports ask Placement for: it cannot be changed under a guest. */
const guarantees: readonly string[] = ['minimum_bandwidth', 'minimum_packet_rate'];

/** The rules of one kind of one policy (upstream: services/qos/qos_plugin.py `create_policy_rule` and its kin). */
export class QosRules implements Collection<QosRule> {
  readonly #machine: Machine;
  readonly #type: QosRuleType;
  readonly #policyId: string;
  readonly #policies: StoredReads<StoredPolicy>;

  constructor(machine: Machine, type: QosRuleType, policyId: string) {
    this.#machine = machine;
    this.#type = type;
    this.#policyId = policyId;
    this.#policies = qosPolicyReads(machine.shared);
  }

  async list(context: Context, query: ListQuery): Promise<Page<QosRule>> {
    const { db } = this.#machine.shared.database;
    await this.#policies.stored(db, context, this.#policyId);
    const rules = (await qosRulesOf(db, [this.#policyId])).filter(({ type }) => type === this.#type);
    return pageOf(rules.map(bare), query, (rule_id) => this.#notFound(rule_id));
  }

  async get(context: Context, id: string): Promise<QosRule> {
    const { db } = this.#machine.shared.database;
    await this.#policies.stored(db, context, this.#policyId);
    const rule = await qosRule(db, this.#type, id);
    if (rule?.qos_policy_id !== this.#policyId) throw this.#notFound(id);
    return bare(rule);
  }

  async create(context: Context, input: Input): Promise<QosRule> {
    return (await this.createBulk(context, [input]))[0]!;
  }

  /** @throws QoSRulesConflict, QoSRuleParameterConflict, QosRuleNotSupported */
  createBulk(context: Context, inputs: readonly Input[]): Promise<QosRule[]> {
    return this.#run(context, (change) =>
      inTurns(inputs, async (input) => {
        const { tx } = change;
        const rules = await this.#rules(change);
        const parameters = this.#parameters(input);
        const rule: QosRule = { ...parameters, id: randomUUID(), qos_policy_id: this.#policyId, type: this.#type };
        checkBandwidths(this.#policyId, rules, parameters);
        checkTwins(this.#policyId, rules, rule);
        const { type: _, ...row } = rule;
        await qosRuleRows[this.#type].insert(tx, row);
        await this.#checkPorts(change, { enforced: true });
        await this.#touched(change);
        return bare(rule);
      }),
    );
  }

  /** @throws QosRuleNotFound, and as `create` */
  update(context: Context, id: string, changes: Input): Promise<QosRule> {
    return this.#run(context, async (change) => {
      const rules = await this.#rules(change);
      const given = this.#parameters(changes);
      checkBandwidths(this.#policyId, rules, given);
      const rule = this.#among(rules, id);
      const next: QosRule = { ...rule, ...given };
      checkTwins(this.#policyId, rules, next);
      if (Object.entries(given).every(([name, value]) => rule[name] === value)) return bare(rule);
      await qosRuleRows[this.#type].update(change.tx, id, given);
      await this.#checkPorts(change, { enforced: true });
      await this.#touched(change);
      return bare(next);
    });
  }

  /** @throws QosRuleNotFound */
  async delete(context: Context, id: string): Promise<void> {
    await this.#run(context, async (change) => {
      this.#among(await this.#rules(change), id);
      await qosRuleRows[this.#type].remove(change.tx, id);
      await this.#checkPorts(change, { enforced: false });
      await this.#touched(change);
    });
  }

  /** All rules of the policy, whatever their kind. @throws QosPolicyNotFound */
  async #rules({ tx, context }: Change): Promise<QosRule[]> {
    await this.#policies.stored(tx, context, this.#policyId);
    return qosRulesOf(tx, [this.#policyId]);
  }

  #among(rules: readonly QosRule[], id: string): QosRule {
    const rule = rules.find((one) => one.id === id && one.type === this.#type);
    if (rule === undefined) throw this.#notFound(id);
    return rule;
  }

  #parameters(input: Input): Record<string, string | number> {
    const names = Object.keys(qosRuleKinds[this.#type].attributes).filter((name) => input[name] !== undefined);
    return Object.fromEntries(names.map((name) => [name, input[name] as string | number]));
  }

  /** The ports that have the policy must be able to do with its rules, and guests keep what was guaranteed to them. */
  async #checkPorts({ tx }: Change, { enforced }: { enforced: boolean }): Promise<void> {
    const ports = await portsOfPolicy(tx, this.#policyId);
    if (ports.length === 0) return;
    if (enforced) {
      const rules = await qosRulesOf(tx, [this.#policyId]);
      for (const port of ports) checkRulesForPort(this.#machine.mechanisms.drivers, rules, port);
    }
    if (guarantees.includes(this.#type) && ports.some(({ device_owner }) => device_owner.startsWith('compute:'))) {
      const message = 'Cannot update QoS policies/rules backed by resources tracked in Placement';
      throw errors.NotImplementedError({ message });
    }
  }

  async #touched(change: Change): Promise<void> {
    const { tx, time } = change;
    await qosPolicyRows.bump(tx, this.#policyId, time);
    // Ports show what they ask Placement for.
    if (guarantees.includes(this.#type)) await bumpPortsOfPolicy(tx, this.#policyId, time);
    await change.changed('qos_policy', this.#policyId);
  }

  #notFound(rule_id: string) {
    return errors.QosRuleNotFound({ rule_id, policy_id: this.#policyId });
  }

  async #run<T>(context: Context, work: (change: Change) => Promise<T>): Promise<T> {
    const { result, tasks } = await this.#machine.changes.run(context, work);
    this.#machine.outbox.tellSoon(tasks);
    return result;
  }
}

/** As the collection of its kind shows it: what it is and whose stands in the URL. */
function bare({ qos_policy_id: _, type: __, ...rule }: QosRule): QosRule {
  return rule as QosRule;
}
