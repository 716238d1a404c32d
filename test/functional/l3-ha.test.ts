import { afterAll, beforeAll, expect, it } from 'vitest';
import type { FloatingIp, Network, Router, Subnet } from '../../src/resources/shapes.ts';
import type { EmulatedHost, HostProcess } from '../support/hosts.ts';
import { openRoutedLab, type RoutedGuest, type RoutedLab } from '../support/routed-lab.ts';
import { Starvation } from '../support/starvation.ts';
import { patience, until } from '../support/wait.ts';

/** One HA router on two hosts: who is primary, what a guest and the API see of it, and what does not make it change. */
const ADVERT_S = 1;
/** Three advertisements that did not come, and the skew of priority 50 (RFC 5798). */
const TAKE_OVER_S = 3 * ADVERT_S + ((256 - 50) / 256) * ADVERT_S;
/** For a machine that is busy with other tests; without keepalived the router would be moved after 75 s. */
const LEEWAY_S = 8;

let stand: RoutedLab;
let router: Router;
let inner: { network: Network; subnet: Subnet };
let guest: RoutedGuest;
let floating: FloatingIp;
let netns: string;

beforeAll(async () => {
  stand = await openRoutedLab({
    routing: ['net1', 'net2'],
    compute: ['compute1'],
    l3: {
      DEFAULT: { ha_vrrp_advert_int: ADVERT_S, ha_vrrp_auth_password: 'secret' },
      agent: { check_child_processes_interval: 4 },
    },
  });
  router = await stand.api.create('router', { ha: true, external_gateway_info: { network_id: stand.external.id } });
  netns = `qrouter-${router.id}`;
  inner = await stand.network('10.10.0.0/24');
  const v6 = await stand.api.create('subnet', {
    ...{ network_id: inner.network.id, ip_version: 6, cidr: 'fd10::/64' },
    ...{ ipv6_ra_mode: 'slaac', ipv6_address_mode: 'slaac' },
  });
  for (const subnet of [inner.subnet, v6]) await stand.attach(router, subnet);
  guest = await stand.guest(stand.host('compute1'), inner, 'guest');
  floating = await stand.floatingIp(guest.port);
});
afterAll(async () => {
  await stand?.close();
});

const hosts = () => ['net1', 'net2'].map((name) => stand.host(name));

/** As the API tells it, by host. */
async function states(): Promise<Record<string, string>> {
  const { agents } = await stand.api.expect('GET', `/v2.0/routers/${router.id}/l3-agents`);
  return Object.fromEntries(agents.map((agent: { host: string; ha_state: string }) => [agent.host, agent.ha_state]));
}

/** Waits until the API and the hosts agree on one primary. */
async function settled(): Promise<{ primary: EmulatedHost; standby: EmulatedHost }> {
  return await until(
    'one primary',
    async () => {
      const told = await states();
      const primary = hosts().filter(({ name }) => told[name] === 'active');
      const standby = hosts().filter(({ name }) => told[name] === 'standby');
      if (primary.length !== 1 || standby.length !== 1) return null;
      const [here, there] = [await addressesOn(primary[0]!), await addressesOn(standby[0]!)];
      return here.length > 0 && there.length === 0 ? { primary: primary[0]!, standby: standby[0]! } : null;
    },
    { timeoutMs: 60_000 },
  );
}

/** On all devices but the HA one and `lo`. */
async function addressesOn(host: EmulatedHost): Promise<string[]> {
  const links = await host.json<{ ifname: string; addr_info: { local: string }[] }[]>([
    'ip',
    '-n',
    netns,
    '-j',
    'addr',
  ]);
  return links
    .filter(({ ifname }) => /^q[rg]-/.test(ifname))
    .flatMap(({ addr_info }) => addr_info.map(({ local }) => local))
    .sort();
}

const pidsOf = async (host: EmulatedHost, program: string) =>
  (await host.processes())
    .filter(({ command }) => command.startsWith(program) && command.includes(router.id))
    .map(({ pid }) => pid);

const pinging = (): HostProcess => guest.guest.spawn(['ping', '-n', '-i', '0.1', '-W', '1', '203.0.113.1']);

/** Those that were lost between two that were answered: what is on its way when it ends counts for nothing. */
async function lossOf(ping: HostProcess): Promise<{ sent: number; lost: number }> {
  const answered = (text: string) =>
    new Set([...text.matchAll(/icmp_seq=(\d+) .*time=/g)].map(([, seq]) => Number(seq)));
  const { size } = answered(ping.output);
  await until('one more answer', () => answered(ping.output).size > size);
  await ping.kill('SIGINT');
  const seen = answered((await ping.finished).stdout);
  const sent = Math.max(...seen);
  return { sent, lost: sent - seen.size };
}

it('one host is primary and has all addresses; the other is quiet; the API says so', async () => {
  const { primary, standby } = await settled();
  await stand.answers(floating.floating_ip_address);
  await until('an answer', () => guest.guest.ping('203.0.113.1', 1));
  const addresses = await addressesOn(primary);
  expect(addresses).toContain('10.10.0.1');
  expect(addresses).toContain(floating.floating_ip_address);
  expect(addresses.some((one) => one.startsWith('fe80::f816'))).toBe(true);
  await until(
    'the daemons',
    async () => (await pidsOf(primary, 'radvd')).length > 0 && (await pidsOf(primary, 'haproxy')).length > 0,
  );
  await until(
    'no daemons at the other',
    async () => [...(await pidsOf(standby, 'radvd')), ...(await pidsOf(standby, 'haproxy'))].length === 0,
  );
  const state = async (host: EmulatedHost) =>
    await host.read(['cat', `${stand.deployment.folder}/${host.name}/ha_confs/${router.id}/state`]);
  expect([await state(primary), await state(standby)]).toEqual(['primary', 'backup']);
}, 240_000);

