import { afterAll, beforeAll, expect, it } from 'vitest';
import { bridgeName, tapName } from '../../src/lib/names.ts';
import type { Network, Port } from '../../src/resources/shapes.ts';
import type { Deployment } from '../support/deployment.ts';
import { type Guest, plugGuest } from '../support/guest.ts';
import type { EmulatedHost } from '../support/hosts.ts';
import type { Program } from '../support/programs.ts';
import { VxlanStand } from '../support/vxlan-stand.ts';
import { until } from '../support/wait.ts';

/** VXLAN by multicast groups on three hosts: two networks with the same addresses, each by its own group. */
let stand: VxlanStand;
let hosts: EmulatedHost[];
let deployment: Deployment;
let agents: Program[];

const sections = (host: EmulatedHost, vxlan: Record<string, string | number> = {}) => ({
  linux_bridge: { physical_interface_mappings: 'physnet1:eth1' },
  vxlan: { local_ip: host.address, vxlan_group: '239.0.0.0/8', ttl: 4, ...vxlan },
  securitygroup: { enable_security_group: false },
});

beforeAll(async () => {
  const server = {
    ml2: { type_drivers: 'local,flat,vlan,vxlan' },
    ml2_type_vlan: { network_vlan_ranges: 'physnet1:100:200' },
  };
  stand = await VxlanStand.open({ wires: ['flat1'], server, agent: sections });
  ({ hosts, deployment, agents } = stand);
});
afterAll(() => stand?.[Symbol.asyncDispose]());

const makeNetwork = (name: string) => stand.makeNetwork(name, ['10.5.0.0/24']);
const addGuest = (network: Network, host: EmulatedHost, address: string) => stand.addGuest(network, host, [address]);

const legOf = (network: Network) => `vxlan-${network['provider:segmentation_id']}`;

let red: Network;
let blue: Network;
const reds: { guest: Guest; port: Port }[] = [];
const blues: { guest: Guest; port: Port }[] = [];

it('guests of a network reach each other from all hosts, with packets of its MTU', async () => {
  red = await makeNetwork('red');
  expect(red).toMatchObject({ 'provider:network_type': 'vxlan', mtu: 1450 });
  for (const [at, host] of hosts.entries()) reds.push(await addGuest(red, host, `10.5.0.${11 + at}`));
  for (const { guest } of reds) {
    for (const address of ['10.5.0.11', '10.5.0.12', '10.5.0.13']) expect(await guest.ping(address)).toBe(true);
  }
  await reds[0]!.guest.run(['ping', '-c1', '-W2', '-M', 'do', '-s', '1422', '10.5.0.12']);
  for (const host of hosts) {
    const text = await host.read(['ip', '-d', 'link', 'show', 'dev', legOf(red)]);
    expect(text).toMatch(new RegExp(`mtu 1450 .* master ${bridgeName(red.id)} `));
    expect(text).toMatch(/vxlan id 7\d group 239\.0\.0\.7\d dev eth0 .*dstport 8472 .*ttl 4/);
    expect(text).toContain(`alias network:${red.id}`);
  }
});

it('another network with the same addresses beside it stays apart', async () => {
  blue = await makeNetwork('blue');
  for (const [at, host] of hosts.slice(0, 2).entries()) blues.push(await addGuest(blue, host, `10.5.0.${11 + at}`));
  expect(await blues[0]!.guest.ping('10.5.0.12')).toBe(true);
  // Of red alone there is somebody with this address.
  expect(await blues[0]!.guest.ping('10.5.0.13', 1)).toBe(false);
  expect(await hosts[2]!.links()).not.toContain(legOf(blue));
  const neighbour = await hosts[0]!.read(['ip', '-n', blues[0]!.guest.netns, 'neigh', 'show', '10.5.0.12']);
  expect(neighbour).toContain(blues[1]!.port.mac_address);
});

it('says what each host does for a port', async () => {
  const { steps: all } = await deployment.api.explain(reds[0]!.port.id);
  const steps: Record<string, { state: string; found: string; check?: string }> = Object.fromEntries(
    all.map((step: { step: string }) => [step.step, step]),
  );
  expect(steps.leg).toMatchObject({ state: 'ok', found: expect.stringContaining(`in bridge ${bridgeName(red.id)}`) });
  expect(steps.leg!.check).toBe(`ip -d link show ${legOf(red)}`);
  expect(steps.nic).toMatchObject({ state: 'ok', found: expect.stringContaining('eth0 up with carrier') });
});

it('an agent that starts again writes nothing and loses nothing; drift is mended', async () => {
  const [host] = hosts as [EmulatedHost];
  const pings = reds[1]!.guest;
  const before = await host.read(['ip', 'link', 'show']);
  await agents[0]!.stop();
  agents[0]!.start();
  await agents[0]!.ready('at work', () => agents[0]!.recentOutput.includes('The Linux-bridge agent works'));
  await until('its answer', () => deployment.isAlive('neutron-linuxbridge-agent', 'host1'));
  expect(await pings.ping('10.5.0.11')).toBe(true);
  await until('its first pass', () => agents[0]!.recentOutput.split('"addr","show"').length > 3);
  expect(await host.read(['ip', 'link', 'show'])).toBe(before);
  expect(agents[0]!.recentOutput).not.toContain('"-batch"');

  await host.run(['ip', 'link', 'del', legOf(red)]);
  await until('the leg', async () =>
    (await host.read(['ip', 'link', 'show'])).includes(`master ${bridgeName(red.id)}`),
  );
  await until('the way', () => pings.ping('10.5.0.11', 1));
  await host.run(['ip', 'link', 'set', legOf(red), 'nomaster']);
  await host.run(['ip', 'link', 'set', legOf(red), 'down']);
  await until('the way', () => pings.ping('10.5.0.11', 1));
});

