import type { RuleTables } from '../../../linux/iptables.ts';
import { withHostLocks } from '../../../linux/lock.ts';
import { parseTable, type SavedTable } from './saved-table.ts';

/** Tables as they were read last: one that is as it was is not parsed again, and keeps its rules and their keys. */
export class ReadTables {
  readonly #texts = new Map<string, { text: string; table: SavedTable }>();

  /** @param saved what the save command printed of this table */
  parse(name: string, saved: string): SavedTable {
    const bare = saved.split('\n# Completed on')[0]!.replaceAll(/ \[\d+:\d+\]$/gm, '');
    const known = this.#texts.get(name);
    if (known?.text === bare) return known.table;
    const table = parseTable(bare);
    this.#texts.set(name, { text: bare, table });
    return table;
  }
}

export interface TableChange {
  readonly table: 'nat' | 'filter' | 'raw';
  /** Between `*table` and the end. */
  readonly lines: readonly string[];
  /** Name of the lock that agents of this host share, and its folders. */
  readonly lock: 'ebtables' | 'iptables';
  readonly lockPaths: readonly string[];
}

/** Makes a change in one transaction. @throws CommandFailed, LockTimeout */
export async function changeTable(tables: RuleTables, { table, lines, lock, lockPaths }: TableChange): Promise<void> {
  // The legacy flavour of ebtables takes COMMIT for a rule; the other one needs none either.
  const end = lock === 'ebtables' ? [''] : ['COMMIT', ''];
  const text = [`*${table}`, ...lines, ...end].join('\n');
  await withHostLocks(lock, lockPaths, () => tables.restore(text));
}
