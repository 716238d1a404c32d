import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SubnetPool } from '../../resources/shapes.ts';
import type { Input } from '../contract.ts';
import { createFixture, type Fixture, failure, member, type Network } from '../fixture.ts';

let f: Fixture;
let network: Network;
beforeEach(async () => {
  f = await createFixture();
  network = await f.network();
});
afterEach(() => f[Symbol.asyncDispose]());

const makePool = (input: Input = {}): Promise<SubnetPool> =>
  f.plugin.collections.subnetpools!.create!(f.context, {
    project_id: 'p1',
    name: 'sp',
    prefixes: ['10.140.0.0/16'],
    default_prefixlen: 26,
    ...input,
  });
const take = async (pool: SubnetPool, input: Input = {}) => {
  const { id } = await f.network();
  return f.subnet(id, { cidr: undefined, subnetpool_id: pool.id, ip_version: pool.ip_version, ...input });
};

describe('a subnet from a pool', () => {
  it('gets a block of the default or the wanted length', async () => {
    const pool = await makePool();
    expect(await take(pool)).toMatchObject({
      subnetpool_id: pool.id,
      cidr: '10.140.0.0/26',
      gateway_ip: '10.140.0.1',
      allocation_pools: [{ start: '10.140.0.2', end: '10.140.0.62' }],
    });
    expect(await take(pool, { prefixlen: 28 })).toMatchObject({ cidr: '10.140.0.64/28' });
    expect(await take(pool, { prefixlen: 25 })).toMatchObject({ cidr: '10.140.0.128/25' });
  });

  it('gets the block that it names, or that its gateway is in, while it is free', async () => {
    const pool = await makePool();
    expect(await take(pool, { cidr: '10.140.7.0/24' })).toMatchObject({
      cidr: '10.140.7.0/24',
      subnetpool_id: pool.id,
      gateway_ip: '10.140.7.1',
    });
    expect(await take(pool, { gateway_ip: '10.140.9.70' })).toMatchObject({
      cidr: '10.140.9.64/26',
      gateway_ip: '10.140.9.70',
    });
    for (const cidr of ['10.140.7.128/25', '10.140.0.0/17', '10.141.0.0/24']) {
      expect(await failure(take(pool, { cidr }))).toEqual({
        type: 'SubnetAllocationError',
        message: 'Failed to allocate subnet: Cannot allocate requested subnet from the available set of prefixes.',
      });
    }
  });

  it('has no gateway when it wants none', async () => {
    expect(await take(await makePool(), { gateway_ip: null })).toMatchObject({
      cidr: '10.140.0.0/26',
      gateway_ip: null,
      allocation_pools: [{ start: '10.140.0.1', end: '10.140.0.62' }],
    });
  });

  it('of IPv6 has the second address for its gateway when the pool chose, the first when it did itself', async () => {
    const pool = await makePool({ prefixes: ['2001:db8::/48'], default_prefixlen: 64 });
    expect(await take(pool)).toMatchObject({ cidr: '2001:db8::/64', gateway_ip: '2001:db8::1' });
    expect(await take(pool, { cidr: '2001:db8:0:9::/64' })).toMatchObject({ gateway_ip: '2001:db8:0:9::' });
  });

  it('gives its block back when it goes', async () => {
    const pool = await makePool({ prefixes: ['10.0.0.0/24'], default_prefixlen: 25 });
    const first = await take(pool);
    await take(pool);
    expect(await failure(take(pool))).toEqual({
      type: 'SubnetAllocationError',
      message: 'Failed to allocate subnet: Insufficient prefix space to allocate subnet size /25.',
    });
    await f.plugin.collections.subnets.delete!(f.context, first.id);
    expect((await take(pool)).cidr).toBe(first.cidr);
  });

  it.each<[Input, string, string]>([
    [
      { prefixlen: 30 },
      'MaxPrefixSubnetAllocationError',
      'Unable to allocate subnet with prefix length 30, maximum allowed prefix is 28.',
    ],
    [
      { cidr: '10.140.0.0/20' },
      'MinPrefixSubnetAllocationError',
      'Unable to allocate subnet with prefix length 20, minimum allowed prefix is 24.',
    ],
    [{ ip_version: 6 }, 'BadRequest', 'Bad subnets request: Cannot allocate IPv6 subnet from IPv4 subnet pool.'],
    [
      { cidr: '10.140.0.0/24', prefixlen: 24 },
      'BadRequest',
      'Bad subnets request: cidr and prefixlen must not be supplied together.',
    ],
    [
      { use_default_subnetpool: true },
      'BadRequest',
      'Bad subnets request: subnetpool_id and use_default_subnetpool cannot both be specified.',
    ],
    [
      { allocation_pools: [{ start: '10.140.0.5', end: '10.140.0.6' }] },
      'BadRequest',
      'Bad subnets request: allocation_pools allowed only for specific subnet requests..',
    ],
    [
      { gateway_ip: '2001:db8::1' },
      'InvalidInput',
      "Invalid input for operation: gateway_ip '2001:db8::1' does not match the ip_version '4'.",
    ],
    [
      { subnetpool_id: '11111111-1111-4111-8111-111111111111' },
      'SubnetPoolNotFound',
      'Subnet pool 11111111-1111-4111-8111-111111111111 could not be found.',
    ],
    [
      { ipv6_ra_mode: 'slaac' },
      'InvalidInput',
      'Invalid input for operation: ipv6_ra_mode is not valid when ip_version is 4.',
    ],
  ])('is refused with %j', async (input, type, message) => {
    const pool = await makePool({ min_prefixlen: 24, max_prefixlen: 28 });
    expect(await failure(take(pool, input))).toEqual({ type, message });
  });

  it('is on a network with subnets of the same pool only, of its version', async () => {
    const pool = await makePool();
    const from = { cidr: undefined, subnetpool_id: pool.id };
    await f.subnet(network.id, { ip_version: 6, cidr: '2001:db8::/64' });
    await f.subnet(network.id, from);
    await f.subnet(network.id, from);
    const affinity = {
      type: 'NetworkSubnetPoolAffinityError',
      message: 'Subnets hosted on the same network must be allocated from the same subnet pool.',
    };
    expect(await failure(f.subnet(network.id))).toEqual(affinity);
    const other = await makePool({ prefixes: ['10.150.0.0/16'] });
    expect(await failure(f.subnet(network.id, { ...from, subnetpool_id: other.id }))).toEqual(affinity);
    const plain = await f.network();
    await f.subnet(plain.id);
    expect(await failure(f.subnet(plain.id, from))).toEqual(affinity);
  });
});

