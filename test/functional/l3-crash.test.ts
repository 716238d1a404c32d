import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { FloatingIp, Network, Router, Subnet } from '../../src/resources/shapes.ts';
import type { EmulatedHost } from '../support/hosts.ts';
import { type Program, project } from '../support/programs.ts';
import { Flow, openRoutedLab, type RoutedGuest, type RoutedLab } from '../support/routed-lab.ts';
import { Starvation } from '../support/starvation.ts';
import { byTurns } from '../support/turns.ts';
import { patience, until } from '../support/wait.ts';

/**
 * The agent dies at a named point of its work on one router (`NEUTRINO_TEST_STOP_AT`). What it leaves is closed; the next
 * one completes it, leaves nothing over, and would change nothing more. Connections by another router never stall. Without
 * `--long` the points take turns.
 */
const LONGEST_STALL_MS = 1_000;
const LIMIT = { timeoutMs: 60_000 };

interface Room {
  network: Network;
  subnet: Subnet;
}

let stand: RoutedLab;
let host: EmulatedHost;
let agent: Program;
/** By a router that nothing happens to. */
let steady: Flow;
let router: Router;
let room: Room;
let v6: Subnet;
let near: RoutedGuest;
let other: RoutedGuest;
let netns: string;
const flows: Flow[] = [];

beforeAll(async () => {
  stand = await openRoutedLab({ routing: ['net1'] });
  host = stand.host('net1');
  agent = stand.routing.get('net1')!;
  const external_gateway_info = { network_id: stand.external.id };
  const quiet = await stand.api.create('router', { external_gateway_info });
  const inner = await stand.network('10.10.0.0/24');
  await stand.attach(quiet, inner.subnet);
  const guest = await stand.guest(host, inner, 'steady');
  const floating = await stand.floatingIp(guest.port);
  await stand.answers(floating.floating_ip_address);
  await Flow.listen(guest.guest, 5001);
  await Flow.listen(stand.outside, 5001);
  steady = await Flow.open(stand.outside, floating.floating_ip_address, 5001);

  router = await stand.api.create('router', { external_gateway_info });
  netns = `qrouter-${router.id}`;
  room = await stand.network('10.20.0.0/24');
  v6 = await stand.api.create('subnet', {
    ...{ network_id: room.network.id, ip_version: 6, cidr: 'fd20::/64' },
    ...{ ipv6_ra_mode: 'slaac', ipv6_address_mode: 'slaac' },
  });
  for (const subnet of [room.subnet, v6]) await stand.attach(router, subnet);
  near = await stand.guest(host, room, 'near');
  other = await stand.guest(host, room, 'other');
  for (const one of [near, other]) await Flow.listen(one.guest, 5001);
});
afterEach(async () => {
  await Promise.all(flows.splice(0).map((flow) => flow.close()));
});
afterAll(async () => {
  await steady?.close();
  await stand?.close();
});

/** Has the agent die at a point of what a change leads to, and another one take over. */
async function dieAt(point: string, change: () => Promise<unknown>): Promise<void> {
  const before = steady.gapsMs.length;
  using starvation = await Starvation.watch();
  await agent.stop();
  await started({ NEUTRINO_TEST_STOP_AT: point });
  await change();
  await until(`the end of the agent ${point}`, () => !agent.running, LIMIT);
  await closed();
  await started();
  await nothingToDo();
  await steady.goesOn();
  expect(steady.longestGapMs(before)).toBeLessThan(LONGEST_STALL_MS * patience + starvation.allowanceMs);
}

async function started(env: Record<string, string> = {}): Promise<void> {
  if (agent.running) return;
  agent.start(env);
  await agent.ready('its first sync', () => /synchronized with the server/.test(agent.recentOutput), 60_000);
}

/** Where a router's device is up, the rules are there that keep networks apart and rewrite addresses. */
async function closed(): Promise<void> {
  for (const name of (await host.namespaces()).filter((one) => one.startsWith('qrouter-'))) {
    const links = await host.json<{ ifname: string; flags: string[] }[]>(['ip', '-n', name, '-j', 'link']);
    const isOpen = links.some(({ ifname, flags }) => /^q[rg]-/.test(ifname) && flags.includes('UP'));
    if (!isOpen) continue;
    for (const save of ['iptables-save', 'ip6tables-save'])
      expect(await host.read([save, '-t', 'filter'], { netns: name })).toContain('-j neutron-l3-agent-scope');
  }
}

