import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDatabase } from '../../src/db/database.ts';
import type { ApiClient, Json } from '../support/api.ts';
import { type Deployment, makeDeployment } from '../support/deployment.ts';
import { brokenInvariants } from '../support/invariants.ts';

/** 50 clients on two servers of one database want the last few of a project's share, of every resource that is counted. */
const CLIENTS = 50;
const LEFT = 7;

let folder: string;
let connection: string;
const servers: Deployment[] = [];
let apis: ApiClient[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'neutrino-quotas-'));
  connection = `sqlite:///${folder}/shared.sqlite`;
  for (const name of ['one', 'two']) {
    const server = {
      DEFAULT: { service_plugins: 'segments,network_segment_range' },
      database: { connection },
      ml2: { type_drivers: 'local,vlan,vxlan', tenant_network_types: 'vxlan' },
      ml2_type_vlan: { network_vlan_ranges: Array.from({ length: 3 * CLIENTS }, (_, i) => `physnet${i}`).join() },
      ml2_type_vxlan: { vni_ranges: '1000:20000' },
      securitygroup: { enable_security_group: true, firewall_driver: 'noop' },
    };
    servers.push(await makeDeployment({ folder: join(folder, name), server }));
  }
  await Promise.all(servers.map((server) => server.start()));
  apis = servers.map(({ api }) => api);
});

afterAll(async () => {
  try {
    const database = await openDatabase({ connection });
    const faults = await brokenInvariants(database.db);
    await database.close();
    expect(faults).toEqual([]);
  } finally {
    for (const server of servers) await server.close();
    await rm(folder, { recursive: true, force: true });
  }
});

const create = async (path: string, member: string, input: Json): Promise<Json> =>
  (await apis[0]!.expect('POST', `/v2.0/${path}`, { [member]: input }))[member];

const network = (project_id: string) => create('networks', 'network', { project_id });

/** Of what no two may overlap, each race uses others. */
let nextVlan = 0;
let nextRange = 0;

interface Counted {
  readonly path: string;
  /** What they are made of, when it does not matter who makes one; prepared once. */
  readonly prepare?: (project: string) => Promise<Json>;
  readonly input: (prepared: Json, number: number) => Json;
}

const counted: Record<string, Counted> = {
  network: { path: 'networks', input: () => ({}) },
  subnet: {
    path: 'subnets',
    prepare: network,
    input: ({ id }, i) => ({ network_id: id, ip_version: 4, cidr: `10.0.${i}.0/24` }),
  },
  port: { path: 'ports', prepare: network, input: ({ id }) => ({ network_id: id }) },
  security_group: { path: 'security-groups', input: () => ({}) },
  security_group_rule: {
    path: 'security-group-rules',
    prepare: (project_id) => create('security-groups', 'security_group', { project_id }),
    input: ({ id }, i) => ({
      security_group_id: id,
      direction: 'ingress',
      protocol: 'tcp',
      port_range_min: i + 1,
      port_range_max: i + 1,
    }),
  },
  rbac_policy: {
    path: 'rbac-policies',
    prepare: network,
    input: ({ id }, i) => ({
      object_type: 'network',
      object_id: id,
      action: 'access_as_shared',
      target_tenant: `other-${i}`,
    }),
  },
  address_group: { path: 'address-groups', input: () => ({}) },
  address_scope: { path: 'address-scopes', input: (_, i) => ({ name: `s${i}`, ip_version: 4 }) },
  subnetpool: { path: 'subnetpools', input: (_, i) => ({ name: `p${i}`, prefixes: ['10.0.0.0/8'] }) },
  segment: {
    path: 'segments',
    prepare: network,
    input: ({ id }, i) => ({
      // It counts for whose network it is on.
      project_id: undefined,
      network_id: id,
      network_type: 'vlan',
      physical_network: `physnet${i}`,
      segmentation_id: 100 + nextVlan++,
    }),
  },
  network_segment_range: {
    path: 'network_segment_ranges',
    input: (_, i) => ({
      name: `r${i}`,
      shared: false,
      network_type: 'vxlan',
      minimum: 30_000 + 10 * nextRange,
      maximum: 30_009 + 10 * nextRange++,
    }),
  },
};

