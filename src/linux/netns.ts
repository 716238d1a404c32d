import { readdirSync } from 'node:fs';
import { CommandFailed, type Exec } from './contract.ts';

/** Where iproute2 keeps the named namespaces of this host. */
const NETNS_FOLDER = '/run/netns';

/** Namespace names become words of commands and names of files. @throws on one that could be anything else */
export function checkNetnsName(name: string): string {
  if (!/^\w[\w.:-]*$/.test(name) || name.length > 200)
    throw new Error(`not a name of a network namespace: ${JSON.stringify(name)}`);
  return name;
}

export async function listNetns(): Promise<string[]> {
  try {
    // A folder in memory: the way through the thread pool would cost more than the look.
    return readdirSync(NETNS_FOLDER).sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** Whether a command failed because the name's mount is gone (a machine that went down half-way), or the name itself. */
export function isNetnsGone(stderr: string): boolean {
  return /^(setting the network namespace |Cannot open network namespace |nsenter: (cannot open|reassociate to namespace) ).*: (Invalid argument|No such file or directory)$/m.test(
    stderr,
  );
}

/**
 * Creates a namespace with `lo` up. A name whose mount is gone is taken away and made anew.
 */
export async function ensureNetns(exec: Exec, name: string): Promise<void> {
  checkNetnsName(name);
  for (const attempt of [1, 2]) {
    const added = await exec.run(['ip', 'netns', 'add', name], { okCodes: [0, 1, 2, 255] });
    if (added.code !== 0 && !/File exists/.test(added.stderr)) {
      throw new CommandFailed({ argv: ['ip', 'netns', 'add', name], code: added.code, stderr: added.stderr });
    }
    const argv = ['ip', '-n', name, 'link', 'set', 'dev', 'lo', 'up'];
    const up = await exec.run(argv, { okCodes: [0, 1, 2, 255] });
    if (up.code === 0) return;
    if (attempt === 2 || !isNetnsGone(up.stderr)) throw new CommandFailed({ argv, code: up.code, stderr: up.stderr });
    await removeNetns(exec, name);
  }
}

/** Removes a namespace with all that is in it; that it is gone already is fine. */
export async function removeNetns(exec: Exec, name: string): Promise<void> {
  checkNetnsName(name);
  const argv = ['ip', 'netns', 'delete', name];
  const { code, stderr } = await exec.run(argv, { okCodes: [0, 1, 2, 255] });
  if (code !== 0 && !/No such file/.test(stderr)) throw new CommandFailed({ argv, code, stderr });
}
