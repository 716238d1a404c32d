import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Network, Subnet } from '../../src/resources/shapes.ts';
import { type HaPlaces, HaRouter, haOptions, PingStream, takeOverLimitMs } from '../support/ha-router.ts';
import type { EmulatedHost } from '../support/hosts.ts';
import { Flow, openRoutedLab, type RoutedGuest, type RoutedLab } from '../support/routed-lab.ts';
import { Starvation } from '../support/starvation.ts';
import { until } from '../support/wait.ts';

/**
 * An HA router on two hosts whose networks are tunnels that are flooded to nobody but those the server names. Its MAC is where the
 * primary is, and no message says so: guests on a third host, and on the hosts of the router, find it after each change.
 */
let stand: RoutedLab;
let router: HaRouter;
let near: { network: Network; subnet: Subnet };
let far: { network: Network; subnet: Subnet };
/** On `compute1`, in two networks of the router, and one on each of the router's hosts. */
let guest: RoutedGuest;
let peer: RoutedGuest;
let beside: Record<string, RoutedGuest>;
let stream: Flow;
/** Of the router, in `near`. */
let mac: string;

const OUTSIDE = '203.0.113.1';
const routing = () => ['net1', 'net2'].map((name) => stand.host(name));
const compute = () => stand.host('compute1');

beforeAll(async () => {
  stand = await openRoutedLab({
    ...{ routing: ['net1', 'net2'], compute: ['compute1'] },
    ...{ l2Population: true, l3: haOptions },
  });
  const made = await stand.api.create('router', { ha: true, external_gateway_info: { network_id: stand.external.id } });
  router = new HaRouter(stand, made, routing());
  near = await stand.network('10.10.0.0/24');
  far = await stand.network('10.20.0.0/24');
  for (const { subnet } of [near, far]) await stand.attach(made, subnet);
  const [port] = await stand.api.list('port', `network_id=${near.network.id}&fixed_ips=ip_address%3D10.10.0.1`);
  mac = port!.mac_address;
  guest = await stand.guest(compute(), near, 'guest');
  peer = await stand.guest(compute(), far, 'peer');
  beside = {};
  for (const host of routing()) beside[host.name] = await stand.guest(host, near, `beside-${host.name}`);
  await Flow.listen(peer.guest, 5001);
  stream = await Flow.open(guest.guest, peer.address, 5001);
}, 240_000);
afterAll(async () => {
  await stand?.close();
}, 60_000);

/** Where a host sends what is for the router, in the tunnel of `near`: learned, or put there for good. */
async function routerSeenAt(host: EmulatedHost): Promise<{ address: string; isPermanent: boolean }[]> {
  const device = `vxlan-${near.network['provider:segmentation_id']}`;
  const lines = (await host.read(['bridge', 'fdb', 'show', 'dev', device])).split('\n');
  return lines
    .filter((line) => line.startsWith(mac))
    .flatMap((line) => {
      const address = / dst (\S+)/.exec(line)?.[1];
      return address ? [{ address, isPermanent: / permanent/.test(line) }] : [];
    });
}

/** All hosts that are flooded to. */
async function floodedFrom(host: EmulatedHost): Promise<string[]> {
  const device = `vxlan-${near.network['provider:segmentation_id']}`;
  const text = await host.read(['bridge', 'fdb', 'show', 'dev', device]);
  return [...text.matchAll(/^00:00:00:00:00:00 .*?dst (\S+)/gm)].map(([, address]) => address!).sort();
}

/** Everybody who lives has the router, and the tunnels lead to the one host that has it. */
async function reached({ primary }: HaPlaces, by: readonly RoutedGuest[]): Promise<void> {
  for (const one of by) await until('an answer from outside', () => one.guest.ping(OUTSIDE, 1));
  const seen = await until('one place', async () => {
    const found = await routerSeenAt(compute());
    return found.length === 1 && found[0]!.address === primary.address ? found : null;
  });
  expect(seen).toEqual([{ address: primary.address, isPermanent: false }]);
}

it('the router is found where it is active, and both of its hosts are flooded to', async () => {
  const now = await router.settled();
  await reached(now, [guest, ...Object.values(beside)]);
  const both = [now.primary.address, now.standby.address].sort();
  await until('both', async () => (await floodedFrom(compute())).join() === both.join());
  await stream.goesOn();
}, 240_000);

const silence = ({ primary }: HaPlaces) => primary.ipBatch(['link set eth0 down', 'link set eth1 down']);

/** By the hosts alone: there may be no server to ask. */
async function places(): Promise<HaPlaces> {
  const [one, two] = routing() as [EmulatedHost, EmulatedHost];
  return (await router.addressesOn(one)).length > 0 ? { primary: one, standby: two } : { primary: two, standby: one };
}

/** One host takes over from the other, and what is lost of pings is what VRRP takes; a connection between two networks goes on. */
async function changes(
  fails: (places: HaPlaces) => Promise<void>,
  witnesses: (places: HaPlaces) => readonly RoutedGuest[],
): Promise<HaPlaces> {
  const before = await places();
  const pings = witnesses(before).map((one) => new PingStream(one, OUTSIDE));
  using starvation = await Starvation.watch();
  for (const ping of pings) await ping.flows();
  await fails(before);
  await router.untilAddressesOn(before.standby);
  for (const ping of pings) {
    const { lost } = await ping.loss();
    expect(lost * 100).toBeLessThan(takeOverLimitMs(starvation));
  }
  await stream.goesOn();
  return before;
}

let first: HaPlaces;

it('the primary’s host falls silent: guests elsewhere, and those of the host that takes over, go on', async () => {
  first = await changes(silence, ({ standby }) => [guest, beside[standby.name]!]);
  const seen = await routerSeenAt(compute());
  expect(seen).toEqual([{ address: first.standby.address, isPermanent: false }]);
}, 240_000);

it('it comes back: one of the two gives way, and all guests find the other', async () => {
  await first.primary.ipBatch(['link set eth1 up', 'link set eth0 up']);
  await reached(await router.settled(), [guest, ...Object.values(beside)]);
  await stream.goesOn();
}, 240_000);

it('and back: keepalived of the primary dies, and the guests of all hosts go on by the other', async () => {
  const before = await changes(
    ({ primary }) => router.killKeepalived(primary),
    () => [guest, ...Object.values(beside)],
  );
  await reached(await router.settled(before), [guest, ...Object.values(beside)]);
}, 240_000);

it('a change of place needs no server, no bridge agent and no L3 agent', async () => {
  await router.settled();
  const others = [...stand.routing.values(), ...stand.bridges.values()];
  for (const program of [stand.deployment.server, ...others]) await program.stop();
  const before = await changes(silence, () => [guest]);
  await reached({ primary: before.standby, standby: before.primary }, [guest, beside[before.standby.name]!]);
}, 240_000);
