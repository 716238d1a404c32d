import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Json } from '../support/api.ts';
import { brokenInvariants } from '../support/invariants.ts';
import { type Ask, outcome, post, raiseServerPair, type ServerPair } from '../support/server-pair.ts';

/** Two server processes on one database: what pools, scopes, groups, shares, tags and segments do when all come at once. */
const CLIENTS = 16;
const ROUNDS = 6;
let pair: ServerPair;

beforeAll(async () => {
  pair = await raiseServerPair({
    DEFAULT: { service_plugins: 'segments,network_segment_range,auto_allocate,trunk' },
    ml2: { type_drivers: 'local,vlan,vxlan', tenant_network_types: 'vxlan' },
    ml2_type_vlan: { network_vlan_ranges: 'physnet1:100:140' },
    ml2_type_vxlan: { vni_ranges: '1000:3000' },
    quotas: { default_quota: -1, quota_network: -1, quota_subnet: -1, quota_security_group: -1, quota_rbac_policy: -1 },
    securitygroup: { enable_security_group: true, firewall_driver: 'noop' },
  });
});
afterAll(() => pair?.[Symbol.asyncDispose]());

const send = (client: number, ask: Ask) => pair.send(client, ask);
const atOnce = (ask: (client: number) => Ask, clients = CLIENTS) => pair.atOnce(clients, ask);
const create = (path: string, input: Json) => pair.create(path, input);
const list = (path: string, query?: string) => pair.list(path, query);
const network = (more = {}) => create('networks', more);
const share = (object_type: string, object_id: string, target_tenant: string): Json => ({
  object_type,
  object_id,
  target_tenant,
  action: 'access_as_shared',
});

