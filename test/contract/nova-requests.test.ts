import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FakeKeystone } from '../../src/keystone/fake.ts';
import { adminContext } from '../../src/lib/context.ts';
import { tapName } from '../../src/lib/names.ts';
import type { Network, Port, Subnet } from '../../src/resources/shapes.ts';
import { ApiClient, type Json } from '../support/api.ts';
import { connectBus } from '../support/bus.ts';
import { type Deployment, makeDeployment } from '../support/deployment.ts';
import { administrator, authtoken, memberOf } from '../support/identity.ts';
import { RecordingNova } from '../support/nova.ts';
import { reportAgents } from '../support/stand-in-agents.ts';
import { until } from '../support/wait.ts';

/**
 * What Nova 26 asks of us while a guest is started, moved and deleted (nova/network/neutron.py): with the user's token
 * what a user may, as a service for the rest. Requests and what Nova reads in their answers, in its order.
 */
const HOST1 = 'compute1';
const HOST2 = 'compute2';
const server_uuid = randomUUID();

const undo = new AsyncDisposableStack();
let folder: string;
let ours: Deployment;
let nova: RecordingNova;
let user: ApiClient;
let service: ApiClient;
let network: Network;
let subnet: Subnet;
let port: Port;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'neutrino-nova-requests-'));
  undo.defer(() => rm(folder, { recursive: true, force: true }));
  const keystone = undo.use(await FakeKeystone.start());
  nova = undo.use(await RecordingNova.start());
  keystone.computeUrl = nova.url;
  ours = await makeDeployment({
    folder,
    token: keystone.add(administrator),
    server: {
      DEFAULT: {
        auth_strategy: 'keystone',
        send_events_interval: 0,
        service_plugins: 'segments',
        dns_domain: 'guests.example.',
        // Agents report once: how long the tests take is no matter of theirs.
        agent_down_time: 86_400,
      },
      keystone_authtoken: authtoken(keystone),
      nova: authtoken(keystone),
      ml2: { extension_drivers: 'port_security,dns' },
      securitygroup: { enable_security_group: true },
    },
  });
  undo.defer(() => ours.close());
  await ours.start();
  user = new ApiClient(ours, keystone.add(memberOf('p1')));
  service = new ApiClient(ours, keystone.add({ user: 'nova', project: 'service', roles: ['admin', 'service'] }));
  await reportAgents(
    ours,
    [HOST1, HOST2].map((host) => ({
      binary: 'neutron-linuxbridge-agent',
      agent_type: 'Linux bridge agent',
      host,
      topic: 'N/A',
      configurations: { interface_mappings: {} },
      availability_zone: 'az1',
    })),
  );
  network = await user.create('network', { name: 'n' });
  subnet = await user.create('subnet', { network_id: network.id, ip_version: 4, cidr: '10.0.0.0/24' });
});
afterAll(() => undo.disposeAsync());

const get = (client: ApiClient, path: string): Promise<Json> => client.expect('GET', `/v2.0/${path}`);
const put = (client: ApiClient, path: string, body: object): Promise<Json> =>
  client.expect('PUT', `/v2.0/${path}`, body);
const bindings = () => `ports/${port.id}/bindings`;

async function wired(host: string, method: 'update_device_up' | 'update_device_down'): Promise<void> {
  await using bus = await connectBus(`${folder}/bus.sock`);
  const device = tapName(port.id);
  const target = { topic: 'q-plugin', version: '1.0' };
  if (method === 'update_device_up') {
    await bus.call(target, 'get_devices_details_list', { agent_id: 'lb', devices: [device], host }, adminContext());
  }
  await bus.call(target, method, { agent_id: 'lb', device, host }, adminContext());
}

/** Events since the last time, as soon as there are any of this name. */
async function told(name: string): Promise<string[]> {
  const names = await until(name, () => {
    const all = nova.events.map((event) => event.name);
    return all.includes(name as (typeof all)[number]) && all;
  });
  nova.requests.length = 0;
  return names;
}

