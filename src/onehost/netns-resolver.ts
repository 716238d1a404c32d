import { mkdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where `ip netns exec NAME` looks for files that stand for those of /etc while a program runs there: ip-netns(8). */
export const NETNS_FILES = '/etc/netns';

const MARK = '# Made by neutrino plug: programs in this namespace have this file as /etc/resolv.conf.';

/**
 * Gives a namespace a resolv.conf of its own: a DHCP client that runs in it would write the machine's, which namespaces of
 * the network share. What somebody else put there stays.
 *
 * @param nameservers addresses, as the server checked them
 * @param root the folder of all namespaces, `NETNS_FILES`
 */
export function giveResolver(netns: string, nameservers: readonly string[], root: string): void {
  const folder = join(root, netns);
  if (contentOf(folder) !== null) return;
  mkdirSync(folder, { recursive: true });
  writeFileSync(fileIn(folder), [MARK, ...nameservers.map((address) => `nameserver ${address}`), ''].join('\n'));
}

/** Takes it away again, unless it is somebody else's. */
export function takeResolver(netns: string, root: string): void {
  const folder = join(root, netns);
  if (!contentOf(folder)?.startsWith(MARK)) return;
  rmSync(fileIn(folder));
  for (const empty of [folder, root]) {
    try {
      rmdirSync(empty);
    } catch {
      return; // something else is in it
    }
  }
}

const fileIn = (folder: string) => join(folder, 'resolv.conf');

function contentOf(folder: string): string | null {
  try {
    return readFileSync(fileIn(folder), 'utf8');
  } catch {
    return null;
  }
}
