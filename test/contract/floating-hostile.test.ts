import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { apiOptions } from '../../src/api/options.ts';
import { type Api, createApi } from '../../src/api/server.ts';
import { defaultValues } from '../../src/lib/options.ts';
import { createFixture, type Fixture } from '../../src/plugin/fixture.ts';
import { attach, routed } from '../../src/plugin/floatingip/routed.ts';
import { brokenInvariants } from '../support/invariants.ts';
import { few, nearlyOf, resolved } from '../support/nearly-right.ts';
import { runs } from '../support/turns.ts';

/**
 * Floating addresses, forwardings, conntrack helpers, NDP proxies and metering against bodies that nearly make sense. Whatever
 * is sent: an answer below 500, and rows that make sense together.
 */
let f: Fixture;
let api: Api;
const known: Record<string, string> = { nowhere: '00000000-0000-0000-0000-000000000000' };

beforeAll(async () => {
  const plugins = ['router', 'qos', 'port_forwarding', 'conntrack_helper', 'ndp_proxy', 'metering'];
  f = await createFixture({ service: { service_plugins: plugins } });
  api = createApi({ plugin: f.plugin, protection: 'off', options: defaultValues(apiOptions) });
  const world = await routed(f);
  const v6 = await f.subnet(world.inside.id, { ip_version: 6, cidr: '2001:db8::/64' });
  await attach(f, world.router, { subnet_id: v6.id });
  const { floatingips, policies, metering_labels } = f.plugin.collections;
  Object.assign(known, { outside: world.outside.id, inside: world.inside.id, router: world.router });
  Object.assign(known, { outsideSubnet: world.outsideSubnet.id, insideSubnet: world.insideSubnet.id });
  for (const name of ['port', 'other']) known[name] = (await f.port(world.inside.id)).id;
  const floating = { project_id: 'p1', floating_network_id: world.outside.id };
  for (const name of ['fip', 'second']) known[name] = (await floatingips!.create!(f.context, floating)).id;
  known.policy = (await policies!.create!(f.context, { project_id: 'p1', name: 'q' })).id;
  known.label = (await metering_labels!.create!(f.context, { project_id: 'p1', name: 'm' })).id;
});
afterAll(async () => {
  await api.close();
  await f[Symbol.asyncDispose]();
});

const ref = (...names: string[]) => nearlyOf(...names.map((name) => () => known[name]));

const address = nearlyOf(
  '198.18.210.9',
  '198.18.210.1',
  '198.18.210.255',
  '10.0.0.9',
  '169.254.169.254',
  '2001:db8::9',
);
const service = nearlyOf(22, '80', 0, 65_535, 65_536);
const range = nearlyOf('22:22', '8000:8010', '8010:8000', '80', '1:65535', ':', '1:2:3');
const protocol = nearlyOf('tcp', 'udp', 'TCP', 'icmp', 'ipv6-icmp', 6, 300, 'frob');
const prefix = nearlyOf('10.0.0.0/24', '10.0.0.5/8', '0.0.0.0/0', '::/0', '10.0.0.0/33', '10.0.0.1');

interface Kind {
  readonly path: () => string;
  readonly member: string;
  readonly body: fc.Arbitrary<Record<string, unknown>>;
  /** What is changed; null: the last that was made. */
  readonly changed: (() => string) | null;
}

const kinds: readonly Kind[] = [
  {
    path: () => 'floatingips',
    member: 'floatingip',
    changed: () => known.second!,
    body: few(
      { floating_network_id: ref('outside', 'outside', 'outside', 'inside') },
      {
        floating_ip_address: address,
        subnet_id: ref('outsideSubnet', 'insideSubnet'),
        port_id: ref('port', 'other'),
        fixed_ip_address: address,
        qos_policy_id: ref('policy'),
        description: nearlyOf('x'),
        dns_name: nearlyOf('web', 'web.example.org.'),
        dns_domain: nearlyOf('example.org.', 'example'),
      },
    ),
  },
  {
    path: () => `floatingips/${known.fip}/port_forwardings`,
    member: 'port_forwarding',
    changed: null,
    body: few(
      {
        protocol,
        internal_port_id: ref('port', 'port', 'other'),
        internal_ip_address: nearlyOf('10.0.0.9', '2001:db8::9', () => known.address),
      },
      { external_port: service, internal_port: service, external_port_range: range, internal_port_range: range },
    ),
  },
  {
    path: () => `routers/${known.router}/conntrack_helpers`,
    member: 'conntrack_helper',
    changed: null,
    body: few({ protocol, port: service, helper: nearlyOf('tftp', 'ftp', 'sip', 'frob') }, {}),
  },
  {
    path: () => 'ndp_proxies',
    member: 'ndp_proxy',
    changed: null,
    body: few(
      { router_id: ref('router'), port_id: ref('port', 'other') },
      { ip_address: address, name: nearlyOf('x'), description: nearlyOf('x') },
    ),
  },
  {
    path: () => 'metering/metering-labels',
    member: 'metering_label',
    changed: null,
    body: few({}, { name: nearlyOf('x'), description: nearlyOf('x'), shared: nearlyOf(true, 'yes') }),
  },
  {
    path: () => 'metering/metering-label-rules',
    member: 'metering_label_rule',
    changed: null,
    body: few(
      { metering_label_id: ref('label'), direction: nearlyOf('ingress', 'egress', 'up') },
      { remote_ip_prefix: prefix, source_ip_prefix: prefix, destination_ip_prefix: prefix, excluded: nearlyOf(true) },
    ),
  },
];

it('is answered below 500, and leaves rows that make sense', async () => {
  known.address = (await f.plugin.collections.ports.get(f.context, known.port!)).fixed_ips!.find(
    ({ ip_address }) => !ip_address.includes(':'),
  )!.ip_address;
  const last = new Map<string, string>();
  const request = async (method: 'POST' | 'PUT' | 'DELETE', url: string, body?: object) => {
    const payload = body === undefined ? {} : { payload: JSON.stringify(body) };
    const answer = await api.inject({ method, url, ...payload, headers: { 'content-type': 'application/json' } });
    expect(answer.statusCode, `${method} ${url} ${payload.payload} ${answer.body}`).toBeLessThan(500);
    return answer;
  };
  const round = () =>
    fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...kinds).chain((kind) => fc.tuple(fc.constant(kind), kind.body, fc.nat(5))),
        async ([{ path, member, changed }, body, dice]) => {
          const url = `/v2.0/${path()}`;
          const made = last.get(member);
          if (dice === 0) {
            const target = changed?.() ?? made ?? known.nowhere;
            const { floating_network_id: _, subnet_id: __, floating_ip_address: ___, ...changes } = body;
            await request('PUT', `${url}/${target}`, { [member]: resolved(changes) });
            return;
          }
          const answer = await request('POST', url, { [member]: resolved(body) });
          if (answer.statusCode !== 201) return;
          // Some stay for a while, to be in the way of others.
          if (made !== undefined) await request('DELETE', `${url}/${made}`);
          last.set(member, answer.json()[member].id);
        },
      ),
      { numRuns: runs(300, 5000) },
    );
  // On from there while chance has made too few to be in each other's way.
  for (let i = 0; i === 0 || (last.size <= 3 && i < 20); i++) await round();
  expect(last.size).toBeGreaterThan(3);
  expect(await brokenInvariants(f.database.db)).toEqual([]);
});