describe('a guest is started', () => {
  it('Nova looks which extensions there are', async () => {
    const { extensions } = await get(user, 'extensions');
    const aliases = extensions.map(({ alias }: Json) => alias);
    expect(aliases).toEqual(expect.arrayContaining(['binding', 'binding-extended', 'segment', 'dns-integration']));
    // With these Nova would ask for what there is none of yet.
    for (const absent of ['port-resource-request-groups', 'vnic-index', 'fip-port-details']) {
      expect(aliases).not.toContain(absent);
    }
  });

  it('looks for the networks that the user may use, by id and otherwise', async () => {
    expect((await get(user, `networks?id=${network.id}`)).networks).toMatchObject([
      { id: network.id, subnets: [subnet.id], port_security_enabled: true },
    ]);
    expect((await get(user, 'networks?tenant_id=p1&shared=False')).networks).toHaveLength(1);
    expect((await get(user, 'networks?tenant_id=p1&shared=False&admin_state_up=True')).networks).toHaveLength(1);
    expect((await get(user, 'networks?shared=True')).networks).toEqual([]);
  });

  it('counts what is left of the quota', async () => {
    expect((await get(user, 'quotas/p1')).quota.port).toBeGreaterThan(0);
    expect(await get(user, 'ports?tenant_id=p1&fields=id')).toEqual({ ports: [] });
    const taken = `ports?network_id=${network.id}&fixed_ips=${encodeURIComponent('ip_address=10.0.0.5')}&fields=device_id`;
    expect(await get(user, taken)).toEqual({ ports: [] });
  });

  it('reads of the network what decides where the guest may be', async () => {
    const physical = `networks/${network.id}?fields=provider%3Aphysical_network&fields=provider%3Anetwork_type`;
    expect((await get(service, physical)).network).toEqual({
      'provider:physical_network': null,
      'provider:network_type': 'local',
    });
    expect(await get(service, `subnets?network_id=${network.id}&fields=segment_id`)).toEqual({
      subnets: [{ segment_id: null }],
    });
    expect((await get(service, `subnets/${subnet.id}`)).subnet.segment_id).toBeNull();
  });

  it('finds the groups of the user by name', async () => {
    const { security_groups } = await get(user, 'security-groups?fields=id&fields=name&tenant_id=p1');
    expect(security_groups).toEqual([{ id: expect.any(String), name: 'default' }]);
  });

  it('makes a port for the user, and binds it as a service', async () => {
    const { security_groups } = await get(user, 'security-groups?name=default');
    const body = {
      device_id: server_uuid,
      network_id: network.id,
      admin_state_up: true,
      tenant_id: 'p1',
      security_groups: security_groups.map(({ id }: Json) => id),
    };
    port = (await user.expect('POST', '/v2.0/ports', { port: body })).port;
    expect(port).toMatchObject({ status: 'DOWN', device_id: server_uuid });
    expect(port).not.toHaveProperty('binding:vif_type');
    const bind = {
      device_id: server_uuid,
      device_owner: 'compute:az1',
      'binding:host_id': HOST1,
      'binding:profile': {},
      dns_name: 'guest-1',
    };
    const bound = (await put(service, `ports/${port.id}`, { port: bind })).port;
    expect(bound).toMatchObject({
      'binding:host_id': HOST1,
      'binding:vif_type': 'bridge',
      'binding:vnic_type': 'normal',
      'binding:profile': {},
      'binding:vif_details': { port_filter: true, connectivity: 'l2' },
      dns_name: 'guest-1',
    });
    expect(await told('network-changed')).toEqual(['network-changed']);
  });

  it('reads the ports of the guest and of what they hang on', async () => {
    const { ports } = await get(service, `ports?tenant_id=p1&device_id=${server_uuid}`);
    expect(ports).toMatchObject([{ id: port.id, 'binding:vif_type': 'bridge', fixed_ips: [{ subnet_id: subnet.id }] }]);
    expect((await get(service, `subnets?id=${subnet.id}`)).subnets).toMatchObject([
      { cidr: '10.0.0.0/24', gateway_ip: '10.0.0.1', dns_nameservers: [], host_routes: [], ipv6_address_mode: null },
    ]);
    expect((await get(service, `ports?network_id=${network.id}&device_owner=network%3Adhcp`)).ports).toEqual([]);
    const asked = `ports?device_id=${server_uuid}&fields=id&fields=resource_request`;
    expect((await get(service, asked)).ports).toEqual([{ id: port.id }]);
    // What the list of guests asks for: all ports of many servers at once.
    const many = [server_uuid, randomUUID(), randomUUID()].map((id) => `device_id=${id}`).join('&');
    const groups = (await get(user, `ports?${many}&fields=security_groups&fields=device_id`)).ports;
    expect(groups).toEqual([{ device_id: server_uuid, security_groups: [expect.any(String)] }]);
  });

  it('waits for the card, and is told', async () => {
    await wired(HOST1, 'update_device_up');
    expect(await told('network-vif-plugged')).toEqual(['network-vif-plugged']);
    expect((await service.show('port', port.id)).status).toBe('ACTIVE');
  });
});

