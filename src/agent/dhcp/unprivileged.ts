import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * dnsmasq gives up root after its start and opens its files again at each reload. Returns the user it must stay for that:
 * null (its own choice) when everybody may pass through all folders on the way, else `root`.
 */
export async function dnsmasqUser(folder: string): Promise<'root' | null> {
  for (let path = folder; ; path = dirname(path)) {
    const mode = await stat(path).then(
      (found) => found.mode,
      // Not there yet: the agent makes it passable.
      () => 0o755,
    );
    if ((mode & 0o001) === 0) return 'root';
    if (path === dirname(path)) return null;
  }
}
