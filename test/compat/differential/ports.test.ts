import { describe } from 'vitest';
import type { Step } from './both.ts';
import { createEach, get, network, oddValues, port, post, put, remove, scenario, subnet } from './scenario.ts';

const attributes = [
  'name',
  'description',
  'network_id',
  'admin_state_up',
  'mac_address',
  'fixed_ips',
  'device_id',
  'device_owner',
  'allowed_address_pairs',
  'extra_dhcp_opts',
  'port_security_enabled',
  'binding:host_id',
  'binding:vnic_type',
  'binding:profile',
  'binding:vif_type',
  'binding:vif_details',
  'tenant_id',
  'status',
  'id',
  'ip_allocation',
  'created_at',
  'revision_number',
  'nonsense',
];

const v6 = { ip_version: 6, cidr: '2001:db8:40::/64' };
const slaac = { ...v6, ipv6_ra_mode: 'slaac', ipv6_address_mode: 'slaac' };
/** A pool of two, so that cases may name addresses no port gets by chance. */
const small = { allocation_pools: [{ start: '10.40.0.10', end: '10.40.0.11' }] };
const none = '11111111-1111-1111-1111-111111111111';

const pairs: readonly unknown[] = [
  [{ ip_address: '10.40.0.77' }],
  [{ ip_address: '10.40.0.0/24' }],
  [{ ip_address: '10.40.0.7/24' }],
  [{ ip_address: '0.0.0.0/0' }],
  [{ ip_address: '::/0' }],
  [{ ip_address: '2001:DB8::1' }],
  [{ ip_address: '10.40.0.77', mac_address: 'fa:16:3e:00:00:01' }],
  [{ ip_address: '10.40.0.77', mac_address: 'FA:16:3E:00:00:01' }],
  [{ ip_address: '10.40.0.77', mac_address: 'x' }],
  [{ ip_address: '10.40.0.77', mac_address: null }],
  [{ ip_address: '10.40.0.77', mac_address: '' }],
  [{ mac_address: 'fa:16:3e:00:00:01' }],
  [{ ip_address: 'x' }],
  [{ ip_address: null }],
  [{ ip_address: '' }],
  [{ ip_address: 7 }],
  [{ ip_address: '10.40.0.77', more: 1 }],
  [{ ip_address: '10.40.0.77' }, { ip_address: '10.40.0.77' }],
  [{ ip_address: '10.40.0.77' }, { ip_address: '10.40.0.78' }],
  [{}],
  ['10.40.0.77'],
  { ip_address: '10.40.0.77' },
  Array.from({ length: 10 }, (_, i) => ({ ip_address: `10.40.0.${100 + i}` })),
  Array.from({ length: 11 }, (_, i) => ({ ip_address: `10.40.0.${100 + i}` })),
];

const dhcpOptions: readonly unknown[] = [
  [{ opt_name: 'mtu', opt_value: '1400' }],
  [{ opt_name: 'mtu', opt_value: 1400 }],
  [{ opt_name: 'mtu', opt_value: null }],
  [{ opt_name: 'mtu', opt_value: '' }],
  [{ opt_name: 'router', opt_value: '' }],
  [{ opt_name: 'mtu' }],
  [{ opt_value: '1400' }],
  [{ opt_name: '', opt_value: '1' }],
  [{ opt_name: null, opt_value: '1' }],
  [{ opt_name: 'a'.repeat(64), opt_value: '1' }],
  [{ opt_name: 'a'.repeat(65), opt_value: '1' }],
  [{ opt_name: 'mtu', opt_value: 'b'.repeat(255) }],
  [{ opt_name: 'mtu', opt_value: 'b'.repeat(256) }],
  [{ opt_name: 'mtu', opt_value: '1400', ip_version: 4 }],
  [{ opt_name: 'mtu', opt_value: '1400', ip_version: '6' }],
  [{ opt_name: 'mtu', opt_value: '1400', ip_version: 5 }],
  [{ opt_name: 'mtu', opt_value: '1400', more: 1 }],
  [
    { opt_name: 'mtu', opt_value: '1400', ip_version: 4 },
    { opt_name: 'mtu', opt_value: '1400', ip_version: 6 },
  ],
  [{ opt_name: 'nonsense with spaces', opt_value: 'x' }],
  [{ opt_name: '26', opt_value: '1400' }],
  ['mtu'],
  { opt_name: 'mtu', opt_value: '1400' },
];

