import type { Logger } from '../../lib/log.ts';
import { ApplyFailed, describeOperation, type NetworkOperation, type NetworkState } from '../../linux/contract.ts';
import type { WatchedHost } from '../../linux/watched-host.ts';
import type { HostState } from './derive.ts';
import type { HostMemory } from './host-memory.ts';
import { plan } from './plan.ts';

/** An operation may fail because something else just changed the host: look again and plan anew this often in vain. */
const APPLY_ATTEMPTS = 20;
/** A log line is for people. */
const LOGGED_OPERATIONS = 40;

/** Operations on the host since the start: what plans had, and what was done. */
export interface OperationCounts {
  planned: number;
  applied: number;
}

export interface LinksApplied {
  /** Taps and bridges on which an operation failed, with the reason. */
  failed: ReadonlyMap<string, string>;
  /** The host as it was left, as far as membership of bridges goes. */
  state: NetworkState;
}

/** Makes the links of the host as desired; what fails on one tap or bridge is left out, and the others are served. */
export class Links {
  readonly #linux: WatchedHost;
  readonly #memory: HostMemory;
  readonly #logger: Logger;
  readonly #counts: OperationCounts;
  #failing = false;
  #driftsInARow = 0;

  constructor(parts: { linux: WatchedHost; memory: HostMemory; logger: Logger; counts: OperationCounts }) {
    this.#linux = parts.linux;
    this.#memory = parts.memory;
    this.#logger = parts.logger;
    this.#counts = parts.counts;
  }

  /** How often the host was found changed by others without a quiet pass in between. */
  get driftsInARow(): number {
    return this.#driftsInARow;
  }

  /**
   * @param orphans guests' taps that we put into their bridges
   * @param isNews whether something new was heard: what is to be done then is no drift
   * @throws ApplyFailed when the host does not come to rest
   */
  async apply(
    desired: HostState,
    before: NetworkState,
    orphans: ReadonlySet<string>,
    isNews: boolean,
  ): Promise<LinksApplied> {
    const failed = new Map<string, string>();
    const failedOnce = new Set<string>();
    let state = before;
    for (let inVain = 0; ; ) {
      const leaveAlone = new Set(failed.keys());
      const operations = plan(desired, state, { orphans, leaveAlone, remembered: this.#memory.lost(state) });
      if (this.#linux.mayBeOld && operations.some(movesAddresses)) {
        // Who moves addresses and routes must know which there are now.
        this.#linux.distrust();
        state = await this.#linux.readNetwork();
        continue;
      }
      this.#counts.planned += operations.length;
      if (operations.length === 0) {
        this.#driftsInARow = 0;
        return { failed, state };
      }
      try {
        if (operations.some(movesAddresses)) await this.#memory.expect(operations, state);
        await this.#linux.apply(operations);
        this.#counts.applied += operations.length;
        if (operations.some(({ op }) => op === 'add_address')) {
          await this.#memory.remember(await this.#linux.readNetwork());
        }
        this.#note(operations, !isNews && !this.#failing);
        this.#failing = failed.size > 0;
        return { failed, state: withMasters(operations, state) };
      } catch (error) {
        if (!(error instanceof ApplyFailed)) throw error;
        const known = failed.size + failedOnce.size;
        for (const subject of culprits(error.operation, desired)) {
          if (failedOnce.has(subject)) failed.set(subject, error.message);
          failedOnce.add(subject);
        }
        // However many fail, the others are served: only to fail at the same ones again leads nowhere.
        if (failed.size + failedOnce.size === known) inVain += 1;
        if (inVain === APPLY_ATTEMPTS) throw error;
        state = await this.#linux.readNetwork();
        this.#logger.debug({ error: error.message }, 'An operation on the host failed: looking again');
        this.#failing = true;
      }
    }
  }

  #note(operations: readonly NetworkOperation[], isDrift: boolean): void {
    this.#driftsInARow = isDrift ? this.#driftsInARow + 1 : 0;
    if (isDrift) logOperations(this.#logger, operations, 'The host was not as it should be: mended', 'warn');
    else logOperations(this.#logger, operations, 'The host was changed', 'info');
  }
}

export function logOperations(
  logger: Logger,
  operations: readonly NetworkOperation[],
  message: string,
  level: 'info' | 'warn',
): void {
  const lines = operations.slice(0, LOGGED_OPERATIONS).map(describeOperation);
  logger[level]({ count: operations.length, operations: lines }, message);
}

function movesAddresses({ op }: NetworkOperation): boolean {
  return ['add_address', 'delete_address', 'replace_route', 'delete_route'].includes(op);
}

function withMasters(operations: readonly NetworkOperation[], state: NetworkState): NetworkState {
  const links = new Map(state.links);
  for (const operation of operations) {
    if (operation.op !== 'set_master') continue;
    const link = links.get(operation.name);
    if (link) links.set(operation.name, { ...link, master: operation.master });
  }
  return { ...state, links };
}

/** Devices an operation works on. */
function subjects(operation: NetworkOperation): string[] {
  if ('name' in operation) return [operation.name];
  if ('device' in operation) return [operation.device];
  return [operation.key.split('/')[3] ?? ''];
}

/** Whom to leave alone after an operation failed: the tap, or the bridge and with it all its taps. */
function culprits(operation: NetworkOperation, desired: HostState): string[] {
  return subjects(operation).flatMap((name) => {
    const bridge = [...desired.bridges.values()].find(
      ({ nic, leg }) => nic === name || (leg?.kind === 'vlan' && leg.link === name),
    );
    return bridge ? [bridge.name] : [name];
  });
}
