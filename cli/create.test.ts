import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ClientStand, net, openClientStand } from './client-stand.ts';

let api: ClientStand['api'];
let neutron: ClientStand['neutron'];
let sent: ClientStand['sent'];
beforeEach(async () => {
  ({ api, neutron, sent } = await openClientStand());
});
afterEach(() => api.close());

describe('create', () => {
  test('a network with provider attributes and flags', async () => {
    const { out } = await neutron(
      'net-create',
      'public',
      '--provider:network_type',
      'flat',
      '--provider:physical_network',
      'public',
      '--router:external',
      '--shared',
    );
    expect(sent()).toEqual({
      network: {
        name: 'public',
        'provider:network_type': 'flat',
        'provider:physical_network': 'public',
        'router:external': true,
        shared: true,
      },
    });
    expect(out.split('\n')[0]).toBe('Created a new network:');
    expect(out).toContain('| Field ');
  });

  test.each([
    [['--router:external=True', 'n'], { 'router:external': true }],
    [['--router:external', 'False', 'n'], { 'router:external': false }],
    [['--shared', 'n'], { shared: true }],
    [['n', '--admin-state-down'], { admin_state_up: false }],
    [['n', '--admin_state_up=False'], { admin_state_up: false }],
    [['n', '--mtu', '1400'], { mtu: 1400 }],
    [['n', '--tenant-id', 't9', '--description', 'a b'], { tenant_id: 't9', description: 'a b' }],
    [['n', '--availability-zone-hint', 'a', '--availability-zone-hint', 'b'], { availability_zone_hints: ['a', 'b'] }],
    [['n', '--unknown', 'text'], { unknown: 'text' }],
    [['n', '--un-known', 'type=bool', 'true', '--flag'], { un_known: true, flag: true }],
    [['n', '--', '--x', 'type=int', '5'], { x: 5 }],
    [['n', '--x', 'type=dict', 'a=1,b=2'], { x: { a: '1', b: '2' } }],
    [['n', '--x', 'list=true', 'a', 'b'], { x: ['a', 'b'] }],
    [['n', '--x', 'type=dict', 'list=true', 'a=1', 'b=2'], { x: [{ a: '1' }, { b: '2' }] }],
  ])('net-create %j', async (args, expected) => {
    expect(await neutron('net-create', ...args)).toMatchObject({ code: 0, err: '' });
    expect(sent()).toEqual({ network: { name: 'n', ...expected } });
  });

  test('a subnet with all its lists; the network by name; the version from the CIDR', async () => {
    await neutron(
      'subnet-create',
      'lan',
      '192.168.56.0/24',
      '--name',
      'N',
      '--gateway',
      '192.168.56.1',
      '--allocation-pool',
      'start=192.168.56.10,end=192.168.56.20',
      '--allocation-pool',
      'start=192.168.56.30,end=192.168.56.40',
      '--dns-nameserver',
      '192.0.2.1',
      '--dns-nameserver',
      '192.0.2.2',
      '--host-route',
      'destination=10.0.0.0/8,nexthop=192.168.56.2',
      '--disable-dhcp',
    );
    expect(sent()).toEqual({
      subnet: {
        network_id: net.id,
        cidr: '192.168.56.0/24',
        ip_version: 4,
        name: 'N',
        gateway_ip: '192.168.56.1',
        allocation_pools: [
          { start: '192.168.56.10', end: '192.168.56.20' },
          { start: '192.168.56.30', end: '192.168.56.40' },
        ],
        dns_nameservers: ['192.0.2.1', '192.0.2.2'],
        host_routes: [{ destination: '10.0.0.0/8', nexthop: '192.168.56.2' }],
        enable_dhcp: false,
      },
    });
  });

  test.each([
    [['fd00::/64'], { cidr: 'fd00::/64', ip_version: 6 }],
    [
      ['10.0.0.0/8', '--ip-version', '4', '--no-gateway', '--enable-dhcp'],
      { cidr: '10.0.0.0/8', ip_version: 4, gateway_ip: null, enable_dhcp: true },
    ],
    [
      ['--ip_version', '6', '--ipv6-ra-mode', 'slaac', 'fd00::/64'],
      { cidr: 'fd00::/64', ip_version: 6, ipv6_ra_mode: 'slaac' },
    ],
    [
      ['10.0.0.0/8', '--dns_nameservers', 'list=true', '1.1.1.1', '2.2.2.2'],
      { cidr: '10.0.0.0/8', ip_version: 4, dns_nameservers: ['1.1.1.1', '2.2.2.2'] },
    ],
  ])('subnet-create lan %j', async (args, expected) => {
    await neutron('subnet-create', 'lan', ...args);
    expect(sent()).toEqual({ subnet: { network_id: net.id, ...expected } });
  });

  test('a port: addresses with a subnet by name, DHCP options with commas, binding', async () => {
    await neutron(
      'port-create',
      'lan',
      '--fixed-ip',
      'subnet_id=four,ip_address=10.0.0.9',
      '--fixed-ip',
      'ip_address=10.0.0.10',
      '--mac-address',
      'fa:16:3e:00:00:01',
      '--device-id',
      'vm',
      '--device-owner',
      'compute:nova',
      '--binding:host_id',
      'h1',
      '--extra-dhcp-opt',
      'opt_name=dns-server,opt_value=1.1.1.1,2.2.2.2,ip_version=4',
      '--binding:profile',
      '{"a": {"b": 1}}',
      '--allowed-address-pair',
      'ip_address=10.0.0.99',
      '--vnic-type',
      'normal',
      '--no-security-groups',
    );
    expect(sent()).toEqual({
      port: {
        network_id: net.id,
        fixed_ips: [{ subnet_id: 's1', ip_address: '10.0.0.9' }, { ip_address: '10.0.0.10' }],
        mac_address: 'fa:16:3e:00:00:01',
        device_id: 'vm',
        device_owner: 'compute:nova',
        'binding:host_id': 'h1',
        extra_dhcp_opts: [{ opt_name: 'dns-server', opt_value: '1.1.1.1,2.2.2.2', ip_version: 4 }],
        'binding:profile': { a: { b: 1 } },
        allowed_address_pairs: [{ ip_address: '10.0.0.99' }],
        'binding:vnic_type': 'normal',
        security_groups: [],
      },
    });
  });

  test.each([
    [['net-create'], 'missing argument: NAME'],
    [['net-create', 'a', 'b'], 'unrecognized arguments: b'],
    [
      ['subnet-create', 'lan', '10.0.0.0/8', '--allocation-pool', 'nonsense'],
      "invalid value 'nonsense' of --allocation-pool",
    ],
    [['net-create', 'n', '--mtu', 'big'], "invalid value 'big' of --mtu"],
    [['net-create', 'n', '--x', 'type=int', 'five'], 'not of type int'],
    [['port-create', 'none'], "Unable to find network with name or id 'none'"],
  ])('%j is refused', async (argv, message) => {
    const { code, out, err } = await neutron(...argv);
    expect([code, out]).toEqual([1, '']);
    expect(err).toContain(message);
    expect(api.asked.filter(({ method }) => method === 'POST')).toEqual([]);
  });
});
