import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { bridgeName, dhcpNamespace } from '../../src/lib/names.ts';
import { type Deployment, makeDeployment } from '../support/deployment.ts';
import { type EmulatedHost, type Lab, openLab } from '../support/hosts.ts';
import { project, writeConfig } from '../support/programs.ts';
import { reportAgents } from '../support/stand-in-agents.ts';

/** `--dry-run` of the agents beside a real server: it tells what would change, and changes nothing anywhere. */
let lab: Lab;
let host: EmulatedHost;
let deployment: Deployment;
beforeAll(async () => {
  lab = await openLab();
  host = await lab.addHost({ name: 'dry1' });
  deployment = await makeDeployment({ folder: lab.folder });
  await deployment.start();
});
afterAll(async () => {
  await deployment?.close();
  await lab?.close();
});

type Agent = 'neutron-linuxbridge-agent' | 'neutron-dhcp-agent';
const openToAll = { securitygroup: { enable_security_group: false }, vxlan: { enable_vxlan: false } };

async function dryRun(name: Agent, { state = host.folder, bus = 'bus.sock' } = {}) {
  const config = await writeConfig(lab.folder, `dry-${name}.conf`, {
    ...openToAll,
    DEFAULT: { state_path: state, host: host.name, transport_url: `local://${lab.folder}/${bus}` },
  });
  const { code, stdout, stderr } = await host.run([join(project, 'bin', name), '--config-file', config, '--dry-run'], {
    okCodes: [0, 1],
  });
  return { code, stdout, stderr };
}

/** What the kernel of the host has, and all that the server says of itself but the times of heartbeats. */
async function everything() {
  const kernel = await Promise.all(
    [['ip', '-o', 'link'], ['ip', '-o', 'addr'], ['ip', 'netns', 'list'], ['iptables-save'], ['ebtables-save']].map(
      async (argv) => (await host.read(argv)).replace(/^#.*\n/gm, ''),
    ),
  );
  const { api } = deployment;
  const server = await Promise.all([api.list('network'), api.list('subnet'), api.list('port')]);
  const processes = (await host.processes()).map(({ command }) => command).sort();
  return { kernel, server, processes, files: await readdir(host.folder) };
}

it('tells what would change and changes nothing; beside a running agent there is nothing to change', async () => {
  const { api } = deployment;
  await reportAgents(deployment, [
    {
      binary: 'neutron-linuxbridge-agent',
      agent_type: 'Linux bridge agent',
      topic: 'N/A',
      host: host.name,
      availability_zone: null,
      configurations: { bridge_mappings: {}, interface_mappings: {} },
    },
    {
      binary: 'neutron-dhcp-agent',
      agent_type: 'DHCP agent',
      topic: 'dhcp_agent',
      host: host.name,
      availability_zone: 'nova',
      configurations: {},
    },
  ]);
  const network = await api.create('network', { name: 'dry' });
  await api.create('subnet', { network_id: network.id, ip_version: 4, cidr: '10.20.0.0/24' });
  const port = await api.create('port', {
    network_id: network.id,
    'binding:host_id': host.name,
    device_owner: 'compute:nova',
  });
  const tap = `tap${port.id.slice(0, 11)}`;
  await host.ipBatch([`tuntap add ${tap} mode tap`]);

  const before = await everything();
  const state = join(host.folder, 'not-made-yet');
  const bridge = await dryRun('neutron-linuxbridge-agent', { state });
  expect(bridge).toMatchObject({ code: 0 });
  expect(bridge.stdout.split('\n')).toEqual(
    expect.arrayContaining([`ensure_bridge name=${bridgeName(network.id)}`, `set_up name=${tap}`]),
  );
  const dhcp = await dryRun('neutron-dhcp-agent', { state });
  expect(dhcp).toMatchObject({ code: 0 });
  expect(dhcp.stdout).toMatch(new RegExp(`^network ${network.id}: `, 'm'));
  expect(await everything()).toEqual(before);

  await deployment.agent('neutron-linuxbridge-agent', host, openToAll);
  await deployment.agent('neutron-dhcp-agent', host);
  await host.ipBatch([`link set ${tap} master ${bridgeName(network.id)} up`]).catch(() => {});
  await deployment.portStatus(port.id, 'ACTIVE');
  await expect.poll(() => host.read(['ip', 'netns', 'list'])).toContain(dhcpNamespace(network.id));
  await expect
    .poll(async () => (await dryRun('neutron-dhcp-agent')).stdout, { timeout: 20_000, interval: 500 })
    .toBe('nothing to change: this host is as it should be\n');
  const settled = await everything();
  expect((await dryRun('neutron-linuxbridge-agent')).stdout).toBe('nothing to change: this host is as it should be\n');
  expect(await everything()).toEqual(settled);
});

it('says in one line that there is no server to ask', async () => {
  await host.ipBatch(['tuntap add tapcccccccc-cc mode tap']);
  const agents: Agent[] = ['neutron-linuxbridge-agent', 'neutron-dhcp-agent'];
  const runs = await Promise.all(agents.map((name) => dryRun(name, { bus: 'nobody.sock' })));
  for (const [at, { code, stdout, stderr }] of runs.entries()) {
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr.trimEnd().split('\n').at(-1)).toMatch(
      new RegExp(`^${agents[at]}: the server does not tell what should be here \\(.*\\); start neutron-server`),
    );
    expect(stderr).not.toMatch(/^\s+at /m);
  }
});
