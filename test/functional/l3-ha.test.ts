import { afterAll, beforeAll, expect, it } from 'vitest';
import type { FloatingIp, Network, Subnet } from '../../src/resources/shapes.ts';
import { HaRouter, haOptions, PingStream, takeOverLimitMs } from '../support/ha-router.ts';
import type { EmulatedHost } from '../support/hosts.ts';
import { openRoutedLab, type RoutedGuest, type RoutedLab } from '../support/routed-lab.ts';
import { Starvation } from '../support/starvation.ts';
import { until } from '../support/wait.ts';

/** One HA router on two hosts: who is primary, what a guest and the API see of it, what does not make it change; and one that is not. */
let stand: RoutedLab;
let router: HaRouter;
let inner: { network: Network; subnet: Subnet };
let guest: RoutedGuest;
let floating: FloatingIp;

beforeAll(async () => {
  stand = await openRoutedLab({ routing: ['net1', 'net2'], compute: ['compute1'], l3: haOptions });
  const made = await stand.api.create('router', { ha: true, external_gateway_info: { network_id: stand.external.id } });
  router = new HaRouter(
    stand,
    made,
    ['net1', 'net2'].map((name) => stand.host(name)),
  );
  inner = await stand.network('10.10.0.0/24');
  const v6 = await stand.api.create('subnet', {
    ...{ network_id: inner.network.id, ip_version: 6, cidr: 'fd10::/64' },
    ...{ ipv6_ra_mode: 'slaac', ipv6_address_mode: 'slaac' },
  });
  for (const subnet of [inner.subnet, v6]) await stand.attach(made, subnet);
  guest = await stand.guest(stand.host('compute1'), inner, 'guest');
  floating = await stand.floatingIp(guest.port);
});
afterAll(async () => {
  await stand?.close();
});

const pinging = () => new PingStream(guest, '203.0.113.1');

it('one host is primary and has all addresses; the other is quiet; the API says so', async () => {
  const { primary, standby } = await router.settled();
  await stand.answers(floating.floating_ip_address);
  await until('an answer', () => guest.guest.ping('203.0.113.1', 1));
  const addresses = await router.addressesOn(primary);
  expect(addresses).toContain('10.10.0.1');
  expect(addresses).toContain(floating.floating_ip_address);
  expect(addresses.some((one) => one.startsWith('fe80::f816'))).toBe(true);
  await until(
    'the daemons',
    async () =>
      (await router.pidsOf(primary, 'radvd')).length > 0 && (await router.pidsOf(primary, 'haproxy')).length > 0,
  );
  await until(
    'no daemons at the other',
    async () => [...(await router.pidsOf(standby, 'radvd')), ...(await router.pidsOf(standby, 'haproxy'))].length === 0,
  );
  const state = async (host: EmulatedHost) =>
    await host.read(['cat', `${stand.deployment.folder}/${host.name}/ha_confs/${router.id}/state`]);
  expect([await state(primary), await state(standby)]).toEqual(['primary', 'backup']);
}, 240_000);

it('agents that are restarted disturb nothing', async () => {
  const before = await router.settled();
  const pids = [await router.pidsOf(before.primary, 'keepalived'), await router.pidsOf(before.standby, 'keepalived')];
  const ping = pinging();
  for (const agent of stand.routing.values()) {
    await agent.kill9();
    agent.start();
    await agent.ready('its first sync', () => /synchronized with the server/.test(agent.recentOutput), 60_000);
  }
  expect((await ping.loss()).lost).toBe(0);
  const after = await router.settled();
  expect(after.primary.name).toBe(before.primary.name);
  expect([await router.pidsOf(after.primary, 'keepalived'), await router.pidsOf(after.standby, 'keepalived')]).toEqual(
    pids,
  );
}, 240_000);

it('a floating address more is taken over without a change of the primary', async () => {
  const before = await router.settled();
  const more = await stand.guest(stand.host('compute1'), inner, 'more');
  const ping = pinging();
  const address = await stand.floatingIp(more.port);
  await stand.answers(address.floating_ip_address);
  expect((await ping.loss()).lost).toBe(0);
  expect((await router.settled()).primary.name).toBe(before.primary.name);
}, 240_000);

it('extra routes are where it is primary; one to everywhere is there instead of the gateway’s', async () => {
  const { primary, standby } = await router.settled();
  const route = (destination: string) => ({ destination, nexthop: guest.address });
  const routesOf = async (host: EmulatedHost, ...words: string[]) =>
    (await host.read(['ip', '-n', router.netns, '-4', 'route', 'show', 'proto', 'static', ...words]))
      .trim()
      .split(/\s*\n/);
  const by = `via ${guest.address} dev qr-`;
  await stand.api.update('router', router.id, { routes: ['0.0.0.0/0', '10.77.0.0/16', '10.77.5.7/32'].map(route) });
  await until('the routes', async () => (await routesOf(primary)).filter((line) => line.includes(by)).length === 3);
  expect((await routesOf(primary, 'default')).map((line) => line.slice(0, -11))).toEqual([`default ${by}`]);
  await stand.api.update('router', router.id, { routes: [] });
  await until('the gateway', async () => (await routesOf(primary, 'default'))[0]?.includes('via 203.0.113.1 dev qg-'));
  expect((await routesOf(primary)).length).toBe(1);
  expect(await routesOf(standby)).toEqual(['']);
}, 240_000);