it('agents that are restarted disturb nothing', async () => {
  const before = await settled();
  const pids = [await pidsOf(before.primary, 'keepalived'), await pidsOf(before.standby, 'keepalived')];
  const ping = pinging();
  for (const agent of stand.routing.values()) {
    await agent.kill9();
    agent.start();
    await agent.ready('its first sync', () => /synchronized with the server/.test(agent.recentOutput), 60_000);
  }
  expect((await lossOf(ping)).lost).toBe(0);
  const after = await settled();
  expect(after.primary.name).toBe(before.primary.name);
  expect([await pidsOf(after.primary, 'keepalived'), await pidsOf(after.standby, 'keepalived')]).toEqual(pids);
}, 240_000);

it('a floating address more is taken over without a change of the primary', async () => {
  const before = await settled();
  const more = await stand.guest(stand.host('compute1'), inner, 'more');
  const ping = pinging();
  const address = await stand.floatingIp(more.port);
  await stand.answers(address.floating_ip_address);
  expect((await lossOf(ping)).lost).toBe(0);
  expect((await settled()).primary.name).toBe(before.primary.name);
}, 240_000);

it('extra routes are where it is primary; one to everywhere is there instead of the gateway’s', async () => {
  const { primary, standby } = await settled();
  const route = (destination: string) => ({ destination, nexthop: guest.address });
  const routesOf = async (host: EmulatedHost, ...words: string[]) =>
    (await host.read(['ip', '-n', netns, '-4', 'route', 'show', 'proto', 'static', ...words])).trim().split(/\s*\n/);
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
  const { standby } = await settled();
  const before = await pidsOf(standby, 'keepalived');
  await standby.run(['kill', '-9', ...before.map(String)], { okCodes: [0, 1] });
  await until(
    'another keepalived',
    async () => {
      const pids = await pidsOf(standby, 'keepalived');
      return pids.length > 1 && !pids.some((pid) => before.includes(pid));
    },
    { timeoutMs: 30_000 },
  );
  await settled();
}, 240_000);

it('the primary loses its keepalived: the other takes over, the one that comes back stays behind it', async () => {
  const before = await settled();
  const ping = pinging();
  using starvation = await Starvation.watch();
  // The first ends by itself when the second does; its parent is killed, too: nobody gives the addresses back.
  await before.primary.run(['kill', '-9', ...(await pidsOf(before.primary, 'keepalived')).map(String)], {
    okCodes: [0, 1],
  });
  const after = await until(
    'the other as primary',
    async () => {
      const now = await settled();
      return now.primary.name !== before.primary.name ? now : null;
    },
    { timeoutMs: 60_000 },
  );
  await stand.answers(floating.floating_ip_address);
  expect(after.standby.name).toBe(before.primary.name);
  await until(
    'the daemons',
    async () =>
      (await pidsOf(after.primary, 'radvd')).length > 0 && (await pidsOf(after.standby, 'radvd')).length === 0,
  );
  const { lost } = await lossOf(ping);
  expect(lost / 10).toBeLessThan((TAKE_OVER_S + LEEWAY_S) * patience + starvation.allowanceMs / 1000);
}, 240_000);

it('a host that falls silent is replaced as fast as VRRP allows', async () => {
  const { primary, standby } = await settled();
  await guest.guest.ping('203.0.113.1');
  const ping = pinging();
  using starvation = await Starvation.watch();
  await until('answers', () => ping.output.split('\n').length > 10);
  // Its cards are pulled: it cannot know, and keeps its addresses.
  await primary.ipBatch(['link set eth0 down', 'link set eth1 down']);
  await until('the addresses at the other', async () => (await addressesOn(standby)).length > 0, { timeoutMs: 30_000 });
  await stand.answers(floating.floating_ip_address);
  const { lost } = await lossOf(ping);
  expect(lost / 10).toBeLessThan((TAKE_OVER_S + LEEWAY_S) * patience + starvation.allowanceMs / 1000);
  await until('the API', async () => (await states())[standby.name] === 'active', { timeoutMs: 60_000 });
  await primary.ipBatch(['link set eth1 up', 'link set eth0 up']);
  await settled();
  await stand.answers(floating.floating_ip_address);
}, 240_000);

it('a primary that goes while the server is away is replaced as well', async () => {
  const before = await settled();
  await stand.answers(floating.floating_ip_address);
  await stand.deployment.server.kill9();
  const ping = pinging();
  using starvation = await Starvation.watch();
  await before.primary.run(['kill', '-9', ...(await pidsOf(before.primary, 'keepalived')).map(String)], {
    okCodes: [0, 1],
  });
  await until('the addresses at the other', async () => (await addressesOn(before.standby)).length > 0, {
    timeoutMs: 30_000,
  });
  await stand.answers(floating.floating_ip_address);
  expect((await lossOf(ping)).lost / 10).toBeLessThan(
    (TAKE_OVER_S + LEEWAY_S) * patience + starvation.allowanceMs / 1000,
  );
  stand.deployment.server.start();
  await stand.deployment.answering();
  await until('the API', async () => (await states())[before.standby.name] === 'active', { timeoutMs: 60_000 });
}, 240_000);
