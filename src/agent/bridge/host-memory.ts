import type { Logger } from '../../lib/log.ts';
import { describeOperation, type Host, type NetworkOperation, type NetworkState } from '../../linux/contract.ts';
import { AddressFile } from './address-file.ts';
import { AddressMemory, type HostAddresses, planReturnToCard } from './host-addresses.ts';

/**
 * Keeps in mind what the host itself has on bridges, in memory and in the state folder, and gives it back to the cards
 * where a bridge was deleted by hand.
 */
export class HostMemory {
  readonly #linux: Host;
  readonly #logger: Logger;
  readonly #file: AddressFile;
  #memory = new AddressMemory();
  #isLoaded = false;

  /** @param folder `state_path`; null keeps nothing for the next run */
  constructor(linux: Host, folder: string | null, logger: Logger) {
    this.#linux = linux;
    this.#logger = logger;
    this.#file = new AddressFile(folder, logger);
  }

  async remember(state: NetworkState): Promise<void> {
    await this.load();
    this.#memory.see(state);
    await this.#file.save(this.#memory.all);
  }

  /** To be called before `operations` are applied: they may be the last that is heard of the addresses in them. */
  async expect(operations: readonly NetworkOperation[], state: NetworkState): Promise<void> {
    await this.load();
    this.#memory.expect(operations, state);
    await this.#file.save(this.#memory.all);
  }

  async load(): Promise<void> {
    if (this.#isLoaded) return;
    this.#memory = new AddressMemory(await this.#file.load());
    this.#isLoaded = true;
  }

  /** The network was deleted: its card has the addresses. */
  forget(bridge: string): void {
    this.#memory.forget(bridge);
  }

  /** What went with bridges that were deleted, by their names. */
  lost(state: NetworkState): ReadonlyMap<string, HostAddresses> {
    return this.#memory.lost(state);
  }

  /** @param known whether somebody says that a bridge belongs here: it is made anew, and gets them itself */
  planReturn(state: NetworkState, known: (bridge: string) => boolean): NetworkOperation[] {
    return [...this.lost(state)].flatMap(([name, had]) => (known(name) ? [] : planReturnToCard(had, state)));
  }

  /**
   * Where a bridge was deleted by hand that nobody has said (yet) belongs here, the host gets its addresses back on the
   * card. Before the server is asked: the way to it may lead over them.
   *
   * @returns whether anything was done
   */
  async returnToCards(state: NetworkState, known: (bridge: string) => boolean): Promise<boolean> {
    const operations = this.planReturn(state, known);
    if (operations.length === 0) return false;
    try {
      await this.#linux.apply(operations);
      const lines = operations.map(describeOperation);
      this.#logger.warn(
        { count: lines.length, operations: lines },
        'A bridge was deleted by hand: its card has the addresses of this host again',
      );
      await this.remember(await this.#linux.readNetwork());
    } catch (error) {
      this.#logger.warn({ error: String(error) }, 'A card could not get back the addresses of this host');
    }
    return true;
  }
}
