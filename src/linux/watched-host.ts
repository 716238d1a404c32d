import type { AddressEvent, Host, Link, LinkEvent, NetworkOperation, NetworkState } from './contract.ts';

/** Above this it is cheaper to read everything. */
const MOST_LINKS = 64;

/**
 * A host that is looked at often by somebody who follows its links: of its network only what changed is read again. With
 * 500 ports all of it is half a megabyte from `ip`, one tap half a kilobyte.
 *
 * Link events do not tell of addresses and routes. So a change of a link that has addresses makes everything be read, and
 * whoever relies on what others do with addresses and routes calls `distrust` from time to time. Until `watchLinks` was
 * called, and while the monitor is lost, everything is read each time.
 */
export class WatchedHost implements Host {
  readonly #host: Host;
  readonly #changed = new Set<string>();
  #state: NetworkState | null = null;
  #isTrusted = false;
  #isWatched = false;
  #isWhole = false;

  constructor(host: Host) {
    this.#host = host;
  }

  get exec(): Host['exec'] {
    return this.#host.exec;
  }

  /** Nothing of what was read counts any more. */
  distrust(): void {
    this.#isTrusted = false;
  }

  /** Whether addresses and routes in what was read last may be older than the rest. */
  get mayBeOld(): boolean {
    return !this.#isWhole;
  }

  async readNetwork(netns?: string): Promise<NetworkState> {
    if (netns !== undefined) return await this.#host.readNetwork(netns);
    if (!this.#isWatched) return await this.#readAll();
    const known = this.#isTrusted ? this.#state : null;
    const names = [...this.#changed];
    // What changes from now on is read next time; what cannot be read now is all read then.
    this.#changed.clear();
    this.#state = null;
    this.#isTrusted = true;
    this.#state = await this.#read(known, names);
    return this.#state;
  }

  async readAgain(state: NetworkState, names: readonly string[]): Promise<NetworkState> {
    return await this.#host.readAgain(state, names);
  }

  async apply(operations: readonly NetworkOperation[], netns?: string): Promise<void> {
    try {
      await this.#host.apply(operations, netns);
      if (netns === undefined) this.#note(operations);
    } catch (error) {
      this.distrust();
      throw error;
    }
  }

  async watchLinks(onEvent: (event: LinkEvent) => void, onLost: () => void): Promise<{ close(): Promise<void> }> {
    const watch = await this.#host.watchLinks(
      (event) => {
        this.#changed.add(event.name);
        onEvent(event);
      },
      () => {
        this.distrust();
        onLost();
      },
    );
    this.distrust();
    this.#isWatched = true;
    return {
      close: async () => {
        this.#isWatched = false;
        await watch.close();
      },
    };
  }

  watchAddresses(onEvent: (event: AddressEvent) => void, onLost: () => void): Promise<{ close(): Promise<void> }> {
    return this.#host.watchAddresses(onEvent, onLost);
  }

  listNetns(): Promise<string[]> {
    return this.#host.listNetns();
  }

  ensureNetns(name: string): Promise<void> {
    return this.#host.ensureNetns(name);
  }

  removeNetns(name: string): Promise<void> {
    return this.#host.removeNetns(name);
  }

  close(): Promise<void> {
    return this.#host.close();
  }

  /** The events of what was done by ourselves may come after the next look. */
  #note(operations: readonly NetworkOperation[]): void {
    for (const operation of operations) {
      switch (operation.op) {
        case 'set_master':
          if (operation.master !== null) this.#changed.add(operation.master);
          this.#changed.add(operation.name);
          break;
        case 'ensure_bridge':
        case 'set_up':
        case 'set_down':
        case 'set_mtu':
        case 'set_alias':
          this.#changed.add(operation.name);
          break;
        // No part of what is read.
        case 'sysctl':
          break;
        default:
          this.distrust();
      }
    }
  }

  async #read(known: NetworkState | null, names: readonly string[]): Promise<NetworkState> {
    if (known === null || names.length > MOST_LINKS) return await this.#readAll();
    const hasAddresses = ({ links }: NetworkState) => names.some((name) => isAddressed(links.get(name)));
    if (hasAddresses(known)) return await this.#readAll();
    this.#isWhole = false;
    const state = names.length === 0 ? known : await this.#host.readAgain(known, names);
    return hasAddresses(state) ? await this.#readAll() : state;
  }

  async #readAll(): Promise<NetworkState> {
    const state = await this.#host.readNetwork();
    this.#isWhole = true;
    return state;
  }
}

/** Beyond what each link gives itself. */
function isAddressed(link: Link | undefined): boolean {
  return link?.addresses.some(({ scope }) => scope !== 'link') ?? false;
}
