import { portsOfNetwork } from '../../db/write/addresses.ts';
import { hasVrIds } from '../../db/write/ha-routers.ts';
import { deleteNetworkRow } from '../../db/write/networks.ts';
import { segmentsOfNetworks } from '../../db/write/segments.ts';
import { deleteSubnetRow, subnetFacts } from '../../db/write/subnets.ts';
import { type Change, checkRevision } from '../changes.ts';
import { deleteUnusedFloatingIps } from '../floatingip/network-gone.ts';
import { autoDeletedOwners } from '../ipam/owners.ts';
import type { Machine } from '../machine.ts';
import { type Made, storedNetwork } from './create.ts';
import { networkErrors } from './errors.ts';

/**
 * Deletes a network as part of a change, with its subnets and the ports that nobody misses.
 * @returns what it was
 * @throws NetworkNotFound, NetworkInUse, RevisionNumberConstraintFailed
 */
export async function removeNetworkIn(
  change: Change,
  machine: Machine,
  id: string,
  ifRevision?: number | null,
): Promise<Made> {
  const { tx, context } = change;
  const { ipam, mechanisms, ports, shared, types } = machine;
  const original = await storedNetwork(change, machine, id);
  checkRevision(ifRevision, original.revision_number);
  if (shared.extensions.has('fip-port-details')) {
    await deleteUnusedFloatingIps(change, machine, id);
  }
  const held = await portsOfNetwork(tx, id);
  const used = held.filter(({ device_owner }) => !autoDeletedOwners.has(device_owner));
  if (used.length > 0) {
    throw networkErrors.NetworkInUse({ net_id: id, ports: used.map((port) => port.id).join(',') });
  }
  // The network of HA routers, which may have no port there now: they are to be served by other agents tomorrow.
  if (await hasVrIds(tx, id)) throw networkErrors.NetworkInUse({ net_id: id, ports: '' });
  for (const port of held) await ports.deleteIn(change, port.id);
  for (const subnet of await subnetFacts(tx, id)) {
    await deleteSubnetRow(tx, subnet.id);
    ipam.picker.forget(subnet.id);
  }
  const segments = await segmentsOfNetworks(tx, [id]);
  await mechanisms.precommit('deleteNetworkPrecommit', tx, { context, current: original, original, segments });
  await types.release(tx, segments);
  await deleteNetworkRow(tx, id);
  await change.todo('network', id, 'deleted');
  return { network: original, segments };
}
