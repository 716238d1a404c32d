import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { tapName } from '../../src/lib/names.ts';
import type { Network, Port } from '../../src/resources/shapes.ts';
import { type Deployment, makeDeployment } from '../support/deployment.ts';
import { plugGuest } from '../support/guest.ts';
import { type EmulatedHost, type Lab, openLab } from '../support/hosts.ts';
import type { Program } from '../support/programs.ts';
import { until } from '../support/wait.ts';

/** One request is followed by its id, from the header of the answer to the commands of the agents. */
let lab: Lab;
let host: EmulatedHost;
let deployment: Deployment;
let bridge: Program;
let dhcp: Program;
let network: Network;

beforeAll(async () => {
  lab = await openLab();
  host = await lab.addHost({ name: 'host1', wires: ['flat1'] });
  deployment = await makeDeployment({
    folder: `${lab.folder}/deployment`,
    serverHost: host,
    server: { DEFAULT: { debug: true }, ml2_type_flat: { flat_networks: 'flat1' } },
  });
  await deployment.start();
  const noGroups = { securitygroup: { enable_security_group: false } };
  const mapped = { linux_bridge: { physical_interface_mappings: 'flat1:eth1' } };
  bridge = await deployment.agent('neutron-linuxbridge-agent', host, { ...mapped, ...noGroups });
  dhcp = await deployment.agent('neutron-dhcp-agent', host, { DEFAULT: { interface_driver: 'linuxbridge' } });
  network = await deployment.api.create('network', {
    'provider:network_type': 'flat',
    'provider:physical_network': 'flat1',
  });
  await deployment.api.create('subnet', { network_id: network.id, ip_version: 4, cidr: '10.7.0.0/24' });
  const served = async () =>
    (await deployment.api.list('port', 'device_owner=network:dhcp')).some(({ status }) => status === 'ACTIVE');
  await until('DHCP', served);
});
afterAll(async () => {
  await deployment?.close();
  await lab.close();
});

/** Lines of a program's log that name a request. */
const linesOf = (program: Program, id: string) =>
  program.output.split('\n').filter((line) => new RegExp(`\\[[^\\]]*${id}[^\\]]*\\]`).test(line));

it('is named by the API, the DHCP agent and the commands of the bridge agent, and told back with the device', async () => {
  const globalId = `req-${randomUUID()}`;
  const body = { network_id: network.id, device_owner: 'compute:nova', 'binding:host_id': 'host1' };
  const headers = { 'X-Openstack-Request-Id': globalId };
  const answer = await deployment.api.request('POST', '/v2.0/ports', { port: body }, headers);
  const id = answer.headers['x-openstack-request-id'] as string;
  const port = answer.body.port as Port;
  expect([answer.status, id]).toEqual([201, expect.stringMatching(/^req-/)]);
  expect(id).not.toBe(globalId);

  // The server: the answer, and the message it sent.
  const access = () => linesOf(deployment.server, id).filter((line) => line.includes('answered'));
  await until('the line of the answer', () => access().length > 0);
  expect(access()).toEqual([
    expect.stringMatching(
      new RegExp(`\\[${globalId} ${id}\\] answered method=POST path=/v2.0/ports status=201 bytes=\\d+ ms=[\\d.]+ `),
    ),
  ]);
  await until('the message', () => linesOf(deployment.server, id).some((line) => line.includes('port_create_end')));

  // The DHCP agent: what it did because of the message.
  await until('files of dnsmasq', () => linesOf(dhcp, id).some((line) => /did step=.*write.*host/.test(line)));
  await until('ready ports', () => linesOf(dhcp, id).some((line) => line.includes('calls method=dhcp_ready_on_ports')));

  // The bridge agent: it hears of the port when its tap is there, and asks whose it is.
  // Not a guest's, which sets its own up: here there is something left for the agent to do.
  const tap = tapName(port.id);
  await host.ipBatch([`link add ${tap} type veth peer name guest0`]);
  await deployment.portStatus(port.id, 'ACTIVE');
  const command = new RegExp(` ran argv=\\["ip","-batch","-"\\] stdin=".*${tap}.* code=0`);
  await until('the command', () => linesOf(bridge, id).some((line) => command.test(line)));
  await until('its sum', () => linesOf(bridge, id).some((line) => line.includes('The host was changed')));

  // And back: the server is told under the same id.
  await until('the word back', () =>
    linesOf(deployment.server, id).some((line) => /served an RPC method=update_device_(up|list)/.test(line)),
  );
});

it('is named for every request that one round of work is for', async () => {
  const made = await deployment.api.create('port', {
    network_id: network.id,
    device_owner: 'compute:nova',
    'binding:host_id': 'host1',
  });
  await plugGuest(host, made as unknown as Port, 'other');
  await deployment.portStatus(made.id as string, 'ACTIVE');
  const change = async (admin_state_up: boolean) => {
    const answer = await deployment.api.request('PUT', `/v2.0/ports/${made.id}`, { port: { admin_state_up } });
    expect(answer.status).toBe(200);
    return answer.headers['x-openstack-request-id'] as string;
  };
  const down = await change(false);
  await deployment.portStatus(made.id as string, 'DOWN');
  await until('the tap set down', () =>
    linesOf(bridge, down).some((line) => line.includes('ran') && line.includes(tapName(made.id as string))),
  );
  // What the agent does by itself is nobody's.
  const beats = await until('a report', () => {
    const lines = deployment.server.output.split('\n').filter((line) => line.includes('method=report_state'));
    return lines.length > 0 && lines;
  });
  expect(beats.some((line) => line.includes(down))).toBe(false);
});
