import { expect, test } from 'vitest';
import { defaultValues } from '../../lib/options.ts';
import { wantsMetadataProxy } from './metadata-proxy.ts';
import { type DhcpOptions, dhcpOptions } from './options.ts';
import { ids, networkOf, portOf, subnetOf } from './testing.ts';

const routed = portOf({
  device_owner: 'network:router_interface',
  fixed_ips: [{ subnet_id: ids.v4, ip_address: '10.0.0.1' }],
});
const elsewhere = portOf({
  device_owner: 'network:router_interface',
  fixed_ips: [{ subnet_id: ids.v4, ip_address: '10.0.0.7' }],
});
const access = subnetOf({ id: ids.second, cidr: '169.254.169.240/28' });

test.each<[string, boolean, Partial<DhcpOptions>, Parameters<typeof networkOf>[0]]>([
  ['off', false, {}, {}],
  ['isolated', true, { enable_isolated_metadata: true }, {}],
  ['with a router on its gateway', false, { enable_isolated_metadata: true }, { ports: [routed] }],
  ['with a router elsewhere', true, { enable_isolated_metadata: true }, { ports: [elsewhere] }],
  [
    'one of two subnets isolated',
    true,
    { enable_isolated_metadata: true },
    { ports: [routed], subnets: [subnetOf(), subnetOf({ id: ids.second, cidr: '10.1.0.0/24' })] },
  ],
  ['forced with a router', true, { force_metadata: true }, { ports: [routed] }],
  ['forced without DHCP', false, { force_metadata: true }, { subnets: [subnetOf({ enable_dhcp: false })] }],
  [
    'access network',
    true,
    { enable_isolated_metadata: true, enable_metadata_network: true },
    { ports: [routed], subnets: [subnetOf(), { ...access, enable_dhcp: false }] },
  ],
])('wanted: %s', (_, expected, options, network) => {
  expect(wantsMetadataProxy(networkOf(network), defaultValues(dhcpOptions, options))).toBe(expected);
});