it('the leg goes with the last port of its network, and only there', async () => {
  const [first, second] = hosts as [EmulatedHost, EmulatedHost];
  await first.run(['ip', 'link', 'del', tapName(blues[0]!.port.id)]);
  await until('the leg to go', async () => !(await first.links()).includes(legOf(blue)));
  expect(await first.links()).toContain(bridgeName(blue.id));
  expect(await second.links()).toContain(legOf(blue));
  expect(await first.links()).toContain(legOf(red));
  expect(await reds[0]!.guest.ping('10.5.0.12')).toBe(true);
});

it('a changed file makes the device anew', async () => {
  const [, , host] = hosts as [EmulatedHost, EmulatedHost, EmulatedHost];
  await agents[2]!.stop();
  agents[2] = await deployment.agent('neutron-linuxbridge-agent', host, sections(host, { udp_dstport: 4789 }));
  await until('the new port', async () =>
    (await host.read(['ip', '-d', 'link', 'show', 'dev', legOf(red)])).includes('dstport 4789'),
  );
  expect(await reds[0]!.guest.ping('10.5.0.13', 1)).toBe(false);
  await agents[2]!.stop();
  agents[2] = await deployment.agent('neutron-linuxbridge-agent', host, sections(host));
  await until('the way', () => reds[0]!.guest.ping('10.5.0.13', 1));
});

it('a network that is too wide for the way is an error of its ports alone', async () => {
  const wide = await makeNetwork('wide');
  await deployment.api.update('network', wide.id, { mtu: 1450 });
  await hosts[2]!.ipBatch(['link set eth0 mtu 1400']);
  const port = await deployment.api.create('port', {
    ...{ network_id: wide.id, device_owner: 'compute:nova', 'binding:host_id': 'host3' },
  });
  const guest = await plugGuest(hosts[2]!, port);
  await until('the reason in the log', () => agents[2]!.recentOutput.includes('MTU 1450 of the network does not fit'));
  expect(await hosts[2]!.links()).not.toContain(legOf(wide));
  expect((await deployment.api.show('port', port.id)).status).not.toBe('ACTIVE');
  await hosts[2]!.ipBatch(['link set eth0 mtu 1500']);
  await deployment.portStatus(port.id, 'ACTIVE');
  await guest.remove();
});

it('the way over IPv6 leads as well', async () => {
  for (const [at, host] of hosts.slice(0, 2).entries()) {
    await agents[at]!.stop();
    await host.ipBatch([`addr add fd00::${at + 1}/64 dev eth0 nodad`]);
    const ipv6 = { local_ip: `fd00::${at + 1}`, vxlan_group: 'ff05::/64' };
    agents[at] = await deployment.agent('neutron-linuxbridge-agent', host, sections(host, ipv6));
  }
  const green = await deployment.api.create('network', { name: 'green', mtu: 1430 });
  await deployment.api.create('subnet', { network_id: green.id, ip_version: 4, cidr: '10.6.0.0/24' });
  const [one] = [await addGuest(green, hosts[0]!, '10.6.0.11'), await addGuest(green, hosts[1]!, '10.6.0.12')];
  await until('the way', () => one!.guest.ping('10.6.0.12', 1));
  expect(await hosts[0]!.read(['ip', '-d', 'link', 'show', 'dev', legOf(green)])).toMatch(/group ff05::\w+ dev eth0/);
});

it('a kernel without VLAN devices is said to be the reason, and nothing else is disturbed', async (context) => {
  const probe = ['ip', 'link', 'add', 'link', 'lo', 'type', 'vlan', 'id', '4095'];
  const { stderr } = await hosts[2]!.run(probe, { okCodes: [0, 1, 2] });
  if (!/Unknown device type/.test(stderr)) context.skip('this kernel has VLAN devices: test/inside-vm is about those');
  const vlan = await deployment.api.create('network', {
    ...{ 'provider:network_type': 'vlan', 'provider:physical_network': 'physnet1' },
  });
  const port = await deployment.api.create('port', {
    ...{ network_id: vlan.id, device_owner: 'compute:nova', 'binding:host_id': 'host3' },
  });
  expect(port['binding:vif_type']).toBe('binding_failed');
  const reason = 'the kernel has no VLAN devices: load its module 8021q';
  const { summary } = await deployment.api.explain(port.id);
  expect(summary).toContain(reason);
  const log = deployment.server.output.split('\n').find((line) => line.includes('no mechanism driver could bind'));
  expect(log).toContain(reason);
  expect(await reds[1]!.guest.ping('10.5.0.12', 1)).toBe(true);
});

it('nothing is left when the networks are deleted', async () => {
  const ports = (await deployment.api.list('port')) as Port[];
  for (const { id } of ports) await deployment.api.remove('port', id);
  for (const network of (await deployment.api.list('network')) as Network[]) {
    await deployment.api.remove('network', network.id);
  }
  for (const host of hosts) {
    await until(`an empty ${host.name}`, async () => !(await host.links()).some((name) => /^(brq|vxlan)/.test(name)));
  }
});
