import type { Logger } from '../../../lib/log.ts';
import { CommandFailed, type Exec } from '../../../linux/contract.ts';
import { isNftSave, RuleTables, sectionOf } from '../../../linux/iptables.ts';
import type { Unchanged } from '../contract.ts';
import { desiredPackets } from './desired.ts';
import type { Guard } from './frames.ts';
import { changeTable, ReadTables } from './kernel-table.ts';
import { planTable, type TablePlan } from './plan.ts';
import { parseTable, type SavedTable } from './saved-table.ts';

export interface NeighborsParts {
  readonly exec: Exec;
  readonly logger: Logger;
  readonly lockPaths: readonly string[];
  /** What another has just read of all tables; null when nobody has. */
  readonly saved: () => string | null;
}

/** What ip6tables says when the kernel, or it itself, does not have what a rule asks for. */
const UNSUPPORTED = /u32|missing kernel module|No chain\/target\/match|can't initialize|not supported|not installed/i;

/** Neighbour discovery, in the table raw of ip6tables; where the kernel cannot, it is left unguarded. */
export class Neighbors {
  readonly #parts: NeighborsParts;
  readonly #tables: RuleTables;
  readonly #read = new ReadTables();
  /** As last read or written; null when that must be looked up. */
  #seen: SavedTable | null = null;
  #isSupported = true;
  #isNft = false;

  constructor(parts: NeighborsParts) {
    this.#parts = parts;
    this.#tables = new RuleTables(parts.exec, 'ip6tables');
  }

  /** The table as it is known; empty when it is not. */
  get raw(): SavedTable {
    return this.#seen ?? new Map();
  }

  /** Where it cannot be guarded there is nothing to know. */
  get isKnown(): boolean {
    return this.#seen !== null || !this.#isSupported;
  }

  distrust(unchanged?: Unchanged): void {
    if (unchanged?.nftables && this.#isNft) return;
    this.#seen = null;
  }

  /** Takes what another has just read, if it has. */
  adopt(): void {
    const text = this.#parts.saved();
    const section = text === null ? '' : sectionOf(text, 'raw');
    if (text === null || section === '') return;
    this.#isNft = isNftSave(text);
    this.#seen = this.#read.parse('raw', section);
  }

  /** @returns null where neighbour discovery cannot be guarded @throws CommandFailed */
  async known(): Promise<SavedTable | null> {
    if (this.#seen || !this.#isSupported) return this.#seen;
    try {
      this.#seen = this.#read.parse('raw', await this.#tables.save('raw'));
      this.#isNft = this.#tables.isNft;
      return this.#seen;
    } catch (error) {
      if (!(error instanceof CommandFailed) || !UNSUPPORTED.test(error.message)) throw error;
      this.#doWithout(error);
      return null;
    }
  }

  /** The table as it is now, without minding it. @throws CommandFailed */
  async lookAside(): Promise<SavedTable | null> {
    return this.#isSupported ? parseTable(await this.#tables.save('raw')) : null;
  }

  /** @throws CommandFailed */
  async plan(guard: Guard): Promise<string[]> {
    const raw = await this.known();
    return raw ? planRaw(guard, raw).steps.map((step) => `ip6tables -t raw: ${step}`) : [];
  }

  /** @returns the reason when it failed and shall be tried again */
  async write(guard: Guard): Promise<string | null> {
    let isFresh = this.#seen === null;
    for (;;) {
      try {
        const present = await this.known();
        if (!present) return null;
        await this.#change(planRaw(guard, present));
        return null;
      } catch (error) {
        if (!(error instanceof CommandFailed)) return String(error);
        // Of a chain that somebody took away the same is said as of a match that is not there.
        if (isFresh) {
          if (!UNSUPPORTED.test(error.message)) return String(error);
          this.#doWithout(error);
          return null;
        }
        isFresh = true;
      }
    }
  }

  /** @throws CommandFailed, LockTimeout */
  async #change({ lines, next }: TablePlan): Promise<void> {
    const { lockPaths } = this.#parts;
    // Unknown until it is done.
    this.#seen = null;
    if (lines.length > 0) await changeTable(this.#tables, { table: 'raw', lines, lock: 'iptables', lockPaths });
    this.#seen = next;
  }

  #doWithout(error: unknown): void {
    this.#isSupported = false;
    const effect = 'guests can tell neighbours of IPv6 addresses that are not theirs (as with upstream)';
    this.#parts.logger.warn(
      { error: String(error), effect },
      'ip6tables cannot match by u32: neighbour discovery is not guarded',
    );
  }
}

function planRaw({ ports, isThere }: Guard, present: SavedTable): TablePlan {
  const isLeft = (tap: string) => !ports.has(tap) && isThere(tap);
  return planTable(present, desiredPackets({ ports, present, isLeft }), ' [0:0]');
}