/** What a start would change now: nothing. What comes with a second message may still be under way. */
async function nothingToDo(): Promise<void> {
  const config = join(stand.deployment.folder, 'net1', 'neutron-l3-agent.conf');
  const argv = [join(project, 'bin', 'neutron-l3-agent'), '--config-file', config, '--dry-run'];
  await until('nothing to do', async () => (await host.read(argv)).startsWith('nothing to change'), LIMIT);
}

async function associate(floating: FloatingIp, guest: RoutedGuest | null): Promise<void> {
  await stand.api.update('floatingip', floating.id, { port_id: guest?.port.id ?? null });
}

/** A connection that must not live on. */
async function open(from: Parameters<typeof Flow.open>[0], address: string): Promise<Flow> {
  const flow = await Flow.open(from, address, 5001);
  flows.push(flow);
  return flow;
}

async function falls(flow: Flow): Promise<void> {
  const isGoing = async () =>
    await flow.goesOn().then(
      () => true,
      () => false,
    );
  await until(
    'the end of the connection',
    async () => {
      const { length } = flow.gapsMs;
      await stand.reaches('203.0.113.1');
      return flow.gapsMs.length === length || !(await isGoing());
    },
    LIMIT,
  );
}

/** Tracked connections of the router by an address. */
const tracked = async (address: string) =>
  (await host.read(['conntrack', '-L', '-d', address], { netns })) +
  (await host.read(['conntrack', '-L', '-q', address], { netns }));

describe('a router is made', () => {
  it.each(
    byTurns(
      [
        ...['after_pairs', 'after_settings', 'after_rules_ipv4', 'after_rules_ipv6'],
        ...['before_addresses', 'after_routes', 'after_daemon_files', 'after_daemons'],
      ],
      2,
    ).map((point, index) => [point, index] as const),
  )(
    '%s, and taken away',
    async (point, index) => {
      let made!: Router;
      let inner!: Room;
      await dieAt(point, async () => {
        made = await stand.api.create('router', { external_gateway_info: { network_id: stand.external.id } });
        inner = await stand.network(`10.10${index}.0.0/24`);
        await stand.attach(made, inner.subnet);
      });
      const guest = await stand.guest(host, inner, `made${index}`);
      await until('an answer', () => guest.guest.ping('203.0.113.1', 1), LIMIT);

      const away = index % 2 === 0 ? 'after_daemons_ended' : 'after_devices_gone';
      await dieAt(away, async () => {
        await stand.api.expect('PUT', `/v2.0/routers/${made.id}/remove_router_interface`, {
          subnet_id: inner.subnet.id,
        });
        await stand.api.remove('router', made.id);
      });
      await until('its end', async () => !(await host.namespaces()).includes(`qrouter-${made.id}`), LIMIT);
      const isServed = async () => (await host.processes()).some(({ command }) => command.includes(made.id));
      await until('the end of its daemons', async () => !(await isServed()), LIMIT);
      const files = await readdir(join(stand.deployment.folder, 'net1'), { recursive: true });
      expect(files.filter((file) => file.includes(made.id))).toEqual([]);
      await host.run(['ip', 'netns', 'del', `made${index}`]);
    },
    240_000,
  );
});

