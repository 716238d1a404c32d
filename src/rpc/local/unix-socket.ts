import { chmod, lstat, mkdtemp, rename, rm } from 'node:fs/promises';
import { connect, type Server } from 'node:net';
import { dirname, join } from 'node:path';

/** `sun_path` of Linux, without its final zero. */
const MAX_PATH_BYTES = 107;
/** What the folder used at the start adds to the path's own folder: `/.sXXXXXX/s`. */
const FIRST_NAME_BYTES = 11;

/** A socket cannot be served at this path; the message says why and what to do. */
export class SocketPathError extends Error {
  constructor(path: string, why: string) {
    super(`cannot serve a socket at ${path}: ${why}`);
    this.name = 'SocketPathError';
  }
}

/**
 * Makes a server listen at a unix socket whose mode is right from the first moment on. A socket left by a killed server is
 * replaced in one step, so that programs which connect find the old one or the new one. Node does not remove the socket
 * when the server closes, because it was moved: that is the caller's.
 * @throws SocketPathError
 */
export async function listenAtSocket(
  server: Server,
  path: string,
  options: { mode: number; backlog?: number },
): Promise<void> {
  await checkSocketPath(path);
  // Nobody else can enter this folder while the mode is not set.
  const folder = await mkdtemp(join(dirname(path), '.s'));
  try {
    const first = join(folder, 's');
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ path: first, backlog: options.backlog ?? 511 }, () => {
        server.off('error', reject);
        resolve();
      });
    });
    await chmod(first, options.mode);
    await rename(first, path);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * Checks a path before a socket is made there: short enough, in a folder that nobody else could swap it in, and not in use
 * by another server. A socket left by a killed server is fine (it is replaced).
 * @throws SocketPathError
 */
async function checkSocketPath(path: string): Promise<void> {
  const longest = Math.max(Buffer.byteLength(path), Buffer.byteLength(dirname(path)) + FIRST_NAME_BYTES);
  if (longest > MAX_PATH_BYTES) {
    throw new SocketPathError(path, `it is longer than a socket's path may be, choose a shorter state folder`);
  }
  await checkFolder(path);
  const there = await lstat(path).catch(() => null);
  if (!there) return;
  if (!there.isSocket()) throw new SocketPathError(path, 'something that is no socket is there');
  if (await isServed(path)) throw new SocketPathError(path, 'another server serves it');
}

async function checkFolder(path: string): Promise<void> {
  const folder = dirname(path);
  const stat = await lstat(folder).catch((cause: NodeJS.ErrnoException) => {
    throw new SocketPathError(path, `the folder ${folder} cannot be read (${cause.code})`);
  });
  if (!stat.isDirectory()) throw new SocketPathError(path, `${folder} is no folder`);
  const uid = process.getuid?.() ?? 0;
  // Root serves in folders of the service's user: packages make /var/lib/neutron belong to `neutron`.
  if (uid !== 0 && stat.uid !== uid && stat.uid !== 0)
    throw new SocketPathError(path, `the folder ${folder} belongs to another user`);
  const isSticky = (stat.mode & 0o1000) !== 0;
  if ((stat.mode & 0o002) !== 0 && !isSticky)
    throw new SocketPathError(path, `anybody may write to the folder ${folder}`);
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
