import { chmod } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { NetworkInfo, WirePort } from '../../src/rpc/contract.ts';
import { bridgeOf, type DhcpStand, openDhcpStand } from '../support/dhcp-stand.ts';
import { type Guest, plugGuest } from '../support/guest.ts';
import { type EmulatedHost, type HostProcess, type Lab, openLab } from '../support/hosts.ts';
import { until } from '../support/wait.ts';

/** Kinds of networks, served by the real program to guests with real clients. The folders are open, as in a deployment. */
let lab: Lab;
let host: EmulatedHost;
let stand: DhcpStand;
let agent: HostProcess;
let metadata: Server;
const asked: { path: string | undefined; headers: Record<string, unknown> }[] = [];

beforeAll(async () => {
  lab = await openLab();
  await chmod(lab.folder, 0o755);
  host = await lab.addHost({ name: 'host1' });
  stand = await openDhcpStand(lab, host);
  stand.options = { enable_isolated_metadata: true };
  agent = await stand.startAgent();
  metadata = createServer((request, response) => {
    asked.push({ path: request.url, headers: request.headers });
    response.end('from the metadata agent');
  });
  await new Promise<void>((resolve) => metadata.listen(join(stand.statePath, 'metadata_proxy'), resolve));
});
afterAll(async () => {
  await stand?.close();
  metadata?.close();
  await lab?.close();
});

async function serve(network: NetworkInfo): Promise<string> {
  await stand.tellNetwork(network);
  await until('dnsmasq', async () => {
    if (!agent.running) throw new Error(agent.output);
    return (await stand.pids('dnsmasq', network.id)).length === 1;
  });
  return await bridgeOf(stand, network);
}

async function guestOn(port: WirePort, bridge: string): Promise<Guest> {
  const guest = await plugGuest(host, port);
  await host.ipBatch([`link set tap${port.id.slice(0, 11)} master ${bridge}`]);
  return guest;
}

it('runs dnsmasq without root, and it still reads its files', async () => {
  const network = stand.addNetwork([{ cidr: '10.40.0.0/24' }]);
  const bridge = await serve(network);
  // The one that stays, not the one that started it.
  await until('dnsmasq without root', async () => {
    const [pid] = await stand.pids('dnsmasq', network.id);
    return pid !== undefined && !/root/.test(await host.read(['ps', '-o', 'user=', '-p', String(pid)]));
  });
  const port = stand.addPort(network, ['10.40.0.5']);
  await stand.tellCreated(port);
  await until('the port reported ready', () => stand.ready.has(port.id));
  expect((await (await guestOn(port, bridge)).dhcp()).address).toBe('10.40.0.5');
});

it('answers metadata on an isolated network, and names network and guest to the metadata agent', async () => {
  const network = stand.addNetwork([{ cidr: '10.41.0.0/24' }]);
  const port = stand.addPort(network, ['10.41.0.5']);
  const guest = await guestOn(port, await serve(network));
  const lease = await guest.dhcp();
  expect(lease.routes).toContainEqual({ destination: '169.254.169.254/32', nextHop: '10.41.0.2' });
  await until('haproxy', async () => (await stand.pids('haproxy', network.id)).length === 1);
  const forged = { 'X-Neutron-Network-ID': 'another', 'X-Neutron-Router-ID': 'a-router' };
  const answer = await guest.get('http://169.254.169.254/latest/meta-data/', forged);
  expect(answer).toEqual({ status: 200, body: 'from the metadata agent' });
  expect(asked.at(-1)).toMatchObject({
    path: '/latest/meta-data/',
    headers: { 'x-neutron-network-id': network.id, 'x-forwarded-for': '10.41.0.5' },
  });
  expect(asked.at(-1)!.headers['x-neutron-router-id']).toBeUndefined();

  // A router on the gateway makes the network ordinary: the proxy goes.
  const subnet = stand.networks.get(network.id)!.subnets[0]!;
  subnet.gateway_ip = '10.41.0.1';
  stand.addPort(network, ['10.41.0.1'], { device_owner: 'network:router_interface' });
  await stand.tell('host1', 'subnet_update_end', { subnet });
  await until('haproxy to end', async () => (await stand.pids('haproxy', network.id)).length === 0);
});

