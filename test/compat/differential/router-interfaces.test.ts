import { describe } from 'vitest';
import type { Step } from './both.ts';
import { attach, attachEach, detach, nobody, outside, routed, router, setRouter } from './routed.ts';
import { get, network, oddValues, port, put, remove, scenario, subnet } from './scenario.ts';

const routes = (given: unknown, id = '<r>'): Step => setRouter({ routes: given }, id);

const extra = (what: 'add' | 'remove', body: unknown, id = '<r>'): Step => ({
  method: 'PUT',
  path: `/v2.0/routers/${id}/${what}_extraroutes`,
  body,
});

describe('interfaces of routers', () => {
  scenario('named oddly', async (both) => {
    await both.steps([network(), subnet(), router()]);
    await attachEach(both, [
      ...oddValues,
      ...oddValues.map((subnet_id) => ({ subnet_id })),
      ...oddValues.map((port_id) => ({ port_id })),
      { subnet_id: nobody },
      { port_id: nobody },
      { subnet_id: '<sub>', nonsense: 1 },
      { router: { subnet_id: '<sub>' } },
    ]);
    await both.steps([
      attach({ subnet_id: '<sub>' }, nobody),
      attach({ subnet_id: '<sub>' }, 'x'),
      ...oddValues.flatMap((value) => [detach(value), detach({ subnet_id: value }), detach({ port_id: value })]),
      detach({ subnet_id: '<sub>' }),
      detach({ subnet_id: nobody }),
      detach({ port_id: nobody }),
      detach({ subnet_id: '<sub>' }, nobody),
    ]);
  });

  scenario('by subnet', (both) =>
    both.steps([
      network(),
      subnet(),
      network({}, 'net2'),
      subnet({ network_id: '<net2>', cidr: '10.41.0.0/24', gateway_ip: null }, 'none'),
      subnet({ network_id: '<net2>', cidr: '10.40.0.0/25' }, 'overlapping'),
      router(),
      attach({ subnet_id: '<sub>' }),
      get('ports/<if.port_id>'),
      attach({ subnet_id: '<sub>' }, '<r>', 'again'),
      attach({ subnet_id: '<none>' }, '<r>', 'again'),
      attach({ subnet_id: '<overlapping>' }, '<r>', 'again'),
      router({}, 'second'),
      attach({ subnet_id: '<sub>' }, '<second>', 'again'),
      remove('subnets/<sub>'),
      remove('networks/<net>'),
      remove('routers/<r>'),
      remove('ports/<if.port_id>'),
      put('port', '<if.port_id>', { name: 'x' }),
      put('subnet', '<sub>', { gateway_ip: '10.40.0.9' }),
      put('subnet', '<sub>', { gateway_ip: null }),
      detach({ subnet_id: '<overlapping>' }),
      detach({ subnet_id: '<sub>' }),
      detach({ subnet_id: '<sub>' }),
      get('routers/<r>'),
    ]),
  );

  scenario('by port', (both) =>
    both.steps([
      network(),
      subnet(),
      subnet({ cidr: '10.42.0.0/24' }, 'sub2'),
      router(),
      port({ fixed_ips: [{ ip_address: '10.40.0.7' }] }, 'a'),
      port({ fixed_ips: [] }, 'bare'),
      port({ device_id: 'x', device_owner: 'compute:nova', fixed_ips: [{ subnet_id: '<sub>' }] }, 'used'),
      port({ fixed_ips: [{ subnet_id: '<sub>' }, { subnet_id: '<sub2>' }] }, 'twice'),
      port({ fixed_ips: [{ ip_address: '10.42.0.7' }] }, 'b'),
      attach({ port_id: '<bare>' }),
      attach({ port_id: '<used>' }),
      attach({ port_id: '<twice>' }),
      attach({ port_id: '<a>', subnet_id: '<sub>' }),
      attach({ port_id: '<a>' }),
      get('ports/<a>'),
      attach({ port_id: '<a>' }, '<r>', 'again'),
      attach({ port_id: '<b>' }, '<r>', 'again'),
      put('port', '<a>', { fixed_ips: [{ ip_address: '10.40.0.8' }] }),
      put('port', '<a>', { fixed_ips: [] }),
      detach({ port_id: '<a>', subnet_id: '<sub2>' }),
      detach({ port_id: '<bare>' }),
      detach({ port_id: '<a>', subnet_id: '<sub>' }),
      get('ports/<a>'),
    ]),
  );

  scenario('of IPv6', (both) =>
    both.steps([
      network(),
      subnet({ ip_version: 6, cidr: '2001:db8:40::/64', ipv6_ra_mode: 'slaac', ipv6_address_mode: 'slaac' }, 'six'),
      subnet({ ip_version: 6, cidr: '2001:db8:41::/64' }, 'plain'),
      subnet({ ip_version: 6, cidr: '2001:db8:42::/64', gateway_ip: null }, 'none'),
      subnet({ ip_version: 6, cidr: '2001:db8:43::/64', ipv6_address_mode: 'slaac' }, 'others'),
      router(),
      attach({ subnet_id: '<six>' }),
      attach({ subnet_id: '<plain>' }, '<r>', 'second'),
      attach({ subnet_id: '<none>' }, '<r>', 'third'),
      attach({ subnet_id: '<others>' }, '<r>', 'third'),
      get('ports?device_id=<r>&fields=device_owner&fields=fixed_ips'),
      detach({ subnet_id: '<plain>' }),
      get('ports?device_id=<r>&fields=device_owner&fields=fixed_ips'),
      detach({ subnet_id: '<six>' }),
    ]),
  );

  scenario('beside the gateway', (both) =>
    both.steps([
      ...outside,
      network(),
      subnet({ cidr: '198.18.222.0/25' }),
      router({ external_gateway_info: { network_id: '<ext>' } }),
      attach({ subnet_id: '<sub>' }),
      attach({ subnet_id: '<extsub>' }),
    ]),
  );
});

