import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { bridgeName } from '../../src/lib/names.ts';
import { openDoorway } from '../../src/onehost/emulated/doorway.ts';
import type { Network } from '../../src/resources/shapes.ts';
import { ApiClient } from '../support/api.ts';
import { type Controller, raiseController } from '../support/controller.ts';
import { plugGuest } from '../support/guest.ts';
import { type EmulatedHost, type Lab, openLab } from '../support/hosts.ts';
import { Program, project } from '../support/programs.ts';
import { until } from '../support/wait.ts';

/**
 * The configuration as operators write it (test/data/samples), not one letter changed, on a controller at the address that
 * it names and a compute node: MariaDB, RabbitMQ, memcached, Keystone, the server and its agents.
 */
const etc = join(project, 'test/data/samples/etc-neutron');
const neutronConf = ['--config-file', `${etc}/neutron.conf`];
const ml2Conf = [...neutronConf, '--config-file', `${etc}/plugins/ml2/ml2_conf.ini`];
const agentConf = {
  'neutron-linuxbridge-agent': [...neutronConf, '--config-file', `${etc}/plugins/ml2/linuxbridge_agent.ini`],
  'neutron-dhcp-agent': [...neutronConf, '--config-file', `${etc}/dhcp_agent.ini`],
  'neutron-metadata-agent': [...neutronConf, '--config-file', `${etc}/metadata_agent.ini`],
} as const;

let lab: Lab;
let controller: EmulatedHost;
let compute: EmulatedHost;
let api: ApiClient;
let network: Network;
let services: Controller;
const programs: Program[] = [];

beforeAll(async () => {
  lab = await openLab();
  controller = await lab.addHost({ name: 'controller' });
  compute = await lab.addHost({ name: 'compute1' });
  for (const [host, address] of [
    [controller, '192.168.56.11'],
    [compute, '192.168.56.12'],
  ] as const) {
    await host.ipBatch([`addr add ${address}/24 broadcast 192.168.56.255 dev eth0`]);
    // State of its own at the place that the files leave as it is.
    await host.run(['mount', '-t', 'tmpfs', 'none', '/var/lib']);
    await host.run(['mkdir', '/var/lib/neutron']);
  }
  services = await raiseController(controller);
  const migrated = await controller.run([join(project, 'bin/neutron-db-manage'), ...ml2Conf, 'upgrade', 'head']);
  expect(migrated.stdout).toContain('OK');
  const server = run(controller, 'neutron-server', ml2Conf);
  api = new ApiClient(await openDoorway(controller, 9696), services.token);
  await server.ready('an answer', async () => (await api.request('GET', '/v2.0/networks')).status === 200);
  for (const [name, args] of Object.entries(agentConf)) run(controller, name, args);
  run(compute, 'neutron-linuxbridge-agent', agentConf['neutron-linuxbridge-agent']);
}, 180_000);
afterAll(async () => {
  for (const program of programs.toReversed()) await program[Symbol.asyncDispose]();
  await lab?.close();
  services?.removeFiles();
}, 60_000);

function run(host: EmulatedHost, name: string, args: readonly string[]): Program {
  const program = new Program({ name, host, args });
  programs.push(program);
  program.start();
  return program;
}

it('all agents report over RabbitMQ', async () => {
  const seen = await until(
    'four agents are alive',
    async () => {
      const agents = await api.list('agent', '');
      return agents.length === 4 && agents.every(({ alive }) => alive) && agents;
    },
    { timeoutMs: 60_000 },
  );
  expect(seen.map(({ binary, host }) => `${host} ${binary}`).sort()).toEqual([
    'compute1 neutron-linuxbridge-agent',
    'controller neutron-dhcp-agent',
    'controller neutron-linuxbridge-agent',
    'controller neutron-metadata-agent',
  ]);
}, 90_000);

it('a guest on the compute node gets its address from the controller, whose own address has moved to the bridge', async () => {
  const pinging = compute.spawn(['ping', '-n', '-i', '0.02', '192.168.56.11']);
  network = await api.create('network', { 'provider:network_type': 'flat', 'provider:physical_network': 'public' });
  await api.create('subnet', { network_id: network.id, ip_version: 4, cidr: '10.7.0.0/24' });
  const port = await api.create('port', {
    network_id: network.id,
    device_owner: 'compute:nova',
    'binding:host_id': 'compute1',
    port_security_enabled: false,
  });
  expect(port['binding:vif_type']).toBe('bridge');
  const guest = await plugGuest(compute, port, 'vm');
  const lease = await guest.dhcp();
  expect(lease.address).toBe(port.fixed_ips[0]!.ip_address);
  await until('the port is ACTIVE', async () => (await api.show('port', port.id)).status === 'ACTIVE', {
    timeoutMs: 30_000,
  });
  const [{ addr_info }] = (await controller.json<{ addr_info: { local: string }[] }[]>([
    'ip',
    '-j',
    '-4',
    'addr',
    'show',
    'dev',
    bridgeName(network.id),
  ])) as [{ addr_info: { local: string }[] }];
  expect(addr_info.map(({ local }) => local)).toContain('192.168.56.11');
  await pinging.kill('SIGINT');
  const { stdout } = await pinging.finished;
  const [, sent, received] = /(\d+) packets transmitted, (\d+) received/.exec(stdout)!;
  expect(Number(sent)).toBeGreaterThan(20);
  expect(Number(sent) - Number(received)).toBeLessThan(10);
}, 120_000);

it('who brings no token is asked for one', async () => {
  const bare = new ApiClient(await openDoorway(controller, 9696), null);
  expect((await bare.request('GET', '/v2.0/networks')).status).toBe(401);
});

it('no password of the files is in what the programs say', () => {
  const said = programs.map(({ output }) => output).join('\n');
  expect(said.length).toBeGreaterThan(100);
  expect(said).not.toMatch(/openstack:openstack|neutron:neutron/);
});
