import { randomUUID } from 'node:crypto';
import type { Db } from '../../db/database.ts';
import { defaultPolicy, projectsOfPolicy, setDefaultPolicy, userOfPolicy } from '../../db/write/qos-policies.ts';
import { qosRulesOf } from '../../db/write/qos-rules.ts';
import type { Context } from '../../lib/context.ts';
import type { ListQuery, Page } from '../../lib/query.ts';
import { inTurns } from '../../lib/turns.ts';
import type { QosPolicy } from '../../resources/shapes.ts';
import { type Change, checkRevision } from '../changes.ts';
import type { Collection, Input } from '../contract.ts';
import type { Machine } from '../machine.ts';
import { refuseWhenUsed } from '../rbac-policy/in-use.ts';
import type { StoredReads } from '../stored/reads.ts';
import { qosErrors as errors } from './errors.ts';
import { qosPolicyEntries, qosPolicyReads, qosPolicyRows, type StoredPolicy } from './storage.ts';

/** Policies of quality of service (upstream: services/qos/qos_plugin.py). */
export class QosPolicies implements Collection<QosPolicy> {
  readonly #machine: Machine;
  readonly #reads: StoredReads<StoredPolicy>;

  constructor(machine: Machine) {
    this.#machine = machine;
    this.#reads = qosPolicyReads(machine.shared);
  }

  async list(context: Context, query: ListQuery): Promise<Page<QosPolicy>> {
    const page = await this.#reads.list(context, { ...query, fields: null });
    const rows = page.items ?? (JSON.parse(new TextDecoder().decode(page.json)) as StoredPolicy[]);
    return { items: await this.#shown(this.#machine.shared.database.db, rows, query) };
  }

  async get(context: Context, id: string, fields: readonly string[] | null = null): Promise<QosPolicy> {
    const { db } = this.#machine.shared.database;
    return (await this.#shown(db, [await this.#reads.get(context, id)], { fields }))[0]!;
  }

  async create(context: Context, input: Input): Promise<QosPolicy> {
    return (await this.createBulk(context, [input]))[0]!;
  }

  createBulk(context: Context, inputs: readonly Input[]): Promise<QosPolicy[]> {
    return this.#run(context, (change) => inTurns(inputs, (input) => this.#createIn(change, input)));
  }

  /** @throws QoSPolicyDefaultAlreadyExists, RbacPolicyInUse when others use what is to be shared no longer */
  update(context: Context, id: string, changes: Input, ifRevision?: number | null): Promise<QosPolicy> {
    return this.#run(context, async (change) => {
      const { tx, time } = change;
      const policy = await this.#reads.stored(tx, context, id);
      checkRevision(ifRevision, policy.revision_number);
      const columns = Object.fromEntries(
        (['name', 'description'] as const)
          .filter((key) => changes[key] !== undefined && changes[key] !== policy[key])
          .map((key) => [key, changes[key]]),
      );
      const shared = await this.#share(change, policy, changes.shared as boolean | undefined);
      const isDefault = await this.#beDefault(change, policy, changes.is_default as boolean | undefined);
      if (Object.keys(columns).length > 0 || shared || isDefault) {
        await qosPolicyRows.update(tx, id, columns);
        await qosPolicyRows.bump(tx, id, time);
        await change.changed('qos_policy', id);
      }
      return this.#whole(tx, id, context);
    });
  }

