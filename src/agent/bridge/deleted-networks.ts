import type { Logger } from '../../lib/log.ts';
import { bridgeName } from '../../lib/names.ts';
import { planBridgeRemoval } from '../../linux/cleanup/remove-bridge.ts';
import type { Host, NetworkState } from '../../linux/contract.ts';
import type { HostMemory } from './host-memory.ts';
import { logOperations } from './links.ts';

/** Takes the bridges of networks away that the server has deleted. */
export class DeletedNetworks {
  readonly #linux: Host;
  readonly #memory: HostMemory;
  readonly #logger: Logger;
  readonly #ids = new Set<string>();

  constructor(linux: Host, memory: HostMemory, logger: Logger) {
    this.#linux = linux;
    this.#memory = memory;
    this.#logger = logger;
  }

  add(networkId: string): void {
    this.#ids.add(networkId);
  }

  get ids(): ReadonlySet<string> {
    return this.#ids;
  }

  /**
   * What fails is tried again with the next pass: the scan's at the latest.
   *
   * @param nics cards of the operator, which get back what the host itself has
   * @returns whether anything was done
   */
  async remove(state: NetworkState, nics: ReadonlySet<string>): Promise<boolean> {
    let done = false;
    for (const networkId of [...this.#ids]) {
      const operations = planBridgeRemoval(bridgeName(networkId), state, nics);
      try {
        await this.#linux.apply(operations);
        if (operations.length > 0) {
          logOperations(this.#logger, operations, 'The network was deleted: its bridge is gone', 'info');
        }
        this.#ids.delete(networkId);
        this.#memory.forget(bridgeName(networkId));
      } catch (error) {
        this.#logger.warn({ network_id: networkId, error: String(error) }, 'A bridge could not be removed');
      }
      done ||= operations.length > 0;
    }
    return done;
  }
}
