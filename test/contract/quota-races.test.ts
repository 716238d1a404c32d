import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openDatabase } from '../../src/db/database.ts';
import type { ApiClient, Json } from '../support/api.ts';
import { type Deployment, makeDeployment } from '../support/deployment.ts';
import { brokenInvariants } from '../support/invariants.ts';

/** Two server processes on one database, and fifty clients for the last few that a project may have of each resource. */
const CLIENTS = 50;
const LEFT = 7;
const project_id = 'racers';

let folder: string;
let connection: string;
const servers: Deployment[] = [];
let apis: ApiClient[];
const made: Record<string, string> = {};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'neutrino-quotas-'));
  connection = `sqlite:///${folder}/shared.sqlite`;
  for (const name of ['one', 'two']) {
    const server = {
      DEFAULT: { service_plugins: 'segments,network_segment_range,flavors' },
      database: { connection },
      ml2: { type_drivers: 'local,vlan,vxlan', tenant_network_types: 'vxlan' },
      ml2_type_vlan: { network_vlan_ranges: 'physnet1:100:140' },
      ml2_type_vxlan: { vni_ranges: '1000:2000' },
      quotas: { default_quota: -1, quota_security_group_rule: -1 },
      securitygroup: { enable_security_group: true, firewall_driver: 'noop' },
    };
    servers.push(await makeDeployment({ folder: join(folder, name), server }));
  }
  await Promise.all(servers.map((server) => server.start()));
  apis = servers.map(({ api }) => api);
  made.network = (await apis[0]!.create('network', { project_id })).id;
  const group = { security_group: { project_id, name: 'g' } };
  made.group = (await apis[0]!.expect('POST', '/v2.0/security-groups', group)).security_group.id;
});

afterAll(async () => {
  for (const server of servers) await server.close();
  await rm(folder, { recursive: true, force: true });
});

/** What each of the clients asks for: all different, so that nothing but the quota is in the way. */
const inputs: Record<string, (i: number) => object> = {
  network: () => ({}),
  subnet: (i) => ({ network_id: made.network, ip_version: 4, cidr: `10.0.${i}.0/24` }),
  port: () => ({ network_id: made.network }),
  security_group: (i) => ({ name: `g${i}` }),
  security_group_rule: (i) => ({
    security_group_id: made.group,
    direction: 'ingress',
    protocol: 'tcp',
    port_range_min: i + 1,
    port_range_max: i + 1,
  }),
  address_group: () => ({ name: 'a' }),
  address_scope: () => ({ name: 's', ip_version: 4 }),
  subnetpool: (i) => ({ name: 'p', prefixes: [`172.16.${i}.0/24`] }),
  rbac_policy: (i) => ({
    object_type: 'network',
    object_id: made.network,
    action: 'access_as_shared',
    target_tenant: `friend-${i}`,
  }),
  segment: (i) => ({ network_id: made.network, network_type: 'vxlan', segmentation_id: 5000 + i }),
  network_segment_range: (i) => ({
    name: 'r',
    shared: false,
    network_type: 'vlan',
    physical_network: 'physnet1',
    minimum: 1000 + 10 * i,
    maximum: 1009 + 10 * i,
  }),
};

const pathOf = (resource: string) => `/v2.0/${resource.replaceAll('_', '-').replace(/y$/, 'ie')}s`;
const uses = async (): Promise<Record<string, { limit: number; used: number; reserved: number }>> =>
  (await apis[1]!.expect('GET', `/v2.0/quotas/${project_id}/details`)).quota;

/** Lets the project have so many more, and tells the limit. */
async function leave(resource: string, more: number): Promise<number> {
  const limit = (await uses())[resource]!.used + more;
  await apis[0]!.expect('PUT', `/v2.0/quotas/${project_id}`, { quota: { [resource]: limit } });
  return limit;
}

async function atOnce(resource: string, body: (i: number) => Json): Promise<Record<string, number>> {
  const answers = await Promise.all(
    Array.from({ length: CLIENTS }, (_, i) => apis[i % 2]!.request('POST', pathOf(resource), body(i))),
  );
  const counts: Record<string, number> = {};
  for (const { status, body } of answers) {
    const what = status === 201 ? '201' : `${status} ${body?.NeutronError?.type} ${body?.NeutronError?.message}`;
    counts[what] = (counts[what] ?? 0) + 1;
  }
  return counts;
}

it('every resource that is counted is raced for', async () => {
  expect(Object.keys(inputs).sort()).toEqual(Object.keys(await uses()).sort());
});

it.each(Object.keys(inputs).map((resource) => [resource]))('the last of %s are had once each', async (resource) => {
  const limit = await leave(resource, LEFT);
  const refused = `409 OverQuota Quota exceeded for resources: ['${resource}'].`;
  const counts = await atOnce(resource, (i) => ({ [resource]: { ...inputs[resource]!(i), project_id } }));
  expect(counts).toEqual({ 201: LEFT, [refused]: CLIENTS - LEFT });
  expect((await uses())[resource]).toEqual({ limit, used: limit, reserved: 0 });
});

it('many at once are had all or not at all', async () => {
  const limit = await leave('port', LEFT);
  const ports = Array.from({ length: 3 }, () => ({ network_id: made.network, project_id }));
  const counts = await atOnce('port', () => ({ ports }));
  expect(counts[201]).toBe(2);
  expect((await uses()).port).toEqual({ limit, used: limit - 1, reserved: 0 });
});

it('what is given back can be had again, while others race for it', async () => {
  const limit = await leave('address_scope', 0);
  const scopes = (await apis[0]!.expect('GET', `/v2.0/address-scopes?project_id=${project_id}`)).address_scopes;
  const given = scopes.slice(0, 5).map(({ id }: { id: string }) => id);
  const results = await Promise.all([
    ...given.map((id: string, i: number) => apis[i % 2]!.request('DELETE', `/v2.0/address-scopes/${id}`)),
    ...Array.from({ length: CLIENTS }, (_, i) =>
      apis[i % 2]!.request('POST', '/v2.0/address-scopes', {
        address_scope: { name: 'again', ip_version: 4, project_id },
      }),
    ),
  ]);
  const had = results.filter(({ status }) => status === 201).length;
  expect(had).toBeLessThanOrEqual(given.length);
  expect((await uses()).address_scope).toEqual({ limit, used: limit - given.length + had, reserved: 0 });
  const counts = await atOnce('address_scope', () => ({ address_scope: { name: 'x', ip_version: 4, project_id } }));
  expect(counts[201] ?? 0).toBe(given.length - had);
});

it('and nothing else is broken by it', async () => {
  const database = await openDatabase({ connection });
  try {
    expect(await brokenInvariants(database.db)).toEqual([]);
  } finally {
    await database.close();
  }
});