describe('of many at once', () => {
  it('each gets a block of a pool until there are none', async () => {
    const pool = await create('subnetpools', {
      name: 'p',
      prefixes: ['10.0.0.0/24'],
      default_prefixlen: 28,
      min_prefixlen: 28,
    });
    const networks: Json[] = [];
    for (let i = 0; i < 24; i++) networks.push(await network());
    const ask = (i: number) => post('subnets', { network_id: networks[i]!.id, ip_version: 4, subnetpool_id: pool.id });
    expect(await atOnce(ask, 24)).toEqual({ 201: 16, '409 SubnetAllocationError': 8 });
    const cidrs = (await list('subnets', `?subnetpool_id=${pool.id}`)).map(({ cidr }) => cidr);
    expect(new Set(cidrs).size).toBe(16);
  });

  it('one pool of a scope has a prefix', async () => {
    const scope = await create('address-scopes', { name: 's', ip_version: 4 });
    const counts = await atOnce((i) =>
      post('subnetpools', { name: 'p', prefixes: [i % 2 ? '10.1.0.0/16' : '10.1.7.0/24'], address_scope_id: scope.id }),
    );
    expect(counts).toEqual({ 201: 1, '409 AddressScopePrefixConflict': CLIENTS - 1 });
    expect(await list('subnetpools', `?address_scope_id=${scope.id}`)).toHaveLength(1);
  });

  it('one shares a thing with a project', async () => {
    const { id } = await network({ project_id: 'owner' });
    const counts = await atOnce(() =>
      post('rbac-policies', { ...share('network', id, 'friend'), project_id: 'owner' }),
    );
    expect(counts).toEqual({ 201: 1, '409 DuplicateRbacPolicy': CLIENTS - 1 });
  });

  it('all add addresses to a group, each its own', async () => {
    const { id } = await create('address-groups', { name: 'g', addresses: ['10.0.0.0/24'] });
    const put = (i: number): Ask => ['PUT', `address-groups/${id}/add_addresses`, { addresses: [`10.1.${i}.0/24`] }];
    expect(await atOnce(put)).toEqual({ 200: CLIENTS });
    const [group] = await list('address-groups', `?id=${id}`);
    expect([group.addresses.length, group.revision_number]).toEqual([1 + CLIENTS, CLIENTS]);
  });

  it('all add tags, each its own, and one may be added by all', async () => {
    const { id } = await network();
    expect(await atOnce((i) => ['PUT', `networks/${id}/tags/t${i}`])).toEqual({ 201: CLIENTS });
    expect(await atOnce(() => ['PUT', `networks/${id}/tags/all`])).toEqual({ 201: CLIENTS });
    const [tagged] = await list('networks', `?id=${id}`);
    expect(tagged.tags).toHaveLength(CLIENTS + 1);
    const counts = await atOnce((i) => ['PUT', `networks/${id}/tags`, { tags: [`x${i}`] }]);
    expect(counts).toEqual({ 200: CLIENTS });
    expect((await list('networks', `?id=${id}`))[0].tags).toHaveLength(1);
  });

  it('one has the segmentation id of a segment', async () => {
    const { id: network_id } = await network();
    const segment = { network_id, network_type: 'vxlan', segmentation_id: 77_777 };
    const counts = await atOnce(() => post('segments', segment));
    expect(counts[201]).toBe(1);
    expect(Object.keys(counts)).toEqual(expect.arrayContaining(['201']));
    expect(Object.keys(counts)).toHaveLength(2);
    expect(await list('segments', `?network_id=${network_id}`)).toHaveLength(2);
  });

  it('one has a range of segmentation ids', async () => {
    const range = { name: 'r', shared: false, project_id: 'p', network_type: 'vlan', physical_network: 'physnet1' };
    const counts = await atOnce((i) =>
      post('network-segment-ranges', { ...range, minimum: 2000 - i, maximum: 2000 + i }),
    );
    expect(counts).toEqual({ 201: 1, '409 NetworkSegmentRangeOverlaps': CLIENTS - 1 });
  });

  it('one trunk has a parent, a VLAN and a sub-port', async () => {
    const { id: network_id } = await network();
    const port = () => create('ports', { network_id });
    const vlan = ({ id }: Json, segmentation_id: number) => ({
      ...{ port_id: id, segmentation_type: 'vlan', segmentation_id },
    });
    const [parent, carried] = [await port(), await port()];
    expect(await atOnce(() => post('trunks', { port_id: parent.id }))).toEqual({
      ...{ 201: 1, '409 ParentPortInUse': CLIENTS - 1 },
    });
    const [trunk] = await list('trunks', `?port_id=${parent.id}`);
    const add = (entry: Json): Ask => ['PUT', `trunks/${trunk.id}/add_subports`, { sub_ports: [entry] }];
    const others: Json[] = [];
    for (let i = 0; i < CLIENTS; i++) others.push(await port());
    expect(await atOnce((i) => add(vlan(others[i]!, 7)))).toEqual({ 200: 1, '409 DuplicateSubPort': CLIENTS - 1 });
    expect(await atOnce((i) => add(vlan(carried, 100 + i)))).toEqual({ 200: 1, '409 TrunkPortInUse': CLIENTS - 1 });
    expect((await list('trunks', `?id=${trunk.id}`))[0].sub_ports).toHaveLength(2);
  });

  it('one pool is the default of its version', async () => {
    const counts = await atOnce((i) =>
      post('subnetpools', {
        name: 'd',
        prefixes: [`10.${i}.0.0/16`],
        default_prefixlen: 26,
        is_default: true,
        shared: true,
      }),
    );
    expect(counts[201]).toBe(1);
    expect(await list('subnetpools', '?is_default=true&ip_version=4')).toHaveLength(1);
  });

  it('one network is the default way outside', async () => {
    const outside = { 'router:external': true, is_default: true };
    expect(await atOnce(() => post('networks', outside))).toEqual({
      201: 1,
      '409 DefaultExternalNetworkExists': CLIENTS - 1,
    });
    expect(await list('networks', '?is_default=true')).toHaveLength(1);
  });

  it('all get the one network that is made for a project', async () => {
    const answers = await Promise.all(
      Array.from({ length: CLIENTS }, (_, i) => send(i, ['GET', 'auto-allocated-topology/auto'])),
    );
    expect(answers.map(outcome)).toEqual(Array(CLIENTS).fill('200'));
    expect(new Set(answers.map(({ body }) => body.auto_allocated_topology.id)).size).toBe(1);
    expect(await list('networks', '?project_id=auto')).toHaveLength(1);
  });

  it('one limit of a project stays, and all are answered', async () => {
    const put = (i: number): Ask => ['PUT', 'quotas/limited', { quota: { network: i, port: 100 + i } }];
    expect(await atOnce(put)).toEqual({ 200: CLIENTS });
    const { quota } = (await send(0, ['GET', 'quotas/limited'])).body;
    expect(quota.port).toBe(100 + quota.network);
    const counts = await atOnce(() => ['DELETE', 'quotas/limited']);
    expect(counts).toEqual({ 204: 1, '404 TenantQuotaNotFound': CLIENTS - 1 });
  });
});

