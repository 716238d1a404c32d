import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Json } from '../support/api.ts';
import { brokenInvariants } from '../support/invariants.ts';
import { type Ask, outcome, post, raiseServerPair, type ServerPair } from '../support/server-pair.ts';

/** Two server processes on one database: floating addresses, forwardings and proxies that all want at once. */
const CLIENTS = 12;
let pair: ServerPair;
let outside: Json;
let inside: Json;
let router: Json;

beforeAll(async () => {
  pair = await raiseServerPair({
    DEFAULT: { service_plugins: 'router,port_forwarding,conntrack_helper,metering' },
    quotas: { quota_floatingip: -1, quota_port: -1 },
    securitygroup: { enable_security_group: false },
  });
  outside = await create('networks', { 'router:external': true });
  await create('subnets', {
    ...{ network_id: outside.id, ip_version: 4, cidr: '198.18.210.0/24', enable_dhcp: false },
    // Addresses are given at random: none of those that a test asks for by name.
    allocation_pools: [{ start: '198.18.210.100', end: '198.18.210.250' }],
  });
  inside = await create('networks', {});
  const subnet = await create('subnets', { network_id: inside.id, ip_version: 4, cidr: '10.0.0.0/24' });
  router = await create('routers', { external_gateway_info: { network_id: outside.id } });
  const added = await pair.send(0, ['PUT', `routers/${router.id}/add_router_interface`, { subnet_id: subnet.id }]);
  expect(added.status).toBe(200);
});
afterAll(() => pair?.[Symbol.asyncDispose]());

const create = (path: string, input: Json) => pair.create(path, input);
const atOnce = (ask: (client: number) => Ask) => pair.atOnce(CLIENTS, ask);
const guest = () => create('ports', { network_id: inside.id });
const floating = (more: Json = {}) => ({ floating_network_id: outside.id, ...more });
const forward = (fip: Json, port: Json, external_port: number, internal_port: number): Ask => [
  'POST',
  `floatingips/${fip.id}/port_forwardings`,
  {
    port_forwarding: {
      ...{ protocol: 'tcp', external_port, internal_port, internal_port_id: port.id },
      internal_ip_address: port.fixed_ips[0].ip_address,
    },
  },
];
const now = async (fip: Json) => (await pair.list('floatingips', `?id=${fip.id}`))[0]!;

describe('of many at once', () => {
  it('one floating IP leads to an address', async () => {
    const port = await guest();
    expect(await atOnce(() => post('floatingips', floating({ port_id: port.id })))).toEqual({
      ...{ 201: 1, '409 FloatingIPPortAlreadyAssociated': CLIENTS - 1 },
    });
    const other = await guest();
    const fips: Json[] = [];
    for (let i = 0; i < CLIENTS; i++) fips.push(await create('floatingips', floating()));
    const put = (i: number): Ask => ['PUT', `floatingips/${fips[i]!.id}`, { floatingip: { port_id: other.id } }];
    expect(await atOnce(put)).toEqual({ 200: 1, '409 FloatingIPPortAlreadyAssociated': CLIENTS - 1 });
    expect(await pair.list('floatingips', `?port_id=${other.id}`)).toHaveLength(1);
  });

  it('one has an address outside', async () => {
    const counts = await atOnce(() => post('floatingips', floating({ floating_ip_address: '198.18.210.77' })));
    expect(counts).toEqual({ 201: 1, '409 IpAddressAlreadyAllocated': CLIENTS - 1 });
  });

  it('one forwards a port, outside and inside', async () => {
    const [fip, port] = [await create('floatingips', floating()), await guest()];
    expect(await atOnce((i) => forward(fip, port, 2222, 100 + i))).toEqual({ 201: 1, '400 BadRequest': CLIENTS - 1 });
    expect(await atOnce((i) => forward(fip, port, 3000 + i, 22))).toEqual({ 201: 1, '400 BadRequest': CLIENTS - 1 });
    expect(await now(fip)).toMatchObject({ router_id: router.id, port_id: null });
  });

  it('ports that go take what forwards to them along, and the last of them the way of the floating IP', async () => {
    const fip = await create('floatingips', floating());
    const ports: Json[] = [];
    for (let i = 0; i < CLIENTS; i++) ports.push(await guest());
    for (const [i, port] of ports.entries())
      expect((await pair.send(0, forward(fip, port, 4000 + i, 22))).status).toBe(201);
    expect(await atOnce((i): Ask => ['DELETE', `ports/${ports[i]!.id}`])).toEqual({ 204: CLIENTS });
    expect(await now(fip)).toMatchObject({ router_id: null, port_forwardings: [] });
    expect((await pair.send(0, ['DELETE', `floatingips/${fip.id}`])).status).toBe(204);
  });

  it('a floating IP leads to a port or forwards ports, never both', async () => {
    for (let round = 0; round < 4; round++) {
      const [fip, port, other] = [await create('floatingips', floating()), await guest(), await guest()];
      const asks: Ask[] = [
        forward(fip, port, 80, 80),
        ['PUT', `floatingips/${fip.id}`, { floatingip: { port_id: other.id } }],
      ];
      const answers = await Promise.all(asks.map((ask, i) => pair.send(i + round, ask)));
      const good = answers.filter(({ status }) => status < 300);
      expect(good, answers.map(outcome).join()).toHaveLength(1);
      const { port_id, port_forwardings } = await now(fip);
      expect([port_id !== null, port_forwardings.length > 0].filter(Boolean)).toHaveLength(1);
    }
  });

  it('a port goes with the forwardings that were made meanwhile', async () => {
    for (let round = 0; round < 4; round++) {
      const [fip, port] = [await create('floatingips', floating()), await guest()];
      const asks: Ask[] = [['DELETE', `ports/${port.id}`], forward(fip, port, 80, 80), forward(fip, port, 81, 81)];
      const answers = await Promise.all(asks.map((ask, i) => pair.send(i + round, ask)));
      for (const answer of answers) expect(outcome(answer)).toMatch(/^(201|204|404)\b/);
      expect(await now(fip)).toMatchObject({ router_id: null, port_forwardings: [] });
      expect((await pair.send(0, ['DELETE', `floatingips/${fip.id}`])).status).toBe(204);
    }
  });

  it('one conntrack helper is for a port', async () => {
    const body = { conntrack_helper: { protocol: 'udp', port: 69, helper: 'tftp' } };
    expect(await atOnce(() => ['POST', `routers/${router.id}/conntrack_helpers`, body])).toEqual({
      ...{ 201: 1, '400 BadRequest': CLIENTS - 1 },
    });
  });

  it('one rule of a label counts an address', async () => {
    const { id } = (await pair.send(0, ['POST', 'metering/metering-labels', { metering_label: { name: 'm' } }])).body
      .metering_label;
    const rule = { metering_label_id: id, direction: 'ingress', remote_ip_prefix: '10.0.0.0/24' };
    expect(await atOnce(() => ['POST', 'metering/metering-label-rules', { metering_label_rule: rule }])).toEqual({
      ...{ 201: 1, '409 MeteringLabelRuleOverlaps': CLIENTS - 1 },
    });
  });
});

it('nothing is broken by any of it', async () => {
  expect(await pair.look((db) => brokenInvariants(db))).toEqual([]);
});
