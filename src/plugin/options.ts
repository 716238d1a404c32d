import { declareOptions, type OptionValues, option } from '../lib/options.ts';
import { type ConntrackHelperOptions, conntrackHelperOptions } from './conntrack-helper/options.ts';
import { type L3AgentOptions, l3AgentOptions } from './l3-agent/options.ts';
import { parseTunnelRanges, parseVlanRanges } from './ml2/type/ranges.ts';
import { parsePhysicalNetworkMtus } from './network/mtu.ts';
import { type QuotaOptions, quotaOptions } from './quota/options.ts';
import { type RouterOptions, routerOptions } from './router/options.ts';

const schedulers = ['WeightScheduler', 'AZAwareWeightScheduler', 'ChanceScheduler'] as const;

/** `neutron.conf`, what the plugin reads of it (upstream: neutron/conf/common.py, conf/db, conf/agent/database). */
export const coreOptions = declareOptions('DEFAULT', {
  base_mac: option.string({
    default: 'fa:16:3e:00:00:00',
    help: 'first three octets of generated MACs, four if the fourth is not 00',
    check: (value) =>
      /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(value) ? null : 'must be six octets like fa:16:3e:00:00:00',
  }),
  global_physnet_mtu: option.int({
    default: 1500,
    min: 68,
    help: 'MTU in bytes of the physical networks',
    deprecated: [{ section: 'ml2', name: 'segment_mtu' }],
  }),
  dns_domain: option.string({ default: 'openstacklocal', help: 'domain of host names' }),
  vlan_qinq: option.bool({
    default: true,
    help: 'whether guests may use VLANs behind a second tag, where all mechanism drivers can do it',
  }),
  vlan_transparent: option.bool({ default: false, help: 'whether guests may use VLANs of their own inside networks' }),
  max_dns_nameservers: option.int({ default: 5, min: 0, help: 'name servers a subnet may have' }),
  max_subnet_host_routes: option.int({ default: 20, min: 0, help: 'host routes a subnet may have' }),
  max_allowed_address_pair: option.int({ default: 10, help: 'address pairs a port may have; -1: any number' }),
  mac_generation_retries: option.int({
    default: 16,
    min: 1,
    help: 'read over: what met a MAC that is taken is tried again like any lost race',
  }),
  agent_down_time: option.int({ default: 75, min: 1, help: 'seconds without a report after which an agent is dead' }),
  enable_new_agents: option.bool({ default: true, help: 'whether agents that register start enabled' }),
  dhcp_load_type: option.string({
    default: 'networks',
    choices: ['networks', 'subnets', 'ports'],
    help: 'which number of its configurations is the load of a DHCP agent',
  }),
  enable_services_on_agents_with_admin_state_down: option.bool({
    default: false,
    help: 'whether disabled agents keep serving what they have',
  }),
  dhcp_agents_per_network: option.int({ default: 1, min: 1, help: 'DHCP agents that serve one network' }),
  dhcp_agent_notification: option.bool({ default: true, help: 'whether DHCP agents are told of changes' }),
  enable_traditional_dhcp: option.bool({ default: true, help: 'whether networks are served by DHCP agents' }),
  network_scheduler_driver: option.string({
    default: 'neutron.scheduler.dhcp_agent_scheduler.WeightScheduler',
    help: 'how DHCP agents are chosen: WeightScheduler, AZAwareWeightScheduler or ChanceScheduler, or their class paths',
    check: (value) =>
      schedulers.some((name) => name === className(value))
        ? null
        : `is no scheduler; there are ${schedulers.join(', ')}`,
  }),
  network_auto_schedule: option.bool({ default: true, help: 'whether networks get DHCP agents by themselves' }),
  allow_automatic_dhcp_failover: option.bool({
    default: true,
    help: 'whether networks move away from dead DHCP agents',
  }),
  external_dns_driver: option.maybe({
    help: 'service that names of ports are published in',
    check: (name) => (name === null || name === '' ? null : 'is not served yet; take it out until a later release'),
  }),
  default_availability_zones: option.list({ default: [], help: 'zones for resources that name none' }),
});
export type CoreOptions = OptionValues<typeof coreOptions>;