const used = async (resource: string, project: string): Promise<number> =>
  (await apis[0]!.expect('GET', `/v2.0/quotas/${project}/details`)).quota[resource].used;

async function raceFor(resource: string, project: string, each: number): Promise<Record<string, number>> {
  const { path, prepare, input } = counted[resource]!;
  // Before anything else: the default group of the project, which counts and is nobody's wish.
  await apis[0]!.expect('GET', `/v2.0/security-groups?project_id=${project}`);
  const prepared = (await prepare?.(project)) ?? null;
  const limit = (await used(resource, project)) + LEFT;
  await apis[0]!.expect('PUT', `/v2.0/quotas/${project}`, { quota: { [resource]: limit } });
  const answers = await Promise.all(
    Array.from({ length: CLIENTS }, (_, client) => {
      const inputs = Array.from({ length: each }, (_, n) => ({
        project_id: project,
        ...input(prepared, client * each + n),
      }));
      const body = each === 1 ? { [resource]: inputs[0] } : { [`${resource}s`.replace(/ys$/, 'ies')]: inputs };
      return apis[client % 2]!.request('POST', `/v2.0/${path}`, body);
    }),
  );
  const counts: Record<string, number> = {};
  for (const { status, body } of answers) {
    const kind = status === 201 ? '201' : `${status} ${body.NeutronError.message}`;
    counts[kind] = (counts[kind] ?? 0) + 1;
  }
  expect(await used(resource, project)).toBe(limit - (LEFT % each));
  return counts;
}

const full = (resource: string) => `409 Quota exceeded for resources: ['${resource}'].`;

describe('of the last few a project may have', () => {
  it('every resource that counts is here', async () => {
    const { quota } = await apis[0]!.expect('GET', '/v2.0/quotas/somebody');
    expect(Object.keys(counted).sort()).toEqual(Object.keys(quota).sort());
  });

  it.each(Object.keys(counted))('exactly so many get one: %s', async (resource) => {
    expect(await raceFor(resource, `single-${resource}`, 1)).toEqual({ 201: LEFT, [full(resource)]: CLIENTS - LEFT });
  });

  it.each(Object.keys(counted))('whole groups get theirs, and none in part: %s', async (resource) => {
    expect(await raceFor(resource, `bulk-${resource}`, 3)).toEqual({ 201: 2, [full(resource)]: CLIENTS - 2 });
  });
});

describe('while the limit changes and others give theirs back', () => {
  it('there are never more than the highest limit there was', async () => {
    const project = 'moving';
    // 400: a limit below what is there just now.
    const limit = async (value: number) => {
      const { status } = await apis[0]!.request('PUT', `/v2.0/quotas/${project}`, { quota: { network: value } });
      expect([200, 400]).toContain(status);
    };
    await limit(10);
    const client = async (number: number) => {
      const api = apis[number % 2]!;
      for (let i = 0; i < 6; i++) {
        const { status, body } = await api.request('POST', '/v2.0/networks', { network: { project_id: project } });
        expect([201, 409]).toContain(status);
        const now = (await api.expect('GET', `/v2.0/networks?project_id=${project}&fields=id`)).networks;
        expect(now.length).toBeLessThanOrEqual(10);
        if (status === 201) expect((await api.request('DELETE', `/v2.0/networks/${body.network.id}`)).status).toBe(204);
      }
    };
    const changing = (async () => {
      for (let i = 0; i < 10; i++) await limit(i % 2 ? 10 : 3);
    })();
    await Promise.all([changing, ...Array.from({ length: 20 }, (_, i) => client(i))]);
    expect(await used('network', project)).toBe(0);
  });
});
