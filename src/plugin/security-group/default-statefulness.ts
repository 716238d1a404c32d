import { randomUUID } from 'node:crypto';
import { defaultStatefulnessOf, statefulnessRows } from '../../db/write/security-groups.ts';
import type { Context } from '../../lib/context.ts';
import type { DefaultStatefulness } from '../../resources/shapes.ts';
import type { Change } from '../changes.ts';
import type { Collection, Input } from '../contract.ts';
import type { Machine } from '../machine.ts';
import { type StoredReads, storedReads } from '../stored/reads.ts';
import { securityGroupErrors as errors } from './errors.ts';
import { statefulnessSpec } from './storage.ts';

/**
 * Whether groups made from now on are stateful when nobody says (upstream: db/security_groups_default_statefulness.py).
 * They have no revision, so no `If-Match` either.
 */
export class DefaultStatefulnesses implements Collection<DefaultStatefulness> {
  readonly list: Collection<DefaultStatefulness>['list'];
  readonly get: StoredReads<DefaultStatefulness>['get'];
  readonly #machine: Machine;
  readonly #reads: StoredReads<DefaultStatefulness>;

  constructor(machine: Machine) {
    this.#machine = machine;
    this.#reads = storedReads(machine.shared, statefulnessSpec, (id) =>
      errors.SecurityGroupDefaultStatefulnessNotFound({ id }),
    );
    this.list = this.#reads.list;
    this.get = this.#reads.get;
  }

  /** @throws SecurityGroupDefaultStatefulnessAlreadyExists: a project has one, and everybody else has one */
  async create(context: Context, input: Input): Promise<DefaultStatefulness> {
    const { result } = await this.#machine.changes.run(context, async ({ tx }) => {
      const project_id = (input.project_id as string | null | undefined) ?? null;
      if ((await defaultStatefulnessOf(tx, project_id)) !== null) {
        throw errors.SecurityGroupDefaultStatefulnessAlreadyExists({ project_id: project_id ?? 'system-wide' });
      }
      const id = randomUUID();
      const stateful = input.stateful !== false;
      await statefulnessRows.insert(tx, { id, project_id, project_key: project_id ?? '', stateful });
      return (await this.#reads.whole(tx, id))!;
    });
    return result;
  }

  async update(context: Context, id: string, changes: Input): Promise<DefaultStatefulness> {
    const { result } = await this.#machine.changes.run(context, async ({ tx }) => {
      await this.#reads.stored(tx, context, id);
      if (changes.stateful !== undefined) await statefulnessRows.update(tx, id, { stateful: changes.stateful });
      return this.#reads.stored(tx, context, id);
    });
    return result;
  }

  async delete(context: Context, id: string): Promise<void> {
    await this.#machine.changes.run(context, async ({ tx }) => {
      await this.#reads.stored(tx, context, id);
      await statefulnessRows.remove(tx, id);
    });
  }
}

/** What a new group of this project is: as its project has it, else as everybody, else stateful. */
export async function defaultStateful({ tx }: Pick<Change, 'tx'>, projectId: string): Promise<boolean> {
  return (await defaultStatefulnessOf(tx, projectId)) ?? (await defaultStatefulnessOf(tx, null)) ?? true;
}
