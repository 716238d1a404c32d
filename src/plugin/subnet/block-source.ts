import { lockPool, networkScope, poolSubnets } from '../../db/write/subnet-pools.ts';
import type { SubnetFacts } from '../../db/write/subnets.ts';
import { formatAddress, type IpVersion, maxValue, parseAddress } from '../../lib/ip/address.ts';
import { findBlock, setCovers, setOfCidrs } from '../../lib/ip/blocks.ts';
import { type Cidr, cidrOf, parseCidr } from '../../lib/ip/cidr.ts';
import { subtract } from '../../lib/ip/set.ts';
import type { SubnetPool } from '../../resources/shapes.ts';
import type { Change } from '../changes.ts';
import type { Input } from '../contract.ts';
import type { Shared } from '../parts.ts';
import type { StoredReads } from '../stored/reads.ts';
import { subnetPoolErrors } from '../subnet-pool/errors.ts';
import { subnetPoolReads } from '../subnet-pool/storage.ts';
import { subnetErrors } from './errors.ts';

/** Instead of a pool's id: the prefix is to come from the provider, by a router that asks for it (RFC 3633). */
export const PREFIX_DELEGATION = 'prefix_delegation';
/** What such a subnet has until then; upstream's, which overlaps with nothing. */
export const PROVISIONAL_PREFIX = '::/64';

/** What a request says of where its block comes from; at least one of the two is there. */
export interface BlockWish {
  readonly cidr: Cidr | null;
  /** A pool's id, or prefix delegation. */
  readonly pool: string | null;
}

/** A block that the subnet may have, and whose it is. */
export interface TakenBlock {
  readonly cidr: Cidr;
  readonly pool: SubnetPool | typeof PREFIX_DELEGATION | null;
  /** The gateway of a subnet that names none, where it is not the usual one. */
  readonly gateway?: string | null;
}

/** Where the addresses of a new subnet come from: the request, or a subnet pool (upstream: ipam/subnet_alloc.py). */
export class BlockSource {
  readonly #pools: StoredReads<SubnetPool>;

  constructor(shared: Shared) {
    this.#pools = subnetPoolReads(shared);
  }

  /** @throws BadRequest, InvalidInput */
  async wish(change: Change, input: Input): Promise<BlockWish> {
    const { cidr: text, prefixlen } = input;
    if (given(text) && given(prefixlen)) refuse('cidr and prefixlen must not be supplied together');
    const cidr = given(text) ? parseCidr(text as string) : null;
    if (given(text) && cidr === null) {
      throw subnetErrors.InvalidInput({ error_message: `${String(text)} is not in a CIDR format` });
    }
    const pool = await this.#wantedPool(change, input, cidr);
    if (pool === null && cidr === null) refuse('a subnetpool must be specified in the absence of a cidr');
    if (pool === null || cidr !== null) return { cidr, pool: pool === PREFIX_DELEGATION ? null : pool };
    if (given(input.allocation_pools)) refuse('allocation_pools allowed only for specific subnet requests.');
    if (pool === PREFIX_DELEGATION) checkDelegated(input);
    return { cidr, pool };
  }

  /**
   * Takes the block from its pool; from now on no other subnet of the pool can have any of it.
   * @throws SubnetPoolNotFound, BadRequest, MinPrefixSubnetAllocationError, MaxPrefixSubnetAllocationError,
   *   SubnetPoolQuotaExceeded, SubnetAllocationError
   */
  async take(change: Change, input: Input, { cidr, pool: id }: BlockWish): Promise<TakenBlock> {
    if (id === null) return { cidr: cidr!, pool: null };
    if (id === PREFIX_DELEGATION) return { cidr: parseCidr(PROVISIONAL_PREFIX)!, pool: id };
    const { tx } = change;
    const pool = await this.#pools.stored(tx, change.context, id);
    const version = pool.ip_version;
    if (input.ip_version !== version) {
      refuse(`Cannot allocate IPv${String(input.ip_version)} subnet from IPv${version} subnet pool`);
    }
    const prefix = cidr?.prefix ?? Number(given(input.prefixlen) ? input.prefixlen : pool.default_prefixlen);
    checkLength(prefix, pool);
    await lockPool(tx, id);
    const taken = await poolSubnets(tx, id);
    const project = (input.project_id as string | undefined) ?? '';
    checkQuota(
      pool,
      taken.filter(({ project_id }) => project_id === project).map((subnet) => parseCidr(subnet.cidr)!.prefix),
      prefix,
    );
    const free = subtract(setOfCidrs(pool.prefixes), setOfCidrs(taken.map((subnet) => subnet.cidr)));
    const specific = cidr ?? blockOfGateway(input.gateway_ip, prefix, version);
    if (specific !== null) {
      if (setCovers(free, specific)) return { cidr: specific, pool };
      fail('Cannot allocate requested subnet from the available set of prefixes');
    }
    const block = findBlock(free, prefix, version);
    if (block === null) return fail(`Insufficient prefix space to allocate subnet size /${prefix}`);
    return { cidr: block, pool, gateway: secondAddress(block) };
  }

