import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Exec } from '../../linux/contract.ts';
import {
  type DaemonSpec,
  findDaemon,
  isInNetns,
  type RunningDaemon,
  sameArguments,
  signalDaemon,
  startDaemon,
  stopDaemon,
} from '../../linux/daemon.ts';

/** A daemon in a namespace, with the files it reads. It outlives the agent. */
export interface KeptDaemon {
  readonly spec: DaemonSpec;
  readonly files: readonly KeptFile[];
  /** False: it is ended if it is there, and its files are removed. */
  readonly isWanted: boolean;
  /** How it takes another content of its files: by a signal, or by a new process. Other arguments always mean a new one. */
  readonly onChange: 'restart' | NodeJS.Signals;
}

export interface KeptFile {
  readonly path: string;
  readonly text: string;
  /** 0644 unless it holds a secret, or is run. */
  readonly mode?: number;
}

/** A daemon, and whether it is in the namespace of that name: one that was deleted and made anew is another. */
export interface PlacedDaemon extends RunningDaemon {
  inNamespace: boolean;
}

export interface KeptObserved {
  /** Texts of the daemon's files, in their order. */
  files: readonly (string | null)[];
  running: PlacedDaemon | null;
}

/** One thing to do for a daemon. Each may be repeated. */
export type DaemonStep =
  | { do: 'write_file'; path: string; text: string; mode?: number }
  | { do: 'start' | 'stop'; daemon: DaemonSpec }
  | { do: 'reload'; daemon: DaemonSpec; signal?: NodeJS.Signals }
  | { do: 'remove'; path: string };

/** Looks at files and process. One that nobody wants and that has no file is not searched for. */
export async function observeKept({ isWanted, files, spec }: KeptDaemon): Promise<KeptObserved> {
  const texts = await Promise.all(files.map(({ path }) => textOf(path)));
  if (!isWanted && texts.every((text) => text === null)) return { files: texts, running: null };
  return { files: texts, running: await findPlaced(spec) };
}

/** The process of a daemon, wherever it runs; null when it does not. */
export async function findPlaced(spec: DaemonSpec): Promise<PlacedDaemon | null> {
  const found = await findDaemon(spec);
  return found && { ...found, inNamespace: spec.netns === undefined || (await isInNetns(found.pid, spec.netns)) };
}

/** What makes the daemon run with its files, or not run; empty when it is so. */
export function planKept({ spec, files, isWanted, onChange }: KeptDaemon, observed: KeptObserved): DaemonStep[] {
  const { running } = observed;
  const stop: DaemonStep[] = running ? [{ do: 'stop', daemon: spec }] : [];
  if (!isWanted) {
    const present = files.filter((_, index) => observed.files[index] !== null);
    // The files last: who is interrupted finds by them that there is something left.
    // A process that was ended takes its pid file along; one that died with the host did not.
    const stale = running === null ? spec.pidFile : undefined;
    const paths = [stale, spec.logFile, ...present.map(({ path }) => path)].filter((path) => path !== undefined);
    const isLeft = running !== null || present.length > 0;
    return [...stop, ...(isLeft ? paths : []).map((path): DaemonStep => ({ do: 'remove', path }))];
  }
  const changed = files.filter(({ text }, index) => observed.files[index] !== text);
  const write = changed.map((file): DaemonStep => ({ do: 'write_file', ...file }));
  const start: DaemonStep[] = [...write, ...stop, { do: 'start', daemon: spec }];
  // One of a namespace that was deleted lives on, out of reach of every guest.
  if (!running?.inNamespace || !sameArguments(running, spec)) return start;
  if (changed.length === 0) return running.byFile ? [] : [pidFile(running, spec)];
  return onChange === 'restart' ? start : [...write, { do: 'reload', daemon: spec, signal: onChange }];
}

/** For a daemon that was found by its command line alone. */
export function pidFile({ pid }: RunningDaemon, { pidFile: path }: DaemonSpec): DaemonStep & { do: 'write_file' } {
  return { do: 'write_file', path, text: `${pid}\n` };
}

/** A step as an operator reads it. */
export function describeDaemonStep(step: DaemonStep): string {
  return 'daemon' in step ? `${step.do} ${step.daemon.argv.join(' ')}` : `${step.do} ${step.path}`;
}

export async function applyDaemonStep(exec: Exec, step: DaemonStep): Promise<void> {
  switch (step.do) {
    case 'write_file':
      return await replaceFile(step.path, step.text, step.mode);
    case 'start':
      await startDaemon(exec, step.daemon);
      return;
    case 'stop':
      await stopDaemon(step.daemon);
      return;
    case 'reload':
      // Gone since it was looked at: start it, it reads the files then.
      if (!(await signalDaemon(step.daemon, step.signal ?? 'SIGHUP'))) await startDaemon(exec, step.daemon);
      return;
    case 'remove':
      await rm(`${step.path}.new`, { force: true });
      return await rm(step.path, { recursive: true, force: true });
  }
}

/** Whole or not at all: a reader (a daemon among them) never sees half a file, and a crash leaves the old one. */
export async function replaceFile(path: string, text: string, mode = 0o644): Promise<void> {
  await makeFolder(dirname(path));
  const next = `${path}.new`;
  await writeFile(next, text, { mode });
  await rename(next, path);
}

export async function makeFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o755 });
}

/** A file's text; null when it is not there. */
export async function textOf(path: string): Promise<string | null> {
  // Most are not there, of hundreds of routers: a look costs microseconds, a failed read through the thread pool a hundred.
  if (!existsSync(path)) return null;
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EISDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return null;
    throw error;
  }
}
