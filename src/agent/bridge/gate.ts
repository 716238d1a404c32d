import type { Host } from '../../linux/contract.ts';
import { RuleTables } from '../../linux/iptables.ts';
import { withHostLocks } from '../../linux/lock.ts';

/** Our chain in ebtables' filter table: every frame from or to a closed tap ends there. */
export const CLOSED_CHAIN = 'neutrino-closed';

/**
 * Keeps ports shut that the configuration wants filtered, as long as there are no filters: frames from and to their taps
 * are dropped in the bridge. The rules outlive the agent, so a port does not open when the agent stops. Taps stay in
 * their bridges and up, as Nova left them, so that opening them again is only a matter of rules.
 *
 * Several agents of one host (of several instances) share the chain: each decides over the taps that its server knows.
 */
export class Gate {
  readonly #tables: RuleTables;
  readonly #lockPaths: readonly string[];
  /** Taps that the kernel drops, as last seen; null when that must be looked up. */
  #inKernel: ReadonlySet<string> | null = null;

  /** @param lockPaths folders of the locks that agents who share the chain take; none where this is the only agent */
  constructor(host: Host, lockPaths: readonly string[] = []) {
    this.#tables = new RuleTables(host.exec, 'ebtables');
    this.#lockPaths = lockPaths;
  }

  /**
   * Closes these taps and opens the others that are ours. Rules of taps that are gone go with them.
   *
   * @param isOurs whether our server knows a tap
   * @param isThere whether a tap is on this host
   * @throws CommandFailed, LockTimeout
   */
  async set(
    closed: ReadonlySet<string>,
    isOurs: (tap: string) => boolean,
    isThere: (tap: string) => boolean,
  ): Promise<void> {
    const wanted = (inKernel: ReadonlySet<string>) =>
      new Set([...closed, ...[...inKernel].filter((tap) => !closed.has(tap) && !isOurs(tap) && isThere(tap))]);
    // A host without ebtables has nothing closed; that matters only when something is to be.
    const unreadable = (error: unknown): Set<string> => {
      if (closed.size > 0) throw error;
      return new Set();
    };
    this.#inKernel ??= await this.#read().catch(unreadable);
    if (isSame(wanted(this.#inKernel), this.#inKernel)) return;
    this.#inKernel = null;
    // Reading and writing is one step: another agent's tap that was closed in between must not be opened.
    await withHostLocks('ebtables', this.#lockPaths, async () => {
      const now = await this.#read();
      const next = wanted(now);
      await this.#write(next);
      this.#inKernel = next;
    });
  }

  /** Forgets what was seen: the next `set` looks at the host again. */
  distrust(): void {
    this.#inKernel = null;
  }

  /** Whether the rules for a tap are in the kernel now. */
  async isClosed(tap: string): Promise<boolean> {
    return (await this.#read()).has(tap);
  }

  async #write(taps: ReadonlySet<string>): Promise<void> {
    if (taps.size === 0) return await this.#tables.remove('filter', [CLOSED_CHAIN]);
    const rules = [...taps].sort().flatMap((name) => [drop('-i', name), drop('-o', name)]);
    await this.#tables.ensure({
      table: 'filter',
      chains: [{ name: CLOSED_CHAIN, rules }],
      jumps: ['INPUT', 'FORWARD', 'OUTPUT'].map((from) => ({ from, chain: CLOSED_CHAIN })),
    });
  }

  async #read(): Promise<Set<string>> {
    const lines = (await this.#tables.save('filter')).split('\n');
    return new Set(lines.flatMap((line) => /^-A neutrino-closed -i (\S+) -j DROP/.exec(line)?.[1] ?? []));
  }
}

function drop(direction: '-i' | '-o', name: string): readonly string[] {
  return [direction, name, '-j', 'DROP'];
}

function isSame(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return a.size === b.size && [...a].every((name) => b.has(name));
}
