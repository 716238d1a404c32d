import { randomUUID } from 'node:crypto';
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** How often a taken lock is looked at again. */
const RETRY_MS = 20;
const DEFAULT_TIMEOUT_MS = 30_000;

/**
 * Folder of the locks over what all instances on a host share whatever their `lock_path`: the tables of its packet and
 * frame filters. Only root can make it, so nobody else can hold a lock in it.
 */
export const SHARED_LOCK_PATH = '/run/neutrino/lock';

export interface LockOptions {
  /** Folder of the locks (`[oslo_concurrency] lock_path`); made when missing. */
  lockPath: string;
  /** Default 30,000. */
  timeoutMs?: number;
}

/** Another process held the lock for all of the time. */
export class LockTimeout extends Error {
  constructor(name: string, holder: string, timeoutMs: number) {
    super(`lock ${name} is held by process ${holder.split(' ')[0]} for more than ${timeoutMs} ms`);
    this.name = 'LockTimeout';
  }
}

/** Who of this process waits for a lock that this process has, or is about to take: by path. */
const queues = new Map<string, (() => void)[]>();

/**
 * Does `work` while nobody else of this host does work under the same name. Between processes the lock is a file that says
 * who holds it (process id and start time), looked at again and again; what a dead process left is taken over. Users in
 * one process follow each other at once, in the order in which they asked.
 *
 * @throws LockTimeout
 */
export async function withHostLock<T>(name: string, options: LockOptions, work: () => Promise<T>): Promise<T> {
  const { lockPath, timeoutMs = DEFAULT_TIMEOUT_MS } = options;
  const path = join(lockPath, `neutron-${name}`);
  const endMs = performance.now() + timeoutMs;
  await turn(name, path, timeoutMs);
  try {
    const mine = `${await describeProcess(process.pid)} ${randomUUID()}`;
    await mkdir(lockPath, { recursive: true, mode: 0o755 });
    await acquire(name, path, mine, { endMs, timeoutMs });
    try {
      return await work();
    } finally {
      if ((await readHolder(path)) === mine) await rm(path, { force: true });
    }
  } finally {
    const queue = queues.get(path) ?? [];
    const next = queue.shift();
    if (next) next();
    else queues.delete(path);
  }
}

/** Settles when no other user in this process is before this one. */
async function turn(name: string, path: string, timeoutMs: number): Promise<void> {
  const queue = queues.get(path);
  if (!queue) {
    queues.set(path, []);
    return;
  }
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => {
      queue.splice(queue.indexOf(take), 1);
      reject(new LockTimeout(name, String(process.pid), timeoutMs));
    }, timeoutMs);
    const take = () => {
      clearTimeout(timer);
      resolve();
    };
    queue.push(take);
  });
}

/** The same in several folders, one after the other: for what more than the processes of one `lock_path` share. */
export async function withHostLocks<T>(name: string, lockPaths: readonly string[], work: () => Promise<T>): Promise<T> {
  const [lockPath, ...rest] = lockPaths;
  return lockPath === undefined
    ? await work()
    : await withHostLock(name, { lockPath }, () => withHostLocks(name, rest, work));
}

async function acquire(
  name: string,
  path: string,
  mine: string,
  { endMs, timeoutMs }: { endMs: number; timeoutMs: number },
): Promise<void> {
  const prepared = `${path}.${randomUUID()}`;
  await writeFile(prepared, mine, { mode: 0o644 });
  try {
    for (;;) {
      if (await tryLink(prepared, path)) return;
      const holder = await readHolder(path);
      if (holder !== null && !(await isAlive(holder))) await takeAway(path, holder);
      else if (performance.now() > endMs) throw new LockTimeout(name, holder ?? '?', timeoutMs);
      else if (holder !== null) await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  } finally {
    await rm(prepared, { force: true });
  }
}

/** A link appears with its content in one step: nobody ever reads a half-written lock. */
async function tryLink(prepared: string, path: string): Promise<boolean> {
  try {
    await link(prepared, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Renamed first, so that of two who find a dead holder only one removes it, and never a new holder's file. */
async function takeAway(path: string, holder: string): Promise<void> {
  const aside = `${path}.${randomUUID()}`;
  try {
    await rename(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  const taken = await readHolder(aside);
  // Somebody was quicker and this is his lock: give it back (a link, as he may have finished and a third have come).
  if (taken !== null && taken !== holder) await tryLink(aside, path);
  await rm(aside, { force: true });
}

async function readHolder(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

async function isAlive(holder: string): Promise<boolean> {
  const [pid, start] = holder.split(' ');
  return (await describeProcess(Number(pid))) === `${pid} ${start}`;
}

/** Process id and start time in clock ticks: the id alone may have been given to somebody else meanwhile. */
async function describeProcess(pid: number): Promise<string> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? `${pid} dead` : `${pid} ${fields[19]}`;
  } catch {
    return `${pid} gone`;
  }
}
