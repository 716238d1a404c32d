import { mkdir, readFile, rm, stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Exec } from './contract.ts';
import { argvOf, isRunning, ProcessStart, processesWith, startOf } from './processes.ts';

/**
 * Daemons that agents keep (dnsmasq, haproxy, keepalived …). They outlive their agent on purpose: traffic must not notice
 * its restart. So an agent never trusts that it started something: it looks at the pid file, and at the command line of
 * the process of that number, each time.
 */
export interface DaemonSpec {
  argv: readonly string[];
  /** The daemon writes it itself, or a process found by its command line does without. */
  pidFile: string;
  /** An argument that only this daemon's command line has: a path with the id of what it serves. */
  mark: string;
  netns?: string;
  env?: Record<string, string>;
  /** Gets what the daemon prints until it has gone to the background: the reason when it does not start. */
  logFile?: string;
}

export interface RunningDaemon {
  pid: number;
  argv: readonly string[];
  /** Whether its pid file names it. */
  byFile: boolean;
}

export class DaemonFailed extends Error {
  constructor(spec: DaemonSpec, why: string) {
    super(`${spec.argv[0]} (${spec.mark}) did not start: ${why}`);
    this.name = 'DaemonFailed';
  }
}

/** How long one may be on its way; haproxy on a busy machine with a slow CPU was seen to need over 10 s. */
const START_TIMEOUT_MS = 60_000;
/** From this pause on it is looked whether what was started still lives: nearly all are there before. */
const LOOK_FROM_MS = 16;
const STOP_GRACE_MS = 5_000;

/**
 * The process that is this daemon, or null. The pid file is tried first; if it is gone or names something else, every
 * process is looked at: a daemon without its file still holds its port.
 */
export async function findDaemon(spec: Pick<DaemonSpec, 'argv' | 'pidFile' | 'mark'>): Promise<RunningDaemon | null> {
  const pid = await readPidFile(spec.pidFile);
  const byFile = pid === null ? null : await inspect(pid, spec);
  return byFile ?? (await search(spec));
}

/**
 * Whether daemons live, at the price of one call of the kernel each: for looking at hundreds of them every second. The process
 * that was found once is known by its number and start time; only when that changed the pid file is read again.
 */
export class DaemonWatch {
  readonly #known = new Map<string, { pid: number; startedAt: string }>();

  /** @param closely also whether another process has its number by now: three times as dear */
  async isAlive(spec: Pick<DaemonSpec, 'argv' | 'pidFile' | 'mark'>, closely = true): Promise<boolean> {
    const known = this.#known.get(spec.mark);
    if (known && !closely && isRunning(known.pid)) return true;
    if (known && (await startOf(known.pid)) === known.startedAt) return true;
    this.#known.delete(spec.mark);
    const pid = await readPidFile(spec.pidFile);
    const found = pid === null ? null : await inspect(pid, spec);
    const startedAt = found && (await startOf(found.pid));
    if (found && startedAt) this.#known.set(spec.mark, { pid: found.pid, startedAt });
    return startedAt !== null;
  }

