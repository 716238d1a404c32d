import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { apiOptions } from '../../src/api/options.ts';
import { type Api, createApi } from '../../src/api/server.ts';
import { defaultValues } from '../../src/lib/options.ts';
import { createFixture, type Fixture } from '../../src/plugin/fixture.ts';
import { anythingStrange, few, nearly, resolved, some } from '../support/nearly-right.ts';
import { runs } from '../support/turns.ts';

/**
 * API and plugin together, over a real database, against bodies made of values that nearly make sense. Whatever is sent:
 * an answer below 500, and nothing half-made: what was refused left no rows behind.
 */
let f: Fixture;
let api: Api;
let known: { network: string; subnet: string; auto: string; port: string };

beforeAll(async () => {
  f = await createFixture({
    ml2: { type_drivers: ['local', 'flat', 'vlan'] },
    flat: { flat_networks: ['*'] },
    vlan: { network_vlan_ranges: ['physnet1'] },
  });
  await f.bridgeAgent();
  await f.dhcpAgent();
  api = createApi({ plugin: f.plugin, protection: 'off', options: defaultValues(apiOptions) });
  const network = await f.network();
  const subnet = await f.subnet(network.id);
  const slaac = { ip_version: 6, cidr: '2001:db8::/64', ipv6_ra_mode: 'slaac', ipv6_address_mode: 'slaac' };
  const auto = await f.subnet(network.id, slaac);
  const port = await f.port(network.id, { 'binding:host_id': 'host1' });
  known = { network: network.id, subnet: subnet.id, auto: auto.id, port: port.id };
});
afterAll(async () => {
  await api.close();
  await f[Symbol.asyncDispose]();
});

const nowhere = '00000000-0000-0000-0000-000000000000';
const address = fc.constantFrom(
  '10.0.0.1',
  '10.0.0.0',
  '10.0.0.255',
  '10.0.0.9',
  '10.0.0.10',
  '10.1.0.1',
  '0.0.0.0',
  '255.255.255.255',
  '010.0.0.1',
  '2001:db8::1',
  '2001:db8::',
  '::',
  'fe80::1',
  'ff02::1',
  '::ffff:10.0.0.1',
);
const cidr = fc.constantFrom(
  '10.0.0.0/24',
  '10.0.0.128/25',
  '10.9.0.5/24',
  '0.0.0.0/0',
  '::/0',
  '224.0.0.0/24',
  '127.0.0.0/8',
  '10.8.0.0/31',
  '10.8.0.0/32',
  '255.255.255.255/32',
  '2001:db8:1::/64',
  '2001:db8:2::/127',
  '2001:db8:3::/128',
  '2001:db8::/80',
  'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128',
  '10.7.0.0/99',
);
const id = fc
  .constantFrom('network', 'subnet', 'auto', 'port', 'nowhere')
  .map((name) => () => (name === 'nowhere' ? nowhere : known[name as keyof typeof known]));
const network_id = fc.constant(() => known.network);
const lists = <T>(item: fc.Arbitrary<T>) => fc.array(item, { maxLength: 3 });

const network = some({
  name: nearly(fc.string()),
  mtu: nearly(fc.integer({ min: 0, max: 2000 })),
  shared: nearly(fc.boolean()),
  'router:external': nearly(fc.boolean()),
  port_security_enabled: nearly(fc.boolean()),
  availability_zone_hints: nearly(fc.constant(['nova'])),
  'provider:network_type': nearly(fc.constantFrom('flat', 'local', 'vlan', 'gre')),
  'provider:physical_network': nearly(fc.constantFrom('a', 'b')),
  'provider:segmentation_id': nearly(fc.integer()),
});
const mode = nearly(fc.constantFrom('slaac', 'dhcpv6-stateless', 'dhcpv6-stateful'));
const subnet = few(
  {
    network_id: nearly(network_id),
    ip_version: nearly(fc.constantFrom(4, 6)),
    cidr: nearly(cidr),
  },
  {
    gateway_ip: nearly(address),
    enable_dhcp: nearly(fc.boolean()),
    allocation_pools: nearly(lists(fc.record({ start: address, end: address }))),
    dns_nameservers: nearly(lists(address)),
    host_routes: nearly(lists(fc.record({ destination: cidr, nexthop: address }))),
    ipv6_ra_mode: mode,
    ipv6_address_mode: mode,
    service_types: nearly(lists(fc.constantFrom('compute:nova', 'network:dhcp'))),
    prefixlen: anythingStrange,
    subnetpool_id: anythingStrange,
  },
);
const mac = fc.constantFrom('fa:16:3e:00:00:01', 'FA-16-3E-00-00-01', 'ff:ff:ff:ff:ff:ff');
const port = few(
  {
    network_id: nearly(network_id),
  },
  {
    name: nearly(fc.string()),
    mac_address: nearly(mac),
    admin_state_up: nearly(fc.boolean()),
    device_owner: nearly(fc.constantFrom('compute:nova', 'network:dhcp', 'network:router_interface')),
    device_id: nearly(fc.string()),
    fixed_ips: nearly(lists(some({ subnet_id: nearly(id), ip_address: nearly(address) }))),
    allowed_address_pairs: nearly(lists(some({ ip_address: nearly(address), mac_address: nearly(mac) }))),
    extra_dhcp_opts: nearly(
      lists(
        some({ opt_name: nearly(fc.string()), opt_value: nearly(fc.string()), ip_version: nearly(fc.constant(6)) }),
      ),
    ),
    port_security_enabled: nearly(fc.boolean()),
    'binding:host_id': nearly(fc.constantFrom('host1', 'nohost')),
    'binding:vnic_type': nearly(fc.constantFrom('normal', 'direct')),
    'binding:profile': nearly(fc.dictionary(fc.string(), fc.string())),
    security_groups: anythingStrange,
  },
);

const bodies = fc.oneof(
  fc.tuple(fc.constant('network'), network),
  fc.tuple(fc.constant('subnet'), subnet),
  fc.tuple(fc.constant('port'), port),
);

/** How many rows there are of everything that can be made. */
async function rows(): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const table of [
    'networks',
    'networksegments',
    'ml2_flat_allocations',
    'subnets',
    'ports',
    'ipallocations',
    'ml2_port_bindings',
  ] as const) {
    const row = await f.database.db
      .selectFrom(table)
      .select((eb) => eb.fn.countAll().as('n'))
      .executeTakeFirstOrThrow();
    counts[table] = Number(row.n);
  }
  return counts;
}

it('is answered below 500, and leaves nothing half-made', async () => {
  await fc.assert(
    fc.asyncProperty(bodies, fc.boolean(), async ([member, body], update) => {
      const url = `/v2.0/${member}s${update ? `/${known[member as 'network']}` : ''}`;
      const before = await rows();
      const { network_id: _network, ip_version: _version, cidr: _cidr, ...changes } = body as Record<string, unknown>;
      const payload = JSON.stringify({ [member]: resolved(update ? changes : body) });
      const answer = await api.inject({
        method: update ? 'PUT' : 'POST',
        url,
        payload,
        headers: { 'content-type': 'application/json' },
      });
      expect(answer.statusCode, `${url} ${payload} ${answer.body}`).toBeLessThan(500);
      if (answer.statusCode >= 400) expect(await rows()).toEqual(before);
      else if (!update) {
        const gone = await api.inject({ method: 'DELETE', url: `${url}/${answer.json()[member].id}` });
        expect(gone.statusCode, `${payload} ${gone.body}`).toBe(204);
        expect(await rows()).toEqual(before);
      }
    }),
    { numRuns: runs(300, 5000) },
  );
});