const macs = [
  'fa:16:3e:aa:bb:cc',
  'FA:16:3E:AA:BB:CC',
  'fa-16-3e-aa-bb-cc',
  'fa163eaabbcc',
  'fa16.3eaa.bbcc',
  '00:00:00:00:00:00',
  'ff:ff:ff:ff:ff:ff',
  '01:00:5e:00:00:01',
  'fa:16:3e:aa:bb',
  'fa:16:3e:aa:bb:cg',
  'fa:16:3e:aa:bb:cc:dd',
  ' fa:16:3e:aa:bb:cc',
  'f:1:3:a:b:c',
];

const owners = [
  'compute:nova',
  'network:dhcp',
  'network:router_interface',
  'network:router_gateway',
  'network:floatingip',
  'network:ha_router_replicated_interface',
  'network:floatingip_agent_gateway',
  'network:router_interface_distributed',
  'network:router_centralized_snat',
  'network:distributed',
  'network:nonsense',
  'neutron:LOADBALANCERV2',
  'trunk:subport',
  'baremetal:none',
  'nonsense',
];

const fixedIps = (): readonly unknown[] => [
  [],
  [{}],
  [{ subnet_id: '<sub>' }],
  [{ subnet_id: '<six>' }],
  [{ subnet_id: '<auto>' }],
  [{ subnet_id: '<sub>' }, { subnet_id: '<six>' }],
  [{ subnet_id: '<sub>' }, { subnet_id: '<sub>' }],
  [{ ip_address: '10.40.0.50' }],
  [{ ip_address: '10.40.0.10' }],
  [{ ip_address: '10.40.0.1' }],
  [{ ip_address: '10.40.0.0' }],
  [{ ip_address: '10.40.0.255' }],
  [{ ip_address: '10.41.0.5' }],
  [{ ip_address: '2001:db8:41::5' }],
  [{ ip_address: '2001:DB8:41:0:0::5' }],
  [{ ip_address: '2001:db8:41::' }],
  [{ ip_address: '2001:db8:40::5' }],
  [{ subnet_id: '<auto>', ip_address: '2001:db8:40::5' }],
  [{ subnet_id: '<sub>', ip_address: '10.40.0.50' }],
  [{ subnet_id: '<sub>', ip_address: '10.41.0.50' }],
  [{ subnet_id: '<sub>', ip_address: '2001:db8:41::5' }],
  [{ subnet_id: '<six>', ip_address: '10.40.0.50' }],
  [{ ip_address: '10.40.0.50' }, { ip_address: '10.40.0.50' }],
  [{ ip_address: '10.40.0.50' }, { ip_address: '10.40.0.51' }],
  [{ ip_address: '10.40.0.50' }, { ip_address: '2001:db8:41::5' }],
  [{ subnet_id: '<sub>' }, { ip_address: '10.40.0.50' }],
  [{ subnet_id: none }],
  [{ subnet_id: 'x' }],
  [{ subnet_id: null }],
  [{ subnet_id: '' }],
  [{ subnet_id: 7 }],
  [{ ip_address: 'x' }],
  [{ ip_address: null }],
  [{ ip_address: '' }],
  [{ ip_address: 7 }],
  [{ ip_address: '10.40.0.50/32' }],
  [{ ip_address: '010.040.0.50' }],
  [{ ip_address: '10.40.50' }],
  [{ subnet_id: '<sub>', more: 1 }],
  [{ more: 1 }],
  [{ subnet_id: null, ip_address: '10.40.0.50' }],
  [{ subnet_id: '<sub>', ip_address: null }],
  ['10.40.0.50'],
  { ip_address: '10.40.0.50' },
  Array.from({ length: 5 }, (_, i) => ({ ip_address: `10.40.0.${60 + i}` })),
  Array.from({ length: 6 }, (_, i) => ({ ip_address: `10.40.0.${60 + i}` })),
];

const withSubnets: readonly Step[] = [
  network(),
  subnet(small),
  subnet({ ip_version: 6, cidr: '2001:db8:41::/64' }, 'six'),
  subnet(slaac, 'auto'),
];