  async #wantedPool({ tx, context }: Change, input: Input, cidr: Cidr | null): Promise<string | null> {
    const id = given(input.subnetpool_id) ? String(input.subnetpool_id) : null;
    if (input.use_default_subnetpool !== true) return id;
    if (id !== null) refuse('subnetpool_id and use_default_subnetpool cannot both be specified');
    const version = cidr?.version ?? (input.ip_version as IpVersion);
    const pool = await this.#pools.visible(tx, context, {
      filters: { is_default: [true], ip_version: [version] },
      limit: 1,
    });
    return pool[0]?.id ?? refuse(`No default subnetpool found for IPv${version}`);
  }
}

/**
 * The subnets of a network that are of one IP version come from one pool, or from pools of one address scope.
 * @throws NetworkSubnetPoolAffinityError, NetworkAddressScopeAffinityError
 */
export async function checkAffinity(
  { tx }: Change,
  networkId: string,
  { pool }: TakenBlock,
  version: IpVersion,
  subnets: readonly SubnetFacts[],
): Promise<void> {
  const others = subnets.filter(({ ip_version }) => ip_version === version);
  if (pool === null) {
    if (others.some(({ subnetpool_id }) => subnetpool_id !== null)) {
      throw subnetPoolErrors.NetworkSubnetPoolAffinityError();
    }
    return;
  }
  const scope = await networkScope(tx, networkId, version);
  const delegated = pool === PREFIX_DELEGATION;
  if (scope !== null) {
    if (delegated || pool.address_scope_id !== scope) throw subnetPoolErrors.NetworkAddressScopeAffinityError();
    return;
  }
  const same = delegated ? PREFIX_DELEGATION : pool.id;
  if (others.some(({ subnetpool_id }) => subnetpool_id !== same)) {
    throw subnetPoolErrors.NetworkSubnetPoolAffinityError();
  }
}

/** What `subnetpool_id` shows. */
export function poolId({ pool }: TakenBlock): string | null {
  return pool === null || pool === PREFIX_DELEGATION ? pool : pool.id;
}

function given(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function refuse(msg: string): never {
  throw subnetErrors.BadRequest({ msg });
}

function fail(reason: string): never {
  throw subnetPoolErrors.SubnetAllocationError({ reason });
}

function checkDelegated({ ip_version, ipv6_ra_mode, ipv6_address_mode }: Input): void {
  if (ip_version !== 6) refuse('Prefix Delegation can only be used with IPv6 subnets.');
  const modes = ['slaac', 'dhcpv6-stateless'];
  if (!modes.includes(ipv6_ra_mode as string)) {
    refuse('IPv6 RA Mode must be SLAAC or Stateless for Prefix Delegation.');
  }
  if (!modes.includes(ipv6_address_mode as string)) {
    refuse('IPv6 Address Mode must be SLAAC or Stateless for Prefix Delegation.');
  }
}

function checkLength(prefixlen: number, { min_prefixlen, max_prefixlen }: SubnetPool): void {
  if (prefixlen > Number(max_prefixlen)) {
    throw subnetPoolErrors.MaxPrefixSubnetAllocationError({ prefixlen, max_prefixlen });
  }
  if (prefixlen < Number(min_prefixlen)) {
    throw subnetPoolErrors.MinPrefixSubnetAllocationError({ prefixlen, min_prefixlen });
  }
}

/** A project's share of a pool, in addresses of IPv4 or in /64 blocks of IPv6; 0 is none set, as upstream has it. */
function checkQuota({ default_quota, ip_version }: SubnetPool, used: readonly number[], more: number): void {
  if (!default_quota) return;
  const width = ip_version === 4 ? 32 : 128;
  const unit = ip_version === 4 ? 1n : 1n << 64n;
  const addresses = [...used, more].reduce((sum, prefix) => sum + (1n << BigInt(width - prefix)), 0n);
  if (addresses > BigInt(default_quota) * unit) throw subnetPoolErrors.SubnetPoolQuotaExceeded();
}

/** Who names a gateway and no block wants the block that the gateway is in. */
function blockOfGateway(gateway: unknown, prefix: number, version: IpVersion): Cidr | null {
  if (!given(gateway)) return null;
  const address = parseAddress(gateway as string);
  if (address?.version !== version) {
    const error_message = `gateway_ip '${String(gateway)}' does not match the ip_version '${version}'`;
    throw subnetErrors.InvalidInput({ error_message });
  }
  return cidrOf(address, prefix);
}

/** Of a block that a pool chose, the gateway is the second address, also of IPv6. */
function secondAddress({ first, version }: Cidr): string | null {
  return first + 1n > maxValue(version) ? null : formatAddress(first + 1n, version);
}
