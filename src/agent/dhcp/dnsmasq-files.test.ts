import { describe, expect, test } from 'vitest';
import { defaultValues } from '../../lib/options.ts';
import type { NetworkInfo } from '../../rpc/contract.ts';
import { renderAddnHostsFile } from './addn-hosts-file.ts';
import { renderHostsFile } from './hosts-file.ts';
import { type DhcpOptions, dhcpOptions } from './options.ts';
import { renderOptsFile } from './opts-file.ts';
import { dhcpPortOf, ids, networkOf, portOf, subnet6Of, subnetOf } from './testing.ts';

const optionsWith = (changes: Partial<DhcpOptions> = {}) => defaultValues(dhcpOptions, changes);
const hosts = (network: NetworkInfo, changes: Partial<DhcpOptions> = {}) =>
  renderHostsFile(network, optionsWith(changes));
const lines = (...all: string[]) => all.map((line) => `${line}\n`).join('');

describe('hosts file', () => {
  test('a line per address; names of the port or made of the address; tags only for ports with options', () => {
    const network = networkOf({
      subnets: [subnetOf(), subnet6Of('dhcpv6-stateful')],
      ports: [
        dhcpPortOf(),
        portOf({
          fixed_ips: [
            { subnet_id: ids.v4, ip_address: '10.0.0.5' },
            { subnet_id: ids.v6, ip_address: 'fd00::5' },
          ],
        }),
        portOf({
          id: ids.other,
          mac_address: 'fa:16:3e:00:00:09',
          fixed_ips: [{ subnet_id: ids.v4, ip_address: '10.0.0.9' }],
          dns_assignment: [{ ip_address: '10.0.0.9', hostname: 'web', fqdn: 'web.example.org.' }],
          extra_dhcp_opts: [{ opt_name: 'tftp-server', opt_value: '10.0.0.3', ip_version: 4 }],
        }),
      ],
    });
    expect(hosts(network)).toBe(
      lines(
        'fa:16:3e:00:00:01,host-10-0-0-5.openstacklocal,10.0.0.5',
        'fa:16:3e:00:00:01,tag:dhcpv6,host-fd00--5.openstacklocal,[fd00::5]',
        `fa:16:3e:00:00:09,web.example.org.,10.0.0.9,set:port-${ids.other}`,
      ),
    );
  });

  test('client ids stand in the line; alone they need no tag', () => {
    const alone = [{ opt_name: 'client-id', opt_value: 'ff:01:02', ip_version: 4 as const }];
    const both = [...alone, { opt_name: 'mtu', opt_value: '1400', ip_version: 4 as const }];
    expect(hosts(networkOf({ ports: [portOf({ extra_dhcp_opts: alone })] }))).toBe(
      'fa:16:3e:00:00:01,id:ff:01:02,host-10-0-0-5.openstacklocal,10.0.0.5\n',
    );
    expect(hosts(networkOf({ ports: [portOf({ extra_dhcp_opts: both })] }))).toBe(
      `fa:16:3e:00:00:01,id:ff:01:02,host-10-0-0-5.openstacklocal,10.0.0.5,set:port-${ids.port}\n`,
    );
  });

  test('stateless lines come first and hold a tag only; SLAAC has none', () => {
    const port = portOf({
      fixed_ips: [
        { subnet_id: ids.v4, ip_address: '10.0.0.5' },
        { subnet_id: ids.v6, ip_address: 'fd00::5' },
      ],
      extra_dhcp_opts: [{ opt_name: 'ntp-server', opt_value: 'fd00::9', ip_version: 6 }],
    });
    const v4 = `fa:16:3e:00:00:01,host-10-0-0-5.openstacklocal,10.0.0.5,set:port-${ids.port}`;
    const stateless = networkOf({ subnets: [subnetOf(), subnet6Of('dhcpv6-stateless')], ports: [port] });
    expect(hosts(stateless)).toBe(lines(`fa:16:3e:00:00:01,tag:dhcpv6,set:port-${ids.port}`, v4));
    const slaac = networkOf({ subnets: [subnetOf(), subnet6Of('slaac')], ports: [port] });
    expect(hosts(slaac)).toBe(lines(v4));
  });

  test('no line on a subnet without DHCP, and for owners that ask nobody', () => {
    expect(hosts(networkOf({ subnets: [subnetOf({ enable_dhcp: false })], ports: [portOf()] }))).toBe('');
    const owners = [
      'network:dhcp',
      'network:floatingip',
      'network:router_ha_interface',
      'network:floatingip_agent_gateway',
      'network:distributed',
    ];
    for (const device_owner of owners) expect(hosts(networkOf({ ports: [portOf({ device_owner })] }))).toBe('');
    expect(hosts(networkOf({ ports: [portOf({ device_owner: 'network:router_interface' })] }))).not.toBe('');
  });

  test('several DHCPv6 addresses of a subnet in one line, where that is switched on', () => {
    const port = portOf({
      fixed_ips: ['fd00::5', 'fd00::6'].map((ip_address) => ({ subnet_id: ids.v6, ip_address })),
    });
    const network = networkOf({ subnets: [subnet6Of('dhcpv6-stateful')], ports: [port] });
    expect(hosts(network, { dnsmasq_enable_addr6_list: true })).toBe(
      'fa:16:3e:00:00:01,tag:dhcpv6,host-fd00--5.openstacklocal,[fd00::5],[fd00::6]\n',
    );
    expect(hosts(network).split('\n')).toHaveLength(3);
  });
});