describe('creating ports', () => {
  for (const attribute of attributes) {
    scenario(`with odd values of ${attribute}`, async (both) => {
      await both.step(network());
      await createEach(
        both,
        oddValues.map((value) => port({ [attribute]: value })),
      );
    });
  }

  scenario('with every form of fixed_ips', async (both) => {
    await both.steps(withSubnets);
    await createEach(both, [port(), ...fixedIps().map((fixed_ips) => port({ fixed_ips }))]);
  });

  scenario('with fixed_ips on a network without subnets', async (both) => {
    await both.step(network());
    await createEach(both, [
      port(),
      port({ fixed_ips: [] }),
      port({ fixed_ips: [{ ip_address: '10.40.0.50' }] }),
      port({ fixed_ips: [{ subnet_id: none }] }),
      port({ fixed_ips: [{}] }),
    ]);
  });

  scenario('with address pairs, options, MACs', async (both) => {
    await both.steps([network(), subnet(small)]);
    await createEach(both, [
      ...pairs.map((allowed_address_pairs) => port({ allowed_address_pairs })),
      ...dhcpOptions.map((extra_dhcp_opts) => port({ extra_dhcp_opts })),
      ...macs.map((mac_address) => port({ mac_address })),
      port({ fixed_ips: [{ ip_address: '10.40.0.50' }], allowed_address_pairs: [{ ip_address: '10.40.0.50' }] }),
      port({
        fixed_ips: [{ ip_address: '10.40.0.50' }],
        allowed_address_pairs: [{ ip_address: '10.40.0.50', mac_address: 'fa:16:3e:00:00:01' }],
      }),
      port({ port_security_enabled: false, allowed_address_pairs: [{ ip_address: '10.40.0.50' }] }),
      port({ port_security_enabled: false, allowed_address_pairs: [] }),
      port({ port_security_enabled: false }),
      port({ port_security_enabled: true, fixed_ips: [] }),
    ]);
  });

  scenario('for every owner', async (both) => {
    await both.steps(withSubnets);
    await createEach(both, [
      ...owners.map((device_owner) => port({ device_owner })),
      ...owners.map((device_owner) => port({ device_owner, device_id: 'thing' })),
      port({ device_owner: 'network:router_interface', fixed_ips: [{ ip_address: '2001:db8:41::' }] }),
      port({ device_owner: 'network:router_interface', fixed_ips: [{ ip_address: '2001:db8:40::5' }] }),
      port({ device_owner: 'network:router_interface', fixed_ips: [{ subnet_id: '<auto>' }] }),
      port({ device_owner: 'network:router_interface', fixed_ips: [{ ip_address: '10.40.0.1' }] }),
      port({ device_owner: 'network:dhcp', fixed_ips: [{ subnet_id: '<sub>' }] }),
      port({ device_owner: 'network:dhcp', fixed_ips: [{ subnet_id: '<auto>' }] }),
    ]);
  });

  scenario('bound', async (both) => {
    await both.steps([network(), subnet(small)]);
    const host = { 'binding:host_id': 'bench-host' };
    await createEach(both, [
      port(host),
      port({ ...host, device_owner: 'compute:nova', device_id: 'vm' }),
      port({ ...host, device_owner: 'network:dhcp' }),
      port({ ...host, 'binding:vnic_type': 'direct' }),
      port({ ...host, 'binding:vnic_type': 'baremetal' }),
      port({ ...host, 'binding:profile': { a: 'b' } }),
      port({ ...host, admin_state_up: false, device_owner: 'compute:nova' }),
      port({ ...host, port_security_enabled: false }),
      port({ 'binding:host_id': 'nowhere' }),
      port({ 'binding:host_id': '' }),
      port({ 'binding:profile': {} }),
      port({ 'binding:profile': { a: { b: [1, null, true, 'x'] } } }),
      port({ 'binding:profile': { a: 'x'.repeat(4096) } }),
      port({ 'binding:vnic_type': 'virtio-forwarder' }),
      port({ 'binding:host_id': 'a'.repeat(255) }),
    ]);
    await both.steps([
      { as: 'flat', ...post('network', { 'provider:network_type': 'flat', 'provider:physical_network': 'physnet1' }) },
      { as: 'flat2', ...post('network', { 'provider:network_type': 'flat', 'provider:physical_network': 'other' }) },
    ]);
    await createEach(both, [port({ ...host, network_id: '<flat>' }), port({ ...host, network_id: '<flat2>' })]);
  });

  scenario('with nothing and with what is missing', async (both) => {
    await both.step(network());
    await createEach(both, [
      post('port', {}),
      post('port', { network_id: none }),
      post('port', { network_id: '<net>', device_id: null }),
      post('port', { network_id: '<net>', tags: ['a'] }),
      post('port', { network_id: '<net>', security_groups: [] }),
    ]);
  });

  scenario('until the addresses are used up', (both) =>
    both.steps([
      network(),
      subnet(small),
      port({}, 'a'),
      port({}, 'b'),
      port({}, 'c'),
      port({ fixed_ips: [{ subnet_id: '<sub>' }] }, 'c'),
      port({ fixed_ips: [{ ip_address: '10.40.0.10' }] }, 'c'),
      port({ fixed_ips: [{ ip_address: '10.40.0.50' }] }, 'c'),
      port({ fixed_ips: [{ ip_address: '10.40.0.50' }] }, 'd'),
      port({ mac_address: '<c.mac_address>' }, 'd'),
      subnet({ cidr: '10.40.1.0/29' }, 'second'),
      port({}, 'd'),
      subnet({ cidr: '10.40.2.0/30', enable_dhcp: false, gateway_ip: null, service_types: ['compute:nova'] }, 'third'),
      port({ device_owner: 'compute:nova' }, 'e'),
      port({ device_owner: 'compute:other' }, 'f'),
      get('ports?network_id=<net>'),
    ]),
  );

  scenario('on a network whose only subnet is for others', (both) =>
    both.steps([
      network(),
      subnet({ service_types: ['network:floatingip_agent_gateway'] }),
      port(),
      port({ device_owner: 'compute:nova' }),
      port({ device_owner: 'network:dhcp' }),
      port({ fixed_ips: [{ subnet_id: '<sub>' }] }),
      port({ fixed_ips: [{ ip_address: '10.40.0.9' }] }),
    ]),
  );

  scenario('on a network without port security', (both) =>
    both.steps([
      network({ port_security_enabled: false }),
      subnet(small),
      port({}, 'a'),
      port({ port_security_enabled: true }, 'b'),
      port({ allowed_address_pairs: [{ ip_address: '10.40.0.50' }] }, 'c'),
      put('network', '<net>', { port_security_enabled: true }),
      get('ports/<a>'),
    ]),
  );
});

