import { afterAll, beforeAll, expect, it } from 'vitest';
import { bridgeName, tapName } from '../../src/lib/names.ts';
import type { Network, Port } from '../../src/resources/shapes.ts';
import { type Deployment, makeDeployment } from '../support/deployment.ts';
import { plugGuest } from '../support/guest.ts';
import { type EmulatedHost, type Lab, openLab } from '../support/hosts.ts';
import { until } from '../support/wait.ts';

/** Two flat networks on two cards, and a second host where the labels mean other cards. */
let lab: Lab;
let host1: EmulatedHost;
let host2: EmulatedHost;
let deployment: Deployment;
const networks: Record<string, Network> = {};

const noGroups = { securitygroup: { enable_security_group: false } };

beforeAll(async () => {
  lab = await openLab();
  host1 = await lab.addHost({ name: 'host1', wires: ['flat1', 'flat2'] });
  host2 = await lab.addHost({ name: 'host2', wires: ['flat2', 'flat1'] });
  deployment = await makeDeployment({
    folder: `${lab.folder}/deployment`,
    serverHost: host1,
    server: { ml2_type_flat: { flat_networks: 'flat1,flat2' } },
  });
  await deployment.start();
  await deployment.agent('neutron-linuxbridge-agent', host1, {
    linux_bridge: { physical_interface_mappings: 'flat1:eth1,flat2:eth2' },
    ...noGroups,
  });
  await deployment.agent('neutron-linuxbridge-agent', host2, {
    linux_bridge: { physical_interface_mappings: 'flat1:eth2,flat2:eth1' },
    ...noGroups,
  });
  await deployment.agent('neutron-dhcp-agent', host1, { DEFAULT: { interface_driver: 'linuxbridge' } });
});
afterAll(async () => {
  await deployment?.close();
  await lab.close();
});

it('takes one network per label and refuses a second one', async () => {
  for (const [at, label] of ['flat1', 'flat2'].entries()) {
    const network = await deployment.api.create('network', {
      'provider:network_type': 'flat',
      'provider:physical_network': label,
    });
    await deployment.api.create('subnet', { network_id: network.id, ip_version: 4, cidr: `10.${at + 1}.0.0/24` });
    networks[label] = network;
  }
  const again = await deployment.api.request('POST', '/v2.0/networks', {
    network: { 'provider:network_type': 'flat', 'provider:physical_network': 'flat1' },
  });
  expect([again.status, again.body.NeutronError.type]).toEqual([409, 'FlatNetworkInUse']);
});

it('refuses a label that is not configured', async () => {
  const answer = await deployment.api.request('POST', '/v2.0/networks', {
    network: { 'provider:network_type': 'flat', 'provider:physical_network': 'flat3' },
  });
  expect(answer.status).toBe(400);
});

const port = async (label: string, host: string): Promise<Port> =>
  await deployment.api.create('port', {
    network_id: networks[label]!.id,
    device_owner: 'compute:nova',
    'binding:host_id': host,
  });

it('puts each network in a bridge with its card, whatever the card is called there', async () => {
  const ports = {
    near: await port('flat1', 'host1'),
    far: await port('flat1', 'host2'),
    other: await port('flat2', 'host1'),
  };
  for (const one of Object.values(ports)) expect(one['binding:vif_type']).toBe('bridge');
  const near = await plugGuest(host1, ports.near, 'near');
  const far = await plugGuest(host2, ports.far, 'far');
  const other = await plugGuest(host1, ports.other, 'other');
  const bridge = bridgeName(networks.flat1!.id);
  for (const [host, card] of [
    [host1, 'eth1'],
    [host2, 'eth2'],
  ] as const) {
    await until(
      `${card} in ${bridge} of ${host.name}`,
      async () => (await host.links()).includes(bridge) && (await members(host, bridge)).includes(card),
    );
  }
  expect(await members(host1, bridge)).toContain(tapName(ports.near.id));

  for (const [guest, wanted] of [
    [near, ports.near],
    [far, ports.far],
    [other, ports.other],
  ] as const) {
    expect((await guest.dhcp()).address).toBe(wanted.fixed_ips[0]!.ip_address);
    await deployment.portStatus(wanted.id, 'ACTIVE');
  }
  expect(await near.ping(ports.far.fixed_ips[0]!.ip_address)).toBe(true);
  await other.run(['ip', 'addr', 'add', '10.1.0.250/24', 'dev', 'eth0']);
  expect(await other.ping(ports.near.fixed_ips[0]!.ip_address, 1)).toBe(false); // flat2 is another wire
});

async function members(host: EmulatedHost, bridge: string): Promise<string[]> {
  const links = await host.json<{ ifname: string }[]>(['ip', '-j', 'link', 'show', 'master', bridge]);
  return links.map((link) => link.ifname);
}
