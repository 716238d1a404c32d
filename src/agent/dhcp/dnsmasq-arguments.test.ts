import { expect, test } from 'vitest';
import { defaultValues } from '../../lib/options.ts';
import { dnsmasqArguments } from './dnsmasq-arguments.ts';
import { type DhcpOptions, dhcpOptions } from './options.ts';
import { ids, networkOf, subnet6Of, subnetOf } from './testing.ts';

const place = { folder: '/s/dhcp/n', device: 'ns-dddddddd-00', user: null };

function argumentsOf(network = networkOf(), changes: Partial<DhcpOptions> = {}, user: string | null = null): string[] {
  return dnsmasqArguments(network, defaultValues(dhcpOptions, changes), { ...place, user });
}

test('the whole command line of a network with one subnet', () => {
  expect(argumentsOf()).toEqual([
    'dnsmasq',
    '--no-hosts',
    '--no-resolv',
    '--interface=ns-dddddddd-00',
    '--except-interface=lo',
    '--pid-file=/s/dhcp/n/pid',
    '--dhcp-hostsfile=/s/dhcp/n/host',
    '--addn-hosts=/s/dhcp/n/addn_hosts',
    '--dhcp-optsfile=/s/dhcp/n/opts',
    '--dhcp-leasefile=/s/dhcp/n/leases',
    '--dhcp-match=set:ipxe,175',
    '--dhcp-userclass=set:ipxe6,iPXE',
    '--local-service',
    '--bind-dynamic',
    `--dhcp-range=set:subnet-${ids.v4},10.0.0.0,static,255.255.255.0,86400s`,
    '--dhcp-option-force=option:mtu,1450',
    '--dhcp-lease-max=256',
    '--conf-file=/dev/null',
    '--domain=openstacklocal',
  ]);
});

test('every option in its place', () => {
  const options = {
    dhcp_lease_duration: -1,
    dhcp_renewal_time: 300,
    dhcp_rebinding_time: 500,
    dnsmasq_txt_record: 'a.b,text',
    dnsmasq_config_file: '/etc/more.conf',
    dnsmasq_dns_servers: ['192.0.2.1', '192.0.2.2'],
    dhcp_broadcast_reply: true,
    dnsmasq_base_log_dir: '/var/log/dnsmasq',
    dnsmasq_lease_max: 100,
  };
  expect(argumentsOf(networkOf(), options).slice(14)).toEqual([
    `--dhcp-range=set:subnet-${ids.v4},10.0.0.0,static,255.255.255.0,infinite`,
    '--dhcp-option-force=option:mtu,1450',
    '--dhcp-lease-max=100',
    '--dhcp-option-force=option:T1,300s',
    '--dhcp-option-force=option:T2,500s',
    '--txt-record=a.b,text',
    '--conf-file=/etc/more.conf',
    '--server=192.0.2.1',
    '--server=192.0.2.2',
    '--domain=openstacklocal',
    '--dhcp-broadcast',
    '--log-queries',
    '--log-dhcp',
    `--log-facility=/var/log/dnsmasq/${ids.network}/dhcp_dns_log`,
  ]);
});

const range6 = (text: string) => `--dhcp-range=set:subnet-${ids.v6},${text}`;

test.each([
  ['unset modes', subnet6Of(null), [range6('fd00::,static,64,86400s')]],
  ['stateful', subnet6Of('dhcpv6-stateful'), [range6('fd00::,static,64,86400s')]],
  ['stateless', subnet6Of('dhcpv6-stateless'), [range6('fd00::,static,64,86400s')]],
  ['slaac', subnet6Of('slaac'), []],
  ['announced elsewhere', subnet6Of(null, { ipv6_ra_mode: 'slaac' }), []],
  ['longer prefix', subnet6Of('dhcpv6-stateful', { cidr: 'fd00::/80' }), [range6('fd00::,static,80,86400s')]],
  ['prefix too short', subnet6Of('dhcpv6-stateful', { cidr: 'fd00::/48' }), []],
  ['DHCP off', subnet6Of('dhcpv6-stateful', { enable_dhcp: false }), []],
])('range of a v6 subnet: %s', (_, subnet, expected) => {
  const ranges = argumentsOf(networkOf({ subnets: [subnet] })).filter((argument) =>
    argument.startsWith('--dhcp-range'),
  );
  expect(ranges).toEqual(expected);
});

test('several subnets, also those of other segments; the leases of all of them', () => {
  const network = networkOf({
    subnets: [subnetOf(), subnet6Of('dhcpv6-stateful')],
    non_local_subnets: [subnetOf({ id: ids.second, cidr: '10.1.0.0/16' })],
  });
  const all = argumentsOf(network);
  expect(all.filter((argument) => argument.startsWith('--dhcp-range')).map((range) => range.split(',')[1])).toEqual([
    '10.0.0.0',
    'fd00::',
    '10.1.0.0',
  ]);
  // A /64 is beyond the option's limit of 2^24.
  expect(all).toContain('--dhcp-lease-max=16777216');
});

test('without a domain, without an MTU, with the host’s resolver, and as root below a private folder', () => {
  const all = argumentsOf(networkOf({ mtu: 0 }), { dns_domain: '', dnsmasq_local_resolv: true }, 'root');
  expect(all).not.toContain('--no-resolv');
  expect(all.join(' ')).not.toMatch(/--domain|option:mtu/);
  expect(all.slice(-2)).toEqual(['--user=root', '--group=root']);
});
