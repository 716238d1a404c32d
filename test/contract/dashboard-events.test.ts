import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { FakeKeystone } from '../../src/keystone/fake.ts';
import { adminContext } from '../../src/lib/context.ts';
import { connectLocalBus } from '../../src/rpc/local/connect.ts';
import { ApiClient } from '../support/api.ts';
import { type Deployment, makeDeployment } from '../support/deployment.ts';
import { EventReader } from '../support/events.ts';
import { administrator, authtoken, memberOf } from '../support/identity.ts';
import { until } from '../support/wait.ts';

/** The event stream of a server of three processes behind Keystone: whoever looks on is at one of them, changes are made at others. */
let folder: string;
let keystone: FakeKeystone;
let server: Deployment;
let url: string;
let tokens: Record<'admin' | 'one' | 'other', string>;
let admin: ApiClient;
let one: ApiClient;
let other: ApiClient;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'neutrino-events-'));
  keystone = await FakeKeystone.start();
  server = await makeDeployment({
    folder,
    server: {
      DEFAULT: { auth_strategy: 'keystone', api_workers: 3, rpc_workers: 2, service_plugins: 'router' },
      keystone_authtoken: { ...authtoken(keystone), token_cache_time: -1 },
      quotas: { quota_port: -1, quota_network: -1 },
    },
  });
  server.server.start();
  await server.server.ready('all workers', () => server.server.output.includes('all workers serve'));
  url = `http://127.0.0.1:${server.port}`;
});
afterAll(async () => {
  await server?.close();
  await keystone?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(() => {
  tokens = {
    admin: keystone.add(administrator),
    one: keystone.add(memberOf('one')),
    other: keystone.add(memberOf('other')),
  };
  admin = new ApiClient(server, tokens.admin);
  one = new ApiClient(server, tokens.one);
  other = new ApiClient(server, tokens.other);
});

const look = (token: string, how?: { reads: boolean }) => EventReader.open(url, { 'x-auth-token': token }, how);

/** Enough that each process has some: the kernel spreads connections. */
async function lookAtEach(token: string): Promise<EventReader[]> {
  return Promise.all(Array.from({ length: 12 }, () => look(token)));
}

describe('who looks on', () => {
  it('needs a token', async () => {
    const bad: Record<string, string>[] = [{}, { 'x-auth-token': 'none-of-keystone' }];
    for (const headers of bad) {
      using reader = await EventReader.open(url, headers);
      expect(reader.status).toBe(401);
    }
  });

  it('hears what is done at any process, and its revision', async () => {
    const readers = await lookAtEach(tokens.one);
    const network = await one.create('network', {});
    await Promise.all(readers.map((reader) => reader.saw(network.id, 'created')));
    for (let i = 0; i < 4; i++) await one.update('network', network.id, { name: `n${i}` });
    const { revision_number } = await one.show('network', network.id);
    for (const reader of readers) {
      await until('the last revision', () => reader.events.some(({ revision }) => revision === revision_number));
      expect(reader.response.headers['content-type']).toBe('text/event-stream');
      expect(reader.response.headers['cache-control']).toBe('no-store');
    }
    await one.remove('network', network.id);
    await Promise.all(readers.map((reader) => reader.saw(network.id, 'deleted')));
    expect(readers[0]!.events[0]).toMatchObject({ resource: 'network', id: network.id, action: 'created' });
    for (const reader of readers) reader[Symbol.dispose]();
  });

  it('hears of its own project, an administrator of all, and nobody of what it may not see', async () => {
    using ofOne = await look(tokens.one);
    using ofOther = await look(tokens.other);
    using ofAdmin = await look(tokens.admin);
    const network = await one.create('network', {});
    const port = await one.create('port', { network_id: network.id });
    const shared = await admin.create('network', { shared: true });
    await one.remove('port', port.id);
    await one.remove('network', network.id);
    const last = await other.create('network', {});
    await ofOther.saw(last.id, 'created');
    await ofOther.saw(shared.id, 'created');
    await ofAdmin.saw(last.id, 'created');
    await ofAdmin.saw(port.id, 'deleted');
    await ofOne.saw(network.id, 'deleted');
    await ofOne.saw(shared.id, 'created');
    expect(ofOther.events.map(({ id }) => id)).not.toContain(network.id);
    expect(ofOther.events.map(({ id }) => id)).not.toContain(port.id);
    expect(ofOne.events.map(({ id }) => id)).not.toContain(last.id);
    await admin.remove('network', shared.id);
    await ofAdmin.saw(shared.id, 'deleted');
    await other.remove('network', last.id);
  });

  it('hears what follows of a change, and what agents report', async () => {
    using reader = await look(tokens.one);
    const network = await one.create('network', {});
    const subnet = await one.create('subnet', { network_id: network.id, ip_version: 4, cidr: '10.0.0.0/24' });
    const router = await one.create('router', {});
    const added = await one.expect('PUT', `/v2.0/routers/${router.id}/add_router_interface`, { subnet_id: subnet.id });
    await reader.saw(added.port_id, 'created');
    await one.expect('PUT', `/v2.0/routers/${router.id}/remove_router_interface`, { subnet_id: subnet.id });
    await reader.saw(added.port_id, 'deleted');
    await reader.saw(router.id, 'updated');

    const agent = connectLocalBus({ socketPath: join(folder, 'bus.sock'), program: 'agent' });
    const call = (topic: string, method: string, args: Record<string, unknown>) =>
      agent.call({ topic }, method, args, adminContext());
    const state = {
      ...{ binary: 'neutron-linuxbridge-agent', host: 'h1', topic: 'N/A', agent_type: 'Linux bridge agent' },
      configurations: { interface_mappings: {}, bridge_mappings: {} },
    };
    await call('q-reports-plugin', 'report_state', {
      agent_state: { agent_state: { ...state, start_flag: true } },
      time: `${new Date().toISOString().slice(0, -1)}000`,
    });
    const port = await admin.create('port', { network_id: network.id, project_id: 'one', 'binding:host_id': 'h1' });
    await reader.saw(port.id, 'created');
    const before = reader.events.length;
    await call('q-plugin', 'update_device_up', { device: port.id, agent_id: 'h1', host: 'h1' });
    expect((await one.show('port', port.id)).status).toBe('ACTIVE');
    await until('news of its status', () => reader.events.slice(before).some(({ id }) => id === port.id));
    await agent.close();
  });

  it('cannot look on with a token that was revoked', async () => {
    using reader = await look(tokens.one);
    expect(reader.status).toBe(200);
    keystone.tokens.delete(tokens.one);
    using next = await look(tokens.one);
    expect(next.status).toBe(401);
  });
});

describe('many', () => {
  it('200 streams hear the same, and the API answers meanwhile', async () => {
    const readers = await Promise.all(Array.from({ length: 200 }, () => look(tokens.one)));
    expect(readers.every(({ status }) => status === 200)).toBe(true);
    const networks = await Promise.all(Array.from({ length: 20 }, () => one.create('network', {})));
    for (const { id } of networks) for (const reader of readers) await reader.saw(id, 'created');
    for (const reader of readers) reader[Symbol.dispose]();
    for (const { id } of networks) await one.remove('network', id);
  });

  it('changes at once are told of in few lines, and a page is told to look anew rather than of each of thousands', async () => {
    using reader = await look(tokens.one);
    const network = await one.create('network', {});
    await one.createMany(
      'port',
      Array.from({ length: 600 }, () => ({ network_id: network.id })),
    );
    await until('ports or all ports', () => {
      const ports = reader.events.filter(({ resource }) => resource === 'port');
      return ports.some(({ id }) => id === null) || ports.length >= 600;
    });
    expect((await one.list('port', `network_id=${network.id}&limit=1`)).length).toBe(1);
  });
});

it('a server that ends, ends its streams, though one does not read', async () => {
  const readers = await lookAtEach(tokens.one);
  using stuck = await look(tokens.one, { reads: false });
  expect(stuck.status).toBe(200);
  await server.server.stop();
  for (const reader of readers) {
    await until('the end', () => reader.closed);
    expect(reader.ended).toBe('closing');
  }
});
