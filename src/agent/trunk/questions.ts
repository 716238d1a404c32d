import type { Logger } from '../../lib/log.ts';
import { type SendOptions, TrunkApi } from '../../rpc/contract.ts';
import { RemoteError, type Transport } from '../../rpc/transport.ts';
import type { Parent, Parents } from './parents.ts';
import { trunkOf } from './trunk.ts';

/** So many ports are asked for in one call. */
const CHUNK = 500;

/** Asks the server which ports are parents of trunks. The host is kept as it is while nobody answers. */
export class TrunkQuestions {
  readonly #api: TrunkApi;
  readonly #parents: Parents;
  readonly #logger: Logger;

  constructor(transport: Transport, parents: Parents, logger: Logger) {
    this.#api = new TrunkApi(transport);
    this.#parents = parents;
    this.#logger = logger;
  }

  /** @returns whether the server told of all that had to be asked */
  async ask(options: SendOptions = {}): Promise<boolean> {
    const stale = this.#parents.all().filter((parent) => parent.stale);
    for (let start = 0; start < stale.length; start += CHUNK) {
      if (!(await this.#askSome(stale.slice(start, start + CHUNK), options))) return false;
    }
    return true;
  }

  async #askSome(some: readonly Parent[], options: SendOptions): Promise<boolean> {
    // What is heard while the answer is under way makes them stale again.
    for (const parent of some) parent.stale = false;
    try {
      const portIds = some.map(({ portId }) => portId);
      const found = await this.#api.ofParents(portIds, options);
      const byPort = new Map(found.map((object) => [object.port_id, trunkOf(object)]));
      for (const parent of some) this.#learn(parent, byPort);
      return true;
    } catch (error) {
      if (error instanceof RemoteError && error.type === 'InvalidResourceTypeClass') {
        this.#logger.debug({ error: error.message }, 'The server knows no trunks');
        for (const parent of some) this.#learn(parent, new Map());
        return true;
      }
      for (const parent of some) parent.stale = true;
      this.#logger.warn({ ports: some.length, error: String(error) }, 'The server did not tell of trunks');
      return false;
    }
  }

  #learn(parent: Parent, byPort: ReadonlyMap<string, ReturnType<typeof trunkOf>>): void {
    const { stale } = parent;
    this.#parents.learn(parent, byPort.get(parent.portId) ?? null);
    parent.stale = stale;
  }
}