test('additional hosts: full name, then short, for every address', () => {
  const network = networkOf({
    subnets: [subnetOf({ enable_dhcp: false }), subnet6Of('slaac')],
    ports: [
      portOf({
        fixed_ips: [
          { subnet_id: ids.v4, ip_address: '10.0.0.5' },
          { subnet_id: ids.v6, ip_address: 'fd00::5' },
        ],
      }),
    ],
  });
  expect(renderAddnHostsFile(network, 'cloud.example')).toBe(
    lines('10.0.0.5\thost-10-0-0-5.cloud.example host-10-0-0-5', 'fd00::5\thost-fd00--5.cloud.example host-fd00--5'),
  );
  expect(renderAddnHostsFile(network, '')).toContain('10.0.0.5\thost-10-0-0-5 host-10-0-0-5\n');
});

describe('options file', () => {
  const render = (
    network: NetworkInfo,
    changes: Partial<DhcpOptions> = {},
    own: Record<string, string> = { [ids.v4]: '10.0.0.2' },
  ) => renderOptsFile(network, optionsWith(changes), new Map(Object.entries(own)));
  const tag = `tag:subnet-${ids.v4}`;

  test('servers, routes, gateway; other subnets of the network are on the link', () => {
    const network = networkOf({
      subnets: [
        subnetOf({
          dns_nameservers: ['192.0.2.53', '192.0.2.54'],
          host_routes: [{ destination: '10.99.0.0/16', nexthop: '10.0.0.9' }],
        }),
        subnetOf({ id: ids.second, cidr: '10.1.0.0/24', gateway_ip: '10.1.0.1', enable_dhcp: false }),
      ],
    });
    const routes = '10.1.0.0/24,0.0.0.0,10.99.0.0/16,10.0.0.9,169.254.169.254/32,10.0.0.1,0.0.0.0/0,10.0.0.1';
    expect(render(network).text).toBe(
      lines(
        `${tag},option:dns-server,192.0.2.53,192.0.2.54`,
        `${tag},option:classless-static-route,${routes}`,
        `${tag},249,${routes}`,
        `${tag},option:router,10.0.0.1`,
      ),
    );
  });

  test('no gateway: no router, and no routes but those there are', () => {
    const network = networkOf({ subnets: [subnetOf({ gateway_ip: null })] });
    expect(render(network).text).toBe(lines(`${tag},option:router`));
    const routed = networkOf({
      subnets: [subnetOf({ gateway_ip: null, host_routes: [{ destination: '0.0.0.0/0', nexthop: '10.0.0.7' }] })],
    });
    expect(render(routed).text).toContain(`${tag},option:router,10.0.0.7\n`);
  });

  test.each([
    ['isolated', { enable_isolated_metadata: true }, [], '10.0.0.2'],
    ['forced', { force_metadata: true }, [], '10.0.0.2'],
    [
      'routed',
      { enable_isolated_metadata: true },
      [
        portOf({
          device_owner: 'network:router_interface',
          fixed_ips: [{ subnet_id: ids.v4, ip_address: '10.0.0.1' }],
        }),
      ],
      '10.0.0.1',
    ],
    ['off', {}, [], '10.0.0.1'],
  ])('metadata goes by the DHCP server or by the gateway: %s', (_, options, ports, hop) => {
    expect(render(networkOf({ ports }), options).text).toContain(`169.254.169.254/32,${hop},0.0.0.0/0,10.0.0.1`);
  });

  test.each([
    [subnetOf({ dns_nameservers: ['0.0.0.0'] }), `${tag},option:dns-server\n`],
    [subnet6Of('dhcpv6-stateful', { dns_nameservers: ['::'] }), `tag:subnet-${ids.v6},option6:dns-server\n`],
    [
      subnet6Of('dhcpv6-stateful', { dns_nameservers: ['2001:db8::1', '2001:db8::2'] }),
      `tag:subnet-${ids.v6},option6:dns-server,[2001:db8::1],[2001:db8::2]\n`,
    ],
    [subnet6Of('dhcpv6-stateless'), `tag:subnet-${ids.v6},option6:domain-search,openstacklocal\n`],
  ])('name servers and search domain %#', (subnet, line) => {
    expect(render(networkOf({ subnets: [subnet] })).text).toContain(line);
  });

  test('SLAAC subnets and those without DHCP have no options', () => {
    expect(render(networkOf({ subnets: [subnet6Of('slaac'), subnetOf({ enable_dhcp: false })] })).text).toBe('');
  });

  test('several DHCP servers name each other, one alone nobody', () => {
    const second = dhcpPortOf({
      id: ids.other,
      device_id: 'dhcp-another',
      fixed_ips: [{ subnet_id: ids.v4, ip_address: '10.0.0.3' }],
    });
    expect(render(networkOf({ ports: [dhcpPortOf(), second] })).text).toContain(
      `${tag},option:dns-server,10.0.0.2,10.0.0.3\n`,
    );
    expect(render(networkOf()).text).not.toContain('dns-server');
  });

  test('options of a port: by name, by number, with tags before; client ids are elsewhere', () => {
    const extra = (opt_name: string, opt_value: string, ip_version: 4 | 6 = 4) => ({ opt_name, opt_value, ip_version });
    const port = portOf({
      extra_dhcp_opts: [
        extra('tftp-server', '10.0.0.3'),
        extra('150', '10.0.0.3'),
        extra('tag:ipxe,67', 'http://10.0.0.3/boot'),
        extra('bootfile-name', 'a,b'),
        extra('61', 'ff:01'),
        extra('ntp-server', 'fd00::9', 6),
      ],
    });
    const { text, refused } = render(networkOf({ ports: [port] }));
    const own = `tag:port-${ids.port}`;
    expect(text.split('\n').filter((line) => line.startsWith(own))).toEqual([
      `${own},option:tftp-server,10.0.0.3`,
      `${own},150,10.0.0.3`,
      `${own},tag:ipxe,67,http://10.0.0.3/boot`,
      `${own},option:bootfile-name,a,b`,
    ]);
    expect(refused).toEqual([
      { resource: 'port', id: ids.port, option: 'ntp-server', reason: 'the port has no IPv6 address' },
    ]);
  });
});
