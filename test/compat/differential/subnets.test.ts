import { describe } from 'vitest';
import { createEach, get, network, oddValues, port, post, put, remove, scenario, subnet } from './scenario.ts';

const attributes = [
  'name',
  'description',
  'network_id',
  'ip_version',
  'cidr',
  'prefixlen',
  'subnetpool_id',
  'gateway_ip',
  'allocation_pools',
  'dns_nameservers',
  'host_routes',
  'enable_dhcp',
  'ipv6_ra_mode',
  'ipv6_address_mode',
  'service_types',
  'tenant_id',
  'shared',
  'router:external',
  'id',
  'created_at',
  'revision_number',
  'nonsense',
];

const pool = (start: string, end: string) => ({ start, end });
const v6 = { ip_version: 6, cidr: '2001:db8:40::/64' };

describe('creating subnets', () => {
  for (const attribute of attributes) {
    scenario(`with odd values of ${attribute}`, async (both) => {
      await both.step(network());
      await createEach(
        both,
        oddValues.map((value) => subnet({ [attribute]: value })),
      );
    });
  }

  scenario('with every kind of CIDR', async (both) => {
    await both.step(network());
    const v4 = [
      '10.40.0.7/24',
      '10.40.0.0',
      '10.40.0.0/0',
      '0.0.0.0/0',
      '0.0.0.0/8',
      '10.40.0.0/33',
      '10.40.0.0/-1',
      '10.40.0.0/x',
      '10.40.0/24',
      '10.40.0.256/24',
      '010.040.0.0/24',
      '2001:db8::/64',
      '127.0.0.0/8',
      '127.0.0.0/24',
      '224.0.0.0/24',
      '239.255.0.0/24',
      '240.0.0.0/24',
      '169.254.0.0/16',
      '255.255.255.0/24',
      '10.40.0.0/30',
      '10.40.0.0/29',
      '10.40.0.0/8',
      ' 10.40.0.0/24',
      '10.40.0.0/24 ',
      '10.40.0.0 /24',
      '10.40.0.0/24/24',
      '10.40.0.0\n/24',
    ];
    await createEach(
      both,
      v4.map((cidr) => subnet({ cidr })),
    );
    await createEach(
      both,
      v4.slice(0, 21).map((cidr) => subnet({ cidr, enable_dhcp: false })),
    );
    const v6cidrs = [
      '2001:db8::/64',
      '2001:db8::7/64',
      '2001:DB8:0:0::/64',
      '::/0',
      '::/64',
      '::1/128',
      '2001:db8::/128',
      '2001:db8::/127',
      '2001:db8::/126',
      '2001:db8::/48',
      'fe80::/64',
      'ff00::/64',
      'ff02::/16',
      '2001:db8::/129',
      '10.40.0.0/24',
      '::ffff:10.40.0.0/120',
    ];
    await createEach(
      both,
      v6cidrs.flatMap((cidr) => [subnet({ ip_version: 6, cidr }), subnet({ ip_version: 6, cidr, enable_dhcp: false })]),
    );
  });

  scenario('with gateways', async (both) => {
    await both.step(network());
    await createEach(both, [
      ...[
        null,
        '10.40.0.1',
        '10.40.0.0',
        '10.40.0.255',
        '10.40.0.100',
        '10.40.0.254',
        '192.0.2.1',
        '0.0.0.0',
        '255.255.255.255',
        '127.0.0.1',
        '224.0.0.1',
        '2001:db8::1',
        '10.40.0.1/24',
        '10.40.1',
        '',
      ].map((gateway_ip) => subnet({ gateway_ip })),
      ...[
        null,
        '2001:db8:40::',
        '2001:db8:40::1',
        '2001:db8:40:0:ffff:ffff:ffff:ffff',
        'fe80::1',
        '::',
        '10.40.0.1',
        '2001:DB8:40::1',
        '2001:db8:41::1',
      ].map((gateway_ip) => subnet({ ...v6, gateway_ip })),
      subnet({ cidr: '10.40.0.0/30', gateway_ip: '10.40.0.3' }),
      subnet({ cidr: '10.40.0.0/30', gateway_ip: '10.40.0.0' }),
      subnet({ cidr: '10.40.0.0/32', gateway_ip: null, enable_dhcp: false }),
      subnet({ cidr: '10.40.0.0/31', gateway_ip: null, enable_dhcp: false }),
      subnet({ cidr: '10.40.0.0/31', enable_dhcp: false }),
      subnet({ cidr: '10.40.0.0/32', enable_dhcp: false }),
      subnet({ cidr: '10.40.0.0/31', gateway_ip: '10.40.0.0', enable_dhcp: false }),
      subnet({ cidr: '10.40.0.0/32', gateway_ip: '10.40.0.0', enable_dhcp: false }),
    ]);
  });

  scenario('with pools', async (both) => {
    await both.step(network());
    const pools: unknown[] = [
      [pool('10.40.0.10', '10.40.0.20')],
      [pool('10.40.0.20', '10.40.0.10')],
      [pool('10.40.0.10', '10.40.0.10')],
      [pool('10.40.0.0', '10.40.0.10')],
      [pool('10.40.0.1', '10.40.0.10')],
      [pool('10.40.0.10', '10.40.0.255')],
      [pool('10.40.0.10', '10.40.1.1')],
      [pool('10.39.0.1', '10.39.0.5')],
      [pool('10.40.0.10', '10.40.0.20'), pool('10.40.0.20', '10.40.0.30')],
      [pool('10.40.0.10', '10.40.0.20'), pool('10.40.0.21', '10.40.0.30')],
      [pool('10.40.0.40', '10.40.0.50'), pool('10.40.0.10', '10.40.0.20')],
      [pool('10.40.0.10', '10.40.0.20'), pool('10.40.0.10', '10.40.0.20')],
      [pool('2001:db8::1', '2001:db8::2')],
      [pool('10.40.0.10', '2001:db8::2')],
      [pool('x', '10.40.0.2')],
      [pool('', '')],
      [{ start: '10.40.0.10' }],
      [{ end: '10.40.0.10' }],
      [{}],
      [{ start: '10.40.0.10', end: '10.40.0.12', more: 1 }],
      [{ start: null, end: null }],
      [{ start: 1, end: 2 }],
      pool('10.40.0.10', '10.40.0.20'),
      ['10.40.0.10-10.40.0.20'],
    ];
    await createEach(both, [
      ...pools.map((allocation_pools) => subnet({ allocation_pools })),
      subnet({ gateway_ip: '10.40.0.15', allocation_pools: [pool('10.40.0.10', '10.40.0.20')] }),
      subnet({ gateway_ip: null, allocation_pools: [pool('10.40.0.1', '10.40.0.254')] }),
      subnet({ ...v6, allocation_pools: [pool('2001:db8:40::10', '2001:DB8:40::20')] }),
      subnet({ ...v6, allocation_pools: [pool('2001:db8:40::', '2001:db8:40::20')] }),
      subnet({ ...v6, allocation_pools: [pool('10.40.0.1', '10.40.0.2')] }),
      subnet({
        cidr: '10.40.0.0/31',
        enable_dhcp: false,
        gateway_ip: null,
        allocation_pools: [pool('10.40.0.0', '10.40.0.1')],
      }),
    ]);
  });

  scenario('with name servers, routes and owners', async (both) => {
    await both.step(network());
    const servers: unknown[] = [
      ['192.0.2.1'],
      ['192.0.2.1', '192.0.2.2'],
      ['192.0.2.1', '192.0.2.1'],
      ['2001:db8::1'],
      ['0.0.0.0'],
      ['192.0.2.1/32'],
      ['192.0.2'],
      [''],
      [1],
      ['a', 'b'],
      ['1.1.1.1', '1.1.1.2', '1.1.1.3', '1.1.1.4', '1.1.1.5'],
      ['1.1.1.1', '1.1.1.2', '1.1.1.3', '1.1.1.4', '1.1.1.5', '1.1.1.6'],
      '192.0.2.1',
    ];
    const routes: unknown[] = [
      [{ destination: '10.9.0.0/16', nexthop: '10.40.0.9' }],
      [{ destination: '10.9.0.7/16', nexthop: '10.40.0.9' }],
      [{ destination: '0.0.0.0/0', nexthop: '10.40.0.9' }],
      [{ destination: '10.9.0.0', nexthop: '10.40.0.9' }],
      [{ destination: '10.9.0.0/16' }],
      [{ nexthop: '10.40.0.9' }],
      [{}],
      [{ destination: '10.9.0.0/16', nexthop: 'x' }],
      [{ destination: 'x', nexthop: '10.40.0.9' }],
      [{ destination: '2001:db8::/64', nexthop: '10.40.0.9' }],
      [{ destination: '10.9.0.0/16', nexthop: '2001:db8::9' }],
      [{ destination: '10.9.0.0/16', nexthop: '10.40.0.9', metric: 1 }],
      [
        { destination: '10.9.0.0/16', nexthop: '10.40.0.9' },
        { destination: '10.9.0.0/16', nexthop: '10.40.0.9' },
      ],
      [
        { destination: '10.9.0.0/16', nexthop: '10.40.0.9' },
        { destination: '10.9.0.0/16', nexthop: '10.40.0.10' },
      ],
      ['x'],
      { destination: '10.9.0.0/16', nexthop: '10.40.0.9' },
      Array.from({ length: 20 }, (_, i) => ({ destination: `10.${i}.0.0/16`, nexthop: '10.40.0.9' })),
      Array.from({ length: 21 }, (_, i) => ({ destination: `10.${i}.0.0/16`, nexthop: '10.40.0.9' })),
    ];
    const owners: unknown[] = [
      ['compute:nova'],
      ['network:dhcp'],
      ['network:nonsense'],
      // Not the same twice: the real server tries that again and again, for two minutes and more.
      ['nonsense'],
      ['compute:'],
      [''],
      [1],
      'compute:nova',
    ];
    await createEach(both, [
      ...servers.map((dns_nameservers) => subnet({ dns_nameservers })),
      ...routes.map((host_routes) => subnet({ host_routes })),
      ...owners.map((service_types) => subnet({ service_types })),
      subnet({ ...v6, dns_nameservers: ['2001:DB8::1', '2001:db8::2'] }),
      subnet({ ...v6, dns_nameservers: ['192.0.2.1'] }),
      subnet({ ...v6, host_routes: [{ destination: '2001:DB8:9::/48', nexthop: '2001:db8:40::9' }] }),
    ]);
  });

  scenario('with every pair of IPv6 modes', async (both) => {
    await both.step(network());
    const modes = [undefined, null, 'slaac', 'dhcpv6-stateful', 'dhcpv6-stateless', 'nonsense'];
    await createEach(both, [
      ...modes.flatMap((ipv6_ra_mode) =>
        modes.map((ipv6_address_mode) => subnet({ ...v6, ipv6_ra_mode, ipv6_address_mode })),
      ),
      subnet({ ...v6, ipv6_ra_mode: 'slaac', enable_dhcp: false }),
      subnet({ ...v6, ipv6_address_mode: 'slaac', enable_dhcp: false }),
      subnet({ ...v6, cidr: '2001:db8:40::/63', ipv6_address_mode: 'slaac' }),
      subnet({ ...v6, cidr: '2001:db8:40::/65', ipv6_ra_mode: 'dhcpv6-stateless' }),
      subnet({ ...v6, cidr: '2001:db8:40::/65', ipv6_ra_mode: 'dhcpv6-stateful' }),
      subnet({
        ...v6,
        ipv6_address_mode: 'slaac',
        allocation_pools: [pool('2001:db8:40::10', '2001:db8:40::20')],
      }),
      subnet({ ipv6_ra_mode: 'slaac' }),
      subnet({ ipv6_address_mode: 'slaac' }),
      subnet({ ipv6_address_mode: null }),
    ]);
  });

  scenario('with contradictions, in upstream’s order of complaints', async (both) => {
    await both.step(network());
    await createEach(both, [
      post('subnet', {}),
      post('subnet', { network_id: '<net>' }),
      post('subnet', { network_id: '<net>', ip_version: 4 }),
      post('subnet', { network_id: '<net>', cidr: '10.40.0.0/24' }),
      post('subnet', { ip_version: 4, cidr: '10.40.0.0/24' }),
      subnet({ network_id: '11111111-1111-1111-1111-111111111111' }),
      subnet({ prefixlen: 24 }),
      subnet({ subnetpool_id: '11111111-1111-1111-1111-111111111111' }),
      subnet({ subnetpool_id: 'prefix_delegation' }),
      subnet({ use_default_subnetpool: true }),
      subnet({ cidr: null }),
      subnet({ cidr: null, subnetpool_id: '11111111-1111-1111-1111-111111111111', prefixlen: 24 }),
      subnet({ cidr: '10.40.0.0/31', gateway_ip: 'x' }),
      subnet({ ip_version: 6, gateway_ip: '10.40.0.1' }),
      subnet({ ip_version: 5 }),
      subnet({ ip_version: '4' }),
      subnet({ ip_version: 4.0 }),
      subnet({ enable_dhcp: 'off' }),
      subnet({ project_id: 'someone-else' }),
      subnet({ segment_id: '11111111-1111-1111-1111-111111111111' }),
      subnet({ name: 'x', nonsense: 1, id: 'y' }),
    ]);
  });

  scenario('that overlap', (both) =>
    both.steps([
      network(),
      subnet(),
      subnet({}, 'x'),
      subnet({ cidr: '10.40.0.128/25' }, 'x'),
      subnet({ cidr: '10.0.0.0/8' }, 'x'),
      subnet({ cidr: '10.40.1.0/24' }, 'next'),
      subnet(v6, 'six'),
      subnet({ ...v6, cidr: '2001:db8:40::/56' }, 'x'),
      subnet({ ...v6, cidr: '2001:db8:40:1::/64' }, 'six2'),
      get('networks/<net>'),
      get('subnets?network_id=<net>'),
      network({}, 'other'),
      subnet({ network_id: '<other>' }, 'same'),
    ]),
  );
});

