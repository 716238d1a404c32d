import { expect, test } from 'vitest';
import { dhcpOptions } from './options.ts';

const check = (name: keyof typeof dhcpOptions.options, value: unknown) =>
  (dhcpOptions.options[name] as { check?: (value: unknown) => string | null }).check?.(value) ?? null;

test.each([
  ['interface_driver', 'linuxbridge'],
  ['interface_driver', 'neutron.agent.linux.interface.BridgeInterfaceDriver'],
  ['interface_driver', 'BridgeInterfaceDriver'],
  ['dhcp_driver', 'neutron.agent.linux.dhcp.Dnsmasq'],
  ['dhcp_driver', 'dnsmasq'],
  ['dns_domain', ''],
  ['dns_domain', 'cloud.example.'],
  ['dnsmasq_config_file', ''],
  ['dnsmasq_config_file', '/etc/neutron/dnsmasq.conf'],
  ['dnsmasq_dns_servers', ['192.0.2.1', '2001:db8::1', '192.0.2.1#5353', '/example.org/192.0.2.9']],
] as const)('%s takes %j', (name, value) => {
  expect(check(name, value)).toBeNull();
});

test.each([
  ['interface_driver', 'openvswitch', /linuxbridge/],
  ['interface_driver', 'neutron.agent.linux.interface.OVSInterfaceDriver', /BridgeInterfaceDriver/],
  ['dhcp_driver', 'my.driver', /Dnsmasq/],
  ['dns_domain', 'a b', /domain/],
  ['dns_domain', 'a\nb', /domain/],
  ['dnsmasq_config_file', 'dnsmasq.conf', /absolute/],
  ['dhcp_confs', 'dhcp', /absolute/],
  ['metadata_proxy_socket', '/a\nb', /control/],
  ['dnsmasq_dns_servers', ['192.0.2.1', 'nobody'], /nobody/],
  ['dnsmasq_txt_record', 'a\nb', /control/],
] as const)('%s refuses %j', (name, value, message) => {
  expect(check(name, value)).toMatch(message);
});
