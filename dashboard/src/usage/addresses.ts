import type { Port, Subnet } from '../../../src/resources/shapes.ts';

/** How many addresses of a subnet there are and are taken. IPv6 has more than a number holds. */
export interface SubnetUse {
  readonly subnetId: string;
  readonly subnet: string;
  readonly network: string;
  readonly cidr: string;
  readonly total: bigint;
  readonly used: bigint;
}

interface SubnetAvailability {
  readonly subnet_id: string;
  readonly subnet_name: string;
  readonly cidr: string;
  readonly total_ips: number;
  readonly used_ips: number;
}

/** One item of `GET /v2.0/network-ip-availabilities`. */
export interface NetworkAvailability {
  readonly network_id: string;
  readonly network_name: string;
  readonly subnet_ip_availability: readonly SubnetAvailability[];
}

/** From what the server counts, which only administrators may ask. */
export function usesOfNetworks(networks: readonly NetworkAvailability[]): SubnetUse[] {
  return networks.flatMap(({ network_id, network_name, subnet_ip_availability }) =>
    subnet_ip_availability.map(({ subnet_id, subnet_name, cidr, total_ips, used_ips }) => ({
      ...{ subnetId: subnet_id, subnet: subnet_name, cidr },
      network: network_name || network_id,
      // Beyond 2 ** 53 a number is rounded: nobody counts these.
      total: BigInt(total_ips),
      used: BigInt(used_ips),
    })),
  );
}

type OwnSubnet = Pick<Subnet, 'id' | 'name' | 'network_id' | 'cidr' | 'allocation_pools'>;
type OwnPort = Pick<Port, 'fixed_ips'>;

/**
 * From the subnets and ports that one sees: of a network of one's own these are all, of somebody else's only one's own, so
 * there may be fewer addresses left than this says.
 */
export function usesOfSubnets(
  subnets: readonly OwnSubnet[],
  ports: readonly OwnPort[],
  networkNames: ReadonlyMap<string, string>,
): SubnetUse[] {
  const used = new Map<string, number>();
  for (const { fixed_ips } of ports) {
    for (const { subnet_id } of fixed_ips) used.set(subnet_id, (used.get(subnet_id) ?? 0) + 1);
  }
  return subnets.map(({ id, name, network_id, cidr, allocation_pools }) => ({
    ...{ subnetId: id, subnet: name, cidr, network: networkNames.get(network_id) || network_id },
    total: allocation_pools.reduce((sum, { start, end }) => sum + numberOf(end) - numberOf(start) + 1n, 0n),
    used: BigInt(used.get(id) ?? 0),
  }));
}

/** An address as a number. @param address as the server writes it, without a zone */
export function numberOf(address: string): bigint {
  if (!address.includes(':')) return address.split('.').reduce((sum, octet) => sum * 256n + BigInt(octet), 0n);
  const [left = '', right] = expanded(address).split('::');
  const groups = (text: string) => (text === '' ? [] : text.split(':'));
  const [before, after] = [groups(left), groups(right ?? '')];
  const zeros = right === undefined ? 0 : 8 - before.length - after.length;
  const all = [...before, ...Array.from({ length: zeros }, () => '0'), ...after];
  return all.reduce((sum, group) => sum * 65536n + BigInt(`0x${group}`), 0n);
}

/** `::ffff:192.0.2.1` with its last 32 bits as groups. */
function expanded(address: string): string {
  const dotted = /[\d.]+$/.exec(address)?.[0];
  if (!dotted?.includes('.')) return address;
  const value = numberOf(dotted);
  const tail = `${(value >> 16n).toString(16)}:${(value & 0xffffn).toString(16)}`;
  return address.slice(0, -dotted.length) + tail;
}

/** Never below nothing: addresses outside of the pools count, too. */
export function leftOf({ total, used }: SubnetUse): bigint {
  return total > used ? total - used : 0n;
}

/** How much is taken, 0 to 1. */
export function shareOf({ total, used }: SubnetUse): number {
  if (total <= 0n) return 1;
  return used >= total ? 1 : Number((used * 10_000n) / total) / 10_000;
}

/** Those with the least left first. */
export function byRoom(uses: readonly SubnetUse[]): SubnetUse[] {
  return uses.toSorted(
    (a, b) =>
      shareOf(b) - shareOf(a) ||
      Number(leftOf(a) > leftOf(b)) - Number(leftOf(a) < leftOf(b)) ||
      a.cidr.localeCompare(b.cidr),
  );
}