  /** @throws QosPolicyInUse */
  async delete(context: Context, id: string, ifRevision?: number | null): Promise<void> {
    await this.#run(context, async (change) => {
      const policy = await this.#reads.stored(change.tx, context, id);
      checkRevision(ifRevision, policy.revision_number);
      const user = await userOfPolicy(change.tx, id);
      if (user !== null) {
        throw errors.QosPolicyInUse({ policy_id: id, object_type: user.type, object_id: user.id });
      }
      await qosPolicyRows.remove(change.tx, id);
      await change.changed('qos_policy', id);
    });
  }

  async #createIn(change: Change, input: Input): Promise<QosPolicy> {
    const { tx, time, context } = change;
    const project_id = (input.project_id as string | undefined) ?? '';
    if (project_id === '') throw errors.BadRequest({ resource: 'QoS policy', msg: 'Must have "policy_id"' });
    const id = randomUUID();
    const name = (input.name as string | undefined) ?? '';
    const description = (input.description as string | undefined) ?? '';
    const times = { created_at: time, updated_at: time };
    await qosPolicyRows.insert(tx, { id, project_id, name, description, ...times, revision_number: 0 });
    const made = { id, project_id, shared: false, is_default: false };
    await this.#share(change, made, input.shared as boolean | undefined);
    await this.#beDefault(change, made, input.is_default as boolean | undefined);
    // An empty policy means nothing to anybody: nobody is told.
    return this.#whole(tx, id, context);
  }

  /** Opens it to everybody, or no longer. @returns whether that is new */
  async #share(
    { tx }: Change,
    { id, project_id }: Pick<StoredPolicy, 'id' | 'project_id'>,
    shared: boolean | undefined,
  ): Promise<boolean> {
    if (shared === undefined) return false;
    const entries = await qosPolicyEntries.of(tx, id);
    const wildcard = entries.find(({ target_project }) => target_project === '*');
    if (shared === (wildcard !== undefined)) return false;
    if (wildcard === undefined) {
      const entry = { project_id, object_id: id, target_project: '*', action: 'access_as_shared' };
      await qosPolicyEntries.insert(tx, { id: randomUUID(), ...entry });
      return true;
    }
    const others = entries.filter((entry) => entry !== wildcard).map(({ target_project }) => target_project);
    refuseWhenUsed(await projectsOfPolicy(tx, id), wildcard, [project_id, ...others]);
    await qosPolicyEntries.remove(tx, wildcard.id);
    return true;
  }

  /** @returns whether that is new */
  async #beDefault(
    { tx }: Change,
    { id, project_id, is_default }: Pick<StoredPolicy, 'id' | 'project_id' | 'is_default'>,
    wanted: boolean | undefined,
  ): Promise<boolean> {
    if (wanted === undefined || wanted === is_default) return false;
    if (wanted && (await defaultPolicy(tx, project_id)) !== null) {
      throw errors.QoSPolicyDefaultAlreadyExists({ project_id });
    }
    await setDefaultPolicy(tx, project_id, wanted ? id : null);
    return true;
  }

  /** As the one who asked sees it: whether it is shared depends on that. */
  async #whole(db: Db, id: string, context: Context): Promise<QosPolicy> {
    return (await this.#shown(db, [await this.#reads.stored(db, context, id)], { fields: null }))[0]!;
  }

  /** Rows with their rules, where those are asked for. */
  async #shown(
    db: Db,
    rows: readonly StoredPolicy[],
    { fields, hidden = [] }: Pick<ListQuery, 'fields' | 'hidden'>,
  ): Promise<QosPolicy[]> {
    const wants = (key: string) => !hidden.includes(key) && (fields === null || fields.includes(key));
    const rules = wants('rules')
      ? await qosRulesOf(
          db,
          rows.map(({ id }) => id),
        )
      : [];
    const of = Map.groupBy(rules, ({ qos_policy_id }) => qos_policy_id);
    return rows.map((row) => {
      const whole: QosPolicy = { ...row, rules: of.get(row.id) ?? [] } as QosPolicy;
      const part = Object.entries(whole).filter(([key]) => key === 'id' || wants(key));
      return Object.fromEntries(part) as unknown as QosPolicy;
    });
  }

  async #run<T>(context: Context, work: (change: Change) => Promise<T>): Promise<T> {
    const { result, tasks } = await this.#machine.changes.run(context, work);
    this.#machine.outbox.tellSoon(tasks);
    return result;
  }
}
