import { securityGroupReader as read } from '../../db/read/security-groups.ts';
import { fullView, UnknownMarkerError } from '../../db/read/view.ts';
import { groupRows, groupsReferringTo, hasPorts, isDefaultGroup } from '../../db/write/security-groups.ts';
import type { Context } from '../../lib/context.ts';
import type { ListQuery, Page } from '../../lib/query.ts';
import { inTurns } from '../../lib/turns.ts';
import type { SecurityGroup } from '../../resources/shapes.ts';
import { type Change, checkRevision } from '../changes.ts';
import type { Collection, Input } from '../contract.ts';
import type { Machine } from '../machine.ts';
import { viewOf, wholeView } from '../parts.ts';
import { defaultStateful } from './default-statefulness.ts';
import { securityGroupErrors as errors } from './errors.ts';
import { firstRules, insertGroup, type NewGroup } from './new-group.ts';

/** Security groups (upstream: db/securitygroups_db.py). */
export class SecurityGroups implements Collection<SecurityGroup> {
  readonly #machine: Machine;

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  /** Whoever looks at a project's groups finds its default one. */
  async list(context: Context, query: ListQuery): Promise<Page<SecurityGroup>> {
    const { defaultGroups, shared } = this.#machine;
    if (context.projectId !== null) {
      await defaultGroups.ensure(context, query.filters.project_id?.[0] ?? context.projectId);
    }
    try {
      return await read.list(shared.database, query, viewOf(shared, context));
    } catch (error) {
      if (error instanceof UnknownMarkerError) throw errors.SecurityGroupNotFound({ id: error.marker });
      throw error;
    }
  }

  async get(context: Context, id: string, fields: readonly string[] | null = null): Promise<SecurityGroup> {
    const { shared } = this.#machine;
    const group = await read.get(shared.database.db, id, viewOf(shared, context), fields);
    if (group === null) throw errors.SecurityGroupNotFound({ id });
    return group;
  }

  async create(context: Context, input: Input): Promise<SecurityGroup> {
    return (await this.createBulk(context, [input]))[0]!;
  }

  createBulk(context: Context, inputs: readonly Input[]): Promise<SecurityGroup[]> {
    return this.#run(context, async (change) => {
      await change.quota('security_group', inputs);
      return inTurns(inputs, (input) => this.#createIn(change, input));
    });
  }

  update(context: Context, id: string, changes: Input, ifRevision?: number | null): Promise<SecurityGroup> {
    return this.#run(context, async (change) => {
      const { tx, time } = change;
      const group = await this.#stored(change, id);
      checkRevision(ifRevision, group.revision_number);
      if (changes.stateful !== undefined && changes.stateful !== group.stateful && (await hasPorts(tx, id))) {
        throw errors.SecurityGroupInUse({ id });
      }
      if (group.name === 'default' && changes.name !== undefined) throw errors.SecurityGroupCannotUpdateDefault();
      const keys = (['name', 'description', 'stateful'] as const).filter(
        (key) => changes[key] !== undefined && changes[key] !== group[key],
      );
      if (keys.length === 0) return this.#shown(change, id);
      await groupRows.update(tx, id, Object.fromEntries(keys.map((key) => [key, changes[key]])));
      await groupRows.bump(tx, id, time);
      await change.changed('security_group', id);
      if (keys.includes('stateful')) await change.todo('security_group', id, 'rules_updated');
      return this.#shown(change, id);
    });
  }

  async delete(context: Context, id: string, ifRevision?: number | null): Promise<void> {
    const { project_id, wasDefault } = await this.#run(context, async (change) => {
      const { tx, time } = change;
      const group = await this.#stored(change, id);
      if (await hasPorts(tx, id)) throw errors.SecurityGroupInUse({ id });
      if (group.name === 'default' && !context.isAdmin) throw errors.SecurityGroupCannotRemoveDefault();
      checkRevision(ifRevision, group.revision_number);
      const wasDefault = await isDefaultGroup(tx, id);
      // The rules of others that refer to it go with it.
      for (const other of await groupsReferringTo(tx, id)) {
        if (other === id) continue;
        await groupRows.bump(tx, other, time);
        await change.todo('security_group', other, 'rules_updated');
      }
      await groupRows.remove(tx, id);
      await change.changed('security_group', id);
      return { project_id: group.project_id, wasDefault };
    });
    if (wasDefault) this.#machine.defaultGroups.forget(project_id);
  }

  async #createIn(change: Change, input: Input): Promise<SecurityGroup> {
    const { defaultGroups, quotas } = this.#machine;
    const project_id = input.project_id as string;
    const group: NewGroup = {
      project_id,
      name: (input.name as string | undefined) ?? '',
      description: (input.description as string | undefined) ?? '',
      stateful: (input.stateful as boolean | undefined) ?? (await defaultStateful(change, project_id)),
    };
    await defaultGroups.ensureIn(change, group.project_id);
    const rules = await firstRules(change, false);
    await quotas.check(change.tx, 'security_group_rule', group.project_id, rules.length);
    return this.#shown(change, await insertGroup(change, group, rules, false));
  }

  /** As the caller sees it. */
  async #shown({ tx, context }: Change, id: string): Promise<SecurityGroup> {
    const { projectId } = context;
    return (await read.get(tx, id, { ...wholeView(this.#machine.shared), projectId }))!;
  }

  /** @throws SecurityGroupNotFound for what the caller does not see */
  async #stored({ tx, context }: Change, id: string): Promise<SecurityGroup> {
    const group = await read.get(tx, id, {
      ...viewOf(this.#machine.shared, context),
      ...{ extensions: fullView.extensions },
    });
    if (group === null) throw errors.SecurityGroupNotFound({ id });
    return group;
  }

  async #run<T>(context: Context, work: (change: Change) => Promise<T>): Promise<T> {
    const { result, tasks } = await this.#machine.changes.run(context, work);
    this.#machine.outbox.tellSoon(tasks);
    return result;
  }
}
