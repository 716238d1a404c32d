import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { FloatingIp, Network, Router, Subnet } from '../../src/resources/shapes.ts';
import type { EmulatedHost } from '../support/hosts.ts';
import type { Program } from '../support/programs.ts';
import { Flow, openRoutedLab, type RoutedGuest, type RoutedLab } from '../support/routed-lab.ts';
import { Starvation } from '../support/starvation.ts';
import { byTurns } from '../support/turns.ts';
import { patience, until } from '../support/wait.ts';

/** What breaks around a router, and that those who talk through it do not notice what they need not. */
const LONGEST_STALL_MS = 1_000;

let stand: RoutedLab;
let host: EmulatedHost;
let agent: Program;
let router: Router;
let inner: { network: Network; subnet: Subnet };
let guest: RoutedGuest;
let second: RoutedGuest;
let floating: FloatingIp;
let netns: string;
const flows: Flow[] = [];

beforeAll(async () => {
  stand = await openRoutedLab({ routing: ['net1'], l3: { agent: { check_child_processes_interval: 4 } } });
  host = stand.host('net1');
  agent = stand.routing.get('net1')!;
  router = await stand.api.create('router', { external_gateway_info: { network_id: stand.external.id } });
  netns = `qrouter-${router.id}`;
  inner = await stand.network('10.10.0.0/24');
  const other = await stand.network('10.20.0.0/24');
  const v6 = await stand.api.create('subnet', {
    ...{ network_id: inner.network.id, ip_version: 6, cidr: 'fd10::/64' },
    ...{ ipv6_ra_mode: 'slaac', ipv6_address_mode: 'slaac' },
  });
  for (const subnet of [inner.subnet, other.subnet, v6]) await stand.attach(router, subnet);
  guest = await stand.guest(host, inner, 'guest');
  second = await stand.guest(host, other, 'second');
  floating = await stand.floatingIp(guest.port);
  await stand.answers(floating.floating_ip_address);
  await until('the other network', () => guest.guest.ping(second.address, 1), { timeoutMs: 30_000 });
  await Flow.listen(stand.outside, 5001);
  await Flow.listen(guest.guest, 5001);
  await Flow.listen(second.guest, 5001);
});
afterEach(async () => {
  await Promise.all(flows.splice(0).map((flow) => flow.close()));
});
afterAll(async () => {
  await stand?.close();
});

const pidsOf = async (program: string) =>
  (await host.processes())
    .filter(({ command }) => command.startsWith(program) && command.includes(router.id))
    .map(({ pid }) => pid);

/** From inside by the router, out by SNAT, and in by the floating address. */
async function openFlows(): Promise<Flow[]> {
  const opened = await Promise.all([
    Flow.open(guest.guest, second.address, 5001),
    Flow.open(second.guest, '203.0.113.1', 5001),
    Flow.open(stand.outside, floating.floating_ip_address, 5001),
  ]);
  flows.push(...opened);
  return opened;
}

describe('connections through the router and its floating address go on', () => {
  it.each<[string, () => Promise<unknown>]>([
    [
      'when the agent is restarted',
      async () => {
        await agent.stop();
        await restarted();
      },
    ],
    [
      'when the agent is killed',
      async () => {
        await agent.kill9();
        await restarted();
      },
    ],
    [
      'when server and bus are restarted',
      async () => {
        await stand.deployment.server.stop();
        stand.deployment.server.start();
        await stand.deployment.answering();
        await until('the agent to be alive', () => stand.deployment.isAlive('neutron-l3-agent', 'net1'), {
          timeoutMs: 60_000,
        });
      },
    ],
  ])('%s', async (_, fault) => {
    const opened = await openFlows();
    const before = opened.map((flow) => flow.gapsMs.length);
    using starvation = await Starvation.watch();
    const daemons = [await pidsOf('radvd'), await pidsOf('haproxy')];
    await fault();
    for (const flow of opened) await flow.goesOn();
    expect(Math.max(...opened.map((flow, i) => flow.longestGapMs(before[i])))).toBeLessThan(
      LONGEST_STALL_MS * patience + starvation.allowanceMs,
    );
    expect([await pidsOf('radvd'), await pidsOf('haproxy')]).toEqual(daemons);
    expect(daemons.map((pids) => pids.length > 0)).toEqual([true, true]);
  });

  async function restarted(): Promise<void> {
    agent.start();
    await agent.ready('its first sync', () => /synchronized with the server/.test(agent.recentOutput), 60_000);
  }
});

