import { createHash } from 'node:crypto';
import { accessSync, constants, linkSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { makeFolders } from '../config/folders.ts';
import { OneHostError, systemReason } from './errors.ts';

/** Everything one instance keeps: configuration, database, sockets, logs, and the record of what it did to the host. */
export interface StateFolder {
  path: string;
  /** Six hex digits of the path: tells the links and chains of instances apart. */
  tag: string;
  /** Where the configuration of the programs is written. */
  etc: string;
  log: string;
  /** Whether root's default is meant, so that commands need not repeat `--state-dir`. */
  isDefault: boolean;
}

/** The longest path a unix socket may have is 107 bytes; ours are called `metadata_proxy` and `bus.sock`. */
const LONGEST_PATH = 107 - '/metadata_proxy'.length;

export function defaultStatePath(): string {
  if (process.getuid?.() === 0) return '/var/lib/neutrino';
  return join(process.env.XDG_STATE_HOME || join(homedir(), '.local/state'), 'neutrino');
}

/** @throws OneHostError for a path that cannot stand in configuration files, rules and sockets */
export function stateFolder(given: string | undefined): StateFolder {
  const path = resolve(given ?? defaultStatePath());
  // The path becomes lines of configuration files, arguments of ip, and an alias of a link.
  if (!/^[\w.:/@%+=,-]+$/.test(path)) {
    throw new OneHostError(
      `state folder ${JSON.stringify(path)}: only letters, digits and . : / @ % + = , _ - may be in its path; give another --state-dir`,
    );
  }
  if (Buffer.byteLength(path) > LONGEST_PATH) {
    throw new OneHostError(
      `state folder ${path}: its path is too long for the sockets in it (at most ${LONGEST_PATH} bytes); give a shorter --state-dir`,
    );
  }
  return {
    path,
    tag: createHash('sha256').update(path).digest('hex').slice(0, 6),
    etc: join(path, 'etc'),
    log: join(path, 'log'),
    isDefault: path === defaultStatePath(),
  };
}

/** Makes the folder with those in it. @throws OneHostError when it cannot be written */
export function makeStateFolder(state: StateFolder): void {
  try {
    for (const path of [state.path, state.etc, state.log]) makeFolders(path);
    accessSync(state.path, constants.W_OK | constants.X_OK);
  } catch (cause) {
    throw new OneHostError(
      `state folder ${state.path} is not writable (${systemReason(cause)}); give another one with --state-dir`,
      { cause },
    );
  }
}

/** @throws OneHostError when there is none */
export function requireStateFolder(state: StateFolder): void {
  if (!statSync(state.path, { throwIfNoEntry: false })?.isDirectory()) {
    throw new OneHostError(
      `there is no instance in ${state.path}; neutrino up makes one, and --state-dir names another one`,
    );
  }
}

/** The program that holds the folder, as its file says; null when none runs. */
export function runningInstance(state: StateFolder): number | null {
  try {
    const [pid, start] = readFileSync(pidFile(state), 'utf8').split(' ');
    return startTicks(Number(pid)) === start!.trim() ? Number(pid) : null;
  } catch {
    return null;
  }
}

/**
 * Takes the folder for this process until it ends.
 *
 * @returns what gives it back
 * @throws OneHostError when another one has it
 */
export function takeStateFolder(state: StateFolder): () => void {
  const file = pidFile(state);
  const mine = `${process.pid} ${startTicks(process.pid)}\n`;
  const prepared = `${file}.${process.pid}`;
  for (let tries = 0; ; tries++) {
    try {
      // Linked, not written in place: another start never reads a half-written one and takes it for a dead one's.
      writeFileSync(prepared, mine);
      linkSync(prepared, file);
      return () => {
        if (readPid(file) === mine) rmSync(file, { force: true });
      };
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') {
        throw new OneHostError(
          `state folder ${state.path} is not writable (${systemReason(cause)}); give another one with --state-dir`,
          { cause },
        );
      }
    } finally {
      rmSync(prepared, { force: true });
    }
    const found = readPid(file);
    const pid = runningInstance(state);
    if (pid !== null || tries > 3) {
      throw new OneHostError(
        `neutrino runs already on ${state.path} (process ${pid ?? 'unknown'}); neutrino status shows it, and another --state-dir makes a second one`,
      );
    }
    if (found !== null) removeDead(file, found);
  }
}

/** Removes a file that a dead program left; not the one that another start has put in its place meanwhile. */
export function removeDead(file: string, found: string): void {
  const aside = `${file}.${process.pid}.dead`;
  try {
    renameSync(file, aside);
    if (readPid(aside) !== found) linkSync(aside, file);
  } catch (cause) {
    // Somebody else was quicker, either to remove it or to take the folder.
    if (!['ENOENT', 'EEXIST'].includes((cause as NodeJS.ErrnoException).code ?? '')) throw cause;
  } finally {
    rmSync(aside, { force: true });
  }
}

function readPid(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}

function pidFile(state: StateFolder): string {
  return join(state.path, 'neutrino.pid');
}

/** Start time of a process in clock ticks: a process id may have been given to somebody else. Null when it is gone. */
export function startTicks(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? null : fields[19]!;
  } catch {
    return null;
  }
}
