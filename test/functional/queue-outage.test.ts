import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { Network, Port } from '../../src/resources/shapes.ts';
import { type Deployment, makeDeployment } from '../support/deployment.ts';
import { type Guest, plugGuest } from '../support/guest.ts';
import { HostRabbit } from '../support/host-rabbit.ts';
import { type EmulatedHost, type Lab, openLab } from '../support/hosts.ts';
import type { Program } from '../support/programs.ts';
import { until } from '../support/wait.ts';

/**
 * RabbitMQ dies, or the way to it swallows everything: guests on two hosts go on talking, agents come back by themselves,
 * and each asks for everything exactly once. Two minutes of it, with the options as they come, in `npm run test:long`.
 */
const isLong = process.env.NEUTRINO_TEST_LONG !== undefined;
const OUTAGE_MS = isLong ? 120_000 : 1_000;
vi.setConfig({ testTimeout: OUTAGE_MS + 120_000 });
const times = isLong
  ? { heartbeat_timeout_threshold: 60, report_interval: 30, agent_down_time: 75, queue_timeout: 30 }
  : { heartbeat_timeout_threshold: 3, report_interval: 0.5, agent_down_time: 2, queue_timeout: 1 };
const { heartbeat_timeout_threshold, report_interval, agent_down_time, queue_timeout } = times;
const oslo_messaging_rabbit = { heartbeat_timeout_threshold };

let lab: Lab;
let controller: EmulatedHost;
let rabbit: HostRabbit;
let deployment: Deployment;
let network: Network;
let agents: { name: string; program: Program; asks: RegExp }[];
let a: { port: Port; guest: Guest };
let b: { port: Port; guest: Guest };

beforeAll(async () => {
  lab = await openLab();
  controller = await lab.addHost({ name: 'controller' });
  const compute = [
    await lab.addHost({ name: 'compute1', wires: ['flat1'] }),
    await lab.addHost({ name: 'compute2', wires: ['flat1'] }),
  ] as const;
  rabbit = await HostRabbit.start(controller);
  const transport_url = `rabbit://openstack:openstack@${controller.address}:5672/`;
  deployment = await makeDeployment({
    folder: `${lab.folder}/deployment`,
    serverHost: controller,
    server: {
      DEFAULT: { transport_url, agent_down_time },
      healthcheck: { queue_timeout },
      ml2_type_flat: { flat_networks: 'flat1' },
      oslo_messaging_rabbit,
    },
  });
  await deployment.start();
  const common = { DEFAULT: { transport_url }, oslo_messaging_rabbit, agent: { report_interval } };
  const bridge = {
    ...common,
    linux_bridge: { physical_interface_mappings: 'flat1:eth1' },
    securitygroup: { enable_security_group: false },
  };
  const asksBridge = /Asking the server for everything again/g;
  const asksDhcp = /synchronized with the server/g;
  const [one, two, dhcp] = await Promise.all([
    deployment.agent('neutron-linuxbridge-agent', compute[0], bridge),
    deployment.agent('neutron-linuxbridge-agent', compute[1], bridge),
    deployment.agent('neutron-dhcp-agent', compute[0], common),
  ]);
  agents = [
    { name: 'compute1 bridge', program: one!, asks: asksBridge },
    { name: 'compute2 bridge', program: two!, asks: asksBridge },
    { name: 'compute1 dhcp', program: dhcp!, asks: asksDhcp },
  ];
  network = await deployment.api.create('network', {
    'provider:network_type': 'flat',
    'provider:physical_network': 'flat1',
  });
  await deployment.api.create('subnet', { network_id: network.id, ip_version: 4, cidr: '10.9.0.0/24' });
  [a, b] = [await boot(compute[0], 'a'), await boot(compute[1], 'b')];
});
afterAll(async () => {
  await deployment?.close();
  await lab?.close();
});

const makePort = (host: EmulatedHost): Promise<Port> =>
  deployment.api.create('port', {
    network_id: network.id,
    device_owner: 'compute:nova',
    'binding:host_id': host.name,
  });

async function boot(host: EmulatedHost, name: string, made?: Port): Promise<{ port: Port; guest: Guest }> {
  const port = made ?? (await makePort(host));
  const guest = await plugGuest(host, port, name);
  expect((await guest.dhcp({ tries: 30 })).address).toBe(port.fixed_ips[0]!.ip_address);
  await deployment.portStatus(port.id, 'ACTIVE', 60_000);
  return { port, guest };
}

const alive = async () => (await deployment.api.list('agent')).map((agent) => agent.alive);
const health = () => deployment.api.request('GET', '/healthcheck', undefined, { accept: 'text/plain' });
const lossesOf = ({ program }: (typeof agents)[number]) =>
  program.output.match(/lost the connection to RabbitMQ/g)?.length ?? 0;
const countOf = ({ program, asks }: (typeof agents)[number]) => program.output.match(asks)?.length ?? 0;

