import { randomUUID } from 'node:crypto';
import type { Tx } from '../../db/database.ts';
import { deleteWildcardRbac, foreignPortExists, insertWildcardRbac, setExternal } from '../../db/write/networks.ts';
import { networkErrors } from './errors.ts';

interface Owned {
  id: string;
  project_id: string;
  name?: string;
}

/** `shared`: an entry for everybody. @throws InvalidSharedSetting when another project's ports would lose the network */
export async function writeShared(tx: Tx, network: Owned, shared: boolean): Promise<void> {
  if (shared) {
    const { id: network_id, project_id } = network;
    await insertWildcardRbac(tx, { id: randomUUID(), project_id, network_id, action: 'access_as_shared' });
    return;
  }
  if (await foreignPortExists(tx, network.id, [network.project_id])) {
    throw networkErrors.InvalidSharedSetting({ network: network.name ?? network.id });
  }
  await deleteWildcardRbac(tx, network.id, 'access_as_shared');
}

/** `router:external`: likewise an entry for everybody, and the mark that makes floating addresses come from here. */
export async function writeExternal(tx: Tx, network: Owned, external: boolean, isDefault: boolean): Promise<void> {
  const { id: network_id, project_id } = network;
  await deleteWildcardRbac(tx, network_id, 'access_as_external');
  await setExternal(tx, network_id, external, isDefault);
  if (external) {
    await insertWildcardRbac(tx, { id: randomUUID(), project_id, network_id, action: 'access_as_external' });
  }
}