describe('changing subnets', () => {
  for (const attribute of attributes) {
    scenario(`odd values of ${attribute}`, async (both) => {
      await both.steps([network(), subnet()]);
      for (const value of oddValues) await both.step(put('subnet', '<sub>', { [attribute]: value }));
    });
  }

  scenario('gateway and pools', (both) =>
    both.steps([
      network(),
      subnet(),
      put('subnet', '<sub>', { gateway_ip: '10.40.0.5' }),
      put('subnet', '<sub>', { gateway_ip: '10.40.0.0' }),
      put('subnet', '<sub>', { gateway_ip: '192.0.2.1' }),
      put('subnet', '<sub>', { gateway_ip: null }),
      put('subnet', '<sub>', { allocation_pools: [pool('10.40.0.100', '10.40.0.200')] }),
      put('subnet', '<sub>', { gateway_ip: '10.40.0.5' }),
      put('subnet', '<sub>', { gateway_ip: '10.40.0.150' }),
      put('subnet', '<sub>', { allocation_pools: [pool('10.40.0.2', '10.40.0.200')] }),
      put('subnet', '<sub>', { allocation_pools: [pool('10.40.0.2', '10.40.0.255')] }),
      put('subnet', '<sub>', { allocation_pools: [pool('10.40.0.9', '10.40.0.8')] }),
      put('subnet', '<sub>', {
        allocation_pools: [pool('10.40.0.10', '10.40.0.20'), pool('10.40.0.15', '10.40.0.30')],
      }),
      put('subnet', '<sub>', {
        allocation_pools: [pool('10.40.0.10', '10.40.0.20'), pool('10.40.0.25', '10.40.0.30')],
      }),
      put('subnet', '<sub>', { allocation_pools: [pool('10.40.0.10', '10.40.0.20')], gateway_ip: '10.40.0.15' }),
      put('subnet', '<sub>', { allocation_pools: [pool('10.40.0.50', '10.40.0.60')], gateway_ip: '10.40.0.15' }),
      put('subnet', '<sub>', { allocation_pools: [] }),
      put('subnet', '<sub>', { gateway_ip: '10.40.0.1' }),
      put('subnet', '<sub>', { gateway_ip: '2001:db8::1' }),
      get('subnets/<sub>'),
      get('networks/<net>'),
    ]),
  );

  scenario('everything else that may change', (both) =>
    both.steps([
      network(),
      subnet(),
      put('subnet', '<sub>', {}),
      put('subnet', '<sub>', { name: 'a', description: 'b' }),
      put('subnet', '<sub>', { dns_nameservers: ['192.0.2.1', '192.0.2.2'] }),
      put('subnet', '<sub>', { dns_nameservers: ['192.0.2.2', '192.0.2.1'] }),
      put('subnet', '<sub>', { dns_nameservers: ['192.0.2.2', '192.0.2.2'] }),
      put('subnet', '<sub>', { dns_nameservers: ['2001:db8::1'] }),
      put('subnet', '<sub>', { dns_nameservers: [] }),
      put('subnet', '<sub>', { host_routes: [{ destination: '10.9.0.0/16', nexthop: '10.40.0.9' }] }),
      put('subnet', '<sub>', { host_routes: [{ destination: '10.9.0.0/16', nexthop: '10.40.0.10' }] }),
      put('subnet', '<sub>', { host_routes: [{ destination: '2001:db8::/64', nexthop: '10.40.0.10' }] }),
      put('subnet', '<sub>', { host_routes: [] }),
      put('subnet', '<sub>', { service_types: ['compute:nova'] }),
      put('subnet', '<sub>', { service_types: [] }),
      put('subnet', '<sub>', { enable_dhcp: false }),
      put('subnet', '<sub>', { enable_dhcp: true }),
      put('subnet', '<sub>', { ipv6_ra_mode: 'slaac' }),
      put('subnet', '<sub>', { cidr: '10.41.0.0/24' }),
      put('subnet', '<sub>', { network_id: '<net>' }),
      put('subnet', '<sub>', { name: 'x' }, { 'if-match': 'revision_number=0' }),
      get('subnets/<sub>'),
      get('networks/<net>'),
      subnet({ ...v6, ipv6_ra_mode: 'slaac', ipv6_address_mode: 'slaac' }, 'six'),
      put('subnet', '<six>', { enable_dhcp: false }),
      put('subnet', '<six>', { gateway_ip: '2001:db8:40::99' }),
      put('subnet', '<six>', { gateway_ip: null }),
      put('subnet', '<six>', { allocation_pools: [pool('2001:db8:40::10', '2001:db8:40::20')] }),
      put('subnet', '<six>', { dns_nameservers: ['192.0.2.1'] }),
      subnet({ cidr: '10.40.9.0/31', enable_dhcp: false, gateway_ip: null }, 'two'),
      put('subnet', '<two>', { enable_dhcp: true }),
    ]),
  );
});

describe('removing subnets', () => {
  scenario('free, unknown, in use, with auto addresses', (both) =>
    both.steps([
      network(),
      subnet(),
      port({ fixed_ips: [{ subnet_id: '<sub>' }] }),
      remove('subnets/<sub>'),
      remove('subnets/<sub>', { 'if-match': 'revision_number=9' }),
      remove('ports/<port>'),
      remove('subnets/<sub>'),
      remove('subnets/<sub>'),
      get('subnets/<sub>'),
      subnet({ ...v6, ipv6_ra_mode: 'slaac', ipv6_address_mode: 'slaac' }, 'six'),
      port(),
      remove('subnets/<six>'),
      get('ports/<port>'),
      get('networks/<net>'),
      subnet(),
      port({ device_owner: 'network:dhcp', device_id: 'x' }, 'dhcp'),
      remove('subnets/<sub>'),
      get('ports/<dhcp>'),
    ]),
  );
});
