import { cp, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openDoorway } from '../../src/onehost/emulated/doorway.ts';
import { ApiClient } from '../support/api.ts';
import { type EmulatedHost, type Lab, openLab } from '../support/hosts.ts';
import { Program, project } from '../support/programs.ts';
import { until } from '../support/wait.ts';

/**
 * An operator's host: his files in /etc/neutron as they are, one file in `neutron.conf.d` that has all of it on one host
 * without MariaDB, RabbitMQ and Keystone, and the programs started as his units start them, without a word.
 */
let lab: Lab;
let host: EmulatedHost;
let etc: string;
const programs: Program[] = [];
const agents = ['neutron-linuxbridge-agent', 'neutron-dhcp-agent', 'neutron-metadata-agent', 'neutron-l3-agent'];

beforeAll(async () => {
  lab = await openLab();
  host = await lab.addHost({ name: 'operator', wires: ['flat1'] });
  etc = join(host.folder, 'etc-neutron');
  await cp(join(project, 'test/data/samples/etc-neutron'), etc, { recursive: true });
  await symlink('plugins/ml2/ml2_conf.ini', join(etc, 'plugin.ini'));
  // The host's own /etc: the machine's, with a layer above it that goes with the host.
  await host.run(['mount', '-t', 'tmpfs', 'tmpfs', '/mnt']);
  await host.run(['mkdir', '/mnt/up', '/mnt/work']);
  await host.run([
    'mount',
    '-t',
    'overlay',
    'overlay',
    '-o',
    'lowerdir=/etc,upperdir=/mnt/up,workdir=/mnt/work',
    '/etc',
  ]);
  await host.run(['mkdir', '-p', '/etc/neutron']);
  await host.run(['mount', '--bind', etc, '/etc/neutron']);
  // The samples put eth0 into a bridge and want 192.168.56.11.
  await host.ipBatch(['addr add 192.168.56.11/24 dev eth0']);
});
afterAll(async () => {
  for (const program of programs.reverse()) await program[Symbol.asyncDispose]();
  await lab?.close();
});

const bin = (name: string) => join(project, 'bin', name);

it('shows where every value comes from, secrets masked', async () => {
  const shown = await host.read([bin('neutron-server'), '--show-config']);
  expect(shown).toMatch(/^type_drivers = flat,vlan +# \/etc\/neutron\/plugin\.ini:\d+$/m);
  expect(shown).toMatch(/^connection = mysql\+pymysql:\/\/neutron:\*{4}@\S+ +# \/etc\/neutron\/neutron\.conf:\d+$/m);
});

it('runs with one file more, as a database, a server and its agents', async () => {
  const state = join(host.folder, 'state');
  await mkdir(join(etc, 'neutron.conf.d'));
  await writeFile(
    join(etc, 'neutron.conf.d/10-neutrino.conf'),
    `[DEFAULT]
auth_strategy = noauth
bind_host = 127.0.0.1
state_path = ${state}
transport_url = local://${state}/bus.sock
[database]
connection = sqlite:///${state}/neutron.sqlite
[oslo_concurrency]
lock_path = ${state}/lock
`,
  );
  const manage = (...words: string[]) => host.run([bin('neutron-db-manage'), ...words]);
  expect((await manage('upgrade', 'head')).stdout).toBe('  Running upgrade for neutron ...\n  OK\n');
  expect((await manage('current')).stdout).toMatch(
    /^ {2}Running current for neutron \.\.\.\n[0-9a-f]{12} \(head\)\n {2}OK\n$/,
  );
  expect((await manage('history')).stdout).toMatch(
    /^ {2}Running history for neutron \.\.\.\n(?:[0-9a-f]{12} -> [0-9a-f]{12}.*\n)*<base> -> [0-9a-f]{12} .*, \w/m,
  );

  const server = new Program({ name: 'neutron-server', host });
  programs.push(server);
  server.start();
  await server.ready('its API', () => server.output.includes('API listens'));
  for (const name of agents) {
    const agent = new Program({ name, host });
    programs.push(agent);
    agent.start();
  }
  const api = new ApiClient(await openDoorway(host, 9696));
  await until('all agents alive', async () => {
    const ended = programs.find((program) => !program.running);
    if (ended) throw new Error(`${ended.name} ended: ${ended.output}`);
    const alive = (await api.list('agent')).filter((agent) => agent.alive);
    return alive.length === agents.length;
  });
  const neutron = async (...words: string[]) =>
    (
      await host.run([bin('neutron'), ...words], {
        env: { OS_AUTH_TYPE: 'none', OS_ENDPOINT: 'http://127.0.0.1:9696' },
      })
    ).stdout;
  const net = JSON.parse(
    await neutron(
      'net-create',
      'public',
      '--provider:network_type',
      'flat',
      '--provider:physical_network',
      'public',
      '-f',
      'json',
    ),
  );
  await neutron('subnet-create', net.id, '192.168.77.0/24', '--name', 'sub');
  await until('DHCP', async () =>
    (await api.list('port', 'device_owner=network:dhcp')).some((port) => port.status === 'ACTIVE'),
  );
  // What the samples say is done: eth0, with the host's addresses, is in the bridge of the flat network.
  await until('eth0 in its bridge', async () =>
    (await host.read(['ip', '-o', 'link', 'show', 'eth0'])).includes(`master brq${net.id.slice(0, 11)}`),
  );
  await until('its address on the bridge', async () =>
    (await host.read(['ip', '-o', '-4', 'addr', 'show', `brq${net.id.slice(0, 11)}`])).includes('192.168.56.11/24'),
  );
  for (const program of programs) expect(program.output).not.toMatch(/^\s+at |ERROR/m);
});
