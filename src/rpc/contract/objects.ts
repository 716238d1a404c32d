import type { Transport } from '../transport.ts';
import { castMethod, type SendOptions } from './method.ts';
import { topics } from './topics.ts';

/**
 * A resource as oslo.versionedobjects carries it: plain data, moments as ISO texts with Z, JSON columns as texts, objects in
 * it nested the same way. A column that is null is left out; what is put together from elsewhere is null.
 */
export interface VersionedObject {
  'versioned_object.name': string;
  'versioned_object.namespace': 'versionedobjects';
  /** `major.minor` */
  'versioned_object.version': string;
  'versioned_object.data': Record<string, unknown>;
  /** Names of what differs from the stored object: those of a deleted one, which has little else. */
  'versioned_object.changes'?: readonly string[];
}

/** Upstream's server says `updated` of new ones as well: who listens must not depend on the order. */
export type ObjectEvent = 'created' | 'updated' | 'deleted';

/** Objects of one type and version, to whoever listens to that. */
export interface PushMethods {
  push: { args: { resource_list: readonly VersionedObject[]; event_type: ObjectEvent }; result: unknown };
}

export const PUSH_VERSION = '1.1';

/** Agents ask for objects. `filter_kwargs`: values of fields, or lists of them. */
export interface PullMethods {
  pull: {
    args: { resource_type: string; version: string; resource_id: string };
    result: VersionedObject | null;
  };
  bulk_pull: {
    args: { resource_type: string; version: string; filter_kwargs?: Record<string, unknown> | null };
    result: VersionedObject[];
  };
}

/** The newest version of the endpoint. */
export const PULL_VERSION = '1.1';

/** Servers tell each other which versions of which types an agent speaks. */
export interface ResourceVersionMethods {
  report_agent_resource_versions: {
    args: { agent_type: string; agent_host: string; version_map: Record<string, string> };
    result: null;
  };
}

export const RESOURCE_VERSIONS_VERSION = '1.0';

/** Where objects of a type are pushed, in one version of it. */
export function objectTopic(name: string, version: string): string {
  return `neutron-vo-${name}-${version}`;
}

/** The server's way to tell whoever listens of objects, and other servers of versions; by fan-out. */
export class ObjectPusher {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** @param objects all of one type and version */
  async push(objects: readonly VersionedObject[], event_type: ObjectEvent, options?: SendOptions): Promise<void> {
    const [first] = objects;
    if (first === undefined) return;
    const topic = objectTopic(first['versioned_object.name'], first['versioned_object.version']);
    const target = { topic, version: PUSH_VERSION, fanout: true };
    await castMethod<PushMethods, 'push'>(
      this.#transport,
      target,
      'push',
      { resource_list: objects, event_type },
      options,
    );
  }

  reportVersions(args: ResourceVersionMethods['report_agent_resource_versions']['args']): Promise<void> {
    const target = { topic: topics.resourceVersions, version: RESOURCE_VERSIONS_VERSION, fanout: true };
    return castMethod<ResourceVersionMethods, 'report_agent_resource_versions'>(
      this.#transport,
      target,
      'report_agent_resource_versions',
      args,
    );
  }
}