describe('a share of a pool', () => {
  it('is counted in addresses, for each project by itself', async () => {
    const pool = await makePool({ default_quota: 128, shared: true });
    await take(pool);
    const exceeded = { type: 'SubnetPoolQuotaExceeded', message: 'Per-tenant subnet pool prefix quota exceeded.' };
    expect(await failure(take(pool, { prefixlen: 25 }))).toEqual(exceeded);
    const second = await take(pool);
    expect(await failure(take(pool, { prefixlen: 32, enable_dhcp: false }))).toEqual(exceeded);
    expect((await take(pool, { project_id: 'p2' })).cidr).toBe('10.140.0.128/26');
    await f.plugin.collections.subnets.delete!(f.context, second.id);
    await take(pool);
  });

  it('is counted in /64 blocks of IPv6, and parts of them', async () => {
    const pool = await makePool({ prefixes: ['2001:db8::/48'], default_prefixlen: 64, default_quota: 2 });
    await take(pool);
    await take(pool, { prefixlen: 65, enable_dhcp: false });
    expect((await failure(take(pool))).type).toBe('SubnetPoolQuotaExceeded');
    await take(pool, { prefixlen: 65, enable_dhcp: false });
  });
});

describe('the default pool', () => {
  it('is used when asked for, by those who see it', async () => {
    expect((await failure(f.subnet(network.id, { cidr: undefined, use_default_subnetpool: true }))).message).toBe(
      'Bad subnets request: No default subnetpool found for IPv4.',
    );
    const pool = await makePool({ is_default: true });
    const input = { project_id: 'p2', ip_version: 4, use_default_subnetpool: true };
    const theirs = await f.network({ project_id: 'p2' });
    const create = () => f.plugin.collections.subnets.create!(member('p2'), { ...input, network_id: theirs.id });
    expect((await failure(create())).type).toBe('BadRequest');
    const shared = await makePool({ prefixes: ['10.150.0.0/16'], shared: true });
    await f.plugin.collections.subnetpools!.update!(f.context, pool.id, { is_default: false });
    await f.plugin.collections.subnetpools!.update!(f.context, shared.id, { is_default: true });
    expect(await create()).toMatchObject({ subnetpool_id: shared.id, cidr: '10.150.0.0/26' });
  });
});

describe('prefix delegation', () => {
  const delegated = {
    cidr: undefined,
    ip_version: 6,
    subnetpool_id: 'prefix_delegation',
    ipv6_ra_mode: 'slaac',
    ipv6_address_mode: 'slaac',
  };

  it('gives a prefix to begin with, which overlaps with no other', async () => {
    const subnet = await f.subnet(network.id, delegated);
    expect(subnet).toMatchObject({ cidr: '::/64', subnetpool_id: 'prefix_delegation', gateway_ip: '::' });
    await f.subnet(network.id, delegated);
    expect((await failure(f.subnet(network.id, { ip_version: 6, cidr: '2001:db8::/64' }))).type).toBe(
      'NetworkSubnetPoolAffinityError',
    );
    await f.subnet(network.id);
  });

  it('is a plain subnet when it names its block', async () => {
    expect(await f.subnet(network.id, { ...delegated, cidr: '2001:db8::/64' })).toMatchObject({
      cidr: '2001:db8::/64',
      subnetpool_id: null,
    });
  });

  it.each<[Input, string]>([
    [{ ip_version: 4 }, 'Prefix Delegation can only be used with IPv6 subnets.'],
    [{ ipv6_ra_mode: 'dhcpv6-stateful' }, 'IPv6 RA Mode must be SLAAC or Stateless for Prefix Delegation.'],
    [{ ipv6_address_mode: undefined }, 'IPv6 Address Mode must be SLAAC or Stateless for Prefix Delegation.'],
  ])('needs addresses that guests make themselves: %j', async (input, reason) => {
    expect(await failure(f.subnet(network.id, { ...delegated, ...input }))).toEqual({
      type: 'BadRequest',
      message: `Bad subnets request: ${reason}.`,
    });
  });
});
