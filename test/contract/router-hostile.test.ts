import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { apiOptions } from '../../src/api/options.ts';
import { type Api, createApi } from '../../src/api/server.ts';
import { defaultValues } from '../../src/lib/options.ts';
import { createFixture, type Fixture } from '../../src/plugin/fixture.ts';
import { brokenInvariants } from '../support/invariants.ts';
import { nearlyOf, resolved, some } from '../support/nearly-right.ts';
import { runs } from '../support/turns.ts';

/**
 * Routers, and what they stand on, against requests that nearly make sense, some of which take away what others need. Whatever
 * is sent, and in whatever order: an answer below 500, rows that make sense together, and agents that are answered.
 */
let f: Fixture;
let api: Api;
const known: Record<string, string> = { nowhere: '00000000-0000-0000-0000-000000000000', word: 'x' };

beforeAll(async () => {
  const plugins = ['router', 'qos', 'port_forwarding', 'conntrack_helper', 'ndp_proxy', 'metering'];
  f = await createFixture({ service: { service_plugins: plugins } });
  api = createApi({ plugin: f.plugin, protection: 'off', options: defaultValues(apiOptions) });
  for (const host of ['host1', 'host2', 'host3']) {
    await f.bridgeAgent(host);
    await f.l3Agent(host);
  }
  const agents = await f.database.db.selectFrom('agents').select(['id', 'host', 'agent_type']).execute();
  for (const { id, host, agent_type } of agents) if (agent_type === 'L3 agent') known[`agent-${host}`] = id;
  for (const [name, cidr] of [
    ['outside', '198.51.100.0/24'],
    ['world', '203.0.113.0/24'],
  ] as const) {
    known[name] = (await f.network({ 'router:external': true })).id;
    known[`${name}-subnet`] = (await f.subnet(known[name]!, { cidr, enable_dhcp: false })).id;
  }
  known['outside-v6'] = (await f.subnet(known.outside!, { ip_version: 6, cidr: '2001:db8:1::/64' })).id;
  for (const [name, cidr] of [
    ['a', '10.0.0.0/24'],
    ['b', '10.0.1.0/24'],
    ['c', '10.0.0.0/16'],
  ] as const) {
    known[name] = (await f.network()).id;
    known[`${name}-subnet`] = (await f.subnet(known[name]!, { cidr })).id;
    known[`${name}-port`] = (await f.port(known[name]!)).id;
  }
  known['a-v6'] = (await f.subnet(known.a!, { ip_version: 6, cidr: '2001:db8:2::/64' })).id;
  const slaac = { ip_version: 6, cidr: '2001:db8:3::/64', ipv6_ra_mode: 'slaac', ipv6_address_mode: 'slaac' };
  known['a-slaac'] = (await f.subnet(known.a!, slaac)).id;
  known.policy = (await f.plugin.collections.policies!.create!(f.context, { project_id: 'p1', name: 'q' })).id;
  for (const name of ['r1', 'r2', 'r3']) {
    known[name] = (await f.plugin.collections.routers!.create!(f.context, { project_id: 'p1', ha: name === 'r3' })).id;
  }
});
afterAll(async () => {
  await api.close();
  await f[Symbol.asyncDispose]();
});

const ref = (...names: string[]) => nearlyOf(...names.map((name) => () => known[name]));
const list = (of: fc.Arbitrary<unknown>) => fc.oneof(nearlyOf([]), fc.array(of, { maxLength: 3 }));

const subnets = ['a-subnet', 'b-subnet', 'c-subnet', 'a-v6', 'a-slaac', 'outside-subnet', 'outside-v6', 'world-subnet'];
const routers = ['r1', 'r2', 'r3'];
const address = nearlyOf(
  ...['10.0.0.1', '10.0.0.9', '10.0.1.7', '10.0.0.0', '10.0.0.255', '198.51.100.9', '198.51.100.1', '0.0.0.0'],
  ...['255.255.255.255', '2001:db8:2::9', '2001:db8:1::9', 'fe80::1', '::', '169.254.192.5', '010.0.0.1'],
);
const block = nearlyOf(
  ...[
    '0.0.0.0/0',
    '10.0.0.0/24',
    '10.0.0.0/25',
    '10.0.0.9/32',
    '169.254.169.254/32',
    '169.254.192.0/18',
    '192.0.2.1/8',
  ],
  ...['::/0', '2001:db8:9::/48', '192.0.2.0', '192.0.2.0/33', '224.0.0.0/4'],
);
const route = fc.oneof(
  { weight: 9, arbitrary: fc.record({ destination: block, nexthop: address }) },
  { weight: 1, arbitrary: some({ destination: block, nexthop: address, more: nearlyOf(1) }) },
);
const fixed = some({ subnet_id: ref(...subnets), ip_address: address });
const gateway = fc.oneof(
  nearlyOf(null, {}),
  fc
    .tuple(
      fc.record({ network_id: ref('outside', 'world', 'a', 'nowhere') }),
      some({
        enable_snat: nearlyOf(true, 'no'),
        external_fixed_ips: list(fixed),
        qos_policy_id: ref('policy', 'nowhere'),
      }),
    )
    .map(([a, b]) => ({ ...a, ...b })),
);
const router = some({
  name: nearlyOf('r'),
  admin_state_up: nearlyOf(true, false),
  external_gateway_info: gateway,
  ha: nearlyOf(true, false, null),
  distributed: nearlyOf(false, null, true),
  flavor_id: ref('nowhere'),
  availability_zone_hints: nearlyOf([], ['nova'], ['mars'], ['nova', 'nova']),
  enable_ndp_proxy: nearlyOf(true, false),
  description: nearlyOf('x'),
});
const changed = fc
  .tuple(router, some({ routes: list(route) }))
  .map(([{ flavor_id: _, availability_zone_hints: __, ...a }, b]) => ({ ...a, ...b }));