  /** Drops what is remembered of all others than these. */
  keepOnly(specs: Iterable<Pick<DaemonSpec, 'mark'>>): void {
    const marks = new Set([...specs].map((spec) => spec.mark));
    for (const mark of this.#known.keys()) if (!marks.has(mark)) this.#known.delete(mark);
  }
}

/**
 * Starts the daemon and waits until it runs: as long as what was started lives, a minute at most.
 *
 * @throws DaemonFailed with what it printed; CommandFailed when it cannot be launched
 */
export async function startDaemon(exec: Exec, spec: DaemonSpec): Promise<RunningDaemon> {
  await mkdir(dirname(spec.pidFile), { recursive: true, mode: 0o755 });
  await rm(spec.pidFile, { force: true });
  if (spec.logFile) await rm(spec.logFile, { force: true });
  const { netns, env, logFile } = spec;
  const start = new ProcessStart(spec.mark);
  await exec.daemon(spec.argv, { netns, env, logFile });
  const startedMs = performance.now();
  for (let pauseMs = 1, wasGone = false; ; pauseMs = Math.min(pauseMs * 2, 50)) {
    const pid = await readPidFile(spec.pidFile);
    const found = pid === null ? null : await inspect(pid, spec);
    if (found) return found;
    const isGone = pauseMs >= LOOK_FROM_MS && !(await start.isAlive());
    // Twice: one that forked and ended while processes were looked at has its child among those that were not there yet.
    if (isGone && wasGone)
      throw new DaemonFailed(spec, lastLines(await printedTo(logFile)) || 'it ended without a word');
    wasGone = isGone;
    if (performance.now() - startedMs > START_TIMEOUT_MS) {
      const printed = lastLines(await printedTo(logFile));
      throw new DaemonFailed(spec, `not there after ${START_TIMEOUT_MS} ms${printed && `: ${printed}`}`);
    }
    await sleep(pauseMs);
  }
}

/** Ends it: TERM, and KILL after the grace. Returns whether there was one. */
export async function stopDaemon(
  spec: Pick<DaemonSpec, 'argv' | 'pidFile' | 'mark'>,
  graceMs: number = STOP_GRACE_MS,
): Promise<boolean> {
  const found = await findDaemon(spec);
  if (!found) {
    await rm(spec.pidFile, { force: true });
    return false;
  }
  send(found.pid, 'SIGTERM');
  if (!(await gone(found.pid, spec, graceMs))) {
    send(found.pid, 'SIGKILL');
    await gone(found.pid, spec, graceMs);
  }
  await rm(spec.pidFile, { force: true });
  return true;
}

/** Sends a signal (HUP to make it read its files again). Returns false when it does not run. */
export async function signalDaemon(
  spec: Pick<DaemonSpec, 'argv' | 'pidFile' | 'mark'>,
  signal: NodeJS.Signals,
): Promise<boolean> {
  const found = await findDaemon(spec);
  return found !== null && send(found.pid, signal);
}

/** Whether a process runs with exactly the arguments of a spec; the path of the program does not count. */
export function sameArguments(running: RunningDaemon, spec: Pick<DaemonSpec, 'argv'>): boolean {
  const [program, ...rest] = running.argv;
  const [wanted, ...wantedRest] = spec.argv;
  return (
    basename(program ?? '') === basename(wanted ?? '') &&
    rest.length === wantedRest.length &&
    rest.every((argument, index) => argument === wantedRest[index])
  );
}

/** Whether a process is in the network namespace that now has this name: one deleted and made anew is another. */
export async function isInNetns(pid: number, name: string): Promise<boolean> {
  const [own, named] = await Promise.all(
    [`/proc/${pid}/ns/net`, `/run/netns/${name}`].map((path) => stat(path).catch(() => null)),
  );
  return !!own && !!named && own.ino === named.ino && own.dev === named.dev;
}

async function inspect(pid: number, spec: Pick<DaemonSpec, 'argv' | 'mark'>): Promise<RunningDaemon | null> {
  const argv = await argvOf(pid);
  if (basename(argv[0] ?? '') !== basename(spec.argv[0]!) || !argv.includes(spec.mark)) return null;
  return (await startOf(pid)) !== null ? { pid, argv, byFile: true } : null;
}

async function search(spec: Pick<DaemonSpec, 'argv' | 'mark'>): Promise<RunningDaemon | null> {
  for (const pid of processesWith(spec.mark)) {
    const found = await inspect(pid, spec);
    if (found) return { ...found, byFile: false };
  }
  return null;
}

async function gone(pid: number, spec: Pick<DaemonSpec, 'argv' | 'mark'>, timeoutMs: number): Promise<boolean> {
  const startedMs = performance.now();
  for (let pauseMs = 1; await inspect(pid, spec); pauseMs = Math.min(pauseMs * 2, 50)) {
    if (performance.now() - startedMs > timeoutMs) return false;
    await sleep(pauseMs);
  }
  return true;
}

function send(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

async function readPidFile(path: string): Promise<number | null> {
  // A pid file is a few digits; whatever else lies there is not read.
  const size = await stat(path).then(
    (file) => file.size,
    () => 0,
  );
  if (size === 0 || size > 64) return null;
  const found = /^\s*(\d+)\s*$/.exec(await readOr(path, ''));
  const pid = Number(found?.[1] ?? 0);
  return pid > 1 ? pid : null;
}

async function readOr(path: string, otherwise: string): Promise<string> {
  return await readFile(path, 'utf8').catch(() => otherwise);
}

async function printedTo(logFile: string | undefined): Promise<string> {
  return logFile ? await readOr(logFile, '') : '';
}

function lastLines(text: string): string {
  return text.trim().split('\n').slice(-3).join('; ');
}
