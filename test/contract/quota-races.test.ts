import { afterAll, beforeAll, expect, it } from 'vitest';
import { brokenInvariants } from '../support/invariants.ts';
import { outcome, post, raiseServerPair, type ServerPair } from '../support/server-pair.ts';

/** Two server processes on one database, and fifty clients for the last few that a project may have of each resource. */
const CLIENTS = 50;
const LEFT = 7;
const project_id = 'racers';

const made: Record<string, string> = {};
let pair: ServerPair;

beforeAll(async () => {
  pair = await raiseServerPair({
    DEFAULT: { service_plugins: 'segments,network_segment_range,flavors' },
    ml2: { type_drivers: 'local,vlan,vxlan', tenant_network_types: 'vxlan' },
    ml2_type_vlan: { network_vlan_ranges: 'physnet1:100:140' },
    ml2_type_vxlan: { vni_ranges: '1000:2000' },
    quotas: { default_quota: -1, quota_security_group_rule: -1 },
    securitygroup: { enable_security_group: true, firewall_driver: 'noop' },
  });
  made.network = (await pair.create('networks', { project_id })).id;
  made.group = (await pair.create('security-groups', { project_id, name: 'g' })).id;
});
afterAll(() => pair?.[Symbol.asyncDispose]());

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

const pathOf = (resource: string) => `${resource.replaceAll('_', '-').replace(/y$/, 'ie')}s`;
const uses = async (): Promise<Record<string, { limit: number; used: number; reserved: number }>> =>
  (await pair.send(1, ['GET', `quotas/${project_id}/details`])).body.quota;

/** Lets the project have so many more, and tells the limit. */
async function leave(resource: string, more: number): Promise<number> {
  const limit = (await uses())[resource]!.used + more;
  const answer = await pair.send(0, ['PUT', `quotas/${project_id}`, { quota: { [resource]: limit } }]);
  expect(answer.status).toBe(200);
  return limit;
}

it('every resource that is counted is raced for', async () => {
  expect(Object.keys(inputs).sort()).toEqual(Object.keys(await uses()).sort());
});

it.each(Object.keys(inputs).map((resource) => [resource]))('the last of %s are had once each', async (resource) => {
  const limit = await leave(resource, LEFT);
  const ask = (i: number) => post(pathOf(resource), { ...inputs[resource]!(i), project_id });
  expect(await pair.atOnce(CLIENTS, ask)).toEqual({ 201: LEFT, '409 OverQuota': CLIENTS - LEFT });
  expect((await uses())[resource]).toEqual({ limit, used: limit, reserved: 0 });
  const { body } = await pair.send(0, ask(CLIENTS));
  expect(body.NeutronError.message).toBe(`Quota exceeded for resources: ['${resource}'].`);
});

it('many at once are had all or not at all', async () => {
  const limit = await leave('port', LEFT);
  const ports = Array.from({ length: 3 }, () => ({ network_id: made.network, project_id }));
  const counts = await pair.atOnce(CLIENTS, () => ['POST', 'ports', { ports }]);
  expect(counts).toEqual({ 201: 2, '409 OverQuota': CLIENTS - 2 });
  expect((await uses()).port).toEqual({ limit, used: limit - 1, reserved: 0 });
});

it('what is given back can be had again, while others race for it', async () => {
  const limit = await leave('address_scope', 0);
  const given = (await pair.list('address-scopes', `?project_id=${project_id}`)).slice(0, 5);
  const one = post('address-scopes', { name: 'again', ip_version: 4, project_id });
  const results = await Promise.all([
    ...given.map(({ id }, i) => pair.send(i, ['DELETE', `address-scopes/${id}`])),
    ...Array.from({ length: CLIENTS }, (_, i) => pair.send(i, one)),
  ]);
  const had = results.filter((answer) => outcome(answer) === '201').length;
  expect(had).toBeLessThanOrEqual(given.length);
  expect((await uses()).address_scope).toEqual({ limit, used: limit - given.length + had, reserved: 0 });
  expect((await pair.atOnce(CLIENTS, () => one))[201] ?? 0).toBe(given.length - had);
});

it('and nothing else is broken by it', async () => {
  expect(await pair.look((db) => brokenInvariants(db))).toEqual([]);
});
