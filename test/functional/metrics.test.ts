import { afterAll, beforeAll, expect, it } from 'vitest';
import { openDoorway } from '../../src/onehost/emulated/doorway.ts';
import type { Network } from '../../src/resources/shapes.ts';
import { httpRequest, type Where } from '../support/api.ts';
import { type Deployment, makeDeployment } from '../support/deployment.ts';
import { plugGuest } from '../support/guest.ts';
import { type EmulatedHost, type Lab, openLab } from '../support/hosts.ts';
import { freePort } from '../support/programs.ts';
import { type Family, parsePrometheus, sumOf } from '../support/prometheus.ts';
import { until } from '../support/wait.ts';

/** A server and two agents are asked for their figures as Prometheus does. */
let lab: Lab;
let host: EmulatedHost;
let deployment: Deployment;
let network: Network;
const places: Record<'server' | 'bridge' | 'dhcp' | 'metadata', Where> = {} as never;

beforeAll(async () => {
  lab = await openLab();
  host = await lab.addHost({ name: 'host1', wires: ['flat1'] });
  const port = await freePort();
  places.server = { port };
  deployment = await makeDeployment({
    folder: `${lab.folder}/deployment`,
    server: { metrics: { listen: port }, ml2_type_flat: { flat_networks: 'flat1' } },
  });
  await deployment.start();
  await deployment.agent('neutron-linuxbridge-agent', host, {
    metrics: { listen: '127.0.0.1:9101' },
    linux_bridge: { physical_interface_mappings: 'flat1:eth1' },
    securitygroup: { enable_security_group: false },
  });
  await deployment.agent('neutron-dhcp-agent', host, {
    DEFAULT: { interface_driver: 'linuxbridge' },
    metrics: { listen: 'localhost:9102' },
  });
  await deployment.agent('neutron-metadata-agent', host, { metrics: { listen: 9103 } });
  places.metadata = await openDoorway(host, 9103);
  places.bridge = await openDoorway(host, 9101);
  places.dhcp = await openDoorway(host, 9102);
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

async function scrape(which: keyof typeof places): Promise<Map<string, Family>> {
  const answer = await httpRequest(places[which], { method: 'GET', path: '/metrics' });
  expect([answer.status, answer.headers['content-type']]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8']);
  return parsePrometheus(answer.text);
}

it('the server counts requests, statements, messages and what waits', async () => {
  const port = await deployment.api.create('port', {
    network_id: network.id,
    device_owner: 'compute:nova',
    'binding:host_id': 'host1',
  });
  await plugGuest(host, port, 'guest');
  await deployment.portStatus(port.id, 'ACTIVE');
  await deployment.api.request('GET', '/v2.0/ports/nowhere');
  const figures = await scrape('server');
  const requests = 'neutrino_api_request_seconds_count';
  expect(sumOf(figures, requests, { method: 'POST', resource: 'ports', status: '201' })).toBe(1);
  expect(sumOf(figures, requests, { method: 'GET', resource: 'ports', status: '404' })).toBe(1);
  expect(sumOf(figures, 'neutrino_info', { program: 'neutron-server' })).toBe(1);
  expect(sumOf(figures, 'neutrino_agents', { type: 'Linux bridge agent', state: 'alive' })).toBe(1);
  expect(sumOf(figures, 'neutrino_agents', { state: 'dead' })).toBe(0);
  expect(sumOf(figures, 'neutrino_db_transactions_total', { outcome: 'committed' })).toBeGreaterThan(4);
  expect(sumOf(figures, 'neutrino_db_statements_total', { kind: 'insert' })).toBeGreaterThan(10);
  expect(sumOf(figures, 'neutrino_db_statement_seconds_total')).toBeGreaterThan(0);
  expect(sumOf(figures, 'neutrino_queue_up')).toBe(1);
  expect(sumOf(figures, 'neutrino_queue_sent_total', { kind: 'cast' })).toBeGreaterThan(0);
  expect(sumOf(figures, 'neutrino_rpc_served_total', { method: 'report_state', outcome: 'done' })).toBeGreaterThan(1);
  expect(sumOf(figures, 'neutrino_rpc_served_total', { outcome: 'failed' })).toBe(0);
  expect(sumOf(figures, 'neutrino_outbox_done_total', { outcome: 'done' })).toBeGreaterThan(2);
  expect(sumOf(figures, 'neutrino_outbox_done_total', { outcome: 'failed' })).toBe(0);
  expect(figures.get('neutrino_outbox_oldest_seconds')!.samples).toHaveLength(2);
  expect(sumOf(figures, 'process_resident_memory_bytes')).toBeGreaterThan(10_000_000);
  expect(figures.has('nodejs_eventloop_lag_p99_seconds')).toBe(true);
});

it('the bridge agent counts its work on the host', async () => {
  const figures = await scrape('bridge');
  expect(sumOf(figures, 'neutrino_devices')).toBeGreaterThan(0);
  expect(sumOf(figures, 'neutrino_commands_total', { command: 'ip', outcome: 'ran' })).toBeGreaterThan(2);
  expect(sumOf(figures, 'neutrino_command_seconds_total', { command: 'ip' })).toBeGreaterThan(0);
  expect(sumOf(figures, 'neutrino_sync_total', { outcome: 'done' })).toBeGreaterThan(0);
  const planned = sumOf(figures, 'neutrino_operations_total', { state: 'planned' });
  expect(planned).toBeGreaterThan(0);
  expect(sumOf(figures, 'neutrino_operations_total', { state: 'applied' })).toBe(planned);
  const age = Date.now() / 1000 - sumOf(figures, 'neutrino_full_sync_timestamp_seconds');
  expect(age).toBeGreaterThan(0);
  expect(age).toBeLessThan(600);
});

it('the DHCP agent counts networks and what it started', async () => {
  const figures = await scrape('dhcp');
  expect(sumOf(figures, 'neutrino_dhcp_networks')).toBe(1);
  expect(sumOf(figures, 'neutrino_dhcp_ports')).toBeGreaterThan(1);
  expect(sumOf(figures, 'neutrino_dhcp_failing')).toBe(0);
  expect(sumOf(figures, 'neutrino_commands_total', { command: 'dnsmasq', outcome: 'started' })).toBeGreaterThan(0);
  expect(sumOf(figures, 'neutrino_queue_up')).toBe(1);
});

it('the metadata agent counts its answers', async () => {
  const socketPath = `${lab.folder}/deployment/host1/metadata_proxy`;
  const headers = { 'x-network-id': network.id, 'x-forwarded-for': '10.7.0.200' };
  const answer = await httpRequest({ socketPath }, { method: 'GET', path: '/', headers });
  expect(answer.status).toBe(404);
  const figures = await scrape('metadata');
  expect(sumOf(figures, 'neutrino_metadata_answers_total', { status: '404' })).toBe(1);
});

it('nothing that users write is in labels, and their number is bounded', async () => {
  const hostile = 'x"} 1\nneutrino_queue_up 0\n#';
  await deployment.api.create('network', { name: hostile });
  for (const path of [`/v2.0/${encodeURIComponent(hostile)}`, '/v2.0/mine', '/mine', '/v2.0/networks/mine/mine/mine'])
    await deployment.api.request('GET', path);
  await deployment.api.request('PROPFIND', '/v2.0/networks');
  await deployment.api.request('GET', '/v2.0/networks', undefined, { 'x-project-id': 'mine' });
  const before = await scrape('server');
  expect(JSON.stringify([...before])).not.toContain('mine');
  const labels = (families: Map<string, Family>) =>
    families.get('neutrino_api_request_seconds')!.samples.map(({ labels: one }) => JSON.stringify(one));
  for (let number = 0; number < 50; number++) await deployment.api.request('GET', `/v2.0/other${number}?x=${number}`);
  const after = await scrape('server');
  expect(new Set(labels(after))).toEqual(new Set(labels(before)));
  expect(before.get('neutrino_api_request_seconds')!.samples.map(({ labels: one }) => one.resource)).toContain('other');
});

it('other paths and methods are not there, and no name of a host is looked at', async () => {
  const status = async (method: string, path: string, headers = {}) =>
    (await httpRequest(places.server, { method, path, headers })).status;
  for (const path of ['/', '/v2.0/networks', '/metrics/x', '/healthcheck', '//metrics', '/%6detrics'])
    expect([path, await status('GET', path)]).toEqual([path, 404]);
  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE'])
    expect([method, await status(method, '/metrics')]).toEqual([method, 404]);
  expect(await status('HEAD', '/metrics')).toBe(200);
  const hostile = await httpRequest(places.server, {
    method: 'GET',
    path: '/metrics',
    headers: { host: 'evil.example', origin: 'http://evil.example' },
  });
  expect(hostile.status).toBe(200);
  expect(hostile.headers).not.toHaveProperty('access-control-allow-origin');
});
