import type { Transport } from '../transport.ts';
import { callMethod, type SendOptions } from './method.ts';
import { PULL_VERSION, type PullMethods, type VersionedObject } from './objects.ts';
import type { WirePort } from './shapes.ts';
import { topics } from './topics.ts';

/** A port carried by a trunk, as its versioned object has it and as agents send it back. */
export interface WireSubPort {
  port_id: string;
  trunk_id: string;
  segmentation_type: string;
  segmentation_id: number;
}

/** The fields of a `Trunk` object that agents read; `sub_ports` are objects themselves. */
export interface WireTrunk {
  id: string;
  port_id: string;
  admin_state_up: boolean;
  status: string;
  sub_ports: readonly VersionedObject[];
}

/** What agents report of trunks, on a topic and in a namespace of their own (upstream: services/trunk/rpc/server.py). */
export interface TrunkMethods {
  /** Answers the ports as they are bound now, by trunk; trunks that are gone are left out. */
  update_subport_bindings: {
    args: { subports: readonly (WireSubPort | VersionedObject)[] };
    result: Record<string, WirePort[]>;
  };
  update_trunk_status: { args: { trunk_id: string; status: string }; result: null };
}

export const TRUNK_VERSION = '1.0';
export const TRUNK_NAMESPACE = 'trunk';

/** Versions of the objects that servers of 21.0 push, and ours does. */
export const trunkObjects = { Trunk: '1.1', SubPort: '1.0' } as const;

/** The agent's way to ask for trunks and to report of them. */
export class TrunkApi {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** The trunks whose parents these ports are. Upstream's agents ask for one after the other. */
  async ofParents(portIds: readonly string[], options: SendOptions = {}): Promise<WireTrunk[]> {
    const args = {
      ...{ resource_type: 'Trunk', version: trunkObjects.Trunk },
      filter_kwargs: { port_id: portIds },
    };
    const target = { topic: topics.plugin, version: PULL_VERSION };
    const objects = await callMethod<PullMethods, 'bulk_pull'>(this.#transport, target, 'bulk_pull', args, options);
    return objects.map((object) => object['versioned_object.data'] as unknown as WireTrunk);
  }

  updateSubPortBindings(subports: readonly WireSubPort[], options: SendOptions = {}) {
    return this.#call('update_subport_bindings', { subports }, options);
  }

  async updateStatus(trunk_id: string, status: string, options: SendOptions = {}): Promise<void> {
    await this.#call('update_trunk_status', { trunk_id, status }, options);
  }

  #call<K extends keyof TrunkMethods>(method: K, args: TrunkMethods[K]['args'], options: SendOptions) {
    const target = { topic: topics.trunk, version: TRUNK_VERSION, namespace: TRUNK_NAMESPACE };
    return callMethod<TrunkMethods, K>(this.#transport, target, method, args, options);
  }
}
