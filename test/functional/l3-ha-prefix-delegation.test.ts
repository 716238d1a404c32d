import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parseAddress } from '../../src/lib/ip/address.ts';
import { cidrHas, parseCidr } from '../../src/lib/ip/cidr.ts';
import type { Port, Subnet } from '../../src/resources/shapes.ts';
import { type Guest, plugGuest } from '../support/guest.ts';
import { type HaPlaces, HaRouter, haOptions } from '../support/ha-router.ts';
import type { EmulatedHost } from '../support/hosts.ts';
import { longTimes, PrefixProvider, pools } from '../support/prefix-provider.ts';
import { openRoutedLab, type RoutedLab } from '../support/routed-lab.ts';
import { until } from '../support/wait.ts';

/** A subnet of prefix delegation behind an HA router: the host that is active asks the provider (kea), always as the same client. */
let stand: RoutedLab;
let provider: PrefixProvider;
let router: HaRouter;
let subnet: Subnet;
let port: Port;
let guest: Guest;

beforeAll(async () => {
  stand = await openRoutedLab({ routing: ['net1', 'net2'], compute: ['compute1'], l3: haOptions });
  provider = new PrefixProvider(stand.outside);
  await stand.api.create('subnet', {
    ...{ network_id: stand.external.id, ip_version: 6, cidr: '2001:db8:e::/64', gateway_ip: '2001:db8:e::1' },
    enable_dhcp: false,
  });
  const made = await stand.api.create('router', { ha: true, external_gateway_info: { network_id: stand.external.id } });
  router = new HaRouter(stand, made, [stand.host('net1'), stand.host('net2')]);
  const { network, subnet: v4 } = await stand.network('10.10.0.0/24');
  await stand.attach(made, v4);
  subnet = await stand.api.create('subnet', {
    ...{ network_id: network.id, ip_version: 6, subnetpool_id: 'prefix_delegation' },
    ...{ ipv6_ra_mode: 'slaac', ipv6_address_mode: 'slaac' },
  });
  port = await stand.api.create('port', {
    ...{ network_id: network.id, device_owner: 'compute:nova', 'binding:host_id': 'compute1' },
  });
  guest = await plugGuest(stand.host('compute1'), port, 'guest');
  const { external_fixed_ips } = (await stand.api.show('router', made.id)).external_gateway_info!;
  const outer = external_fixed_ips!.find(({ ip_address }) => ip_address!.includes(':'))!.ip_address;
  await stand.outside.ipBatch(Object.values(pools).map((pool) => `route add ${pool} via ${outer} dev eth1`));
  await stand.attach(made, subnet);
}, 240_000);
afterAll(async () => {
  await provider?.kill();
  await stand?.close();
}, 60_000);

const prefix = async () => (await stand.api.show('subnet', subnet.id)).cidr;
const isOf = (pool: string, address: string) => cidrHas(parseCidr(pool)!, parseAddress(address.split('/')[0]!)!);
const leasesOn = ({ name }: EmulatedHost) =>
  readdir(join(stand.deployment.folder, name, 'pd', router.id)).catch(() => []);
const advertisedBy = ({ name }: EmulatedHost) =>
  readFile(join(stand.deployment.folder, name, 'ra', `${router.id}.radvd.conf`), 'utf8').catch(() => '');

/** The server, the active host and the guest agree on a prefix, the other host is silent, and packets go. */
async function works(pool: string, { primary, standby }: HaPlaces): Promise<string> {
  const cidr = await until(`a prefix of ${pool}`, async () => {
    const now = await prefix();
    return isOf(pool, now) && now;
  });
  const gateway = (await stand.api.show('subnet', subnet.id)).gateway_ip!;
  await until('the router’s address', async () => (await router.addressesOn(primary)).includes(gateway));
  await until('advertisements', async () => (await advertisedBy(primary)).includes(`prefix ${cidr}`));
  await until('the lease', async () => (await leasesOn(primary)).length === 1);
  await until(
    'nothing at the other',
    async () => [...(await leasesOn(standby)), await advertisedBy(standby)].join('') === '',
  );
  const mine = await until('the port’s address', async () => {
    const { fixed_ips } = await stand.api.show('port', port.id);
    return fixed_ips.find(({ ip_address }) => isOf(pool, ip_address))?.ip_address;
  });
  await until('the guest’s address', async () => (await guest.addresses()).includes(mine));
  const ping = ['ping', '-6', '-n', '-c', '1', '-W', '1', '-I', mine, '2001:db8:e::1'];
  await until('an answer from outside', async () => (await guest.run(ping, { okCodes: [0, 1, 2] })).code === 0);
  return cidr;
}

/** The primary’s keepalived dies, and the other host is active. */
async function change(): Promise<{ before: HaPlaces; now: HaPlaces }> {
  const before = await router.settled();
  await router.killKeepalived(before.primary);
  return { before, now: await router.settled(before) };
}

it('the active host is given a prefix, and it alone has and announces it', async () => {
  await provider.serve(pools.first, longTimes);
  await works(pools.first, await router.settled());
}, 240_000);

it('who takes over is given the same, and the guest keeps its address', async () => {
  const cidr = await prefix();
  const { now } = await change();
  expect(await works(pools.first, now)).toBe(cidr);
}, 240_000);

it('what the provider gives one host meanwhile is not taken back when the other is active again', async () => {
  await provider.serve(pools.second, longTimes);
  const cidr = await works(pools.second, await router.settled());
  const { length } = provider.output;
  const { now } = await change();
  await until('a question', () => /SOLICIT/.test(provider.output.slice(length)));
  expect(await works(pools.second, now)).toBe(cidr);
}, 240_000);