const outages: readonly (readonly [
  string,
  { fail(): Promise<unknown>; mend(): Promise<unknown>; ofServer: boolean },
])[] = [
  ['RabbitMQ is killed', { fail: () => rabbit.kill(), mend: () => rabbit.up(), ofServer: true }],
  [
    'the network to it swallows everything',
    {
      fail: () => Promise.all([swallow('-I', 'INPUT', '--dport'), swallow('-I', 'OUTPUT', '--sport')]),
      mend: () => Promise.all([swallow('-D', 'INPUT', '--dport'), swallow('-D', 'OUTPUT', '--sport')]),
      // It stands beside the broker.
      ofServer: false,
    },
  ],
];
function swallow(how: string, chain: string, port: string): Promise<unknown> {
  const side = chain === 'INPUT' ? '-i' : '-o';
  return controller.run(['iptables', '-w', how, chain, side, 'eth0', '-p', 'tcp', port, '5672', '-j', 'DROP']);
}

it.each(outages)(
  '%s: guests lose nothing, agents come back alone, one full sync each',
  async (_, { fail, mend, ofServer }) => {
    await until('all live', async () => (await alive()).every(Boolean));
    await until('a healthy server', async () => (await health()).status === 200);
    const before = agents.map(countOf);
    const losses = agents.map(lossesOf);
    const ping = a.guest.spawn(['ping', '-n', '-i', '0.05', b.port.fixed_ips[0]!.ip_address]);
    await fail();
    const failedAtMs = performance.now();
    // Changes are taken all the while.
    const made = await makePort(b.guest.host);
    if (ofServer) {
      const sick = await until(
        'an unhealthy server',
        async () => {
          const answer = await health();
          return answer.status === 503 && answer;
        },
        { timeoutMs: 60_000 },
      );
      expect(sick.text).toMatch(/queue: away for \d+ s/);
    }
    await until('dead agents', async () => (await alive()).every((one) => !one), { timeoutMs: 110_000 });
    await delay(Math.max(0, OUTAGE_MS - (performance.now() - failedAtMs)));
    await until('all have noticed', () => agents.every((agent, i) => lossesOf(agent) > losses[i]!), {
      timeoutMs: 60_000,
    });
    expect((await deployment.api.request('GET', '/v2.0/networks')).status).toBe(200);
    expect((await health()).status).toBe(ofServer ? 503 : 200);
    expect(agents.map(countOf)).toEqual(before);
    await mend();
    await until('all live', async () => (await alive()).every(Boolean), { timeoutMs: 90_000 });
    await until('a healthy server', async () => (await health()).status === 200);
    await until('a full sync each', () => agents.every((agent, i) => countOf(agent) > before[i]!), {
      timeoutMs: 60_000,
    });
    // What was made meanwhile is served.
    const c = await boot(b.guest.host, `c${before[0]}`, made);
    expect(await c.guest.ping(a.port.fixed_ips[0]!.ip_address)).toBe(true);
    await ping.kill('SIGINT');
    const { stdout } = await ping.finished;
    const [, sent, received] = /(\d+) packets transmitted, (\d+) received/.exec(stdout)!;
    expect(Number(sent)).toBeGreaterThan(50);
    expect(received).toBe(sent);
    expect(agents.map((agent, i) => ({ [agent.name]: countOf(agent) - before[i]! }))).toEqual(
      agents.map(({ name }) => ({ [name]: 1 })),
    );
  },
);

it('its queues are deleted by hand: agents stay alive, ask for everything anew, and hear what is said next', async () => {
  const before = agents.map(countOf);
  await rabbit.deleteQueues();
  await until('a full sync each', () => agents.every((agent, i) => countOf(agent) > before[i]!), { timeoutMs: 60_000 });
  const { guest } = await boot(b.guest.host, 'last');
  expect(await guest.ping(a.port.fixed_ips[0]!.ip_address)).toBe(true);
  expect((await alive()).every(Boolean)).toBe(true);
  // Queues go one after the other: who is back before the last of them went comes back once more.
  const syncs = agents.map((agent, i) => countOf(agent) - before[i]!);
  expect(
    syncs.every((count) => count === 1 || count === 2),
    String(syncs),
  ).toBe(true);
});

it('garbage, much of it and large, comes to every queue: nothing stops, and each program says it once of each queue', async () => {
  await rabbit.spoilQueues(100, 1024 * 1024);
  const programs = [deployment.server, ...agents.map(({ program }) => program)];
  const said = ({ output }: Program) =>
    [...output.matchAll(/dropped a message that cannot be read queue=(\S+)/g)].map(([, queue]) => queue!);
  for (const program of programs) await until(`${program.name} drops some`, () => said(program).length > 0);
  const { guest } = await boot(b.guest.host, 'after');
  expect(await guest.ping(a.port.fixed_ips[0]!.ip_address)).toBe(true);
  expect((await alive()).every(Boolean)).toBe(true);
  for (const program of programs) expect(new Set(said(program)).size).toBe(said(program).length);
});
