import type { Host } from '../../linux/contract.ts';
import { RuleTables } from '../../linux/iptables.ts';

/** Our chain in ebtables' filter table: every frame from or to a closed tap ends there. */
export const CLOSED_CHAIN = 'neutrino-closed';

/**
 * Keeps ports shut that the configuration wants filtered, as long as there are no filters: frames from and to their taps
 * are dropped in the bridge. The rules outlive the agent, so a port does not open when the agent stops. Taps stay in
 * their bridges and up, as Nova left them, so that opening them again is only a matter of rules.
 */
export class Gate {
  readonly #tables: RuleTables;
  #closed: string | null = null;

  constructor(host: Host) {
    this.#tables = new RuleTables(host.exec, 'ebtables');
  }

  /** Drops everything of these taps and of no other. @throws CommandFailed */
  async close(taps: Iterable<string>): Promise<void> {
    const names = [...taps].sort();
    const wanted = names.join(' ');
    if (wanted === this.#closed) return;
    this.#closed = null;
    await this.#tables.ensure({
      table: 'filter',
      chains: [{ name: CLOSED_CHAIN, rules: names.flatMap((name) => [drop('-i', name), drop('-o', name)]) }],
      jumps: ['INPUT', 'FORWARD', 'OUTPUT'].map((from) => ({ from, chain: CLOSED_CHAIN })),
    });
    this.#closed = wanted;
  }

  /** Forgets what was set: the next `close` looks at the host again. */
  distrust(): void {
    this.#closed = null;
  }

  /** Takes the chain away: this configuration wants no filters. */
  async remove(): Promise<void> {
    await this.#tables.remove('filter', [CLOSED_CHAIN]);
  }

  /** Whether the rules for a tap are in the kernel now. */
  async isClosed(tap: string): Promise<boolean> {
    return (await this.#tables.save('filter')).includes(`-A ${CLOSED_CHAIN} -i ${tap} -j DROP`);
  }
}

function drop(direction: '-i' | '-o', name: string): readonly string[] {
  return [direction, name, '-j', 'DROP'];
}