it('keepalived that is killed is started again', async () => {
  const { standby } = await router.settled();
  const before = await router.pidsOf(standby, 'keepalived');
  await router.killKeepalived(standby);
  await until(
    'another keepalived',
    async () => {
      const pids = await router.pidsOf(standby, 'keepalived');
      return pids.length > 1 && !pids.some((pid) => before.includes(pid));
    },
    { timeoutMs: 30_000 },
  );
  await router.settled();
}, 240_000);

it('the primary loses its keepalived: the other takes over, the one that comes back stays behind it', async () => {
  const before = await router.settled();
  const ping = pinging();
  using starvation = await Starvation.watch();
  await router.killKeepalived(before.primary);
  const after = await router.settled(before);
  await stand.answers(floating.floating_ip_address);
  expect(after.standby.name).toBe(before.primary.name);
  await until(
    'the daemons',
    async () =>
      (await router.pidsOf(after.primary, 'radvd')).length > 0 &&
      (await router.pidsOf(after.standby, 'radvd')).length === 0,
  );
  const { lost } = await ping.loss();
  expect(lost * 100).toBeLessThan(takeOverLimitMs(starvation));
}, 240_000);

it('a host that falls silent is replaced as fast as VRRP allows', async () => {
  const { primary, standby } = await router.settled();
  await guest.guest.ping('203.0.113.1');
  const ping = pinging();
  using starvation = await Starvation.watch();
  await ping.flows();
  // Its cards are pulled: it cannot know, and keeps its addresses.
  await primary.ipBatch(['link set eth0 down', 'link set eth1 down']);
  await router.untilAddressesOn(standby);
  await stand.answers(floating.floating_ip_address);
  const { lost } = await ping.loss();
  expect(lost * 100).toBeLessThan(takeOverLimitMs(starvation));
  await until('the API', async () => (await router.states())[standby.name] === 'active', { timeoutMs: 60_000 });
  await primary.ipBatch(['link set eth1 up', 'link set eth0 up']);
  await router.settled();
  await stand.answers(floating.floating_ip_address);
}, 240_000);

it('a primary that goes while the server is away is replaced as well', async () => {
  const before = await router.settled();
  await stand.answers(floating.floating_ip_address);
  await stand.deployment.server.kill9();
  const ping = pinging();
  using starvation = await Starvation.watch();
  await router.killKeepalived(before.primary);
  await router.untilAddressesOn(before.standby);
  await stand.answers(floating.floating_ip_address);
  expect((await ping.loss()).lost * 100).toBeLessThan(takeOverLimitMs(starvation));
  stand.deployment.server.start();
  await stand.deployment.answering();
  await until('the API', async () => (await router.states())[before.standby.name] === 'active', { timeoutMs: 60_000 });
}, 240_000);

it('a router that is on one host alone is taken to another by hand, and who was reached by it is reached there', async () => {
  const { api } = stand;
  const single = await api.create('router', { external_gateway_info: { network_id: stand.external.id } });
  const own = await stand.network('10.11.0.0/24');
  await stand.attach(single, own.subnet);
  const other = await stand.guest(stand.host('compute1'), own, 'other');
  const { id, floating_ip_address } = await stand.floatingIp(other.port);
  await stand.answers(floating_ip_address);
  const serving = async () => (await api.expect('GET', `/v2.0/routers/${single.id}/l3-agents`)).agents;
  const [from] = await serving();
  const to = (await api.list('agent', 'agent_type=L3%20agent')).find((agent) => agent.id !== from.id)!;
  await api.expect('DELETE', `/v2.0/agents/${from.id}/l3-routers/${single.id}`);
  await api.expect('POST', `/v2.0/agents/${to.id}/l3-routers`, { router_id: single.id });
  const isGone = async () => !(await stand.host(from.host).namespaces()).includes(`qrouter-${single.id}`);
  await until('nothing of it where it was', isGone);
  await stand.answers(floating_ip_address);
  await until('the way outside', () => other.guest.ping('203.0.113.1', 1), { timeoutMs: 30_000 });
  await until('ACTIVE', async () => (await api.show('floatingip', id)).status === 'ACTIVE');
  const bound = await api.list('port', `device_id=${single.id}`);
  expect(bound.map((port) => port['binding:host_id'])).toEqual([to.host, to.host]);
}, 120_000);
