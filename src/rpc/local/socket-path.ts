import { lstat } from 'node:fs/promises';
import { connect } from 'node:net';
import { dirname } from 'node:path';

/** `sun_path` of Linux, without its final zero. */
const MAX_PATH_BYTES = 107;

/** The bus cannot be served at this path; the message says why and what to do. */
export class BusPathError extends Error {
  constructor(path: string, why: string) {
    super(`cannot serve the local bus at ${path}: ${why}`);
    this.name = 'BusPathError';
  }
}

/**
 * Checks a path before a socket is made there: short enough, in a folder that nobody else could swap it in, and not in use
 * by another server. A socket left by a killed server is fine (it is replaced).
 * @throws BusPathError
 */
export async function checkSocketPath(path: string): Promise<void> {
  if (Buffer.byteLength(path) > MAX_PATH_BYTES) {
    throw new BusPathError(path, `the path has more than ${MAX_PATH_BYTES} bytes, choose a shorter state folder`);
  }
  await checkFolder(path);
  const there = await lstat(path).catch(() => null);
  if (!there) return;
  if (!there.isSocket()) throw new BusPathError(path, 'something that is no socket is there');
  if (await isServed(path)) throw new BusPathError(path, 'another server serves it');
}

async function checkFolder(path: string): Promise<void> {
  const folder = dirname(path);
  const stat = await lstat(folder).catch((cause: NodeJS.ErrnoException) => {
    throw new BusPathError(path, `the folder ${folder} cannot be read (${cause.code})`);
  });
  if (!stat.isDirectory()) throw new BusPathError(path, `${folder} is no folder`);
  const uid = process.getuid?.() ?? 0;
  if (stat.uid !== uid && stat.uid !== 0) throw new BusPathError(path, `the folder ${folder} belongs to another user`);
  const isSticky = (stat.mode & 0o1000) !== 0;
  if ((stat.mode & 0o002) !== 0 && !isSticky) throw new BusPathError(path, `anybody may write to the folder ${folder}`);
}

/** Whether a process accepts connections at a socket. */
function isServed(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path);
    probe.once('connect', () => {
      probe.destroy();
      resolve(true);
    });
    probe.once('error', () => resolve(false));
  });
}
