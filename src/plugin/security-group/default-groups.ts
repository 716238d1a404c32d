import { defaultGroupOf, setDefaultGroup } from '../../db/write/security-groups.ts';
import type { Context } from '../../lib/context.ts';
import type { Change, Changes } from '../changes.ts';
import { firstRules, insertGroup } from './new-group.ts';

/** So many projects are remembered; beyond that all are forgotten, which costs one look at a row each. */
const MOST_REMEMBERED = 100_000;

/**
 * The group `default` of each project: made when somebody first makes a network, a port or a group there, or looks at its
 * groups. There is one per project, because the table's key allows only one: who loses a race finds the other's.
 */
export class DefaultGroups {
  /** Whether there are security groups at all. */
  readonly enabled: boolean;
  readonly #changes: Changes;
  /** Projects that have theirs, of committed changes. */
  readonly #known = new Set<string>();

  constructor(enabled: boolean, changes: Changes) {
    this.enabled = enabled;
    this.#changes = changes;
  }

  /**
   * Id of a project's default group, made when there is none. Null where there are no groups, for what belongs to no project,
   * and when the caller may not make one for this project (upstream: bug 1987410).
   */
  async ensureIn(change: Change, projectId: string): Promise<string | null> {
    if (!this.enabled || projectId === '') return null;
    const existing = await defaultGroupOf(change.tx, projectId);
    if (existing !== null) return existing;
    if (!mayMake(change.context, projectId)) return null;
    const group = { project_id: projectId, name: 'default', description: 'Default security group', stateful: true };
    const id = await insertGroup(change, group, await firstRules(change, true), true);
    await setDefaultGroup(change.tx, projectId, id);
    return id;
  }

  /** For who only looks: in a change of its own, once per process and project. */
  async ensure(context: Context, projectId: unknown): Promise<void> {
    if (typeof projectId !== 'string' || projectId === '' || projectId.length > 255) return;
    if (!this.enabled || this.#known.has(projectId) || context.readOnly || !mayMake(context, projectId)) return;
    await this.#changes.run(context, (change) => this.ensureIn(change, projectId));
    if (this.#known.size >= MOST_REMEMBERED) this.#known.clear();
    this.#known.add(projectId);
  }

  /** A default group was deleted: the next look makes a new one. */
  forget(projectId: string): void {
    this.#known.delete(projectId);
  }
}

function mayMake({ isAdmin, projectId }: Context, wanted: string): boolean {
  return isAdmin || projectId === wanted;
}
