import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { bridgeAgentOptions, linuxBridgeOptions, securityGroupOptions } from '../../src/agent/bridge/options.ts';
import { vxlanOptions } from '../../src/agent/bridge/vxlan-options.ts';
import { dhcpAgentOptions, dhcpOptions } from '../../src/agent/dhcp/options.ts';
import { l3Options } from '../../src/agent/l3/options.ts';
import { metadataAgentOptions, metadataOptions } from '../../src/agent/metadata/options.ts';
import { meteringOptions } from '../../src/agent/metering/options.ts';
import { type Config, loadConfig } from '../../src/config/config.ts';
import { findConfigFiles } from '../../src/config/files.ts';
import { commonOptions, concurrencyOptions } from '../../src/config/options/common.ts';
import { keystoneOptions, novaOptions } from '../../src/config/options/identity.ts';
import { loggingOptions } from '../../src/config/options/logging.ts';
import { renderConfig } from '../../src/config/show.ts';
import type { OptionGroup } from '../../src/lib/options.ts';
import { pluginOptionGroups } from '../../src/plugin/options.ts';
import { server } from './server.ts';

/** The files of a small deployment as operators have them, with option names of several releases: taken as they are. */
const etc = fileURLToPath(new URL('../../test/data/samples/etc-neutron', import.meta.url));

const shared: OptionGroup[] = [loggingOptions, commonOptions, concurrencyOptions];
const read = (program: string, groups: readonly OptionGroup[]): Config =>
  loadConfig({ files: findConfigFiles(program, [], etc), groups: [...shared, ...groups] });

test('the server takes them, old names included, and leaves nothing out', () => {
  const config = read('neutron-server', server.groups);
  expect(config.files.map((file) => file.slice(etc.length))).toEqual(['/neutron.conf', '/plugins/ml2/ml2_conf.ini']);
  expect(config.get(keystoneOptions)).toMatchObject({
    www_authenticate_uri: 'http://192.168.56.11:5000',
    auth_url: 'http://192.168.56.11:35357',
    memcached_servers: ['192.168.56.11:11211'],
    username: 'neutron',
  });
  expect(config.get(novaOptions)).toMatchObject({ region_name: 'RegionOne', username: 'nova' });
  expect(config.get(pluginOptionGroups.ml2)).toMatchObject({
    type_drivers: ['flat', 'vlan'],
    tenant_network_types: [],
    mechanism_drivers: ['linuxbridge'],
    extension_drivers: ['port_security'],
  });
  expect(config.get(pluginOptionGroups.flat)).toEqual({ flat_networks: ['public'] });
  expect(config.get(pluginOptionGroups.securityGroup).enable_security_group).toBe(true);
  expect(config.get(concurrencyOptions).lock_path).toBe('/var/lib/neutron/tmp');
  expect(config.deprecated.map(({ entry, name }) => [entry.name, name])).toEqual([
    ['auth_uri', 'www_authenticate_uri'],
  ]);
});

test('the Linux bridge agent takes them', () => {
  const config = read('neutron-linuxbridge-agent', [
    linuxBridgeOptions,
    vxlanOptions,
    bridgeAgentOptions,
    securityGroupOptions,
  ]);
  expect(config.files.at(-1)).toBe(`${etc}/plugins/ml2/linuxbridge_agent.ini`);
  expect(config.get(linuxBridgeOptions).physical_interface_mappings).toEqual(['public:eth0']);
  expect(config.get(vxlanOptions).enable_vxlan).toBe(false);
  expect(config.get(securityGroupOptions)).toMatchObject({
    enable_security_group: true,
    firewall_driver: 'neutron.agent.linux.iptables_firewall.IptablesFirewallDriver',
  });
});

test('the DHCP agent takes them', () => {
  const config = read('neutron-dhcp-agent', [dhcpOptions, dhcpAgentOptions]);
  expect(config.get(dhcpOptions)).toMatchObject({
    interface_driver: 'neutron.agent.linux.interface.BridgeInterfaceDriver',
    dhcp_driver: 'neutron.agent.linux.dhcp.Dnsmasq',
    enable_isolated_metadata: true,
    dhcp_confs: '/var/lib/neutron/dhcp',
  });
});

test('the metadata agent takes them; its secret is not shown', () => {
  const config = read('neutron-metadata-agent', [metadataOptions, metadataAgentOptions]);
  expect(config.get(metadataOptions)).toMatchObject({
    nova_metadata_host: '192.168.56.11',
    metadata_proxy_shared_secret: 'nobody',
  });
  const shown = renderConfig(config);
  expect(shown).toMatch(/^nova_metadata_host = 192\.168\.56\.11 +# .*metadata_agent\.ini:\d+$/m);
  expect(shown).toMatch(/^metadata_proxy_shared_secret = \*\*\*\* /m);
});

test('the L3 agent takes them, with an option that went with older releases', () => {
  const config = read('neutron-l3-agent', [l3Options]);
  expect(config.files.at(-1)).toBe(`${etc}/l3_agent.ini`);
  expect(config.get(l3Options)).toMatchObject({
    interface_driver: 'neutron.agent.linux.interface.BridgeInterfaceDriver',
    agent_mode: 'legacy',
    ra_confs: '/var/lib/neutron/ra',
  });
});

test('the metering agent takes them', () => {
  const config = read('neutron-metering-agent', [meteringOptions]);
  expect(config.files.at(-1)).toBe(`${etc}/metering_agent.ini`);
  expect(config.get(meteringOptions)).toMatchObject({ driver: 'iptables', measure_interval: 30, report_interval: 300 });
});