describe('routes of routers', () => {
  scenario('set', async (both) => {
    await both.steps(routed);
    await both.steps(
      [
        ...oddValues,
        [{ destination: '10.9.0.0/16', nexthop: '10.40.0.9' }],
        [{ destination: '10.9.0.0/16', nexthop: '10.40.0.1' }],
        [{ destination: '10.9.0.0/16', nexthop: '10.99.0.9' }],
        [{ destination: '10.9.0.0/16', nexthop: '198.18.222.9' }],
        [{ destination: '10.9.0.0/16', nexthop: 'x' }],
        [{ destination: 'x', nexthop: '10.40.0.9' }],
        [{ destination: '10.9.0.1/16', nexthop: '10.40.0.9' }],
        [{ destination: '10.9.0.0', nexthop: '10.40.0.9' }],
        [{ destination: '0.0.0.0/0', nexthop: '10.40.0.9' }],
        [{ destination: '2001:db8::/32', nexthop: '10.40.0.9' }],
        [{ destination: '10.40.0.0/24', nexthop: '10.40.0.9' }],
        [{ destination: '10.9.0.0/16' }],
        [{ nexthop: '10.40.0.9' }],
        [{ destination: '10.9.0.0/16', nexthop: '10.40.0.9', nonsense: 1 }],
        [
          { destination: '10.9.0.0/16', nexthop: '10.40.0.9' },
          { destination: '10.9.0.0/16', nexthop: '10.40.0.9' },
        ],
        [
          { destination: '10.9.0.0/16', nexthop: '10.40.0.9' },
          { destination: '10.9.0.0/16', nexthop: '10.40.0.10' },
        ],
        Array.from({ length: 31 }, (_, at) => ({ destination: `10.9.${at}.0/24`, nexthop: '10.40.0.9' })),
      ].map((given) => routes(given)),
    );
    await both.steps([
      routes([{ destination: '10.9.0.0/16', nexthop: '10.40.0.9' }]),
      detach({ subnet_id: '<sub>' }),
      routes([{ destination: '10.9.0.0/16', nexthop: '198.18.222.9' }]),
      setRouter({ external_gateway_info: null }),
      get('routers/<r>'),
    ]);
  });

  scenario('added and taken away', (both) =>
    both.steps([
      ...routed,
      extra('add', { router: { routes: [{ destination: '10.9.0.0/16', nexthop: '10.40.0.9' }] } }),
      extra('add', { router: { routes: [{ destination: '10.9.0.0/16', nexthop: '10.40.0.9' }] } }),
      extra('add', { router: { routes: [{ destination: '10.9.0.0/16', nexthop: '10.40.0.10' }] } }),
      extra('add', { router: { routes: [{ destination: '10.8.0.0/16', nexthop: '10.99.0.10' }] } }),
      extra('add', { router: { routes: [{ destination: '10.8.0.0/16', nexthop: '10.40.0.2' }] } }),
      ...oddValues.flatMap((value) => [extra('add', { router: { routes: value } }), extra('add', { router: value })]),
      ...oddValues.map((value) => extra('remove', { router: { routes: value } })),
      extra('remove', { router: { routes: [{ destination: '10.8.0.0/16', nexthop: '10.40.0.3' }] } }),
      extra('remove', { router: { routes: [{ destination: '10.8.0.0/16', nexthop: '10.40.0.2' }] } }),
      extra('add', { router: { routes: [] } }, nobody),
      extra('remove', { router: { routes: [] } }, nobody),
      extra('remove', { router: {} }),
      get('routers/<r>?fields=routes'),
    ]),
  );
});
