import type { Tx } from '../../db/database.ts';
import { insertAllocation, portsOfNetwork } from '../../db/write/addresses.ts';
import { bumpPort } from '../../db/write/ports.ts';
import { portsOnSegment } from '../../db/write/segment-hosts.ts';
import { addressKey, formatAddress } from '../../lib/ip/address.ts';
import { inTurns } from '../../lib/turns.ts';
import type { Subnet } from '../../resources/shapes.ts';
import type { Change } from '../changes.ts';
import { routerInterfaceOwnersSnat } from '../ipam/owners.ts';
import { autoAddress } from '../ipam/wishes.ts';
import type { Machine } from '../machine.ts';
import { noteReaddressed } from './readdressed.ts';

/** Which ports can reach a subnet on a segment: those that have addresses there, or whose hosts do; null: all. */
async function portsBeside(tx: Tx, { network_id, segment_id }: Subnet): Promise<Set<string> | null> {
  return segment_id ? portsOnSegment(tx, network_id, segment_id as string) : null;
}

/** Place behind every address a port chose itself. */
const BEHIND_ALL = 1000;

/**
 * Gives the ports a network already has their EUI-64 addresses of a new auto-address subnet. Router interfaces are given
 * theirs when the router is attached.
 */
export async function addAutoAddresses(
  change: Change,
  machine: Pick<Machine, 'defaultGroups' | 'forwarding' | 'ipam'>,
  subnet: Subnet,
): Promise<void> {
  const { forwarding, ipam } = machine;
  const mayHave = await portsBeside(change.tx, subnet);
  const all = await portsOfNetwork(change.tx, subnet.network_id);
  const ports = all.filter(
    ({ id, device_owner }) => !routerInterfaceOwnersSnat.has(device_owner) && mayHave?.has(id) !== false,
  );
  const ids = ports.map(({ id }) => id);
  const places = await forwarding.beforeAll(change, ids);
  await inTurns(ports, async (port) => {
    const value = autoAddress(subnet.cidr, port.mac_address);
    await insertAllocation(change.tx, {
      port_id: port.id,
      subnet_id: subnet.id,
      network_id: subnet.network_id,
      ip_address: formatAddress(value, 6),
      ip_key: addressKey(value),
      position: BEHIND_ALL,
    });
    ipam.picker.remove(subnet.id, value);
    await bumpPort(change.tx, port.id, change.time);
    await forwarding.moved(change, port.id, places.get(port.id));
  });
  await noteReaddressed(change, machine, ids);
}
