import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Host } from '../../linux/contract.ts';
import { PROXY_FOLDER } from '../daemons/haproxy.ts';
import type { L3Facts } from './contract.ts';
import { OWED_FOLDER } from './owed.ts';
import { isRouterId, routersOnHost } from './remove.ts';

/**
 * Routers that an agent before left something of on this host: a namespace, or, where the host was restarted meanwhile and the
 * namespace is gone, files for their daemons, or leases.
 */
export async function routersLeft(host: Pick<Host, 'listNetns'>, facts: L3Facts): Promise<string[]> {
  const { statePath, options } = facts;
  const found = await Promise.all([
    routersOnHost(host),
    idsIn(options.ra_confs, '.radvd.conf'),
    idsIn(options.ha_confs_path, ''),
    idsIn(options.pd_confs, ''),
    idsIn(join(statePath, OWED_FOLDER), ''),
    proxiedRouters(join(statePath, PROXY_FOLDER)),
  ]);
  return [...new Set(found.flat())];
}

/** Ids that files of a folder are named by; none where there is no folder. */
async function idsIn(folder: string, ending: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  return names
    .filter((name) => name.endsWith(ending))
    .map((name) => name.slice(0, name.length - ending.length))
    .filter(isRouterId);
}

/** Configurations of networks, which are the DHCP agent's, stand in the same folder. */
async function proxiedRouters(folder: string): Promise<string[]> {
  const ids = await idsIn(folder, '.conf');
  const texts = await Promise.all(ids.map((id) => readFile(join(folder, `${id}.conf`), 'utf8').catch(() => '')));
  return ids.filter((id, index) => texts[index]!.includes(`X-Neutron-Router-ID ${id}`));
}
