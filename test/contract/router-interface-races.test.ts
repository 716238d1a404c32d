import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { Json } from '../support/api.ts';
import { brokenInvariants } from '../support/invariants.ts';
import { type Ask, post, raiseServerPair, type ServerPair } from '../support/server-pair.ts';

/** Two server processes on one database: what routers do when everybody wants the same of them at once. */
const CLIENTS = 12;
let pair: ServerPair;
let world: Json;
let worldSubnet: Json;
let id: string;

beforeAll(async () => {
  pair = await raiseServerPair({
    DEFAULT: { service_plugins: 'router' },
    ml2: { type_drivers: 'local', tenant_network_types: 'local' },
    quotas: { default_quota: -1, quota_network: -1, quota_subnet: -1, quota_port: -1, quota_router: -1 },
    securitygroup: { enable_security_group: false },
  });
  world = await pair.create('networks', { 'router:external': true });
  worldSubnet = await pair.create('subnets', { network_id: world.id, ip_version: 4, cidr: '198.51.100.0/24' });
});
afterAll(() => pair?.[Symbol.asyncDispose]());
beforeEach(async () => {
  ({ id } = await pair.create('routers', { name: 'r' }));
});

const act = (action: string, body: Json, router = id): Ask => ['PUT', `routers/${router}/${action}`, body];
const change = (changes: Json): Ask => ['PUT', `routers/${id}`, { router: changes }];
const lead = (): Ask => change({ external_gateway_info: { network_id: world.id } });

async function lan(cidr = '10.0.0.0/24'): Promise<Json> {
  const { id: network_id } = await pair.create('networks', {});
  return pair.create('subnets', { network_id, ip_version: 4, cidr });
}
const ports = () => pair.list('ports', `?device_id=${id}`);

it('one attaches a subnet', async () => {
  const { id: subnet_id } = await lan();
  const counts = await pair.atOnce(CLIENTS, () => act('add_router_interface', { subnet_id }));
  expect(counts).toEqual({ 200: 1, '400 BadRequest': CLIENTS - 1 });
  expect(await ports()).toHaveLength(1);
});

it('one of several subnets with the same addresses is attached', async () => {
  const subnets: Json[] = [];
  for (let i = 0; i < CLIENTS; i++) subnets.push(await lan(i % 2 ? '10.1.0.0/16' : '10.1.7.0/24'));
  const counts = await pair.atOnce(CLIENTS, (i) => act('add_router_interface', { subnet_id: subnets[i]!.id }));
  expect(counts).toEqual({ 200: 1, '400 BadRequest': CLIENTS - 1 });
  expect(await ports()).toHaveLength(1);
});

it('a subnet goes to one router', async () => {
  const { id: subnet_id } = await lan();
  const routers: Json[] = [];
  for (let i = 0; i < CLIENTS; i++) routers.push(await pair.create('routers', { name: 'r' }));
  const counts = await pair.atOnce(CLIENTS, (i) => act('add_router_interface', { subnet_id }, routers[i]!.id));
  expect(counts).toEqual({ 200: 1, '409 IpAddressAlreadyAllocated': CLIENTS - 1 });
});

it('a port goes to one router', async () => {
  const { network_id } = await lan();
  const { id: port_id } = await pair.create('ports', { network_id });
  const counts = await pair.atOnce(CLIENTS, () => act('add_router_interface', { port_id }));
  expect(counts).toEqual({ 200: 1, '409 PortInUse': CLIENTS - 1 });
});

it('a gateway that is set and cleared at once is there or not, with one port or none', async () => {
  const clear = change({ external_gateway_info: null });
  for (let round = 0; round < 3; round++) {
    expect(await pair.atOnce(CLIENTS, (i) => (i % 3 ? lead() : clear))).toEqual({ 200: CLIENTS });
    const [router] = await pair.list('routers', `?id=${id}`);
    const info = router.external_gateway_info;
    expect((await ports()).map(({ fixed_ips }) => fixed_ips)).toEqual(info === null ? [] : [info.external_fixed_ips]);
  }
});

it('a router that is deleted while it is attached and led outside is whole or gone', async () => {
  const { id: subnet_id } = await lan();
  const asks = [['DELETE', `routers/${id}`], act('add_router_interface', { subnet_id }), lead()] as const;
  await pair.atOnce(CLIENTS, (i) => asks[i % 3]!);
  const left = await pair.list('routers', `?id=${id}`);
  if (left.length === 0) expect(await ports()).toEqual([]);
  else expect((await ports()).length).toBeGreaterThan(0);
});

it('a network that becomes an inner one while routers are led there has no gateways', async () => {
  const outside = await pair.create('networks', { 'router:external': true });
  const inside: Ask = ['PUT', `networks/${outside.id}`, { network: { 'router:external': false } }];
  const leading = change({ external_gateway_info: { network_id: outside.id } });
  await pair.atOnce(CLIENTS, (i) => (i % 2 ? inside : leading));
  const [network] = await pair.list('networks', `?id=${outside.id}`);
  expect(await ports()).toHaveLength(network['router:external'] ? 1 : 0);
});

it('a subnet that is deleted while it is attached is attached or gone', async () => {
  const { id: subnet_id } = await lan();
  const counts = await pair.atOnce(2, (i) =>
    i ? ['DELETE', `subnets/${subnet_id}`] : act('add_router_interface', { subnet_id }),
  );
  expect([
    { 200: 1, '409 SubnetInUse': 1 },
    { 204: 1, '404 SubnetNotFound': 1 },
  ]).toContainEqual(counts);
});

it('routes that all add are all there', async () => {
  const { id: subnet_id } = await lan();
  await pair.send(0, act('add_router_interface', { subnet_id }));
  const route = (i: number) => ({ destination: `10.9.${i}.0/24`, nexthop: '10.0.0.9' });
  const counts = await pair.atOnce(CLIENTS, (i) => act('add_extraroutes', { router: { routes: [route(i)] } }));
  expect(counts).toEqual({ 200: CLIENTS });
  const [router] = await pair.list('routers', `?id=${id}`);
  expect(router.routes).toHaveLength(CLIENTS);
  const remove = await pair.atOnce(CLIENTS, (i) => act('remove_extraroutes', { router: { routes: [route(i)] } }));
  expect(remove).toEqual({ 200: CLIENTS });
});

it('a new subnet outside reaches gateways that come at the same moment', async () => {
  const subnet = post('subnets', { network_id: world.id, ip_version: 6, cidr: '2001:db8:99::/64' });
  await pair.atOnce(2, (i) => (i ? subnet : lead()));
  const [router] = await pair.list('routers', `?id=${id}`);
  expect(router.external_gateway_info.external_fixed_ips).toMatchObject([
    { subnet_id: worldSubnet.id },
    { ip_address: expect.stringMatching(/^2001:db8:99:/) },
  ]);
});

it('leaves nothing half done', async () => {
  expect(await pair.look(brokenInvariants)).toEqual([]);
});