describe('what is broken by hand is mended', () => {
  it('a daemon that is killed is started again', async () => {
    for (const program of ['radvd', 'haproxy']) {
      const before = await pidsOf(program);
      expect(before.length).toBeGreaterThan(0);
      await host.run(['kill', '-9', ...before.map(String)], { okCodes: [0, 1] });
      await until(
        `another ${program}`,
        async () => {
          const pids = await pidsOf(program);
          return pids.length > 0 && !pids.some((pid) => before.includes(pid));
        },
        { timeoutMs: 30_000 },
      );
    }
  });

  it('rules that are flushed come back, and connections with them', async () => {
    await host.run(['iptables', '-w', '-t', 'nat', '-F'], { netns });
    await stand.outside.run(['ip', 'neigh', 'flush', 'all']);
    await until(
      'the rules',
      async () =>
        (await host.read(['iptables', '-w', '-t', 'nat', '-S'], { netns })).includes(floating.floating_ip_address),
      {
        timeoutMs: 30_000,
      },
    );
    await stand.answers(floating.floating_ip_address);
  });

  it('an address and a route that are deleted come back', async () => {
    await host.run(['ip', 'route', 'del', 'default'], { netns });
    await host.run(['ip', 'addr', 'flush', 'to', `${floating.floating_ip_address}/32`], { netns });
    await stand.answers(floating.floating_ip_address);
    await until('the route', async () =>
      (await host.read(['ip', 'route', 'show', 'default'], { netns })).includes('203.0.113.1'),
    );
  });

  it('a namespace that is deleted is made again, with its daemons in the new one', async () => {
    const before = [...(await pidsOf('radvd')), ...(await pidsOf('haproxy'))];
    await host.run(['ip', 'netns', 'del', netns]);
    await until('the namespace', async () => (await host.namespaces()).includes(netns), { timeoutMs: 30_000 });
    await stand.answers(floating.floating_ip_address, 60_000);
    await until(
      'the daemons',
      async () => {
        const inside = (await host.read(['ip', 'netns', 'pids', netns])).split('\n').filter(Boolean).map(Number);
        const now = [await pidsOf('radvd'), await pidsOf('haproxy')];
        return now.every(
          (pids) => pids.length > 0 && pids.every((pid) => inside.includes(pid) && !before.includes(pid)),
        );
      },
      { timeoutMs: 30_000 },
    );
    await until('an answer', () => guest.guest.ping(second.address, 1));
  });

  it('the card of the external network is lost, and comes back', async () => {
    await host.run(['ip', 'link', 'del', 'eth1']);
    await until('silence', async () => !(await stand.reaches(floating.floating_ip_address)));
    await until('an answer', () => guest.guest.ping(second.address, 1));
    await stand.lab.addCard(host, 'eth1', 'ext');
    await host.run(['ip', 'link', 'set', 'eth1', 'up']);
    await stand.answers(floating.floating_ip_address, 60_000);
  });
});

describe('an agent that is killed in the middle of its work', () => {
  it.each(byTurns([0, 20, 60, 120, 250], 2))(
    '%d ms after a router was made: the next one completes it, or takes it back',
    async (ms) => {
      const made = await stand.api.create('router', { external_gateway_info: { network_id: stand.external.id } });
      const { network, subnet } = await stand.network(`10.100.${ms}.0/24`);
      await stand.attach(made, subnet);
      const near = await stand.guest(host, { network, subnet }, `near${ms}`);
      const address = await stand.floatingIp(near.port);
      // The moment is the subject here; nothing is waited for.
      await sleep(ms);
      await agent.kill9();
      agent.start();
      await stand.answers(address.floating_ip_address, 60_000);
      await until('an answer', () => near.guest.ping('203.0.113.1', 1));

      await stand.api.remove('floatingip', address.id);
      await stand.api.expect('PUT', `/v2.0/routers/${made.id}/remove_router_interface`, { subnet_id: subnet.id });
      await stand.api.remove('router', made.id);
      await sleep(ms / 3);
      await agent.kill9();
      agent.start();
      await until('its end', async () => !(await host.namespaces()).includes(`qrouter-${made.id}`), {
        timeoutMs: 60_000,
      });
      await until(
        'the end of its daemons',
        async () => !(await host.processes()).some(({ command }) => command.includes(made.id)),
        { timeoutMs: 30_000 },
      );
      // Nobody else lost anything.
      await stand.answers(floating.floating_ip_address);
      await host.run(['ip', 'netns', 'del', `near${ms}`]);
    },
    // Several waits, each with a limit of its own.
    240_000,
  );
});
