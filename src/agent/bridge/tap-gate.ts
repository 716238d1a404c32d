import type { Logger } from '../../lib/log.ts';
import { portIdPrefix } from '../../lib/names.ts';
import { ApplyFailed, type Host, type LinkEvent, type NetworkState } from '../../linux/contract.ts';
import type { BoundDeviceDetails } from '../../rpc/contract.ts';
import { isOpen } from '../firewall/ports.ts';
import type { Derived, HostState } from './derive.ts';

/** Taps may go while they are set down: look again and go on with the others this often. */
const SHUT_ATTEMPTS = 5;

/** What the gate goes by: what the server said, and what is to become of it. */
interface Wished {
  readonly devices: readonly BoundDeviceDetails[];
  readonly desired: HostState;
}

/**
 * Which taps may be up in their bridge. Nova puts a tap there, up, whenever it likes, and each table opens a port as soon as
 * it has its own part: while another one fails or waits for a lock, the port would pass what the first ones let through, and
 * nobody would look at its ARP. So a tap that is up without all its rules is set down as soon as that is seen; it is set up
 * again with what else its links need, when the last of its rules is in force.
 *
 * A tap that was there when the agent began is left up: its guest runs under the rules of the agent before this one.
 */
export class TapGate {
  readonly #linux: Host;
  readonly #logger: Logger;
  /** Name → ifindex of those that have had all their rules; null before the first pass. */
  #passing: Map<string, number> | null = null;
  /** Name → bridge of those that are not open to everybody. */
  #guarded = new Map<string, string | null>();
  /** The host, as far as it matters here. */
  #state: NetworkState | null = null;
  /** Changed since they were looked at. */
  readonly #changed = new Set<string>();
  #looking: Promise<void> | null = null;

  constructor({ linux, logger }: { linux: Host; logger: Logger }) {
    this.#linux = linux;
    this.#logger = logger;
  }

  /**
   * Keeps what is up without its rules down while they are made.
   *
   * @param makeRules runs beside that: to set taps down takes less than the first rule of a table
   * @returns the host as it is then, and what was made
   * @throws ApplyFailed when the host does not come to rest; what makeRules throws
   */
  async shutWhile<T>(makeRules: () => Promise<T>, wished: Wished, before: NetworkState): Promise<[NetworkState, T]> {
    let state = before;
    // What is looked at by what was known before would take the place of what this pass saw.
    while (this.#looking) {
      await this.#looking;
      state = await this.#linux.readNetwork();
    }
    this.#passing ??= tapsOf(state);
    this.#guarded = new Map(
      wished.devices
        .filter((details) => !isOpen(details))
        .map(({ device }) => [device, wished.desired.taps.get(device)?.bridge ?? null]),
    );
    this.#state = state;
    const [, made] = await Promise.all([this.#shut([...this.#guarded.keys()]), makeRules()]);
    while (this.#looking) await this.#looking;
    return [this.#state, made];
  }

  /** The kernel says that a device changed: it may have come up without its rules. */
  changed({ name, ifindex }: LinkEvent): void {
    if (!this.#state || !this.#guarded.has(name) || this.#passing?.get(name) === ifindex) return;
    this.#changed.add(name);
    this.#looking ??= this.#look().finally(() => {
      this.#looking = null;
    });
  }

  /** What became of them: a tap that is shut for want of rules begins anew, and the others may pass from now on. */
  note({ state: { taps }, closed }: Derived, { links }: NetworkState): void {
    const before = this.#passing;
    const passing = [...taps.values()].flatMap(({ name, up, hold }) => {
      const ifindex = links.get(name)?.ifindex;
      const isShut = closed.has(name) && !up;
      // Where nobody can say which rules it has, a tap is what it was.
      const mayPass = hold ? before?.get(name) === ifindex : !isShut;
      return ifindex !== undefined && mayPass ? [[name, ifindex] as const] : [];
    });
    this.#passing = new Map(passing);
  }

  async #look(): Promise<void> {
    while (this.#changed.size > 0) {
      const names = [...this.#changed];
      this.#changed.clear();
      try {
        await this.#readAgain(names);
        await this.#shut(names);
      } catch (error) {
        // The next pass looks at everything.
        this.#logger.debug({ error: String(error) }, 'A tap that came up before its rules could not be set down');
      }
    }
  }

  async #shut(names: readonly string[]): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      const early = names.filter((name) => this.#isEarly(name));
      if (early.length === 0) return;
      try {
        await this.#linux.apply(early.map((name) => ({ op: 'set_down', name })));
        this.#state = withDown(early, this.#state!);
        return;
      } catch (error) {
        if (!(error instanceof ApplyFailed) || attempt === SHUT_ATTEMPTS) throw error;
        await this.#readAgain(early);
      }
    }
  }

  /** Two may be at it at the same time: each brings what it read, and nothing else. */
  async #readAgain(names: readonly string[]): Promise<void> {
    const { links: found } = await this.#linux.readAgain(this.#state!, names);
    const links = new Map(this.#state!.links);
    for (const name of names) {
      const link = found.get(name);
      if (link) links.set(name, link);
      else links.delete(name);
    }
    this.#state = { ...this.#state!, links };
  }

  #isEarly(name: string): boolean {
    const link = this.#state!.links.get(name);
    if (!link?.up || link.master === null || link.master !== this.#guarded.get(name)) return false;
    return this.#passing!.get(name) !== link.ifindex;
  }
}

function tapsOf({ links }: NetworkState): Map<string, number> {
  const taps = [...links.values()].filter(({ name }) => portIdPrefix(name) !== null);
  return new Map(taps.map(({ name, ifindex }) => [name, ifindex]));
}

function withDown(taps: readonly string[], state: NetworkState): NetworkState {
  const links = new Map(state.links);
  for (const tap of taps) links.set(tap, { ...links.get(tap)!, up: false });
  return { ...state, links };
}
