import { createHmac, timingSafeEqual } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer, type IncomingMessage, request, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { eventually } from '../../../test/support/eventually.ts';
import { silentLogger } from '../../lib/log.ts';
import { defaultValues } from '../../lib/options.ts';
import { ExplainApi, type PortFilters, type WirePort } from '../../rpc/contract.ts';
import { FakeTransport } from '../../rpc/fake.ts';
import { MetadataAgent } from './agent.ts';
import { type MetadataOptions, metadataAgentOptions, metadataOptions, usesNova } from './options.ts';
import { network, networkId, port } from './test-data.ts';

const SECRET = 'shared secret';
const tls = (name: string) => fileURLToPath(new URL(`../../../test/data/tls/${name}`, import.meta.url));

/** Ports as the server would filter them. */
function getPorts(all: readonly WirePort[]) {
  return ({ filters }: { filters: PortFilters }): WirePort[] =>
    all.filter((candidate) =>
      Object.entries(filters).every(([key, wanted]) => {
        if (key !== 'fixed_ips') return (wanted as unknown[]).includes(candidate[key]);
        const { ip_address = [] } = wanted as { ip_address?: string[] };
        return candidate.fixed_ips.some((fixed) => ip_address.includes(fixed.ip_address));
      }),
    );
}

let folder: string;
let transport: FakeTransport;
let ports: WirePort[];
const running: { close(): unknown }[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'neutrino-md-'));
  ports = [port];
  transport = new FakeTransport({
    report_state: 'alive',
    get_ports: (args: { filters: PortFilters }) => getPorts(ports)(args),
    get_network_info: network,
  });
});

afterEach(async () => {
  for (const thing of running.reverse()) await thing.close();
  running.length = 0;
  rmSync(folder, { recursive: true });
});

const socketPath = () => join(folder, 'metadata_proxy');

async function startAgent(changes: Partial<MetadataOptions> = {}, logger = silentLogger): Promise<MetadataAgent> {
  const options = defaultValues(metadataOptions, { metadata_proxy_socket: socketPath(), ...changes });
  const agent = new MetadataAgent({
    host: 'host1',
    options,
    agentOptions: defaultValues(metadataAgentOptions),
    transport,
    logger,
  });
  await agent.start();
  running.push(agent);
  return agent;
}

interface Sent {
  path?: string;
  method?: string;
  headers?: Record<string, string | string[]>;
  body?: string;
}

