import { afterEach, beforeEach, expect, it } from 'vitest';
import { everything } from '../../lib/query.ts';
import type { NetworkIpAvailability } from '../../resources/shapes.ts';
import type { Collection } from '../contract.ts';
import { all, createFixture, type Fixture, failure } from '../fixture.ts';

let f: Fixture;
let use: Collection<NetworkIpAvailability>;
beforeEach(async () => {
  f = await createFixture();
  use = f.plugin.collections.network_ip_availabilities!;
});
afterEach(() => f[Symbol.asyncDispose]());

const pool = (start: string, end: string) => ({ start, end });

it('adds up the allocation pools of subnets, and the addresses that are taken', async () => {
  const network = await f.network({ name: 'n' });
  const pools = [pool('10.0.0.2', '10.0.0.99'), pool('10.0.0.200', '10.0.0.254')];
  const four = await f.subnet(network.id, { name: 'four', allocation_pools: pools });
  await f.port(network.id);
  await f.port(network.id);
  // Chosen, and in none of the pools.
  await f.port(network.id, { fixed_ips: [{ subnet_id: four.id, ip_address: '10.0.0.150' }] });
  expect(await use.get(f.context, network.id)).toEqual({
    network_id: network.id,
    network_name: 'n',
    tenant_id: 'p1',
    project_id: 'p1',
    subnet_ip_availability: [
      {
        subnet_id: four.id,
        ip_version: 4,
        cidr: '10.0.0.0/24',
        subnet_name: 'four',
        used_ips: 3,
        total_ips: 153,
        ip_availability_details: {
          total_ips_in_subnet: 254,
          total_ips_in_allocation_pool: 153,
          used_ips_in_subnet: 3,
          used_ips_in_allocation_pool: 2,
        },
      },
    ],
    used_ips: 3,
    total_ips: 153,
    ip_availability_details: {
      total_ips_in_subnet: 254,
      total_ips_in_allocation_pool: 153,
      used_ips_in_subnet: 3,
      used_ips_in_allocation_pool: 2,
    },
  });
});

it('counts IPv6 exactly, and the sum over subnets too', async () => {
  const { id } = await f.network();
  await f.subnet(id);
  await f.subnet(id, { ip_version: 6, cidr: '2001:db8::/64' });
  const written = JSON.stringify(await use.get(f.context, id, ['total_ips', 'ip_availability_details']));
  // 253 of 10.0.0.0/24, and all of a /64 but its first, the gateway.
  expect(written).toBe(
    '{"total_ips":18446744073709551868,"ip_availability_details":{"total_ips_in_subnet":18446744073709551870,' +
      '"total_ips_in_allocation_pool":18446744073709551868,"used_ips_in_subnet":0,"used_ips_in_allocation_pool":0}}',
  );
});

it('counts the whole block where there is no pool, and every address of the smallest blocks', async () => {
  const { id } = await f.network();
  const { id: subnet } = await f.subnet(id);
  await f.plugin.collections.subnets.update!(f.context, subnet, { allocation_pools: [] });
  await f.subnet(id, { cidr: '10.0.1.0/31', gateway_ip: null, enable_dhcp: false });
  const { subnet_ip_availability: subnets } = await use.get(f.context, id);
  expect(subnets).toMatchObject([
    { total_ips: 256, ip_availability_details: { total_ips_in_subnet: 254, total_ips_in_allocation_pool: 0 } },
    { total_ips: 2, ip_availability_details: { total_ips_in_subnet: 2, total_ips_in_allocation_pool: 2 } },
  ]);
});

it('leaves out what a filter by version does not ask for', async () => {
  const both = await f.network({ name: 'both', project_id: 'p2' });
  await f.subnet(both.id);
  await f.subnet(both.id, { ip_version: 6, cidr: '2001:db8::/120' });
  const empty = await f.network({ name: 'empty' });
  const only = (version: number) => all(use, { filters: { ip_version: [version] } });
  expect(await only(4)).toMatchObject([{ network_name: 'both', total_ips: 253 }]);
  expect(await only(6)).toMatchObject([{ network_name: 'both', total_ips: 255 }]);
  expect((await only(4))[0]!.subnet_ip_availability).toHaveLength(1);
  const [twice] = await all(use, { filters: { ip_version: [4, 6] } });
  expect(twice).toMatchObject({ network_id: both.id, total_ips: 508 });
  expect(await all(use)).toHaveLength(2);
  expect(await all(use, { filters: { network_name: ['empty'] } })).toMatchObject([
    { network_id: empty.id, total_ips: 0, used_ips: 0, subnet_ip_availability: [] },
  ]);
  expect(await all(use, { filters: { project_id: ['p2'] }, fields: ['network_id'] })).toEqual([
    { network_id: both.id },
  ]);
  expect(await all(use, { filters: { network_id: [empty.id] } })).toHaveLength(1);
});

it('says that a network is not there', async () => {
  const missing = { type: 'NetworkNotFound', message: 'Network gone could not be found.' };
  expect(await failure(use.get(f.context, 'gone'))).toEqual(missing);
  expect(await failure(all(use, { limit: 1, marker: 'gone' }))).toEqual(missing);
});

it('counts for many networks in a long list, as exactly', async () => {
  const networks = await f.plugin.collections.networks.createBulk!(
    f.context,
    Array.from({ length: 60 }, (_, i) => ({ project_id: 'p1', name: `n${i}` })),
  );
  for (const { id } of networks) await f.subnet(id, { ip_version: 6, cidr: '2001:db8::/64' });
  const page = await use.list(f.context, everything);
  expect(
    Buffer.from(page.json!)
      .toString()
      .match(/"total_ips":18446744073709551615/g),
  ).toHaveLength(120);
});
