import type { Tx } from '../../db/database.ts';
import { getSubnet } from '../../db/read/subnets.ts';
import type { View } from '../../db/read/view.ts';
import { deleteAllocation, holderOf, insertAllocation } from '../../db/write/addresses.ts';
import type { SubnetFacts } from '../../db/write/subnets.ts';
import { addressKey, formatAddress } from '../../lib/ip/address.ts';
import type { FixedIp } from '../../resources/shapes.ts';
import { ipamErrors } from './errors.ts';
import { DHCP_OWNER } from './owners.ts';
import { AddressPicker } from './picker.ts';
import { type AddressedPort, type AddressRequest, type Wish, withoutSubnets } from './wishes.ts';

/** Gives addresses to ports, inside the caller's transaction (upstream: neutron/ipam, the internal driver). */
export class Ipam {
  readonly picker: AddressPicker;

  constructor(random?: () => number) {
    this.picker = new AddressPicker(random);
  }

  /**
   * Fulfils wishes and writes the rows.
   *
   * @param firstPosition place of the first one in the port's `fixed_ips`
   * @throws IpAddressAlreadyAllocated, IpAddressGenerationFailure; a unique violation of `ipallocations` when another
   * server was faster: the transaction must be done again
   */
  async allocate(
    tx: Tx,
    port: AddressedPort & { id: string },
    wishes: readonly Wish[],
    firstPosition = 0,
  ): Promise<FixedIp[]> {
    const given: FixedIp[] = [];
    for (const wish of wishes) {
      const { subnet, value } =
        wish.kind === 'exact' ? await this.#exactly(tx, wish) : await this.#any(tx, port, wish.subnets);
      const ip_address = formatAddress(value, subnet.ip_version as 4 | 6);
      await insertAllocation(tx, {
        port_id: port.id,
        subnet_id: subnet.id,
        network_id: port.network_id,
        ip_address,
        ip_key: addressKey(value),
        position: firstPosition + given.length,
      });
      given.push({ subnet_id: subnet.id, ip_address });
    }
    return given;
  }

  async release(tx: Tx, portId: string, addresses: readonly FixedIp[]): Promise<void> {
    for (const address of addresses) await deleteAllocation(tx, { port_id: portId, ...address });
  }

  async #exactly(tx: Tx, { subnet, value }: Wish & { kind: 'exact' }): Promise<{ subnet: SubnetFacts; value: bigint }> {
    if (await holderOf(tx, subnet.id, addressKey(value))) {
      throw ipamErrors.IpAddressAlreadyAllocated({
        ip: formatAddress(value, subnet.ip_version as 4 | 6),
        subnet_id: subnet.id,
      });
    }
    this.picker.remove(subnet.id, value);
    return { subnet, value };
  }

  async #any(
    tx: Tx,
    port: AddressedPort,
    subnets: readonly SubnetFacts[],
  ): Promise<{ subnet: SubnetFacts; value: bigint }> {
    for (const subnet of subnets) {
      const lowest = port.device_owner === DHCP_OWNER;
      const value = await (lowest ? this.picker.pickLowest(tx, subnet) : this.picker.pick(tx, subnet));
      if (value !== null) return { subnet, value };
    }
    throw ipamErrors.IpAddressGenerationFailure({ net_id: port.network_id });
  }
}

/**
 * Refuses subnets that do not exist, as far as the caller sees; those of other networks are refused where wishes are made.
 * On a network without any the reason is that, whatever was asked for.
 *
 * @throws InvalidInput, SubnetNotFound
 */
export async function checkSubnetsExist(
  tx: Tx,
  subnets: readonly SubnetFacts[],
  requested: readonly AddressRequest[],
  view: View,
): Promise<void> {
  if (subnets.length === 0 && requested.length > 0) throw withoutSubnets();
  for (const { subnet_id } of requested) {
    if (subnet_id === undefined || subnets.some(({ id }) => id === subnet_id)) continue;
    if (!(await getSubnet(tx, subnet_id, view, ['id']))) throw ipamErrors.SubnetNotFound({ subnet_id });
  }
}