type Request = readonly [method: string, path: () => string, body: unknown];
const at = (names: readonly string[], path: (id: string) => string) =>
  fc.constantFrom(...names, 'nowhere', 'word').map((name) => () => path(known[name]!));
const asked = (method: string, path: fc.Arbitrary<() => string>, body: fc.Arbitrary<unknown>): fc.Arbitrary<Request> =>
  fc.tuple(fc.constant(method), path, body);
const enveloped = (key: string, body: fc.Arbitrary<unknown>) => body.map((value) => ({ [key]: value }));
const action = (name: string) => at(routers, (id) => `routers/${id}/${name}`);
const named = fc.oneof(
  fc.record({ subnet_id: ref(...subnets) }),
  fc.record({ port_id: ref('a-port', 'b-port', 'c-port') }),
  some({ subnet_id: ref(...subnets), port_id: ref('a-port', 'b-port') }),
);
const agents = ['agent-host1', 'agent-host2', 'agent-host3'];

const requests: fc.Arbitrary<Request> = fc.oneof(
  {
    weight: 3,
    arbitrary: asked(
      'POST',
      fc.constant(() => 'routers'),
      enveloped('router', router),
    ),
  },
  {
    weight: 8,
    arbitrary: asked(
      'PUT',
      at(routers, (id) => `routers/${id}`),
      enveloped('router', changed),
    ),
  },
  { weight: 8, arbitrary: asked('PUT', action('add_router_interface'), named) },
  { weight: 3, arbitrary: asked('PUT', action('remove_router_interface'), named) },
  { weight: 2, arbitrary: asked('PUT', action('add_extraroutes'), enveloped('router', some({ routes: list(route) }))) },
  {
    weight: 1,
    arbitrary: asked('PUT', action('remove_extraroutes'), enveloped('router', some({ routes: list(route) }))),
  },
  {
    weight: 2,
    arbitrary: asked(
      'POST',
      fc.constant(() => 'floatingips'),
      enveloped('floatingip', some({ floating_network_id: ref('outside', 'world'), port_id: ref('a-port', 'b-port') })),
    ),
  },
  {
    weight: 1,
    arbitrary: asked(
      'POST',
      at(agents, (id) => `agents/${id}/l3-routers`),
      some({ router_id: ref(...routers) }),
    ),
  },
  {
    weight: 1,
    arbitrary: asked(
      'DELETE',
      fc.constantFrom(...agents).map((agent) => () => `agents/${known[agent]}/l3-routers/${known.r3}`),
      fc.constant(undefined),
    ),
  },
  {
    weight: 2,
    arbitrary: asked(
      'PUT',
      at(['a-subnet', 'a-v6', 'b-subnet', 'outside-subnet'], (id) => `subnets/${id}`),
      enveloped('subnet', some({ gateway_ip: address, host_routes: list(route) })),
    ),
  },
  {
    weight: 2,
    arbitrary: asked(
      'PUT',
      at(['a-port', 'b-port'], (id) => `ports/${id}`),
      enveloped(
        'port',
        some({
          fixed_ips: list(fixed),
          device_id: ref(...routers),
          device_owner: nearlyOf('network:router_interface', ''),
        }),
      ),
    ),
  },
  {
    weight: 1,
    arbitrary: asked(
      'PUT',
      at(['outside', 'a'], (id) => `networks/${id}`),
      enveloped('network', fc.record({ 'router:external': nearlyOf(true, false) })),
    ),
  },
  {
    weight: 1,
    arbitrary: asked(
      'DELETE',
      at(['b-subnet', 'outside-v6', 'a-slaac'], (id) => `subnets/${id}`),
      fc.constant(undefined),
    ),
  },
);

it('is answered below 500, and leaves rows that make sense', async () => {
  const made: { collection: string; id: string }[] = [];
  const send = async (method: 'POST' | 'PUT' | 'DELETE' | 'GET', path: string, body?: unknown) => {
    const payload = body === undefined ? {} : { payload: JSON.stringify(body) };
    const url = `/v2.0/${path}`;
    const answer = await api.inject({ method, url, ...payload, headers: { 'content-type': 'application/json' } });
    expect(answer.statusCode, `${method} ${url} ${payload.payload} ${answer.body}`).toBeLessThan(500);
    return answer;
  };
  await fc.assert(
    fc.asyncProperty(
      fc.array(requests, { minLength: 8, maxLength: 8 }),
      fc.constantFrom('host1', 'host2'),
      async (all, host) => {
        for (const [method, path, body] of all) {
          const answer = await send(method as 'PUT', path(), resolved(body));
          if (method !== 'POST' || answer.statusCode !== 201 || path().startsWith('agents/')) continue;
          made.push({ collection: path(), id: answer.json()[path().slice(0, -1)].id });
          if (made.length < 6) continue;
          const { collection, id } = made.shift()!;
          await send('DELETE', `${collection}/${id}`);
        }
        // Whoever takes an interface from a router takes its port.
        for (const name of ['a', 'b', 'c']) {
          const found = await api.inject({ url: `/v2.0/ports/${known[`${name}-port`]}` });
          if (found.statusCode === 404) known[`${name}-port`] = (await f.port(known[name]!)).id;
        }
        await f.askL3('get_router_ids', { host });
        await f.askL3('sync_routers', { host, router_ids: [] });
        expect(await brokenInvariants(f.database.db)).toEqual([]);
      },
    ),
    { numRuns: runs(40, 600) },
  );
});
