import { randomUUID } from 'node:crypto';
import { ownerIn, type RbacRows, rbacRows } from '../../db/write/rbac.ts';
import type { Context } from '../../lib/context.ts';
import { pythonRepr } from '../../lib/python-text.ts';
import { inTurns } from '../../lib/turns.ts';
import { rbacPolicy } from '../../resources/rbac-policy.ts';
import type { RbacPolicy } from '../../resources/shapes.ts';
import type { Change } from '../changes.ts';
import type { Collection, Input } from '../contract.ts';
import type { RbacEntry, RbacObject } from '../domain.ts';
import type { Machine } from '../machine.ts';
import { type StoredReads, storedReads } from '../stored/reads.ts';
import { specOf } from '../stored/spec.ts';
import { rbacErrors as errors } from './errors.ts';

/** One kind of object, with its rows. */
interface Kind extends RbacObject {
  readonly rows: RbacRows;
  readonly ownerOf: ReturnType<typeof ownerIn>;
}

/**
 * Who may use objects of others (upstream: db/rbac_db_mixin.py). The entries of each kind of object are a table of their
 * own, so that they go with the object; lists read all tables as one.
 */
export class RbacPolicies implements Collection<RbacPolicy> {
  readonly list: Collection<RbacPolicy>['list'];
  readonly get: StoredReads<RbacPolicy>['get'];
  readonly #machine: Machine;
  readonly #reads: StoredReads<RbacPolicy>;
  readonly #kinds: ReadonlyMap<string, Kind>;

  constructor(machine: Machine) {
    this.#machine = machine;
    this.#kinds = new Map(
      [...machine.rbac].map(([type, object]) => [
        type,
        { ...object, rows: rbacRows(object.table), ownerOf: ownerIn(object.objects) },
      ]),
    );
    this.#reads = storedReads<RbacPolicy>(machine.shared, specOfAll(machine.rbac), (id) =>
      errors.RbacPolicyNotFound({ id }),
    );
    this.list = this.#reads.list;
    this.get = this.#reads.get;
  }

  async create(context: Context, input: Input): Promise<RbacPolicy> {
    return (await this.createBulk(context, [input]))[0]!;
  }

  createBulk(context: Context, inputs: readonly Input[]): Promise<RbacPolicy[]> {
    return this.#run(context, async (change) => {
      await change.quota('rbac_policy', inputs);
      return inTurns(inputs, (input) => this.#createIn(change, input));
    });
  }

  /** Only whom it is for can change. */
  update(context: Context, id: string, changes: Input): Promise<RbacPolicy> {
    return this.#run(context, async (change) => {
      const { tx } = change;
      const { kind, entry } = await this.#stored(change, id);
      const target = changes.target_tenant as string | undefined;
      if (target !== undefined && target !== entry.target_project) {
        const refusal = await this.#refusal(change, kind, entry.object_id);
        if (refusal !== null) throw errors.RbacPolicyInUse({ object_id: entry.object_id, details: refusal });
        await this.#refuseDuplicate(change, kind, { ...entry, target_project: target });
        await kind.checkNew?.(change, { ...entry, target_project: target });
        await kind.rows.retarget(tx, id, target);
        await this.#checkUnused(change, kind, entry);
        await kind.touched?.(change, entry.object_id);
      }
      return (await this.#reads.whole(tx, id))!;
    });
  }

  async delete(context: Context, id: string): Promise<void> {
    await this.#run(context, async (change) => {
      const { kind, entry } = await this.#stored(change, id);
      await kind.rows.remove(change.tx, id);
      await this.#checkUnused(change, kind, entry);
      await kind.touched?.(change, entry.object_id);
    });
  }

  async #createIn(change: Change, input: Input): Promise<RbacPolicy> {
    const kind = this.#kinds.get(input.object_type as string);
    if (kind === undefined) {
      throw errors.InvalidInput({ error_message: `'${input.object_type}' is not a valid RBAC object type` });
    }
    const entry: RbacEntry = {
      id: randomUUID(),
      project_id: (input.project_id as string | undefined) ?? '',
      object_id: input.object_id as string,
      action: input.action as string,
      target_project: input.target_tenant as string,
    };
    const refusal = await this.#refusal(change, kind, entry.object_id);
    if (refusal !== null) throw errors.InvalidInput({ error_message: refusal });
    if (!kind.actions.includes(entry.action)) {
      const { type: object_type, actions } = kind;
      const valid_actions = `(${actions.map(pythonRepr).join(', ')}${actions.length === 1 ? ',' : ''})`;
      throw errors.InvalidActionForType({ action: entry.action, object_type, valid_actions });
    }
    await this.#refuseDuplicate(change, kind, entry);
    await kind.checkNew?.(change, entry);
    await kind.rows.insert(change.tx, entry);
    await kind.touched?.(change, entry.object_id);
    return (await this.#reads.whole(change.tx, entry.id))!;
  }

  /** Why the caller may not say who uses an object: only its owner may, and administrators. Null: he may. */
  async #refusal({ tx, context }: Change, kind: Kind, objectId: string): Promise<string | null> {
    const owner = await kind.ownerOf(tx, objectId);
    if (owner !== null && (context.isAdmin || owner === context.projectId)) return null;
    const targets = owner === null ? [] : (await kind.rows.of(tx, objectId)).map((entry) => entry.target_project);
    if (targets.includes('*') || (context.projectId !== null && targets.includes(context.projectId))) {
      const objects = kind.type === 'network' ? 'networks' : 'objects';
      return `Only admins can manipulate policies on ${objects} they do not own`;
    }
    const name = kind.type.replaceAll('_', ' ');
    return `${name[0]!.toUpperCase()}${name.slice(1)} ${objectId} could not be found`;
  }

  async #refuseDuplicate({ tx }: Change, { rows }: Kind, { object_id, action, target_project }: RbacEntry) {
    const entries = await rows.of(tx, object_id);
    if (entries.some((entry) => entry.action === action && entry.target_project === target_project)) {
      throw errors.DuplicateRbacPolicy();
    }
  }

  /** Those whom the entry was for must not need it any more, or be covered by another one. */
  async #checkUnused(change: Change, kind: Kind, gone: RbacEntry): Promise<void> {
    const owner = (await kind.ownerOf(change.tx, gone.object_id))!;
    const entries = await kind.rows.of(change.tx, gone.object_id);
    const others = entries.filter(({ action }) => action === gone.action).map((entry) => entry.target_project);
    if (gone.target_project === owner || others.includes('*')) return;
    await kind.checkUnused(change, gone, [owner, ...others]);
  }

  async #stored({ tx, context }: Change, id: string): Promise<{ kind: Kind; entry: RbacEntry }> {
    const policy = await this.#reads.stored(tx, context, id);
    const { project_id, object_id, action, target_tenant: target_project } = policy;
    return {
      kind: this.#kinds.get(policy.object_type)!,
      entry: { id, project_id, object_id, action, target_project },
    };
  }

  async #run<T>(context: Context, work: (change: Change) => Promise<T>): Promise<T> {
    const { result, tasks } = await this.#machine.changes.run(context, work);
    this.#machine.outbox.tellSoon(tasks);
    return result;
  }
}

/** All tables of entries as one. */
function specOfAll(kinds: Machine['rbac']) {
  return specOf(rbacPolicy, {
    table: 'networkrbacs',
    union: {
      column: 'object_type',
      tables: Object.fromEntries([...kinds].map(([type, { table }]) => [type, table])),
      columns: ['id', 'project_id', 'object_id', 'action', 'target_project'],
    },
    sources: { target_tenant: { column: 'target_project', as: 'text' } },
  });
}
