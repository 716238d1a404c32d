import { describe, expect, it } from 'vitest';
import { defaultValues } from '../../lib/options.ts';
import { bridgeAgentOptions, bridgeConfig, etherType, linuxBridgeOptions, securityGroupOptions } from './options.ts';
import { vxlanOptions } from './vxlan-options.ts';

const { check } = linuxBridgeOptions.options.physical_interface_mappings;

describe('mappings', () => {
  it.each([[['public:eth0', 'flat1:eth1.100']], [[' public : eth0 ']], [[]]])('takes %j', (pairs) => {
    expect(check?.(pairs)).toBeNull();
  });

  it.each([
    [['public'], /is not physical_network:device/],
    [['public:'], /is not physical_network:device/],
    [[':eth0'], /is not physical_network:device/],
    [['a:b:c'], /is not physical_network:device/],
    [['public:eth0', 'public:eth1'], /public stands there twice/],
    [['a:eth0', 'b:eth0'], /eth0 stands there twice/],
    [['a:much-too-long-a-name'], /cannot be the name of a device/],
    [['a:eth0;reboot'], /cannot be the name of a device/],
  ])('refuses %j', (pairs, message) => {
    expect(check?.(pairs)).toMatch(message);
  });
});

describe('types of frames', () => {
  it.each([
    ['0x88cc', 0x88cc],
    ['4008', 0x4008],
    ['0x800', 0x800],
    ['0x05ff', null],
    ['0x10000', null],
    ['LLDP', null],
    ['', null],
  ])('%j is %j', (text, expected) => {
    expect(etherType(text)).toBe(expected);
    const told = securityGroupOptions.options.permitted_ethertypes.check?.([text]);
    expect(told).toEqual(expected === null ? expect.stringContaining('is no type of Ethernet') : null);
  });
});

describe('filtering', () => {
  it.each([
    [true, 'neutron.agent.linux.iptables_firewall.IptablesFirewallDriver', true],
    [true, 'iptables', true],
    [true, 'noop', false],
    [true, 'neutron.agent.firewall.NoopFirewallDriver', false],
    [true, null, false],
    [false, 'iptables', false],
  ])('enable_security_group %s with driver %s: %s', (enabled, driver, filtering) => {
    const config = bridgeConfig({
      linuxBridge: defaultValues(linuxBridgeOptions),
      vxlan: defaultValues(vxlanOptions, { enable_vxlan: false }),
      agent: defaultValues(bridgeAgentOptions),
      securityGroup: defaultValues(securityGroupOptions, { enable_security_group: enabled, firewall_driver: driver }),
    });
    expect(config.filtering).toBe(filtering);
  });
});
