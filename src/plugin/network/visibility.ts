import { randomUUID } from 'node:crypto';
import type { Tx } from '../../db/database.ts';
import { defaultExternal, foreignPortExists, isDefaultExternal, setExternal } from '../../db/write/networks.ts';
import { rbacRows } from '../../db/write/rbac.ts';
import { refuseInside } from '../router/external-network.ts';
import { networkErrors } from './errors.ts';

/** Whom networks are opened to. */
export const networkEntries = rbacRows('networkrbacs');

interface Owned {
  id: string;
  project_id: string;
  name: string;
}

/**
 * `shared`: an entry for everybody.
 *
 * @returns whether that is new
 * @throws InvalidSharedSetting when another project's ports would lose the network
 */
export async function writeShared(tx: Tx, network: Owned, shared: boolean): Promise<boolean> {
  const { id, project_id, name } = network;
  const entries = (await networkEntries.of(tx, id)).filter(({ action }) => action === 'access_as_shared');
  const wildcard = entries.find(({ target_project }) => target_project === '*');
  if (shared === (wildcard !== undefined)) return false;
  if (wildcard === undefined) {
    await networkEntries.insert(tx, wildcardEntry(network, 'access_as_shared'));
    return true;
  }
  const keep = [project_id, ...entries.map(({ target_project }) => target_project)];
  if (await foreignPortExists(tx, id, keep)) throw networkErrors.InvalidSharedSetting({ network: name });
  await networkEntries.remove(tx, wildcard.id);
  return true;
}

/**
 * `router:external`: likewise an entry for everybody, and the mark that makes floating addresses come from here. A network
 * that is opened to single projects only keeps it so.
 *
 * @param isDefault left as it is when undefined
 * @returns whether that is new
 * @throws DefaultExternalNetworkExists, ExternalNetworkInUse
 */
export async function writeExternal(tx: Tx, network: Owned, external: boolean, isDefault?: boolean): Promise<boolean> {
  const { id } = network;
  const known = await isDefaultExternal(tx, id);
  const wanted = external ? (isDefault ?? known ?? false) : null;
  if (wanted === known) return false;
  if (wanted === true) await refuseSecondDefault(tx);
  if (!external) await refuseInside({ tx }, id);
  await setExternal(tx, id, external, wanted ?? false);
  if (external === (known !== null)) return true;
  if (external) await networkEntries.insert(tx, wildcardEntry(network, 'access_as_external'));
  else {
    const entries = await networkEntries.of(tx, id);
    for (const { id: entry, action } of entries) {
      if (action === 'access_as_external') await networkEntries.remove(tx, entry);
    }
  }
  return true;
}

async function refuseSecondDefault(tx: Tx): Promise<void> {
  const net_id = await defaultExternal(tx);
  if (net_id !== null) throw networkErrors.DefaultExternalNetworkExists({ net_id });
}

function wildcardEntry({ id, project_id }: Owned, action: string) {
  return { id: randomUUID(), project_id, object_id: id, action, target_project: '*' };
}
