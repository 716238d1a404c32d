import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApiClient, Json } from '../support/api.ts';
import { type Deployment, makeDeployment } from '../support/deployment.ts';
import { sharedDatabase } from '../support/shared-database.ts';

/** Two server processes on one database; clients ask both at once for what only one can have. */
const CLIENTS = 16;

let folder: string;
const servers: Deployment[] = [];
let apis: ApiClient[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'neutrino-races-'));
  const connection = await sharedDatabase(folder);
  for (const name of ['one', 'two']) {
    const server = {
      database: { connection },
      ml2: { type_drivers: 'local,flat,vlan', tenant_network_types: 'local' },
      ml2_type_flat: { flat_networks: '*' },
      ml2_type_vlan: { network_vlan_ranges: 'physnet2:101:400' },
      quotas: { quota_network: -1 },
      securitygroup: { enable_security_group: true, firewall_driver: 'noop' },
    };
    servers.push(await makeDeployment({ folder: join(folder, name), server }));
  }
  await Promise.all(servers.map((server) => server.start()));
  apis = servers.map(({ api }) => api);
});

afterAll(async () => {
  for (const server of servers) await server.close();
  await rm(folder, { recursive: true, force: true });
});

type Ask = readonly [method: string, path: string, body?: Json];

/** What every client asks, half of them this server, half the other; how often each status came. */
async function atOnce(ask: (client: number) => Ask, clients = CLIENTS): Promise<Record<number, number>> {
  const answers = await Promise.all(Array.from({ length: clients }, (_, i) => apis[i % 2]!.request(...ask(i))));
  const counts: Record<number, number> = {};
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

const list = async (collection: string, query = ''): Promise<Json[]> =>
  (await apis[0]!.request('GET', `/v2.0/${collection}${query}`)).body[collection];

const create = async (member: string, input: Json): Promise<Json> => {
  const { status, body } = await apis[0]!.request('POST', `/v2.0/${member}s`, { [member]: input });
  expect(status).toBe(201);
  return body[member];
};

const network = () => create('network', {});
const subnet = (network_id: string, cidr = '10.0.0.0/24') => create('subnet', { network_id, ip_version: 4, cidr });

describe('of many requests at once for the same thing', () => {
  it('one gets a physical network', async () => {
    const flat = { 'provider:network_type': 'flat', 'provider:physical_network': 'physnet1' };
    expect(await atOnce(() => ['POST', '/v2.0/networks', { network: flat }])).toEqual({ 201: 1, 409: CLIENTS - 1 });
    expect(await list('networks', '?provider:physical_network=physnet1')).toHaveLength(1);
  });

  it('each gets a VLAN id of its own until there are none', async () => {
    const vlan = { 'provider:network_type': 'vlan', 'provider:physical_network': 'physnet2' };
    const counts: Record<string, number> = {};
    for (let round = 0; round < 10; round++) {
      for (const [status, count] of Object.entries(
        await atOnce(() => ['POST', '/v2.0/networks', { network: vlan }], 40),
      )) {
        counts[status] = (counts[status] ?? 0) + count;
      }
    }
    expect(counts).toEqual({ 201: 300, 503: 100 });
    const made = await list('networks', '?provider:physical_network=physnet2');
    const ids = made.map((network) => network['provider:segmentation_id']);
    expect(ids.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 300 }, (_, i) => 101 + i));
  });

  it('one gets the VLAN id it names', async () => {
    const vlan = {
      'provider:network_type': 'vlan',
      'provider:physical_network': 'physnet2',
      'provider:segmentation_id': 4000,
    };
    expect(await atOnce(() => ['POST', '/v2.0/networks', { network: vlan }])).toEqual({ 201: 1, 409: CLIENTS - 1 });
  });

  it("one makes a project's default group", async () => {
    const { id: network_id } = await network();
    const port = { network_id, project_id: 'first-port' };
    expect(await atOnce(() => ['POST', '/v2.0/ports', { port }])).toEqual({ 201: CLIENTS });
    const groups = (await apis[1]!.request('GET', '/v2.0/security-groups?project_id=first-port')).body.security_groups;
    expect(groups).toMatchObject([{ name: 'default' }]);
    const ports = await list('ports', '?project_id=first-port');
    for (const { security_groups } of ports) expect(security_groups).toEqual([groups[0].id]);
  });

  it('one makes a rule of a group', async () => {
    const made = await apis[0]!.request('POST', '/v2.0/security-groups', { security_group: { name: 'g' } });
    const security_group_id = made.body.security_group.id;
    const security_group_rule = { security_group_id, direction: 'ingress', protocol: 'tcp' };
    expect(await atOnce(() => ['POST', '/v2.0/security-group-rules', { security_group_rule }])).toEqual({
      201: 1,
      409: CLIENTS - 1,
    });
  });

  it('one gets a MAC of a network', async () => {
    const { id: network_id } = await network();
    const port = { network_id, mac_address: 'fa:16:3e:11:22:33' };
    expect(await atOnce(() => ['POST', '/v2.0/ports', { port }])).toEqual({ 201: 1, 409: CLIENTS - 1 });
    expect(await list('ports', `?network_id=${network_id}`)).toHaveLength(1);
  });

  it('one gets an address', async () => {
    const { id: network_id } = await network();
    await subnet(network_id);
    const port = { network_id, fixed_ips: [{ ip_address: '10.0.0.77' }] };
    expect(await atOnce(() => ['POST', '/v2.0/ports', { port }])).toEqual({ 201: 1, 409: CLIENTS - 1 });
  });

  it('one gets a range', async () => {
    const { id: network_id } = await network();
    const body = (i: number) => ({
      subnet: { network_id, ip_version: 4, cidr: i % 3 ? '10.0.0.0/24' : '10.0.0.0/16' },
    });
    expect(await atOnce((i) => ['POST', '/v2.0/subnets', body(i)])).toEqual({ 201: 1, 400: CLIENTS - 1 });
    expect(await list('subnets', `?network_id=${network_id}`)).toHaveLength(1);
  });

  it('each gets an address of its own until there are none', async () => {
    const { id: network_id } = await network();
    await subnet(network_id, '10.0.0.0/27');
    expect(await atOnce(() => ['POST', '/v2.0/ports', { port: { network_id } }], 40)).toEqual({ 201: 29, 409: 11 });
    const ports = await list('ports', `?network_id=${network_id}`);
    expect(new Set(ports.map((port) => port.fixed_ips[0].ip_address)).size).toBe(29);
  });

  it('one changes a revision', async () => {
    const { id: network_id } = await network();
    const { id, revision_number } = await create('port', { network_id });
    const headers = { 'if-match': `revision_number=${revision_number}` };
    const answers = await Promise.all(
      Array.from({ length: CLIENTS }, (_, i) =>
        apis[i % 2]!.request('PUT', `/v2.0/ports/${id}`, { port: { name: `n${i}` } }, headers),
      ),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array(CLIENTS - 1).fill(412)]);
  });

  it('all changes of one port happen, one after the other', async () => {
    const { id: network_id } = await network();
    const { id } = await create('port', { network_id });
    expect(await atOnce((i) => ['PUT', `/v2.0/ports/${id}`, { port: { name: `n${i}` } }])).toEqual({ 200: CLIENTS });
    expect((await list('ports', `?id=${id}`))[0].revision_number).toBe(1 + CLIENTS);
  });

  it('one deletes it', async () => {
    const { id: network_id } = await network();
    const { id } = await create('port', { network_id });
    expect(await atOnce(() => ['DELETE', `/v2.0/ports/${id}`])).toEqual({ 204: 1, 404: CLIENTS - 1 });
  });
});