/** Which of the schedulers the configuration names. */
export function schedulerOf(options: Pick<CoreOptions, 'network_scheduler_driver'>): (typeof schedulers)[number] {
  return schedulers.find((name) => name === className(options.network_scheduler_driver))!;
}

function className(path: string): string {
  return path.slice(path.lastIndexOf('.') + 1);
}

/** `[ml2]` of `ml2_conf.ini`. */
export const ml2Options = declareOptions('ml2', {
  type_drivers: option.list({
    default: ['local', 'flat', 'vlan', 'gre', 'vxlan', 'geneve'],
    help: 'kinds of networks there may be',
  }),
  tenant_network_types: option.list({
    default: ['local'],
    help: 'kinds tried in this order for networks without provider attributes; may be empty',
    deprecated: [{ name: 'project_network_types' }],
  }),
  mechanism_drivers: option.list({ default: ['linuxbridge'], help: 'drivers asked in this order to bind a port' }),
  extension_drivers: option.list({ default: ['port_security'], help: 'drivers that add attributes' }),
  path_mtu: option.int({
    default: 0,
    min: 0,
    help: 'MTU in bytes of the underlay of overlay networks; 0: not limited',
  }),
  physical_network_mtus: option.list({
    default: [],
    help: 'MTUs that differ, as physnet:mtu',
    check: (value) => parsePhysicalNetworkMtus(value).error,
  }),
  overlay_ip_version: option.int({ default: 4, min: 4, max: 6, help: 'IP version of the underlay' }),
  external_network_type: option.maybe({ help: 'kind of external networks that name none' }),
});
export type Ml2Options = OptionValues<typeof ml2Options>;

export const flatOptions = declareOptions('ml2_type_flat', {
  flat_networks: option.list({ default: ['*'], help: 'physical networks that may carry a flat network; * allows any' }),
});
export type FlatOptions = OptionValues<typeof flatOptions>;

export const vlanOptions = declareOptions('ml2_type_vlan', {
  network_vlan_ranges: option.list({
    default: [],
    help: 'physical_network:first:last of the VLAN ids networks get, or a bare physical_network for all of them',
    check: (value) => parseVlanRanges(value).error,
  }),
});
export type VlanOptions = OptionValues<typeof vlanOptions>;

export const vxlanOptions = declareOptions('ml2_type_vxlan', {
  vni_ranges: option.list({
    default: [],
    help: 'first:last of the VNIs networks get',
    check: (value) => parseTunnelRanges('vxlan', value).error,
  }),
});
export type VxlanOptions = OptionValues<typeof vxlanOptions>;

export const greOptions = declareOptions('ml2_type_gre', {
  tunnel_id_ranges: option.list({
    default: [],
    help: 'first:last of the GRE keys networks get',
    check: (value) => parseTunnelRanges('gre', value).error,
  }),
});
export type GreOptions = OptionValues<typeof greOptions>;

export const geneveOptions = declareOptions('ml2_type_geneve', {
  vni_ranges: option.list({
    default: [],
    help: 'first:last of the VNIs networks get',
    check: (value) => parseTunnelRanges('geneve', value).error,
  }),
  max_header_size: option.int({ default: 30, min: 0, help: 'bytes of a Geneve header with its options' }),
});
export type GeneveOptions = OptionValues<typeof geneveOptions>;

/** `[l2pop]`: telling agents what is where (upstream had it until agents said that they had restarted; bridge agents do not). */
export const l2popOptions = declareOptions('l2pop', {
  agent_boot_time: option.int({
    default: 180,
    min: 0,
    help: 'seconds after its start in which an agent is told everything of a network with each of its ports',
  }),
});
type L2popOptions = OptionValues<typeof l2popOptions>;

/** The server's side of `[securitygroup]`. */
export const securityGroupOptions = declareOptions('securitygroup', {
  enable_security_group: option.bool({ default: true, help: 'whether there are security groups' }),
  firewall_driver: option.maybe({ help: 'the driver agents use; on the server only noop or not matters' }),
});
export type SecurityGroupOptions = OptionValues<typeof securityGroupOptions>;

