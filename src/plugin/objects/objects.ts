import type { AgentState, ObjectEvent } from '../../rpc/contract.ts';
import { ObjectPusher, objectTopic, topics, type VersionedObject } from '../../rpc/contract.ts';
import type { ResourceType, Task } from '../outbox/outbox.ts';
import type { Shared } from '../parts.ts';
import type { ObjectData, ObjectKind } from './contract.ts';
import { bareObject, canBe, kinds, objectOf } from './kinds.ts';
import { ObjectVersions } from './versions.ts';

/** Tasks of these resources that change nothing in their objects. */
const aside: ReadonlySet<string> = new Set(['scheduled', 'unscheduled', 'rules_updated', 'forwarding']);

/**
 * Pushes resources that changed, whole, to whoever listens to their type (upstream: ml2/ovo_rpc.py). What is pushed is what
 * is in the database at that moment: of something that went away meanwhile, that it is gone.
 */
export class Objects {
  readonly versions: ObjectVersions;
  readonly #shared: Shared;
  readonly #pusher: ObjectPusher;

  constructor(shared: Shared) {
    this.#shared = shared;
    this.#pusher = new ObjectPusher(shared.transport);
    this.versions = new ObjectVersions(shared.now);
  }

  /** Whether somebody may listen to resources of a type. Where nobody does, nothing is noted and nothing read. */
  wants(resource: ResourceType): boolean {
    const kind = kinds.find((one) => one.resource === resource);
    return kind !== undefined && this.#audible(kind).length > 0;
  }

  /** Pushes what a batch of tasks is about: one message for each type and version, and one for what is gone. */
  async push(tasks: readonly Task[]): Promise<void> {
    const changed = tasks.filter(({ action }) => !aside.has(action));
    for (const kind of kinds) {
      const ids = changed
        .filter(({ resource_type }) => resource_type === kind.resource)
        .map((task) => task.resource_id);
      if (ids.length > 0) await this.#pushKind(kind, [...new Set(ids)]);
    }
  }

  /**
   * Says what happened to resources, whatever they are by now: of services whose agents hear that something was created, and
   * of what is gone all that it was.
   */
  async tell(kind: ObjectKind, objects: readonly ObjectData[], event: ObjectEvent): Promise<void> {
    if (objects.length === 0) return;
    await this.versions.refresh(this.#shared.database.db);
    for (const version of this.#audible(kind)) {
      await this.#pusher.push(
        objects.map((data) => objectOf(kind, data, version)),
        event,
      );
    }
  }

  /** An agent said which versions it speaks, in its first report: other servers hear it, too. */
  async reported({ agent_type, host, resource_versions }: AgentState): Promise<void> {
    if (!resource_versions) return;
    this.versions.note(agent_type, host, resource_versions);
    if (this.#shared.transport.hears?.(topics.resourceVersions) === false) return;
    const report = { agent_type, agent_host: host, version_map: resource_versions };
    // The agent's report counts all the same: the others read it from its row before long.
    await this.#pusher
      .reportVersions(report)
      .catch((error) =>
        this.#shared.logger.warn({ agent_type, host, error }, 'other servers were not told of versions'),
      );
  }

  async #pushKind(kind: ObjectKind, ids: readonly string[]): Promise<void> {
    const { db } = this.#shared.database;
    await this.versions.refresh(db);
    const versions = this.#audible(kind);
    if (versions.length === 0) return;
    const there = await kind.read(db, { id: ids }, this.#shared.extensions);
    const known = new Set(there.map(({ id }) => id));
    const gone = ids.filter((id) => !known.has(id));
    for (const version of versions) {
      const push = async (objects: readonly VersionedObject[], event: 'updated' | 'deleted') => {
        if (objects.length > 0) await this.#pusher.push(objects, event);
      };
      await push(
        there.map((data) => objectOf(kind, data, version)),
        'updated',
      );
      await push(
        gone.map((id) => bareObject(kind, id, version)),
        'deleted',
      );
    }
  }

  /** Versions in use that somebody may listen to. */
  #audible(kind: ObjectKind): readonly string[] {
    const { hears } = this.#shared.transport;
    const possible = this.versions.of(kind.name, kind.version).filter((version) => canBe(kind, version));
    if (hears === undefined) return possible;
    return possible.filter((version) => this.#shared.transport.hears!(objectTopic(kind.name, version)));
  }
}