describe('a guest moves', () => {
  it('Nova prepares the other host', async () => {
    const binding = { host: HOST2, vnic_type: 'normal', profile: {} };
    const made = await service.request('POST', `/v2.0/${bindings()}`, { binding });
    expect(made.status).toBe(201);
    expect(made.body.binding).toMatchObject({
      host: HOST2,
      vif_type: 'bridge',
      vif_details: { connectivity: 'l2' },
      vnic_type: 'normal',
      status: 'INACTIVE',
    });
    expect((await service.request('POST', `/v2.0/${bindings()}`, { binding })).status).toBe(409);
    expect(
      (await service.request('POST', `/v2.0/${bindings()}`, { binding: { ...binding, host: 'none' } })).status,
    ).toBe(500);
    expect((await user.request('POST', `/v2.0/${bindings()}`, { binding })).status).toBe(403);
  });

  it('says in the profile where it moves to; the port works on', async () => {
    const { ports } = await get(service, `ports?device_id=${server_uuid}&tenant_id=p1&binding%3Ahost_id=${HOST1}`);
    expect(ports).toHaveLength(1);
    const profile = { ...ports[0]['binding:profile'], migrating_to: HOST2 };
    const { port: moving } = await put(service, `ports/${port.id}`, { port: { 'binding:profile': profile } });
    expect(moving).toMatchObject({ 'binding:profile': { migrating_to: HOST2 }, 'binding:host_id': HOST1 });
    await told('network-changed');
    await wired(HOST1, 'update_device_up');
    await told('network-vif-plugged');
  });

  it('is told when the card is there on the other host', async () => {
    await wired(HOST2, 'update_device_up');
    expect(await told('network-vif-plugged')).toEqual(['network-vif-plugged']);
    expect(await service.show('port', port.id)).toMatchObject({ status: 'ACTIVE', 'binding:host_id': HOST1 });
  });

  it('makes the other host the one', async () => {
    expect((await get(service, `${bindings()}/${HOST2}`)).binding).toMatchObject({ status: 'INACTIVE', host: HOST2 });
    const path = `/v2.0/${bindings()}/${HOST2}/activate`;
    // Sent without a body; answered without an envelope, as upstream's.
    expect((await service.request('PUT', path)).body).toMatchObject({ status: 'ACTIVE', host: HOST2 });
    expect((await service.request('PUT', path)).status).toBe(409);
    expect((await service.request('GET', `/v2.0/${bindings()}/elsewhere`)).status).toBe(404);
    expect(await service.show('port', port.id)).toMatchObject({ 'binding:host_id': HOST2, status: 'DOWN' });
    await told('network-vif-unplugged');
    await wired(HOST2, 'update_device_up');
    await told('network-vif-plugged');
  });

  it('cleans up: the profile, and the binding on the old host', async () => {
    const { ports } = await get(service, `ports?device_id=${server_uuid}&tenant_id=p1`);
    const { migrating_to: _, ...profile } = ports[0]['binding:profile'];
    const updates = { 'binding:host_id': HOST2, device_owner: 'compute:az1', 'binding:profile': profile };
    expect((await put(service, `ports/${port.id}`, { port: updates })).port).toMatchObject({
      'binding:host_id': HOST2,
      'binding:vif_type': 'bridge',
      'binding:profile': {},
    });
    const old = `/v2.0/${bindings()}/${HOST1}`;
    expect((await service.request('DELETE', old)).status).toBe(204);
    expect((await service.request('DELETE', old)).status).toBe(404);
    expect((await get(service, bindings())).bindings).toMatchObject([{ host: HOST2, status: 'ACTIVE' }]);
  });
});

describe('a guest ends', () => {
  it('a port that the user made is let go', async () => {
    const asked = `ports/${port.id}?fields=binding%3Aprofile&fields=network_id`;
    expect((await get(service, asked)).port).toEqual({ 'binding:profile': {}, network_id: network.id });
    expect(await get(service, `networks/${network.id}?fields=dns_domain`)).toEqual({ network: { dns_domain: '' } });
    const free = {
      device_id: '',
      device_owner: '',
      'binding:host_id': null,
      'binding:profile': {},
      dns_name: '',
    };
    expect((await put(service, `ports/${port.id}`, { port: free })).port).toMatchObject({
      device_id: '',
      'binding:host_id': '',
      'binding:vif_type': 'unbound',
      status: 'DOWN',
    });
  });

  it('one that Nova made is deleted, and Nova told', async () => {
    const made = await service.create('port', {
      network_id: network.id,
      tenant_id: 'p1',
      device_id: server_uuid,
      device_owner: 'compute:az1',
      'binding:host_id': HOST1,
    });
    nova.requests.length = 0;
    await service.remove('port', made.id);
    expect(await told('network-vif-deleted')).toEqual(['network-vif-deleted']);
    expect((await service.request('DELETE', `/v2.0/ports/${made.id}`)).status).toBe(404);
  });
});

describe('zones', () => {
  it('are those of agents that schedule, by resource', async () => {
    await reportAgents(ours, [
      {
        binary: 'neutron-dhcp-agent',
        agent_type: 'DHCP agent',
        host: HOST1,
        topic: 'dhcp_agent',
        configurations: {},
        availability_zone: 'az1',
      },
    ]);
    const { availability_zones } = await get(user, 'availability_zones');
    expect(availability_zones).toEqual([{ name: 'az1', resource: 'network', state: 'available' }]);
  });
});
