import { declareOptions, type OptionValues, option } from '../../lib/options.ts';
import type { DeviceKind } from '../../linux/device-kinds.ts';
import type { QosOptions } from '../qos/options.ts';
import { tunnelMarkOptions, type VxlanConfig, vxlanConfig, type vxlanOptions } from './vxlan-options.ts';

/** `[linux_bridge]`: which card, or which bridge that exists already, leads to a physical network. */
export const linuxBridgeOptions = declareOptions('linux_bridge', {
  physical_interface_mappings: option.list({
    default: [],
    check: checkMappings,
    help: 'physical_network:interface pairs; the interface becomes a port of the bridges of that network',
  }),
  bridge_mappings: option.list({
    default: [],
    check: checkMappings,
    help: 'physical_network:bridge pairs; ports are put into this bridge, which is never deleted',
  }),
});

/** `[agent]` */
export const bridgeAgentOptions = declareOptions('agent', {
  polling_interval: option.int({
    default: 2,
    min: 1,
    help: 'accepted for old files; taps are noticed by kernel events, and a scan runs every 20 s in any case',
  }),
  report_interval: option.float({ default: 30, min: 0.1, help: 'seconds between two state reports' }),
  quitting_rpc_timeout: option.int({ default: 10, help: 'seconds that calls may take while the agent stops' }),
  comment_iptables_rules: option.bool({ default: true, help: 'say in each firewall rule what it is for' }),
  extensions: option.list({ default: [], help: 'agent extensions: qos' }),
  ...tunnelMarkOptions,
});

/** `[securitygroup]`, as the agent reads it. */
export const securityGroupOptions = declareOptions('securitygroup', {
  enable_security_group: option.bool({ default: true, help: 'filter the traffic of ports with port security' }),
  enable_ipset: option.bool({ default: true, help: 'use ipset for groups of addresses' }),
  firewall_driver: option.maybe({ help: 'iptables, noop, or the class path upstream had for them' }),
  permitted_ethertypes: option.list({
    default: [],
    check: checkEtherTypes,
    help: 'further types of frames that guests with port security may send and get, as 0x88cc; filters do not look into them',
  }),
});

export interface BridgeAgentOptions {
  linuxBridge: OptionValues<typeof linuxBridgeOptions>;
  vxlan: OptionValues<typeof vxlanOptions>;
  agent: OptionValues<typeof bridgeAgentOptions>;
  securityGroup: OptionValues<typeof securityGroupOptions>;
  /** The defaults where it is absent. */
  qos?: QosOptions;
}

/** What the agent works with. */
export interface BridgeConfig {
  /** physical network → interface */
  interfaces: ReadonlyMap<string, string>;
  /** physical network → bridge of the operator */
  bridges: ReadonlyMap<string, string>;
  /** Null where this host takes no part in VXLAN networks. */
  vxlan: VxlanConfig | null;
  /** What the kernel cannot do, with the reason: found out when the agent starts. */
  lacking: ReadonlyMap<DeviceKind, string>;
  /** Ports with port security must be filtered: closed until there are filters. */
  filtering: boolean;
}

/** @throws CannotStart where options do not fit together */
export function bridgeConfig(options: BridgeAgentOptions): BridgeConfig {
  const { enable_security_group, firewall_driver } = options.securityGroup;
  return {
    ...mappedDevices(options.linuxBridge),
    vxlan: vxlanConfig(options.vxlan, options.agent),
    lacking: new Map(),
    filtering: enable_security_group && firewall_driver !== null && !isNoop(firewall_driver),
  };
}

export function mappedDevices(
  options: BridgeAgentOptions['linuxBridge'],
): Pick<BridgeConfig, 'interfaces' | 'bridges'> {
  return {
    interfaces: parseMappings(options.physical_interface_mappings),
    bridges: parseMappings(options.bridge_mappings),
  };
}

/** Upstream's empty name, `noop`, and both class paths that mean it. */
function isNoop(driver: string): boolean {
  return driver === '' || driver === 'noop' || /(^|\.)NoopFirewallDriver$/.test(driver);
}

function parseMappings(pairs: readonly string[]): Map<string, string> {
  return new Map(
    pairs.map((pair) => {
      const colon = pair.indexOf(':');
      return [pair.slice(0, colon).trim(), pair.slice(colon + 1).trim()];
    }),
  );
}

function checkEtherTypes(texts: readonly string[]): string | null {
  const wrong = texts.find((text) => etherType(text) === null);
  return wrong === undefined ? null : `${JSON.stringify(wrong)} is no type of Ethernet (0x600 to 0xffff)`;
}

/** As upstream, hexadecimal with or without `0x`. Below 0x600 it would be a length. */
export function etherType(text: string): number | null {
  const value = /^(0x)?[0-9a-f]{1,4}$/i.test(text.trim()) ? Number.parseInt(text.trim(), 16) : 0;
  return value >= 0x600 ? value : null;
}

/** As upstream: neither a physical network nor a device may stand there twice. */
function checkMappings(pairs: readonly string[]): string | null {
  const networks = new Set<string>();
  const devices = new Set<string>();
  for (const pair of pairs) {
    const [network = '', device = '', ...more] = pair.split(':').map((part) => part.trim());
    if (!network || !device || more.length > 0) return `"${pair}" is not physical_network:device`;
    if (!/^[\w.@-]{1,15}$/.test(device)) return `"${device}" cannot be the name of a device`;
    if (networks.has(network)) return `physical network ${network} stands there twice`;
    if (devices.has(device)) return `device ${device} stands there twice`;
    networks.add(network);
    devices.add(device);
  }
  return null;
}
