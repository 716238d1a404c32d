import { formatAddress, type IpVersion, parseAddress } from '../../lib/ip/address.ts';
import { type Cidr, hostRange } from '../../lib/ip/cidr.ts';
import { type Range, rangeHas, rangeInside, rangesOverlap } from '../../lib/ip/range.ts';
import { subtract } from '../../lib/ip/set.ts';
import type { AllocationPool } from '../../resources/shapes.ts';
import { subnetErrors } from './errors.ts';

/** All host addresses of a subnet but the gateway's (upstream: neutron/ipam/utils.py). */
export function defaultPools(cidr: Cidr, gateway: string | null): AllocationPool[] {
  const value = gateway === null ? undefined : parseAddress(gateway)?.value;
  const hole = value === undefined ? [] : [{ first: value, last: value }];
  // A block of one address is that address, even where it is called the gateway's.
  const hosts = cidr.first === cidr.last ? [hostRange(cidr)] : subtract([hostRange(cidr)], hole);
  return hosts.map(({ first, last }) => ({
    start: formatAddress(first, cidr.version),
    end: formatAddress(last, cidr.version),
  }));
}

/**
 * Refuses pools that are no ranges, leave the subnet, overlap, or hold the gateway.
 * @throws InvalidAllocationPool, OutOfBoundsAllocationPool, OverlappingAllocationPools, GatewayConflictWithAllocationPools
 */
export function checkPools(pools: readonly AllocationPool[], cidr: Cidr, cidrText: string): void {
  const ranges = pools.map((pool) => rangeOf(pool, cidr.version));
  for (const [index, range] of ranges.entries()) {
    if (!rangeInside(range, hostRange(cidr))) {
      throw subnetErrors.OutOfBoundsAllocationPool({ pool: text(pools[index]!), subnet_cidr: cidrText });
    }
  }
  for (let i = 0; i < ranges.length; i += 1) {
    for (let j = i + 1; j < ranges.length; j += 1) {
      if (!rangesOverlap(ranges[i]!, ranges[j]!)) continue;
      const [pool_1, pool_2] = [text(pools[i]!), text(pools[j]!)];
      throw subnetErrors.OverlappingAllocationPools({ pool_1, pool_2, subnet_cidr: cidrText });
    }
  }
}

/** @throws GatewayConflictWithAllocationPools */
export function checkGatewayOutsidePools(gateway: string, pools: readonly AllocationPool[], version: IpVersion): void {
  const address = parseAddress(gateway)!;
  const pool = pools.find((one) => address.version === version && rangeHas(rangeOf(one, version), address.value));
  if (pool) throw subnetErrors.GatewayConflictWithAllocationPools({ ip_address: gateway, pool: text(pool) });
}

/** The same ranges with canonical addresses. */
export function normalizePools(pools: readonly AllocationPool[], version: IpVersion): AllocationPool[] {
  return pools.map((pool) => {
    const { first, last } = rangeOf(pool, version);
    return { start: formatAddress(first, version), end: formatAddress(last, version) };
  });
}

function rangeOf(pool: AllocationPool, version: IpVersion): Range {
  const start = parseAddress(pool.start);
  const end = parseAddress(pool.end);
  if (!start || !end || start.version !== end.version || start.value > end.value) {
    // Upstream prints the pool as Python prints a dictionary, and a sound one of the other version as a range.
    throw subnetErrors.InvalidAllocationPool({ pool: `{'start': '${pool.start}', 'end': '${pool.end}'}` });
  }
  if (start.version !== version) throw subnetErrors.InvalidAllocationPool({ pool: text(pool) });
  return { first: start.value, last: end.value };
}

function text({ start, end }: AllocationPool): string {
  return `${start}-${end}`;
}