describe('changing ports', () => {
  for (const attribute of attributes) {
    scenario(`odd values of ${attribute}`, async (both) => {
      await both.steps([network(), subnet(small), port()]);
      for (const value of oddValues) await both.step(put('port', '<port>', { [attribute]: value }));
    });
  }

  scenario('to every form of fixed_ips', async (both) => {
    await both.steps([...withSubnets, port({ fixed_ips: [{ ip_address: '10.40.0.90' }] })]);
    for (const fixed_ips of fixedIps()) {
      await both.step(put('port', '<port>', { fixed_ips }));
      await both.step(put('port', '<port>', { fixed_ips: [{ ip_address: '10.40.0.90' }] }));
    }
  });

  scenario('addresses that stay', (both) =>
    both.steps([
      ...withSubnets,
      port(),
      put('port', '<port>', { fixed_ips: [{ subnet_id: '<sub>' }] }),
      put('port', '<port>', { fixed_ips: [{ subnet_id: '<sub>' }, { subnet_id: '<sub>' }] }),
      put('port', '<port>', { fixed_ips: [{ subnet_id: '<sub>', ip_address: '10.40.0.70' }] }),
      put('port', '<port>', { fixed_ips: [{ subnet_id: '<sub>' }] }),
      put('port', '<port>', { fixed_ips: [{ ip_address: '10.40.0.70' }, { subnet_id: '<six>' }] }),
      put('port', '<port>', { fixed_ips: [{ subnet_id: '<auto>' }] }),
      put('port', '<port>', { fixed_ips: [] }),
      port({ fixed_ips: [{ ip_address: '10.40.0.71' }] }, 'other'),
      put('port', '<port>', { fixed_ips: [{ ip_address: '10.40.0.71' }] }),
      get('ports/<port>'),
    ]),
  );

  scenario('pairs, options, MACs', async (both) => {
    await both.steps([network(), subnet(small), port({ fixed_ips: [{ ip_address: '10.40.0.50' }] })]);
    for (const allowed_address_pairs of pairs) await both.step(put('port', '<port>', { allowed_address_pairs }));
    for (const extra_dhcp_opts of dhcpOptions) await both.step(put('port', '<port>', { extra_dhcp_opts }));
    for (const mac_address of macs) await both.step(put('port', '<port>', { mac_address }));
    await both.steps([
      put('port', '<port>', { allowed_address_pairs: [{ ip_address: '10.40.0.50' }] }),
      put('port', '<port>', { allowed_address_pairs: [{ ip_address: '10.40.0.77' }] }),
      put('port', '<port>', { port_security_enabled: false }),
      put('port', '<port>', { port_security_enabled: false, allowed_address_pairs: [] }),
      put('port', '<port>', { allowed_address_pairs: [{ ip_address: '10.40.0.77' }] }),
      put('port', '<port>', { port_security_enabled: true, allowed_address_pairs: [{ ip_address: '10.40.0.77' }] }),
      put('port', '<port>', { mac_address: null }),
      port({ mac_address: 'fa:16:3e:00:00:77' }, 'other'),
      put('port', '<port>', { mac_address: 'fa:16:3e:00:00:77' }),
      put('port', '<other>', { mac_address: 'fa:16:3e:00:00:77' }),
      put('port', '<port>', { extra_dhcp_opts: [{ opt_name: 'a', opt_value: '1' }] }),
      put('port', '<port>', { extra_dhcp_opts: [{ opt_name: 'b', opt_value: '2' }] }),
      put('port', '<port>', { extra_dhcp_opts: [{ opt_name: 'a', opt_value: '3' }] }),
      put('port', '<port>', { extra_dhcp_opts: [{ opt_name: 'a', opt_value: null }] }),
      put('port', '<port>', { extra_dhcp_opts: [] }),
      put('port', '<port>', { extra_dhcp_opts: null }),
      get('ports/<port>'),
    ]);
  });

  scenario('MAC on auto-address subnets', (both) =>
    both.steps([
      network(),
      subnet(slaac, 'auto'),
      port({ mac_address: 'fa:16:3e:00:00:01' }),
      put('port', '<port>', { mac_address: 'fa:16:3e:00:00:02' }),
      subnet(small),
      port({ mac_address: 'fa:16:3e:00:00:03' }, 'second'),
      put('port', '<second>', { mac_address: 'fa:16:3e:00:00:04', fixed_ips: [{ subnet_id: '<sub>' }] }),
      get('ports/<second>'),
      subnet({ ...slaac, cidr: '2001:db8:42::/64' }, 'auto2'),
      get('ports/<port>'),
      get('ports/<second>'),
    ]),
  );

  scenario('bindings', (both) =>
    both.steps([
      network(),
      subnet(small),
      port({ device_owner: 'compute:nova', device_id: 'vm' }),
      put('port', '<port>', { 'binding:host_id': 'bench-host' }),
      put('port', '<port>', { 'binding:host_id': 'bench-host' }),
      put('port', '<port>', { name: 'n' }),
      put('port', '<port>', { mac_address: 'fa:16:3e:00:00:05' }),
      put('port', '<port>', { admin_state_up: false }),
      put('port', '<port>', { admin_state_up: true }),
      put('port', '<port>', { 'binding:profile': { a: 1 } }),
      put('port', '<port>', { 'binding:profile': { a: 1 } }),
      put('port', '<port>', { 'binding:profile': {} }),
      put('port', '<port>', { 'binding:vnic_type': 'direct' }),
      put('port', '<port>', { 'binding:vnic_type': 'normal' }),
      put('port', '<port>', { 'binding:host_id': 'nowhere' }),
      put('port', '<port>', { name: 'm' }),
      put('port', '<port>', { mac_address: 'fa:16:3e:00:00:06' }),
      put('port', '<port>', { 'binding:host_id': 'bench-host', name: 'o' }),
      put('port', '<port>', { 'binding:host_id': '' }),
      put('port', '<port>', { 'binding:host_id': 'bench-host' }),
      put('port', '<port>', { 'binding:host_id': null }),
      put('port', '<port>', { device_owner: '', device_id: '' }),
      put('port', '<port>', { fixed_ips: [] }),
      get('ports/<port>'),
      remove('ports/<port>'),
    ]),
  );

  scenario('owner and device', async (both) => {
    await both.steps([network(), subnet(small), port()]);
    for (const device_owner of owners) {
      await both.step(put('port', '<port>', { device_owner }));
      await both.step(put('port', '<port>', { device_owner, device_id: 'thing' }));
    }
    await both.steps([put('port', '<port>', { device_owner: '', device_id: '' }), get('ports/<port>')]);
  });
});

describe('removing ports', () => {
  for (const device_owner of owners) {
    scenario(`of ${device_owner}`, (both) =>
      both.steps([
        network(),
        subnet(small),
        port({ device_owner, device_id: 'thing' }),
        remove('ports/<port>'),
        put('port', '<port>', { device_owner: '' }),
        remove('ports/<port>'),
        get('ports/<port>'),
      ]),
    );
  }
});