it('gives DHCPv6 addresses, and answers metadata on IPv6', async () => {
  const network = stand.addNetwork([
    { cidr: '10.42.0.0/24' },
    {
      cidr: 'fd42::/64',
      ipv6_address_mode: 'dhcpv6-stateful',
      ipv6_ra_mode: 'dhcpv6-stateful',
      dns_nameservers: ['fd42::53'],
    },
  ]);
  const port = stand.addPort(network, ['10.42.0.5', 'fd42::5']);
  const guest = await guestOn(port, await serve(network));
  await until('a link-local address', async () =>
    (await guest.run(['ip', '-6', 'addr', 'show', 'dev', 'eth0', 'scope', 'link', '-tentative'])).stdout.includes(
      'fe80',
    ),
  );
  const lease = join(host.folder, 'dhclient6.leases');
  await guest.run(
    ['dhclient', '-6', '-1', '-v', '-sf', '/bin/true', '-lf', lease, '-pf', join(host.folder, 'dhclient6.pid'), 'eth0'],
    { timeoutMs: 20_000 },
  );
  const text = await host.read(['cat', lease]);
  expect(text).toContain('iaaddr fd42::5');
  expect(text).toContain('option dhcp6.name-servers fd42::53');
  await guest.run(
    ['dhclient', '-6', '-x', '-sf', '/bin/true', '-lf', lease, '-pf', join(host.folder, 'dhclient6.pid'), 'eth0'],
    { okCodes: [0, 1, 2] },
  );
  await until('haproxy', async () => (await stand.pids('haproxy', network.id)).length === 1);
  expect((await guest.run(['curl', '-sS', '-g', '-m', '5', 'http://[fe80::a9fe:a9fe%25eth0]/v6'])).stdout).toBe(
    'from the metadata agent',
  );
  // Its lease goes back when the port does.
  expect(await stand.file(network, 'leases')).toContain('fd42::5');
  await stand.removePort(port);
  await until('the v6 lease to go', async () => !(await stand.file(network, 'leases')).includes('fd42::5'));
});

it('serves names on a network where guests make their addresses themselves', async () => {
  const network = stand.addNetwork([{ cidr: 'fd49::/64', ipv6_address_mode: 'slaac', ipv6_ra_mode: 'slaac' }]);
  stand.addPort(network, ['fd49::1234']);
  await serve(network);
  const own = stand.dhcpPort(network).fixed_ips[0]!.ip_address;
  const netns = `qdhcp-${network.id}`;
  const { stdout } = await host.run(['busybox', 'nslookup', '-type=aaaa', 'host-fd49--1234.openstacklocal', own], {
    netns,
    okCodes: [0, 1],
  });
  expect(stdout).toContain('fd49::1234');
});

it('takes on subnets that come and go, and its own port follows', async () => {
  const network = stand.addNetwork([{ cidr: '10.43.0.0/24' }]);
  await serve(network);
  const known = stand.networks.get(network.id)!;
  const second = { ...known.subnets[0]!, id: '99999999-0000-4000-8000-000000000001', cidr: '10.44.0.0/24' };
  known.subnets.push(second);
  await stand.tell('host1', 'subnet_create_end', { subnet: second });
  const device = async () =>
    (await host.read(['ip', '-n', `qdhcp-${network.id}`, '-br', 'addr'])).match(/ns-.*/)?.[0] ?? '';
  await until('the second address', async () => (await device()).includes('10.44.0.2/24'));
  await until('dnsmasq with two ranges', async () => {
    const processes = await host.processes();
    return processes.some(
      ({ command }) =>
        command.includes(network.id) && command.includes('10.43.0.0,static') && command.includes('10.44.0.0,static'),
    );
  });
  known.subnets.shift();
  const own = stand.dhcpPort(network);
  stand.put({ ...own, fixed_ips: own.fixed_ips.filter((ip) => ip.subnet_id === second.id) });
  await stand.tell('host1', 'subnet_delete_end', { subnet_id: 'x', network_id: network.id });
  await until('the first address to go', async () => {
    const addresses = await device();
    return addresses.includes('10.44.0.2/24') && !addresses.includes('10.43.0.2');
  });
  // The last one too: no DHCP, nothing left.
  known.subnets.length = 0;
  await stand.tell('host1', 'subnet_delete_end', { subnet_id: second.id, network_id: network.id });
  await until('the namespace to go', async () => !(await host.namespaces()).includes(`qdhcp-${network.id}`));
});

