import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { DelegatedSubnet } from '../support/delegated-subnet.ts';
import { type HaPlaces, HaRouter, haOptions } from '../support/ha-router.ts';
import type { EmulatedHost } from '../support/hosts.ts';
import { longTimes, PrefixProvider, pools } from '../support/prefix-provider.ts';
import { openRoutedLab, type RoutedLab } from '../support/routed-lab.ts';
import { until } from '../support/wait.ts';

/** A subnet of prefix delegation behind an HA router: the host that is active asks the provider (kea), always as the same client. */
let stand: RoutedLab;
let provider: PrefixProvider;
let router: HaRouter;
let delegated: DelegatedSubnet;

beforeAll(async () => {
  stand = await openRoutedLab({ routing: ['net1', 'net2'], compute: ['compute1'], l3: haOptions });
  provider = new PrefixProvider(stand.outside);
  delegated = await DelegatedSubnet.make(stand, stand.host('compute1'), { ha: true });
  router = new HaRouter(stand, delegated.router, [stand.host('net1'), stand.host('net2')]);
  await stand.attach(delegated.router, delegated.subnet);
}, 240_000);
afterAll(async () => {
  await provider?.kill();
  await stand?.close();
}, 60_000);

const leasesOn = ({ name }: EmulatedHost) =>
  readdir(join(stand.deployment.folder, name, 'pd', router.id)).catch(() => []);
const advertisedBy = ({ name }: EmulatedHost) =>
  readFile(join(stand.deployment.folder, name, 'ra', `${router.id}.radvd.conf`), 'utf8').catch(() => '');

/** The server, the active host and the guest agree on a prefix, the other host is silent, and packets go. */
async function works(pool: string, { primary, standby }: HaPlaces): Promise<string> {
  const { cidr, gateway } = await delegated.given(pool);
  await until('the router’s address', async () => (await router.addressesOn(primary)).includes(gateway));
  await until('advertisements', async () => (await advertisedBy(primary)).includes(`prefix ${cidr}`));
  await until('the lease', async () => (await leasesOn(primary)).length === 1);
  await until(
    'nothing at the other',
    async () => [...(await leasesOn(standby)), await advertisedBy(standby)].join('') === '',
  );
  await delegated.isWayOut(pool);
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
  const cidr = await delegated.prefix();
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