/** A request as the haproxy of a network sends it. */
function ask({
  path = '/',
  method = 'GET',
  headers,
  body,
}: Sent = {}): Promise<{ status: number; body: string; type: string }> {
  const own = headers ?? { 'X-Neutron-Network-ID': networkId, 'X-Forwarded-For': '10.30.0.5' };
  return new Promise((resolve, reject) => {
    // A connection of its own: one that is kept belongs to an agent that may have ended since.
    const sent = request({ socketPath: socketPath(), path, method, headers: own, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          body: Buffer.concat(chunks).toString(),
          type: response.headers['content-type'] ?? '',
        }),
      );
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

describe('without Nova', () => {
  test('a guest learns who it is', async () => {
    await startAgent();
    expect(await ask({ path: '/latest/meta-data/instance-id' })).toMatchObject({ status: 200, body: 'vm-1' });
    const data = JSON.parse((await ask({ path: '/openstack/latest/network_data.json' })).body);
    expect(data.links[0].ethernet_mac_address).toBe(port.mac_address);
  });

  test.each([
    ['an unknown address', { 'X-Neutron-Network-ID': networkId, 'X-Forwarded-For': '10.30.0.6' }],
    ['another network', { 'X-Neutron-Network-ID': 'other', 'X-Forwarded-For': '10.30.0.5' }],
    ['no network', { 'X-Forwarded-For': '10.30.0.5' }],
    [
      'network and router',
      { 'X-Neutron-Network-ID': networkId, 'X-Neutron-Router-ID': 'r', 'X-Forwarded-For': '10.30.0.5' },
    ],
    ['no address', { 'X-Neutron-Network-ID': networkId }],
  ])('404 for %s', async (_, headers) => {
    await startAgent();
    expect((await ask({ path: '/latest/meta-data/', headers })).status).toBe(404);
  });

  test('404 when two ports have the address', async () => {
    ports.push({ ...port, id: 'second' });
    await startAgent();
    expect((await ask()).status).toBe(404);
  });

  test('a guest that hangs up in the middle of its request fills no log', async () => {
    const told: string[] = [];
    const tell = (_: object, message: string) => void told.push(message);
    await startAgent({}, { ...silentLogger, warn: tell, error: tell });
    await new Promise<void>((resolve) => {
      const sent = request({
        socketPath: socketPath(),
        method: 'POST',
        headers: { 'X-Neutron-Network-ID': networkId, 'X-Forwarded-For': '10.30.0.5', 'Content-Length': 1000 },
      });
      sent.on('error', () => resolve());
      sent.write('half', () => setImmediate(() => sent.destroy(new Error('hung up'))));
    });
    expect((await ask()).status).toBe(200); // asked later, answered later
    expect(told).toEqual([]);
  });

  test('the address that a guest puts into the header itself is not believed', async () => {
    ports.push({
      ...port,
      id: 'victim',
      device_id: 'vm-victim',
      fixed_ips: [{ subnet_id: 'subnet-4', ip_address: '10.30.0.66' }],
    });
    await startAgent();
    const headers = { 'X-Neutron-Network-ID': networkId, 'X-Forwarded-For': ['10.30.0.66', '10.30.0.5'] };
    expect((await ask({ path: '/latest/meta-data/instance-id', headers })).body).toBe('vm-1');
  });

  test('a link-local address is found by its MAC', async () => {
    await startAgent();
    const headers = { 'X-Neutron-Network-ID': networkId, 'X-Forwarded-For': 'fe80::f816:3eff:fe59:1c51' };
    expect((await ask({ path: '/latest/meta-data/instance-id', headers })).body).toBe('vm-1');
  });

  test('through a router: the ports of its networks', async () => {
    const inner = { ...port, id: 'if', device_id: 'router-1', device_owner: 'network:router_interface', fixed_ips: [] };
    ports.push(inner);
    await startAgent();
    const headers = { 'X-Neutron-Router-ID': 'router-1', 'X-Forwarded-For': '10.30.0.5' };
    expect((await ask({ path: '/latest/meta-data/instance-id', headers })).body).toBe('vm-1');
    expect((await ask({ headers: { ...headers, 'X-Neutron-Router-ID': 'router-2' } })).status).toBe(404);
  });

  test('cards of the same guest are told, those that other projects gave its id are not', async () => {
    ports.push({ ...port, id: 'own-second-port', fixed_ips: [], mac_address: 'fa:16:3e:00:00:02' });
    ports.push({ ...port, id: 'foreign', fixed_ips: [], project_id: 'other', mac_address: 'fa:16:3e:00:00:03' });
    await startAgent();
    const data = JSON.parse((await ask({ path: '/openstack/latest/network_data.json' })).body);
    expect(data.links.map((link: { vif_id: string }) => link.vif_id)).toEqual([port.id, 'own-second-port']);
  });

  test('a burst asks the server once; a port that comes later is found at once', async () => {
    await startAgent();
    for (let i = 0; i < 5; i++) await ask({ path: '/latest/meta-data/instance-id' });
    const asked = transport.argsOf('get_ports').filter(({ filters }) => filters.fixed_ips);
    expect(asked).toHaveLength(1);
    const headers = { 'X-Neutron-Network-ID': networkId, 'X-Forwarded-For': '10.30.0.7' };
    expect((await ask({ headers })).status).toBe(404);
    ports.push({
      ...port,
      id: 'new',
      device_id: 'vm-2',
      fixed_ips: [{ subnet_id: 'subnet-4', ip_address: '10.30.0.7' }],
    });
    expect((await ask({ path: '/latest/meta-data/instance-id', headers })).body).toBe('vm-2');
  });

  test('500 when the server does not answer', async () => {
    transport.answer({
      get_ports: () => {
        throw new Error('away');
      },
    });
    await startAgent();
    expect((await ask()).status).toBe(500);
  });

  test('HEAD has no body, an enormous body is refused', async () => {
    await startAgent();
    expect(await ask({ method: 'HEAD', path: '/latest/meta-data/instance-id' })).toMatchObject({
      status: 200,
      body: '',
    });
    expect((await ask({ method: 'POST', body: 'x'.repeat(2_000_000) })).status).toBe(413);
    expect((await ask({ method: 'POST', body: 'x'.repeat(60_000) })).status).toBe(405);
  });
});

interface NovaAsked {
  method: string;
  url: string;
  headers: IncomingMessage['headers'];
  body: string;
}

/** A Nova that believes an instance id only with the right signature, as the real one does. */
async function startNova(answer: { status?: number; body?: string; type?: string } = {}, secure?: object) {
  const asked: NovaAsked[] = [];
  const serve = async (incoming: IncomingMessage, outgoing: import('node:http').ServerResponse) => {
    let body = '';
    for await (const chunk of incoming) body += chunk;
    asked.push({ method: incoming.method ?? '', url: incoming.url ?? '', headers: incoming.headers, body });
    const id = String(incoming.headers['x-instance-id']);
    const right = createHmac('sha256', SECRET).update(id).digest();
    const given = Buffer.from(String(incoming.headers['x-instance-id-signature']), 'hex');
    const isSigned = given.length === right.length && timingSafeEqual(given, right);
    outgoing.writeHead(isSigned ? (answer.status ?? 200) : 403, { 'Content-Type': answer.type ?? 'text/plain' });
    outgoing.end(answer.body ?? id);
  };
  const server: Server = secure ? createTlsServer(secure, serve) : createServer(serve);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  running.push({
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  });
  return { asked, port: (server.address() as AddressInfo).port };
}

describe('with Nova', () => {
  test.each([
    ['', 1],
    [SECRET, 0],
  ])('a secret of %j is warned of %d times', async (metadata_proxy_shared_secret, times) => {
    const told: string[] = [];
    const warn = (_: object, message: string) => void told.push(message);
    await startAgent({ metadata_source: 'nova', metadata_proxy_shared_secret }, { ...silentLogger, warn });
    expect(told.filter((message) => message.includes('shared_secret is empty'))).toHaveLength(times);
  });

  const nova = (port: number, changes: Partial<MetadataOptions> = {}) =>
    startAgent({ nova_metadata_port: port, metadata_proxy_shared_secret: SECRET, ...changes });

  test('the request goes on, signed, with path, query, method and body', async () => {
    const { asked, port: novaPort } = await startNova({ body: '{"a":1}', type: 'application/json' });
    await nova(novaPort);
    const answer = await ask({ method: 'POST', path: '/openstack/latest/password?x=%20y', body: 'secret' });
    expect(answer).toEqual({ status: 200, body: '{"a":1}', type: 'application/json' });
    expect(asked).toHaveLength(1);
    expect(asked[0]).toMatchObject({ method: 'POST', url: '/openstack/latest/password?x=%20y', body: 'secret' });
    expect(asked[0]?.headers).toMatchObject({
      'x-instance-id': 'vm-1',
      'x-tenant-id': port.project_id,
      'x-forwarded-for': '10.30.0.5',
    });
  });

  test('headers of the guest do not reach Nova', async () => {
    const { asked, port: novaPort } = await startNova();
    await nova(novaPort);
    const headers = {
      'X-Neutron-Network-ID': networkId,
      'X-Forwarded-For': ['10.9.9.9', '10.30.0.5'],
      'X-Instance-ID': 'vm-victim',
      'X-Tenant-ID': 'victim',
      'X-Instance-ID-Signature': 'aa',
      'X-Metadata-Provider': 'evil',
      'X-Metadata-Provider-Signature': 'evil',
    };
    expect((await ask({ headers })).body).toBe('vm-1');
    const got = asked[0]?.headers ?? {};
    expect(got).toMatchObject({ 'x-instance-id': 'vm-1', 'x-forwarded-for': '10.30.0.5' });
    const names = Object.keys(got).filter((name) => name.startsWith('x-'));
    expect(names.sort()).toEqual(['x-forwarded-for', 'x-instance-id', 'x-instance-id-signature', 'x-tenant-id']);
  });

  test('a wrong secret is refused by Nova and told as 403', async () => {
    const { port: novaPort } = await startNova();
    await nova(novaPort, { metadata_proxy_shared_secret: 'wrong' });
    expect((await ask()).status).toBe(403);
  });

  test.each([400, 403, 404, 409, 500, 502, 503, 504])('%i is relayed without its text', async (status) => {
    const { port: novaPort } = await startNova({ status, body: 'internals' });
    await nova(novaPort);
    const answer = await ask();
    expect(answer.status).toBe(status);
    expect(answer.body).not.toContain('internals');
  });

  test.each([204, 302, 401, 418])('%i becomes 500', async (status) => {
    const { port: novaPort } = await startNova({ status });
    await nova(novaPort);
    expect((await ask()).status).toBe(500);
  });

  test('503 when nobody is there', async () => {
    const { port: novaPort } = await startNova();
    await running.pop()?.close();
    await nova(novaPort);
    expect((await ask()).status).toBe(503);
  });

  test('404 for a port without a device', async () => {
    const { asked, port: novaPort } = await startNova();
    ports = [{ ...port, device_id: '' }];
    await nova(novaPort);
    expect((await ask()).status).toBe(404);
    expect(asked).toHaveLength(0);
  });

  test('https: the certificate is checked, unless told not to; ours is shown', async () => {
    const secure = {
      key: readFileSync(tls('server.key')),
      cert: readFileSync(tls('server.pem')),
      ca: readFileSync(tls('ca.pem')),
      requestCert: true,
      rejectUnauthorized: true,
    };
    const { port: novaPort } = await startNova({}, secure);
    const https = {
      nova_metadata_protocol: 'https',
      nova_client_cert: tls('client.pem'),
      nova_client_priv_key: tls('client.key'),
    };
    const trusting = await nova(novaPort, { ...https, auth_ca_cert: tls('ca.pem') });
    expect(await ask()).toMatchObject({ status: 200, body: 'vm-1' });
    await trusting.close();
    const careful = await nova(novaPort, https);
    expect((await ask()).status).toBe(503);
    await careful.close();
    const insecure = await nova(novaPort, { ...https, nova_metadata_insecure: true });
    expect((await ask()).status).toBe(200);
    await insecure.close();
    await nova(novaPort, { nova_metadata_protocol: 'https', auth_ca_cert: tls('ca.pem') });
    expect((await ask()).status).toBe(503);
  });
});

describe('life', () => {
  test('is told to the server as upstream tells it', async () => {
    await startAgent();
    await eventually(() => expect(transport.argsOf('report_state')).toHaveLength(1));
    expect(transport.argsOf('report_state')[0].agent_state.agent_state).toMatchObject({
      binary: 'neutron-metadata-agent',
      host: 'host1',
      topic: 'N/A',
      agent_type: 'Metadata agent',
      start_flag: true,
      configurations: {
        metadata_proxy_socket: socketPath(),
        nova_metadata_host: '127.0.0.1',
        nova_metadata_port: 8775,
        log_agent_heartbeats: false,
      },
    });
  });

  test.each([
    ['deduce', {}, 0o644],
    ['user', {}, 0o644],
    ['group', {}, 0o664],
    ['all', {}, 0o666],
    ['deduce', { metadata_proxy_user: 'nobody' }, 0o666],
    ['deduce', { metadata_proxy_user: 'nobody', metadata_proxy_group: 'haproxy' }, 0o664],
    ['deduce', { metadata_proxy_user: 'root' }, 0o644],
  ])('socket mode %s %j', async (mode, changes, expected) => {
    await startAgent({ metadata_proxy_socket_mode: mode, ...changes });
    expect(statSync(socketPath()).mode & 0o777).toBe(expected);
  });

  test('the socket is gone after close, and a second agent is refused before', async () => {
    const agent = await startAgent();
    await expect(startAgent()).rejects.toThrow('another server serves it');
    expect((await ask({ path: '/latest/meta-data/instance-id' })).status).toBe(200);
    await agent.close();
    expect(existsSync(socketPath())).toBe(false);
  });

  test('explains a port: not asked yet, asked, Nova away', async () => {
    const api = new ExplainApi(transport);
    const explain = async () => (await api.explainPort('metadata', 'host1', { port, network }))[0];
    const agent = await startAgent();
    expect(await explain()).toMatchObject({
      step: 'metadata',
      state: 'ok',
      found: expect.stringContaining('not asked yet'),
    });
    await ask({ path: '/latest/meta-data/instance-id' });
    expect(await explain()).toMatchObject({
      state: 'ok',
      found: expect.stringContaining('GET /latest/meta-data/instance-id → 200'),
    });
    await agent.close();
    transport.listeners.length = 0;
    await startAgent({ nova_metadata_port: 1, metadata_proxy_shared_secret: SECRET });
    await ask();
    const step = await explain();
    expect(step).toMatchObject({ state: 'fault', remedy: expect.stringContaining('http://127.0.0.1:1') });
  });
});

test.each([
  [{}, false],
  [{ nova_metadata_host: '192.168.56.11' }, true],
  [{ metadata_proxy_shared_secret: 's' }, true],
  [{ metadata_source: 'nova' }, true],
  [{ metadata_source: 'builtin', nova_metadata_host: 'nova' }, false],
])('Nova is asked with %j: %s', (changes, expected) => {
  expect(usesNova(defaultValues(metadataOptions, changes))).toBe(expected);
});