it('reads a burst of a hundred ports in few reloads, every one of them reported', async () => {
  const network = stand.addNetwork([{ cidr: '10.45.0.0/24' }]);
  await serve(network);
  const ports = Array.from({ length: 100 }, (_, i) => stand.addPort(network, [`10.45.0.${i + 10}`]));
  const before = stand.calls.length;
  // A burst is what has come when the agent looks, however slowly this machine sends it.
  await agent.halt();
  await Promise.all(ports.map((port) => stand.tellCreated(port)));
  agent.goOn();
  await until('all reported', () => ports.every((port) => stand.ready.has(port.id)));
  expect((await stand.file(network, 'host')).trim().split('\n')).toHaveLength(100);
  const reports = stand.calls.slice(before).filter(({ method }) => method === 'dhcp_ready_on_ports');
  expect(reports.length).toBeLessThan(20);
});

it('keeps serving when a port has options that no file can hold', async () => {
  const network = stand.addNetwork([{ cidr: '10.46.0.0/24' }]);
  const bridge = await serve(network);
  const option = (opt_name: string, opt_value: string) => ({ opt_name, opt_value, ip_version: 4 as const });
  const port = stand.addPort(network, ['10.46.0.5'], {
    extra_dhcp_opts: [
      option('tftp-server', '10.46.0.9\nfa:16:3e:66:66:66,10.46.0.66'),
      option('client-id', 'x\n,ignore'),
      option('server-ip-address', '"open'),
      option('no-such-option', 'x'),
      option('150', '10.46.0.9'),
    ],
    dns_assignment: [{ ip_address: '10.46.0.5', hostname: 'a,b', fqdn: 'a\nb' }],
  });
  await stand.tellCreated(port);
  await until('the port reported ready', () => stand.ready.has(port.id));
  expect(await stand.file(network, 'host')).toBe(
    `${port.mac_address},host-10-46-0-5.openstacklocal,10.46.0.5,set:port-${port.id}\n`,
  );
  expect(await stand.file(network, 'opts')).not.toMatch(/66:66|open/);
  const lease = await (await guestOn(port, bridge)).dhcp();
  expect(lease.address).toBe('10.46.0.5');
  expect(lease.raw.opt150).toBeDefined();
  expect(agent.output).toContain('DHCP option left out');
});

it('explains a port: before the guest asked, after, and when something is wrong', async () => {
  const network = stand.addNetwork([{ cidr: '10.47.0.0/24' }]);
  const bridge = await serve(network);
  const port = stand.addPort(network, ['10.47.0.5']);
  const states = async () => Object.fromEntries((await stand.explain(port)).map(({ step, state }) => [step, state]));
  await until('the network to be served', async () => (await states()).metadata === 'ok');
  expect(await states()).toMatchObject({ namespace: 'ok', dnsmasq: 'ok', hosts_file: 'fault', metadata: 'ok' });
  await stand.tellCreated(port);
  await until('the port reported ready', () => stand.ready.has(port.id));
  expect(await states()).toEqual({
    namespace: 'ok',
    dnsmasq: 'ok',
    hosts_file: 'ok',
    lease: 'waiting',
    metadata: 'ok',
  });
  await (await guestOn(port, bridge)).dhcp();
  expect(await states()).toEqual({ namespace: 'ok', dnsmasq: 'ok', hosts_file: 'ok', lease: 'ok', metadata: 'ok' });
  const ofNetwork = await stand.explainNetwork(network);
  expect(ofNetwork.map(({ step, state }) => `${step} ${state}`)).toEqual([
    ...['namespace ok', 'dnsmasq ok', 'hosts_file ok', 'leases ok', 'metadata ok'],
  ]);
  expect(ofNetwork.find(({ step }) => step === 'leases')!.found).toBe('1 given to guests that asked');
  const unknown = stand.addPort(stand.addNetwork([{ cidr: '10.48.0.0/24' }]), ['10.48.0.5']);
  expect((await stand.explain(unknown)).map(({ step, state }) => [step, state])).toEqual([
    ['dnsmasq', 'not_applicable'],
  ]);
});

it('ends what it served when the agent is disabled, and serves again', async () => {
  const all = [...stand.networks];
  stand.networks.clear();
  await stand.tellAgent(false);
  await until('all namespaces to go', async () =>
    (await host.namespaces()).every((name) => !name.startsWith('qdhcp-')),
  );
  for (const [id, network] of all) stand.networks.set(id, network);
  await stand.tellAgent(true);
  await until('the namespaces', async () => (await host.namespaces()).length >= 5);
});