/** Something goes while others come to use it: it goes and they are refused, or they come and it stays. */
const uses: Record<string, () => Promise<{ remove: Ask; use: (i: number) => Ask; used: () => Promise<Json[]> }>> = {
  'a pool and its subnets': async () => {
    const { id } = await create('subnetpools', { name: 'p', prefixes: ['10.9.0.0/16'], default_prefixlen: 28 });
    const networks = [await network(), await network(), await network()];
    return {
      remove: ['DELETE', `subnetpools/${id}`],
      use: (i) => post('subnets', { network_id: networks[i]!.id, ip_version: 4, subnetpool_id: id }),
      used: () => list('subnets', `?subnetpool_id=${id}`),
    };
  },
  'a scope and its pools': async () => {
    const { id } = await create('address-scopes', { name: 's', ip_version: 4 });
    return {
      remove: ['DELETE', `address-scopes/${id}`],
      use: (i) => post('subnetpools', { name: 'p', prefixes: [`10.${i}.0.0/16`], address_scope_id: id }),
      used: () => list('subnetpools', `?address_scope_id=${id}`),
    };
  },
  'a group and its ports': async () => {
    const { id } = await create('security-groups', { name: 'g' });
    const { id: network_id } = await network();
    return {
      remove: ['DELETE', `security-groups/${id}`],
      use: () => post('ports', { network_id, security_groups: [id] }),
      used: () => list('ports', `?security_groups=${id}`),
    };
  },
  'addresses and the rules about them': async () => {
    const { id: remote_address_group_id } = await create('address-groups', { name: 'a' });
    const { id: security_group_id } = await create('security-groups', { name: 'g' });
    const match = { security_group_id, remote_address_group_id, direction: 'ingress', protocol: 'tcp' };
    return {
      remove: ['DELETE', `address-groups/${remote_address_group_id}`],
      use: (i) => post('security-group-rules', { ...match, port_range_min: i + 1, port_range_max: i + 1 }),
      used: () => list('security-group-rules', `?remote_address_group_id=${remote_address_group_id}`),
    };
  },
  'a share and the ports that came by it': async () => {
    const { id: network_id } = await network({ project_id: 'owner' });
    const entry = await create('rbac-policies', { ...share('network', network_id, 'friend'), project_id: 'owner' });
    return {
      remove: ['DELETE', `rbac-policies/${entry.id}`],
      // An administrator sees the network anyway, and may use it for somebody: so this is about the share itself.
      use: () => post('ports', { network_id, project_id: 'friend' }),
      used: () => list('ports', `?network_id=${network_id}&project_id=friend`),
    };
  },
  'a port and the trunks that carry it': async () => {
    const { id: network_id } = await network();
    const { id: port_id } = await create('ports', { network_id });
    const parents = [0, 1, 2].map(() => create('ports', { network_id }));
    const made = await Promise.all(parents);
    const sub_ports = [{ port_id, segmentation_type: 'vlan', segmentation_id: 7 }];
    return {
      remove: ['DELETE', `ports/${port_id}`],
      use: (i) => post('trunks', { port_id: made[i % 3]!.id, name: port_id, sub_ports }),
      used: () => list('trunks', `?name=${port_id}`),
    };
  },
  'a segment and its subnets': async () => {
    const { id: network_id } = await network();
    const made = { network_id, network_type: 'vxlan' };
    const { id: segment_id } = await create('segments', made);
    return {
      remove: ['DELETE', `segments/${segment_id}`],
      use: (i) => post('subnets', { network_id, segment_id, ip_version: 4, cidr: `10.0.${i}.0/24` }),
      used: () => list('subnets', `?segment_id=${segment_id}`),
    };
  },
};

describe('while it is removed', () => {
  it.each(Object.keys(uses))('%s: one or the other', async (name) => {
    for (let round = 0; round < ROUNDS; round++) {
      const { remove, use, used } = await uses[name]!();
      const users = [0, 1, 2].map((i) => send(i + round, use(i)));
      const removed = await send(round + 1, remove);
      const made = (await Promise.all(users)).map(outcome);
      const left = await used();
      for (const one of made) expect(one, `${name}: ${made}`).toMatch(/^(201|400|404|409)\b/);
      expect(outcome(removed), name).toMatch(/^(204|400|409)\b/);
      expect(left, `${name}: ${outcome(removed)}, ${made}`).toHaveLength(made.filter((one) => one === '201').length);
      if (outcome(removed) === '204' && name !== 'a share and the ports that came by it') expect(left).toEqual([]);
    }
  });
});

it('nothing is broken by any of it', async () => {
  const broken = await pair.look((db) => brokenInvariants(db));
  // Administrators put ports of anybody anywhere.
  expect(broken.filter((fault) => !fault.startsWith('a port on somebody’s network'))).toEqual([]);
});
