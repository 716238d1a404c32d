import { afterAll, beforeAll, expect, it } from 'vitest';
import { bridgeOf, type DhcpStand, openDhcpStand } from '../support/dhcp-stand.ts';
import { plugGuest } from '../support/guest.ts';
import { type EmulatedHost, type Lab, openLab } from '../support/hosts.ts';
import { until } from '../support/wait.ts';

/** A guest on a network whose DHCP agent is real: the program, dnsmasq, the bridge in between. */
let lab: Lab;
let host: EmulatedHost;
let stand: DhcpStand;

beforeAll(async () => {
  lab = await openLab();
  host = await lab.addHost({ name: 'host1' });
  stand = await openDhcpStand(lab, host);
  await stand.startAgent();
});
afterAll(async () => {
  await stand?.close();
  await lab?.close();
});

it('gives a guest exactly the address of its port, and its neighbour’s name', async () => {
  const network = stand.addNetwork([
    {
      cidr: '10.30.0.0/24',
      gateway_ip: '10.30.0.1',
      host_routes: [{ destination: '10.99.0.0/16', nexthop: '10.30.0.9' }],
    },
  ]);
  await stand.tellNetwork(network);
  await until('dnsmasq', async () => (await stand.pids('dnsmasq', network.id)).length === 1);
  const bridge = await bridgeOf(stand, network);
  const port = stand.addPort(network, ['10.30.0.77']);
  const other = stand.addPort(network, ['10.30.0.78'], {
    dns_assignment: [{ ip_address: '10.30.0.78', hostname: 'web', fqdn: 'web.example.org.' }],
  });
  await stand.tellCreated(port);
  await stand.tellCreated(other);
  await until('both ports reported ready', () => stand.ready.has(port.id) && stand.ready.has(other.id));
  expect((await stand.file(network, 'host')).split('\n')).toContain(
    `${port.mac_address},host-10-30-0-77.openstacklocal,10.30.0.77`,
  );

  const guest = await plugGuest(host, port);
  const second = await plugGuest(host, other);
  await host.ipBatch([port, other].map(({ id }) => `link set tap${id.slice(0, 11)} master ${bridge}`));
  const lease = await guest.dhcp();
  expect(lease).toMatchObject({
    address: '10.30.0.77',
    prefixLength: 24,
    router: '10.30.0.1',
    mtu: 1450,
    server: '10.30.0.2',
  });
  expect(lease.dnsServers).toEqual(['10.30.0.2']);
  expect(lease.routes).toEqual([
    { destination: '10.99.0.0/16', nextHop: '10.30.0.9' },
    { destination: '169.254.169.254/32', nextHop: '10.30.0.1' },
    { destination: '0.0.0.0/0', nextHop: '10.30.0.1' },
  ]);
  await second.dhcp();
  expect(await guest.ping('10.30.0.78')).toBe(true);
  expect(await guest.lookup('web.example.org')).toEqual(['10.30.0.78']);
  expect(await guest.lookup('host-10-30-0-77.openstacklocal')).toEqual(['10.30.0.77']);
});
