import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Makes a folder and those above it. Not `mkdirSync(…, { recursive: true })`: that never returns where a file system
 * answers ENOENT for a folder that may not be made, as /proc does.
 *
 * @throws the system's error (EACCES, ENOTDIR, EROFS, ENOENT …)
 */
export function makeFolders(path: string, mode = 0o755): void {
  if (isFolder(path)) return;
  const parent = dirname(path);
  if (parent !== path) makeFolders(parent);
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    // Another program may have made it a moment ago.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || !isFolder(path)) throw error;
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