describe('a floating IP', () => {
  it.each(byTurns(['after_rules_ipv4', 'before_addresses', 'after_routes'], 1))(
    'comes: %s',
    async (point) => {
      const floating = await stand.api.create('floatingip', { floating_network_id: stand.external.id });
      await dieAt(point, () => associate(floating, near));
      await stand.answers(floating.floating_ip_address);
      await until(
        'its status',
        async () => (await stand.api.show('floatingip', floating.id)).status === 'ACTIVE',
        LIMIT,
      );
      await stand.api.remove('floatingip', floating.id);
    },
    240_000,
  );

  it.each(byTurns(['after_rules_ipv4', 'before_conntrack', 'after_conntrack'], 1))(
    'goes to another guest: %s, and no connection stays with the first',
    async (point) => {
      const floating = await stand.floatingIp(near.port);
      await stand.answers(floating.floating_ip_address);
      const flow = await open(stand.outside, floating.floating_ip_address);
      await dieAt(point, () => associate(floating, other));
      await falls(flow);
      await stand.answers(floating.floating_ip_address);
      await open(stand.outside, floating.floating_ip_address);
      expect(await tracked(floating.floating_ip_address)).not.toContain(near.address);
      await stand.api.remove('floatingip', floating.id);
    },
    240_000,
  );

  it.each(byTurns(['after_rules_ipv4', 'after_conntrack', 'before_conntrack', 'after_routes'], 1))(
    'goes: %s, and its connections with it',
    async (point) => {
      const floating = await stand.floatingIp(near.port);
      await stand.answers(floating.floating_ip_address);
      const flow = await open(stand.outside, floating.floating_ip_address);
      await dieAt(point, () => stand.api.remove('floatingip', floating.id));
      await falls(flow);
      expect(await stand.reaches(floating.floating_ip_address)).toBe(false);
      expect(await host.read(['ip', '-n', netns, 'addr'])).not.toContain(floating.floating_ip_address);
      expect(await tracked(floating.floating_ip_address)).not.toContain(near.address);
    },
    240_000,
  );
});

describe('the gateway', () => {
  it.each(
    byTurns(
      [
        ['after_stale', 'after_pairs'],
        ['before_conntrack', 'after_pairs'],
        ['after_rules_ipv4', 'after_pairs'],
        ['after_conntrack', 'before_addresses'],
      ] as const,
      1,
    ),
  )(
    'goes: %s, and comes back: %s',
    async (gone, come) => {
      await until('the way out', () => near.guest.ping('203.0.113.1', 1), LIMIT);
      const { external_gateway_info } = await stand.api.show('router', router.id);
      const address = external_gateway_info!.external_fixed_ips![0]!.ip_address!;
      const flow = await open(near.guest, '203.0.113.1');
      await dieAt(gone, () => stand.api.update('router', router.id, { external_gateway_info: null }));
      await falls(flow);
      expect(await host.read(['ip', '-n', netns, 'link'])).not.toContain('qg-');
      expect(await tracked(address)).not.toContain(near.address);
      await dieAt(come, () =>
        stand.api.update('router', router.id, { external_gateway_info: { network_id: stand.external.id } }),
      );
      await until('the way out', () => near.guest.ping('203.0.113.1', 1), LIMIT);
    },
    240_000,
  );
});

describe('an interface', () => {
  it.each(
    byTurns(
      [
        ['after_pairs', 'after_stale'],
        ['before_addresses', 'after_rules_ipv4'],
        ['after_rules_ipv6', 'after_rules_ipv6'],
      ] as const,
      1,
    ),
  )(
    'comes: %s, and goes: %s',
    async (come, gone) => {
      const second = await stand.network('10.30.0.0/24');
      await dieAt(come, () => stand.attach(router, second.subnet));
      const guest = await stand.guest(host, second, 'second');
      await until('an answer', () => near.guest.ping(guest.address, 1), LIMIT);
      await dieAt(gone, () =>
        stand.api.expect('PUT', `/v2.0/routers/${router.id}/remove_router_interface`, { subnet_id: second.subnet.id }),
      );
      expect(await near.guest.ping(guest.address, 1)).toBe(false);
      expect(await host.read(['ip', '-n', netns, 'addr'])).not.toContain('10.30.0.1/');
      await host.run(['ip', 'netns', 'del', 'second']);
    },
    240_000,
  );

  it('loses router advertisements: after_daemons', async () => {
    const change = { subnet_id: v6.id };
    await dieAt('after_daemons', () =>
      stand.api.expect('PUT', `/v2.0/routers/${router.id}/remove_router_interface`, change),
    );
    const isAdvertised = async () =>
      (await host.processes()).some(({ command }) => command.startsWith('radvd') && command.includes(router.id));
    await until('silence', async () => !(await isAdvertised()), LIMIT);
    await stand.attach(router, v6);
    await until('advertisements', isAdvertised, LIMIT);
  }, 240_000);
});
