import {
  callMethod,
  endpoint,
  objectTopic,
  PULL_VERSION,
  PUSH_VERSION,
  type PullMethods,
  type PushMethods,
  topics,
  type VersionedObject,
} from '../../../rpc/contract.ts';
import { type Listener, RemoteError, type Transport } from '../../../rpc/transport.ts';
import type { PartContext } from '../contract.ts';

/** What hangs on a router and is told as a versioned object. */
interface RouterObject {
  readonly id: string;
  readonly router_id: string;
}

/**
 * The objects of one type of the routers here: asked for when a router is looked at, kept up by what is pushed. A pushed one
 * counts more than an answer to a question that was asked before it.
 */
export class RouterObjects<T extends RouterObject> {
  readonly #type: { readonly name: string; readonly version: string };
  readonly #byRouter = new Map<string, Map<string, T>>();
  /** How often something of a router was pushed. */
  readonly #heard = new Map<string, number>();
  #listener: Listener | null = null;

  constructor(type: { readonly name: string; readonly version: string }) {
    this.#type = type;
  }

  /** @param onHeard awaited between what was pushed and what is made of it */
  async start(context: PartContext, onHeard: () => Promise<void> = async () => {}): Promise<void> {
    const methods = endpoint<PushMethods>(PUSH_VERSION, {
      push: async ({ resource_list, event_type }) => {
        const touched = resource_list.flatMap((object) => this.#hear(object, event_type === 'deleted', context));
        const here = [...new Set(touched)].filter((id) => context.router(id) !== null);
        if (here.length === 0) return null;
        await onHeard();
        context.refresh(here);
        return null;
      },
    });
    const topic = objectTopic(this.#type.name, this.#type.version);
    this.#listener = await context.transport.listen(topic, context.facts.host, [methods]);
  }

  /**
   * In one order always.
   *
   * @throws Error while the server has not said: what an agent before put in force must not go because nobody answers
   */
  of(routerId: string): T[] {
    const objects = this.#byRouter.get(routerId);
    if (!objects) throw new Error(`the server has not said yet what objects ${this.#type.name} the router has`);
    return [...objects.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  /**
   * Asks for all objects of these routers.
   *
   * @param filterOf what the server is asked by; null: there can be none
   * @throws MessagingTimeout and the like
   */
  async ask(
    transport: Transport,
    routerIds: readonly string[],
    filterOf: (routerIds: readonly string[]) => Record<string, unknown> | null,
  ): Promise<void> {
    let open = routerIds;
    while (open.length > 0) {
      const heard = new Map(open.map((id) => [id, this.#heard.get(id)]));
      const filter = filterOf(open);
      const objects = filter === null ? [] : await this.#pull(transport, filter);
      const quiet = open.filter((id) => this.#heard.get(id) === heard.get(id));
      for (const id of quiet) this.#byRouter.set(id, new Map());
      for (const object of objects) this.#byRouter.get(object.router_id)?.set(object.id, object);
      // Of the others something was said meanwhile, and the answer may be the older word.
      open = open.filter((id) => !quiet.includes(id));
    }
  }

  forget(routerId: string): void {
    this.#byRouter.delete(routerId);
    this.#heard.delete(routerId);
  }

  async close(): Promise<void> {
    await this.#listener?.close();
  }

  async #pull(transport: Transport, filter_kwargs: Record<string, unknown>): Promise<T[]> {
    const target = { topic: topics.plugin, version: PULL_VERSION };
    const args = { resource_type: this.#type.name, version: this.#type.version, filter_kwargs };
    try {
      const objects = await callMethod<PullMethods, 'bulk_pull'>(transport, target, 'bulk_pull', args);
      return objects.flatMap((object) => this.#read(object) ?? []);
    } catch (error) {
      // An older server, which has none.
      if (error instanceof RemoteError && error.type === 'InvalidResourceTypeClass') return [];
      throw error;
    }
  }

  /** @returns routers that it was and is of */
  #hear(object: VersionedObject, isGone: boolean, context: PartContext): string[] {
    const { id, router_id } = object['versioned_object.data'];
    const touched: string[] = [];
    for (const [routerId, objects] of this.#byRouter) {
      if (typeof id === 'string' && objects.delete(id)) touched.push(routerId);
    }
    const read = isGone ? null : this.#read(object);
    // Routers that are not here are asked for when they come.
    if (read && context.router(read.router_id)) {
      this.#byRouter.get(read.router_id)?.set(read.id, read);
    }
    if (typeof router_id === 'string') touched.push(router_id);
    for (const routerId of touched) this.#heard.set(routerId, (this.#heard.get(routerId) ?? 0) + 1);
    return touched;
  }

  #read(object: VersionedObject): T | null {
    const data = object['versioned_object.data'];
    return typeof data.id === 'string' && typeof data.router_id === 'string' ? (data as unknown as T) : null;
  }
}
