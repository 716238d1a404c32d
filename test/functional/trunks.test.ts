import { afterAll, beforeAll, expect, it } from 'vitest';
import { bridgeName, tapName } from '../../src/lib/names.ts';
import type { Network, Port } from '../../src/resources/shapes.ts';
import { type Deployment, makeDeployment } from '../support/deployment.ts';
import { type Guest, plugGuest } from '../support/guest.ts';
import { type EmulatedHost, type Lab, openLab } from '../support/hosts.ts';
import type { Program } from '../support/programs.ts';
import { changeSubPorts, createTrunk, showTrunk, trunkStatus, vlan } from '../support/trunks.ts';
import { until } from '../support/wait.ts';

/**
 * A trunk under the real programs, on whatever kernel this is. Where it knows no VLANs the trunk is DEGRADED and its parent works
 * all the same; what frames do on a trunk is seen in the virtual machine (`test/inside-vm/trunks.case.ts`).
 */
let lab: Lab;
let host: EmulatedHost;
let deployment: Deployment;
let agent: Program;
let hasVlans: boolean;
let base: Network;
let red: Network;
let parent: Port;
let web: Port;
let guest: Guest;
let other: Guest;
let trunkId: string;

async function knowsVlans(): Promise<boolean> {
  const make = ['ip', 'link', 'add', 'link', 'eth0', 'name', 'eth0.9', 'type', 'vlan', 'id', '9'];
  const { code } = await host.run(make, { okCodes: [0, 1, 2] });
  if (code === 0) await host.run(['ip', 'link', 'del', 'eth0.9']);
  return code === 0;
}

async function makeNetwork(cidr: string): Promise<Network> {
  const network = await deployment.api.create('network', { 'provider:network_type': 'local' });
  await deployment.api.create('subnet', {
    ...{ network_id: network.id, ip_version: 4, cidr, enable_dhcp: false, gateway_ip: null },
  });
  return network;
}

const compute = { device_owner: 'compute:nova', 'binding:host_id': 'host1' };

beforeAll(async () => {
  lab = await openLab();
  host = await lab.addHost({ name: 'host1' });
  hasVlans = await knowsVlans();
  deployment = await makeDeployment({
    folder: `${lab.folder}/deployment`,
    serverHost: host,
    server: { DEFAULT: { service_plugins: 'trunk' }, ml2: { type_drivers: 'local', tenant_network_types: 'local' } },
  });
  await deployment.start();
  agent = await deployment.agent('neutron-linuxbridge-agent', host, {
    vxlan: { enable_vxlan: false },
    securitygroup: { enable_security_group: false },
  });
  const { api } = deployment;
  [base, red] = [await makeNetwork('10.4.0.0/24'), await makeNetwork('10.5.0.0/24')];
  parent = await api.create('port', { network_id: base.id, ...compute });
  web = await api.create('port', { network_id: red.id });
  trunkId = (await createTrunk(api, parent, [vlan(web, 100)])).id;
  const neighbour = await api.create('port', { network_id: base.id, ...compute });
  [guest, other] = [await plugGuest(host, parent), await plugGuest(host, neighbour)];
  for (const [one, port] of [
    [guest, parent],
    [other, neighbour],
  ] as const) {
    await host.ipBatch([`addr add ${port.fixed_ips[0]!.ip_address}/24 dev eth0`], one.netns);
  }
});
afterAll(async () => {
  await deployment?.close();
  await lab.close();
});

it('its status says what became of it, its sub-ports are bound, its parent works', async () => {
  const { api } = deployment;
  await trunkStatus(api, trunkId, hasVlans ? 'ACTIVE' : 'DEGRADED');
  expect(await api.show('port', web.id)).toMatchObject({
    ...{ device_owner: 'trunk:subport', 'binding:host_id': 'host1', 'binding:vif_type': 'bridge' },
  });
  expect((await host.links()).includes(tapName(web.id))).toBe(hasVlans);
  await deployment.portStatus(parent.id, 'ACTIVE');
  expect(await other.ping(parent.fixed_ips[0]!.ip_address)).toBe(true);
  const complaints = agent.recentOutput.split('\n').filter((line) => line.includes('Sub-ports of a trunk cannot'));
  expect(complaints.length).toBe(hasVlans ? 0 : 1);
  if (!hasVlans) expect(complaints[0]).toContain('this kernel has no VLANs (802.1Q)');
});

it('explain says where a sub-port hangs, what hangs on a parent, and what is missing', async () => {
  const step = async (port: Port, name: string) => {
    const { steps } = await deployment.api.explain(port.id);
    return steps.find((one: { step: string }) => one.step === name);
  };
  const state = hasVlans ? 'ok' : 'fault';
  expect(await step(web, 'trunk')).toMatchObject({
    expected: `trunk ${trunkId} carries it as vlan 100 of port ${parent.id}`,
  });
  const place = `${tapName(web.id)} is VLAN 100 of ${tapName(parent.id)} (port ${parent.id}, trunk ${trunkId})`;
  expect(await step(web, 'sub_port')).toMatchObject({ state, expected: place });
  const carried = `trunk ${trunkId}: ${tapName(web.id)} VLAN 100 on ${tapName(parent.id)}`;
  expect(await step(parent, 'sub_ports')).toMatchObject({ state, expected: carried });
});

it('an agent that starts again says nothing of it, and changes nothing', async () => {
  const { api } = deployment;
  const before = await showTrunk(api, trunkId);
  const links = await host.read(['ip', 'link', 'show']);
  await agent.stop();
  agent.start();
  await agent.ready('at work', () => agent.recentOutput.includes('The Linux-bridge agent works'));
  // A trunk that is not as it should be is tried again, and said to be so again.
  const asked = () => agent.recentOutput.includes('"method":"bulk_pull"') || agent.recentOutput.includes('bulk_pull');
  await until('its question for trunks', asked);
  if (!hasVlans) await until('its word on it', () => agent.recentOutput.includes('Sub-ports of a trunk cannot'));
  await trunkStatus(api, trunkId, before.status);
  if (hasVlans) expect(await showTrunk(api, trunkId)).toEqual(before);
  expect(await host.read(['ip', 'link', 'show'])).toBe(links);
  expect(await other.ping(parent.fixed_ips[0]!.ip_address)).toBe(true);
});

it('a trunk without sub-ports is ACTIVE on every kernel; deleted it leaves nothing, and its ports can go', async () => {
  const { api } = deployment;
  await changeSubPorts(api, 'remove', trunkId, [{ port_id: web.id }]);
  await trunkStatus(api, trunkId, 'ACTIVE');
  await until('no device', async () => !(await host.links()).includes(tapName(web.id)));
  expect((await api.request('DELETE', `/v2.0/ports/${parent.id}`)).status).toBe(409);
  await api.expect('DELETE', `/v2.0/trunks/${trunkId}`);
  await api.remove('port', web.id);
  await until('only the bridge of the parents', async () => {
    const links = await host.links();
    return links.includes(tapName(parent.id)) && !links.includes(bridgeName(red.id));
  });
  expect(await other.ping(parent.fixed_ips[0]!.ip_address)).toBe(true);
  await api.remove('port', parent.id);
});
