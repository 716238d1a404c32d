import type { Logger } from '../../../lib/log.ts';
import { CommandFailed, type Exec } from '../../../linux/contract.ts';
import { RuleTables } from '../../../linux/iptables.ts';
import type { Unchanged } from '../contract.ts';
import { CLOSED_CHAIN, desiredFrames, desiredInterim, type GuardedPort } from './desired.ts';
import { changeTable, ReadTables } from './kernel-table.ts';
import { planTable, type TablePlan } from './plan.ts';
import { parseTable, type SavedTable } from './saved-table.ts';

/** What is guarded, and whether a tap is on this host. */
export interface Guard {
  readonly ports: ReadonlyMap<string, GuardedPort>;
  readonly isThere: (tap: string) => boolean;
}

export interface FrameTables {
  nat: SavedTable;
  /** Where ports were closed before there were filters. */
  filter: SavedTable;
}

export interface FramesParts {
  readonly exec: Exec;
  readonly logger: Logger;
  readonly lockPaths: readonly string[];
  readonly permittedTypes: readonly number[];
}

const LOGGED_STEPS = 40;

/** Sources of frames, ARP, and types of frames, by ebtables. */
export class Frames {
  readonly #parts: FramesParts;
  readonly #tables: RuleTables;
  readonly #read = new ReadTables();
  /** As last read or written; null when that must be looked up. */
  #seen: FrameTables | null = null;

  constructor(parts: FramesParts) {
    this.#parts = parts;
    this.#tables = new RuleTables(parts.exec, 'ebtables');
  }

  /** The table of guards as it is known; empty when it is not. */
  get nat(): SavedTable {
    return this.#seen?.nat ?? new Map();
  }

  get isKnown(): boolean {
    return this.#seen !== null;
  }

  distrust(unchanged?: Unchanged): void {
    if (unchanged?.nftables && this.#tables.isNft) return;
    this.#seen = null;
  }

  /** @throws CommandFailed */
  async known(): Promise<FrameTables> {
    return this.#seen ?? (await this.look());
  }

  /** @throws CommandFailed */
  async look(): Promise<FrameTables> {
    const [nat = '', filter = ''] = await this.#tables.saveEach(['nat', 'filter']);
    this.#seen = { nat: this.#read.parse('nat', nat), filter: this.#read.parse('filter', filter) };
    return this.#seen;
  }

  /** The table of guards as it is now, without minding it. @throws CommandFailed */
  async lookAside(): Promise<SavedTable> {
    const [nat = ''] = await this.#tables.saveEach(['nat']);
    return parseTable(nat);
  }

  /** @throws CommandFailed */
  async plan(guard: Guard): Promise<string[]> {
    const { nat, filter } = await this.known();
    return [
      ...this.#planGuards(guard, nat).steps.map((step) => `ebtables -t nat: ${step}`),
      ...planInterim(guard, filter).steps.map((step) => `ebtables -t filter: ${step}`),
    ];
  }

  /** Others may have changed the tables since they were read: then it is looked at again, once. @throws CommandFailed */
  async write(guard: Guard): Promise<void> {
    const { logger, lockPaths } = this.#parts;
    for (let attempt = 1; ; attempt += 1) {
      const present = await this.known();
      const { lines, steps, next } = this.#planGuards(guard, present.nat);
      const interim = planInterim(guard, present.filter);
      // Unknown until it is done.
      this.#seen = null;
      try {
        if (lines.length > 0) {
          await changeTable(this.#tables, { table: 'nat', lines, lock: 'ebtables', lockPaths });
          const told = { count: steps.length, steps: steps.slice(0, LOGGED_STEPS) };
          logger.info(told, 'Rules against spoofing were changed');
        }
        if (interim.lines.length > 0) {
          await changeTable(this.#tables, { table: 'filter', lines: interim.lines, lock: 'ebtables', lockPaths });
        }
        this.#seen = { nat: next, filter: interim.next };
        return;
      } catch (error) {
        if (!(error instanceof CommandFailed) || attempt === 2) throw error;
      }
    }
  }

  #planGuards({ ports, isThere }: Guard, present: SavedTable): TablePlan {
    const isLeft = (tap: string) => !ports.has(tap) && isThere(tap);
    return planTable(present, desiredFrames({ ports, present, isLeft }, this.#parts.permittedTypes));
  }
}

/** Ports that were closed before there were filters: their rules are in force now. */
function planInterim({ ports, isThere }: Guard, present: SavedTable): TablePlan {
  if (!present.has(CLOSED_CHAIN)) return { lines: [], steps: [], next: present };
  const isLeft = (tap: string) => !ports.has(tap) && isThere(tap);
  return planTable(present, desiredInterim({ ports, present, isLeft }));
}
