import { expect, test } from 'vitest';
import { defaultValues } from '../../lib/options.ts';
import { metadataProxy, wantsMetadataProxy } from './metadata-proxy.ts';
import { type DhcpOptions, dhcpOptions } from './options.ts';
import { ids, networkOf, portOf, subnetOf } from './testing.ts';

const place = {
  statePath: '/s',
  pidFolder: '/s/external/pids',
  socket: '/s/metadata_proxy',
  device: 'ns-dddddddd-00',
  v6: true,
};

test('the whole configuration', () => {
  const proxy = metadataProxy(ids.network, `qdhcp-${ids.network}`, place, true);
  expect(proxy.configFile).toBe(`/s/ns-metadata-proxy/${ids.network}.conf`);
  expect(proxy.daemon.argv).toEqual(['haproxy', '-f', proxy.configFile]);
  expect(proxy.daemon.pidFile).toBe(`/s/external/pids/${ids.network}.pid`);
  expect(proxy.config).toBe(`global
    log /dev/log local0 info
    log-tag haproxy-metadata-proxy-${ids.network}
    user root
    group root
    maxconn 1024
    nbthread 2
    pidfile /s/external/pids/${ids.network}.pid
    daemon

defaults
    log global
    mode http
    option httplog
    option dontlognull
    option http-server-close
    option forwardfor
    retries 3
    timeout http-request 30s
    timeout connect 30s
    timeout client 32s
    timeout server 32s
    timeout http-keep-alive 30s

listen listener
    bind 169.254.169.254:80
    bind fe80::a9fe:a9fe:80 interface ns-dddddddd-00
    server metadata /s/metadata_proxy
    http-request del-header X-Neutron-Router-ID
    http-request set-header X-Neutron-Network-ID ${ids.network}
`);
});

test('a path stays one word; control characters are refused', () => {
  const config = (socket: string) => metadataProxy(ids.network, 'qdhcp', { ...place, socket }, true).config;
  expect(config('/my state/#1/"x"')).toContain('    server metadata /my\\ state/\\#1/\\"x\\"\n');
  expect(() => config('/a\n    bind :1')).toThrow(/not fit/);
});

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
