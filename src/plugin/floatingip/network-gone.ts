import { unusedFloatingIps } from '../../db/write/floatingips.ts';
import { deleteTags } from '../../db/write/rows.ts';
import type { Change } from '../changes.ts';
import type { Machine } from '../machine.ts';
import { floatingIpTags } from './storage.ts';

/** A network is about to be deleted: floating addresses of it that lead nowhere do not keep it. */
export async function deleteUnusedFloatingIps(
  change: Change,
  { ports }: Pick<Machine, 'ports'>,
  networkId: string,
): Promise<void> {
  const elevated: Change = { ...change, context: { ...change.context, isAdmin: true } };
  for (const { id, floating_port_id } of await unusedFloatingIps(change.tx, networkId)) {
    await deleteTags(change.tx, floatingIpTags.type, id);
    await ports.deleteIn(elevated, floating_port_id);
  }
}
