import type { IpVersion } from '../lib/ip/address.ts';
import { CommandFailed, type Exec } from './contract.ts';

/** A set of addresses in the kernel. */
export interface AddressSet {
  /** `hash:net` … */
  readonly type: string;
  readonly version: IpVersion;
  readonly maxElements: number;
  readonly entries: ReadonlySet<string>;
}

/** Commands for one set, which stand or fall together. */
export interface SetChange {
  readonly name: string;
  readonly commands: readonly string[];
}

/** Hundreds of thousands of entries take seconds. */
const TIMEOUT_MS = 60_000;

/** @param isOurs by name: sets of others may be large, and are passed over */
export async function readSets(exec: Exec, isOurs: (name: string) => boolean): Promise<Map<string, AddressSet>> {
  const { stdout } = await exec.run(['ipset', 'save'], { timeoutMs: TIMEOUT_MS });
  return parseSets(stdout, isOurs);
}

export function parseSets(text: string, isOurs: (name: string) => boolean): Map<string, AddressSet> {
  const sets = new Map<string, AddressSet & { entries: Set<string> }>();
  for (const line of text.split('\n')) {
    const [command, name = '', third = '', ...rest] = line.split(' ');
    if (command === 'add') sets.get(name)?.entries.add(third);
    else if (command === 'create' && isOurs(name)) {
      const after = (word: string) => rest[rest.indexOf(word) + 1];
      sets.set(name, {
        type: third,
        version: rest.includes('inet6') ? 6 : 4,
        maxElements: rest.includes('maxelem') ? Number(after('maxelem')) : 0,
        entries: new Set(),
      });
    }
  }
  return sets;
}

/**
 * Makes the changes by one `ipset restore`. It does line by line: where one fails the rest of that set's is left, and
 * the others go on.
 *
 * @returns names of sets that are not as they should be, with the reason
 */
export async function changeSets(exec: Exec, changes: readonly SetChange[]): Promise<Map<string, string>> {
  const failed = new Map<string, string>();
  let rest = changes.flatMap(({ name, commands }) => commands.map((command) => ({ name, command })));
  while (rest.length > 0) {
    try {
      const stdin = `${rest.map(({ command }) => command).join('\n')}\n`;
      await exec.run(['ipset', 'restore', '-exist'], { stdin, timeoutMs: TIMEOUT_MS });
      return failed;
    } catch (error) {
      const reason = error instanceof CommandFailed ? error.stderr.trim() || error.message : String(error);
      const found = /Error in line (\d+): ([^\n]*)/.exec(reason);
      const at = found ? Number(found[1]) - 1 : -1;
      const name = rest[at]?.name;
      if (name === undefined) {
        for (const other of rest) failed.set(other.name, failed.get(other.name) ?? firstLine(reason));
        return failed;
      }
      failed.set(name, found?.[2] ?? reason);
      rest = rest.slice(at + 1).filter((other) => other.name !== name);
    }
  }
  return failed;
}

/** Of sets that rules still refer to (somebody else's) the kernel says no; they stay. */
export async function destroySets(exec: Exec, names: readonly string[]): Promise<Map<string, string>> {
  return await changeSets(
    exec,
    names.map((name) => ({ name, commands: [`destroy ${name}`] })),
  );
}

function firstLine(text: string): string {
  return text.split('\n')[0] as string;
}