/** Whether agents filter: there are groups, and a firewall driver that does anything (upstream: securitygroups_rpc.py). */
export function agentsFilter({ securityGroup }: Pick<PluginOptions, 'securityGroup'>): boolean {
  const { enable_security_group, firewall_driver } = securityGroup;
  return enable_security_group && firewall_driver !== 'noop' && !firewall_driver?.endsWith('NoopFirewallDriver');
}

/** Service plugins of upstream that are part of this server whatever the option says. */
const alwaysThere = [
  'tag',
  'timestamp',
  'timestamp_core',
  'revisions',
  'flavors',
  'network_ip_availability',
  'auto_allocate',
];
/** Those that are there when the option names them. */
const served = [
  'segments',
  'network_segment_range',
  'trunk',
  'qos',
  'router',
  'port_forwarding',
  'conntrack_helper',
  'ndp_proxy',
  'metering',
] as const;
const later = ['log', 'local_ip', 'placement'];

/** Folders of upstream's class paths that are called otherwise than the plugin. */
const folders: Readonly<Record<string, string>> = { l3_router: 'router', portforwarding: 'port_forwarding' };

/** What an entry may name: a class path stands for the plugin whose folder it leads through. */
function namesIn(entry: string): string[] {
  return entry.split('.').map((part) => folders[part] ?? part);
}

/** One line that says which name is wrong, and which there are. */
function checkServicePlugins(names: readonly string[]): string | null {
  for (const name of names) {
    const known = namesIn(name);
    if ([...alwaysThere, ...served].some((each) => known.includes(each))) continue;
    if (later.some((each) => known.includes(each))) return `'${name}' comes in a later release; take it out until then`;
    return `'${name}' is no service plugin; there are ${served.join(', ')}, and ${alwaysThere.join(', ')}, which are always on`;
  }
  return null;
}

/** Whether the configuration names a service plugin that is not always there. */
export function hasServicePlugin({ service }: Pick<PluginOptions, 'service'>, name: (typeof served)[number]): boolean {
  return service.service_plugins.some((entry) => namesIn(entry).includes(name));
}

/** Which service plugins there are besides those that always are. */
export const serviceOptions = declareOptions('DEFAULT', {
  service_plugins: option.list({
    default: [],
    help: 'service plugins beside those that always are, by name or class path',
    check: checkServicePlugins,
  }),
});
export type ServiceOptions = OptionValues<typeof serviceOptions>;

/** Everything the plugin is configured by; one member per section. */
export interface PluginOptions {
  readonly core: CoreOptions;
  readonly ml2: Ml2Options;
  readonly flat: FlatOptions;
  readonly vlan: VlanOptions;
  readonly vxlan: VxlanOptions;
  readonly gre: GreOptions;
  readonly geneve: GeneveOptions;
  readonly securityGroup: SecurityGroupOptions;
  readonly quota: QuotaOptions;
  readonly service: ServiceOptions;
  readonly telling: TellingOptions;
  readonly l2pop: L2popOptions;
  readonly conntrackHelper: ConntrackHelperOptions;
  readonly l3Agent: L3AgentOptions;
  readonly router: RouterOptions;
}

/** How agents are told; options of ours that upstream has not. */
export const tellingOptions = declareOptions('neutrino', {
  port_update_to_host: option.bool({
    default: false,
    help: "tell a changed port to the bridge agent of its host alone, not to every agent as upstream's agents expect",
  }),
});

type TellingOptions = OptionValues<typeof tellingOptions>;

/** All groups, for the program that reads the files. */
export const pluginOptionGroups = {
  core: coreOptions,
  ml2: ml2Options,
  flat: flatOptions,
  vlan: vlanOptions,
  vxlan: vxlanOptions,
  gre: greOptions,
  geneve: geneveOptions,
  securityGroup: securityGroupOptions,
  quota: quotaOptions,
  service: serviceOptions,
  telling: tellingOptions,
  l2pop: l2popOptions,
  conntrackHelper: conntrackHelperOptions,
  l3Agent: l3AgentOptions,
  router: routerOptions,
} as const;
