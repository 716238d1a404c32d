import { randomUUID } from 'node:crypto';
import { getSubnet } from '../../db/read/subnets.ts';
import { fullView } from '../../db/read/view.ts';
import { holdersInSubnet, insertAllocation, portsOfNetwork } from '../../db/write/addresses.ts';
import { bumpNetwork } from '../../db/write/networks.ts';
import { bumpPort } from '../../db/write/ports.ts';
import { replacePools, subnetFacts, updateSubnetRow } from '../../db/write/subnets.ts';
import { addressKey, formatAddress, parseAddress } from '../../lib/ip/address.ts';
import { type Cidr, cidrsOverlap, formatCidr, hasHostBits, parseCidr } from '../../lib/ip/cidr.ts';
import { inTurns } from '../../lib/turns.ts';
import type { Change } from '../changes.ts';
import { autoAddress } from '../ipam/wishes.ts';
import type { Machine } from '../machine.ts';
import { PREFIX_DELEGATION } from './block-source.ts';
import { defaultPools } from './pools.ts';
import { noteReaddressed } from './readdressed.ts';
import { defaultGateway } from './rules.ts';

/**
 * A router got a prefix from the provider for a subnet that waits for one (or another one than before): the subnet has it from
 * now on, and its ports have addresses of it (upstream: l3_rpc.py `process_prefix_update`). Other
 * subnets stay as they are, whatever an agent says.
 *
 * @returns whether it was taken
 */
export async function delegatePrefix(change: Change, machine: Machine, id: string, prefix: string): Promise<boolean> {
  const { tx, time } = change;
  const { forwarding, ipam } = machine;
  const subnet = await getSubnet(tx, id, fullView);
  const cidr = delegated(prefix);
  if (subnet?.subnetpool_id !== PREFIX_DELEGATION || cidr === null || subnet.cidr === formatCidr(cidr)) return false;
  const others = (await subnetFacts(tx, subnet.network_id)).filter((other) => other.id !== id);
  if (others.some((other) => cidrsOverlap(parseCidr(other.cidr)!, cidr))) return false;
  const holders = await holdersInSubnet(tx, id);
  const ids = [...new Set(holders.map(({ port_id }) => port_id))];
  const places = await forwarding.beforeAll(change, ids);
  const macs = new Map((await portsOfNetwork(tx, subnet.network_id)).map((port) => [port.id, port.mac_address]));
  for (const { port_id, ip_address } of holders) await ipam.release(tx, port_id, [{ subnet_id: id, ip_address }]);
  const gateway = subnet.gateway_ip === null ? null : defaultGateway(cidr);
  const revision_number = subnet.revision_number + 1;
  await updateSubnetRow(tx, id, { cidr: formatCidr(cidr), gateway_ip: gateway, updated_at: time, revision_number });
  const pools = defaultPools(cidr, gateway).map((pool) => ({ id: randomUUID(), ...pool }));
  await replacePools(tx, id, pools);
  ipam.picker.forget(id);
  await inTurns(holders, async ({ port_id, ip_address }) => {
    const isGateway = gateway !== null && ip_address === subnet.gateway_ip;
    const value = isGateway ? parseAddress(gateway)!.value : autoAddress(formatCidr(cidr), macs.get(port_id)!);
    await insertAllocation(tx, {
      ...{ port_id, subnet_id: id, network_id: subnet.network_id },
      ...{ ip_address: formatAddress(value, 6), ip_key: addressKey(value), position: BEHIND_ALL },
    });
    await bumpPort(tx, port_id, time);
    await forwarding.moved(change, port_id, places.get(port_id));
  });
  await noteReaddressed(change, machine, ids);
  await bumpNetwork(tx, subnet.network_id, time);
  await change.todo('subnet', id, 'updated', { network_id: subnet.network_id });
  return true;
}

/** Place behind every address a port chose itself. */
const BEHIND_ALL = 1000;

/** What hosts make addresses of by themselves: a block of 64 bits. */
function delegated(prefix: unknown): Cidr | null {
  const cidr = typeof prefix === 'string' && !hasHostBits(prefix) ? parseCidr(prefix) : null;
  return cidr?.version === 6 && cidr.prefix === 64 ? cidr : null;
}
