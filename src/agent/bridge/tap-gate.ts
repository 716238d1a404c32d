import type { Logger } from '../../lib/log.ts';
import { portIdPrefix } from '../../lib/names.ts';
import { ApplyFailed, type Host, type NetworkState } from '../../linux/contract.ts';
import type { BoundDeviceDetails } from '../../rpc/contract.ts';
import { isOpen } from '../firewall/ports.ts';
import type { Derived, HostState } from './derive.ts';

/** Taps may go while they are set down: look again and go on with the others this often. */
const HOLD_ATTEMPTS = 5;

/**
 * Which taps may be up in their bridge. Nova puts a tap there, up, before anybody has made rules for it, and each table opens
 * a port as soon as it has its own part: while another one fails or waits for a lock, the port would pass what the first
 * ones let through, and nobody would look at its ARP. So a tap that is up without all its rules is set down while they are
 * made; it is set up again with what else its links need, when the last of them is in force.
 *
 * A tap that was there when the agent began is left up: its guest runs under the rules of the agent before this one.
 */
export class TapGate {
  readonly #linux: Host;
  readonly #logger: Logger;
  /** Name → ifindex of those that have had all their rules; null before the first pass. */
  #passing: Map<string, number> | null = null;

  constructor({ linux, logger }: { linux: Host; logger: Logger }) {
    this.#linux = linux;
    this.#logger = logger;
  }

  /**
   * Sets down what is up without its rules.
   *
   * @param desired what is to become of them
   * @returns the host as it is then
   * @throws ApplyFailed when the host does not come to rest
   */
  async hold(devices: readonly BoundDeviceDetails[], desired: HostState, before: NetworkState): Promise<NetworkState> {
    this.#passing ??= new Map(
      [...before.links.values()]
        .filter(({ name }) => portIdPrefix(name) !== null)
        .map((tap) => [tap.name, tap.ifindex]),
    );
    const guarded = devices.filter((details) => !isOpen(details)).map(({ device }) => device);
    let state = before;
    for (let attempt = 1; ; attempt += 1) {
      const held = guarded.filter((tap) => this.#isEarly(tap, desired, state));
      if (held.length === 0) return state;
      try {
        await this.#linux.apply(held.map((name) => ({ op: 'set_down', name })));
        return withDown(held, state);
      } catch (error) {
        if (!(error instanceof ApplyFailed) || attempt === HOLD_ATTEMPTS) throw error;
        this.#logger.debug({ error: error.message }, 'A tap could not be set down before its rules: looking again');
        state = await this.#linux.readNetwork();
      }
    }
  }

  /** What became of them: a tap that is shut for want of rules begins anew, and the others have passed. */
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

  #isEarly(tap: string, { taps }: HostState, { links }: NetworkState): boolean {
    const [wanted, link] = [taps.get(tap), links.get(tap)];
    if (!link?.up || link.master === null || wanted?.bridge !== link.master) return false;
    return this.#passing!.get(tap) !== link.ifindex;
  }
}

function withDown(taps: readonly string[], state: NetworkState): NetworkState {
  const links = new Map(state.links);
  for (const tap of taps) links.set(tap, { ...links.get(tap)!, up: false });
  return { ...state, links };
}