describe('while something is deleted', () => {
  it('ports come before it, which refuses, or after it, and are refused', async () => {
    for (let round = 0; round < 8; round++) {
      const { id: network_id } = await network();
      const { id } = await subnet(network_id);
      const target = round % 2 ? `/v2.0/networks/${network_id}` : `/v2.0/subnets/${id}`;
      const [deleted, ...made] = await Promise.all([
        apis[0]!.request('DELETE', target),
        ...[0, 1, 2].map((i) => apis[(i + round) % 2]!.request('POST', '/v2.0/ports', { port: { network_id } })),
      ]);
      const ports = await list('ports', `?network_id=${network_id}`);
      expect(ports).toHaveLength(made.filter(({ status }) => status === 201).length);
      if (deleted!.status === 409) {
        expect(ports.length).toBeGreaterThan(0);
        continue;
      }
      expect(deleted!.status).toBe(204);
      if (round % 2) expect(made.map(({ status }) => status)).toEqual([404, 404, 404]);
      else expect(ports.map(({ fixed_ips }) => fixed_ips)).toEqual(ports.map(() => []));
    }
  });

  it('subnets of a deleted network are refused', async () => {
    for (let round = 0; round < 6; round++) {
      const { id: network_id } = await network();
      const input = { network_id, ip_version: 4, cidr: '10.0.0.0/24' };
      const [deleted, made] = await Promise.all([
        apis[round % 2]!.request('DELETE', `/v2.0/networks/${network_id}`),
        apis[1 - (round % 2)]!.request('POST', '/v2.0/subnets', { subnet: input }),
      ]);
      expect(deleted!.status).toBe(204);
      expect([201, 404]).toContain(made!.status);
      expect(await list('subnets', `?network_id=${network_id}`)).toEqual([]);
    }
  });
});

describe('a bulk of which one part fails', () => {
  it('leaves nothing, of any resource', async () => {
    const { id: network_id } = await network();
    await subnet(network_id);
    const address = { fixed_ips: [{ ip_address: '10.0.0.9' }] };
    const ports = [{ network_id }, { network_id, ...address }, { network_id, ...address }];
    expect((await apis[0]!.request('POST', '/v2.0/ports', { ports })).status).toBe(409);
    expect(await list('ports', `?network_id=${network_id}`)).toEqual([]);
    const subnets = ['10.1.0.0/24', '10.0.0.0/25'].map((cidr) => ({ network_id, ip_version: 4, cidr }));
    expect((await apis[0]!.request('POST', '/v2.0/subnets', { subnets })).status).toBe(400);
    expect(await list('subnets', `?network_id=${network_id}`)).toHaveLength(1);
    const flat = { name: 'b', 'provider:network_type': 'flat', 'provider:physical_network': 'physnet2' };
    expect((await apis[0]!.request('POST', '/v2.0/networks', { networks: [flat, flat] })).status).toBe(409);
    expect(await list('networks', '?name=b')).toEqual([]);
    // Nor does it keep the physical network.
    await create('network', flat);
  });
});
