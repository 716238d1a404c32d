import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { bridgeName } from '../../src/lib/names.ts';
import { openDoorway } from '../../src/onehost/emulated/doorway.ts';
import type { Network, Port } from '../../src/resources/shapes.ts';
import { ApiClient } from '../support/api.ts';
import { type Controller, raiseController } from '../support/controller.ts';
import { type Guest, plugGuest } from '../support/guest.ts';
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
  'neutron-l3-agent': [...neutronConf, '--config-file', `${etc}/l3_agent.ini`],
} as const;

let lab: Lab;
let controller: EmulatedHost;
let compute: EmulatedHost;
let api: ApiClient;
let network: Network;
let first: { port: Port; guest: Guest };
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
});
afterAll(async () => {
  for (const program of programs.toReversed()) await program[Symbol.asyncDispose]();
  await lab?.close();
  services?.removeFiles();
});

function run(host: EmulatedHost, name: string, args: readonly string[]): Program {
  const program = new Program({ name, host, args });
  programs.push(program);
  program.start();
  return program;
}

it('all agents report over RabbitMQ', async () => {
  const seen = await until(
    'five agents are alive',
    async () => {
      const agents = await api.list('agent', '');
      return agents.length === 5 && agents.every(({ alive }) => alive) && agents;
    },
    { timeoutMs: 60_000 },
  );
  expect(seen.map(({ binary, host }) => `${host} ${binary}`).sort()).toEqual([
    'compute1 neutron-linuxbridge-agent',
    'controller neutron-dhcp-agent',
    'controller neutron-l3-agent',
    'controller neutron-linuxbridge-agent',
    'controller neutron-metadata-agent',
  ]);
});

it('a guest on the compute node gets its address from the controller, whose own address has moved to the bridge', async () => {
  const pinging = compute.spawn(['ping', '-n', '-i', '0.02', '192.168.56.11']);
  network = await api.create('network', { 'provider:network_type': 'flat', 'provider:physical_network': 'public' });
  await api.create('subnet', { network_id: network.id, ip_version: 4, cidr: '10.7.0.0/24' });
  const port = await api.create('port', {
    network_id: network.id,
    device_owner: 'compute:nova',
    'binding:host_id': 'compute1',
  });
  expect(port['binding:vif_type']).toBe('bridge');
  expect(port['binding:vif_details']).toMatchObject({ port_filter: true });
  const guest = await plugGuest(compute, port, 'vm');
  first = { port, guest };
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
});

it('groups are in force: the guest is reached as they say, and its rules are where runbooks look for them', async () => {
  const address = first.port.fixed_ips[0]!.ip_address;
  const { security_group: web } = await api.expect('POST', '/v2.0/security-groups', {
    security_group: { name: 'web' },
  });
  const port = await api.create('port', {
    network_id: network.id,
    device_owner: 'compute:nova',
    'binding:host_id': 'compute1',
    security_groups: [web.id],
  });
  const guest = await plugGuest(compute, port, 'vm2');
  expect((await guest.dhcp()).address).toBe(port.fixed_ips[0]!.ip_address);
  // Of the group default of its project: only its members come in.
  expect(await guest.ping(address)).toBe(false);
  const { security_group_rule: rule } = await api.expect('POST', '/v2.0/security-group-rules', {
    security_group_rule: {
      security_group_id: first.port.security_groups![0],
      direction: 'ingress',
      protocol: 'icmp',
      remote_group_id: web.id,
    },
  });
  await until('it is let in', () => guest.ping(address, 1), { timeoutMs: 20_000 });
  const chain = await compute.read(['iptables', '-S', `neutron-linuxbri-i${first.port.id.slice(0, 10)}`]);
  expect(chain).toMatch(new RegExp(`-p icmp .*--match-set NIPv4${web.id.slice(0, 24)} src .*-j RETURN`));
  await api.expect('DELETE', `/v2.0/security-group-rules/${rule.id}`);
  await until('it is shut out', async () => !(await guest.ping(address, 1)), { timeoutMs: 20_000 });
  // Nobody else's address, whatever rules there are.
  await guest.run(['ip', 'address', 'add', '10.7.0.250/24', 'dev', guest.card]);
  const dhcp = guest.lease!.server;
  expect(await guest.ping(dhcp)).toBe(true);
  const { code } = await guest.run(['ping', '-n', '-c', '2', '-W', '1', '-I', '10.7.0.250', dhcp], { okCodes: [0, 1] });
  expect(code).toBe(1);
});

it('who brings no token is asked for one', async () => {
  const bare = new ApiClient(await openDoorway(controller, 9696), null);
  expect((await bare.request('GET', '/v2.0/networks')).status).toBe(401);
});

it('no password of the files is in what the programs say', () => {
  const said = programs.map(({ output }) => output).join('\n');
  expect(said.length).toBeGreaterThan(100);
  expect(said).not.toMatch(/openstack:openstack|neutron:neutron/);
});
