import type { RawJson } from '../lib/exact-json.ts';

/**
 * What the resources look like, from curl to column: snake_case keys everywhere, as the API has them. The attribute
 * tables beside this file (network.ts, subnet.ts …) say who may set what; these types say what a whole one is.
 * Attributes of extensions that are not loaded are absent, so everything an extension adds is optional here.
 */
export interface StandardAttributes {
  description: string;
  /** UTC, `YYYY-MM-DDTHH:MM:SSZ`. */
  created_at: string;
  updated_at: string;
  revision_number: number;
  tags: string[];
}

export interface Network extends StandardAttributes {
  id: string;
  name: string;
  tenant_id: string;
  project_id: string;
  admin_state_up: boolean;
  mtu: number;
  status: string;
  subnets: string[];
  shared: boolean;
  port_security_enabled?: boolean;
  'router:external': boolean;
  'provider:network_type': string | null;
  'provider:physical_network': string | null;
  'provider:segmentation_id': number | null;
  segments?: Segment[];
  availability_zone_hints: string[];
  availability_zones: string[];
  qos_policy_id?: string | null;
  ipv4_address_scope: string | null;
  ipv6_address_scope: string | null;
  [extension: string]: unknown;
}

export interface Segment {
  'provider:network_type': string;
  'provider:physical_network': string | null;
  'provider:segmentation_id': number | null;
}

export interface AllocationPool {
  start: string;
  end: string;
}

export interface HostRoute {
  destination: string;
  nexthop: string;
}

export type Ipv6Mode = 'dhcpv6-stateful' | 'dhcpv6-stateless' | 'slaac';

export interface Subnet extends StandardAttributes {
  id: string;
  name: string;
  tenant_id: string;
  project_id: string;
  network_id: string;
  ip_version: 4 | 6;
  subnetpool_id: string | null;
  enable_dhcp: boolean;
  ipv6_ra_mode: Ipv6Mode | null;
  ipv6_address_mode: Ipv6Mode | null;
  gateway_ip: string | null;
  cidr: string;
  allocation_pools: AllocationPool[];
  host_routes: HostRoute[];
  dns_nameservers: string[];
  service_types: string[];
  [extension: string]: unknown;
}

/** A rule of a QoS policy, with what its kind says. */
export interface QosRule {
  id: string;
  qos_policy_id: string;
  type: string;
  [parameter: string]: string | number;
}

export interface QosPolicy extends StandardAttributes {
  id: string;
  name: string;
  tenant_id: string;
  project_id: string;
  shared: boolean;
  is_default: boolean;
  rules: QosRule[];
}

export interface FixedIp {
  subnet_id: string;
  ip_address: string;
}

export interface AddressPair {
  mac_address: string;
  ip_address: string;
}

export interface ExtraDhcpOpt {
  opt_name: string;
  opt_value: string;
  ip_version: 4 | 6;
}

export interface Port extends StandardAttributes {
  id: string;
  name: string;
  network_id: string;
  tenant_id: string;
  project_id: string;
  mac_address: string;
  admin_state_up: boolean;
  status: string;
  device_id: string;
  device_owner: string;
  fixed_ips: FixedIp[];
  allowed_address_pairs: AddressPair[];
  extra_dhcp_opts: ExtraDhcpOpt[];
  qos_policy_id?: string | null;
  qos_network_policy_id?: string | null;
  /** Ids of its groups. */
  security_groups?: string[];
  'binding:vnic_type': string;
  'binding:profile': Record<string, unknown>;
  'binding:host_id': string;
  'binding:vif_type': string;
  'binding:vif_details': Record<string, unknown>;
  port_security_enabled?: boolean;
  [extension: string]: unknown;
}

export interface AddressScope {
  id: string;
  name: string;
  tenant_id: string;
  project_id: string;
  ip_version: 4 | 6;
  shared: boolean;
}

export interface SubnetPool extends StandardAttributes {
  id: string;
  name: string;
  tenant_id: string;
  project_id: string;
  ip_version: 4 | 6;
  prefixes: string[];
  /** Text when read, as upstream shows them; numbers in the answer of an update. */
  default_prefixlen: string | number;
  min_prefixlen: string | number;
  max_prefixlen: string | number;
  is_default: boolean;
  shared: boolean;
  default_quota: number | null;
  address_scope_id: string | null;
}

/** Counts beyond 2^53 are raw JSON, so that they are exact. */
export interface NetworkIpAvailability {
  network_id: string;
  network_name: string;
  tenant_id: string;
  project_id: string;
  subnet_ip_availability: SubnetIpAvailability[];
  used_ips: number | RawJson;
  total_ips: number | RawJson;
  ip_availability_details?: IpAvailabilityDetails;
}

export interface SubnetIpAvailability {
  subnet_id: string;
  ip_version: 4 | 6;
  cidr: string;
  subnet_name: string;
  used_ips: number | RawJson;
  total_ips: number | RawJson;
  ip_availability_details?: IpAvailabilityDetails;
}

type IpAvailabilityDetails = Record<
  'total_ips_in_subnet' | 'total_ips_in_allocation_pool' | 'used_ips_in_subnet' | 'used_ips_in_allocation_pool',
  number | RawJson
>;

export interface AddressGroup extends Omit<StandardAttributes, 'tags'> {
  id: string;
  name: string;
  tenant_id: string;
  project_id: string;
  addresses: string[];
  shared?: boolean;
}

/** What rules and their templates say about traffic. */
export interface RuleMatch {
  direction: 'ingress' | 'egress';
  ethertype: 'IPv4' | 'IPv6';
  /** A name, or a number as text; null is any. */
  protocol: string | null;
  /** Ports, or type and code of ICMP. */
  port_range_min: number | null;
  port_range_max: number | null;
  remote_ip_prefix: string | null;
  remote_group_id: string | null;
  remote_address_group_id: string | null;
}

export interface SecurityGroupRule extends RuleMatch {
  id: string;
  tenant_id: string;
  project_id: string;
  security_group_id: string;
  normalized_cidr: string | null;
  belongs_to_default_sg: boolean;
  /** Null for those that came with their group. */
  description: string | null;
  created_at: string;
  updated_at: string;
  revision_number: number;
}

export interface SecurityGroup extends StandardAttributes {
  id: string;
  name: string;
  stateful: boolean;
  tenant_id: string;
  project_id: string;
  shared: boolean;
  security_group_rules: SecurityGroupRule[];
}

export interface DefaultSecurityGroupRule extends RuleMatch, Omit<StandardAttributes, 'tags'> {
  id: string;
  used_in_default_sg: boolean;
  used_in_non_default_sg: boolean;
}

/** Whether new groups of a project are stateful; without a project: of all that have none of their own. */
export interface DefaultStatefulness {
  id: string;
  tenant_id: string | null;
  project_id: string | null;
  stateful: boolean;
}

export interface Flavor {
  id: string;
  name: string;
  description: string | null;
  service_type: string;
  service_profiles: string[];
  enabled: boolean;
}

export interface ServiceProfile {
  id: string;
  description: string | null;
  driver: string;
  metainfo: string;
  enabled: boolean;
}

export interface ServiceProvider {
  service_type: string;
  name: string;
  default: boolean;
}

export interface RbacPolicy {
  id: string;
  tenant_id: string;
  project_id: string;
  object_type: string;
  object_id: string;
  action: string;
  target_tenant: string;
}

export interface Agent {
  id: string;
  agent_type: string;
  binary: string;
  topic: string;
  host: string;
  admin_state_up: boolean;
  /** UTC, `YYYY-MM-DD HH:MM:SS`: agents use a blank and no Z. */
  created_at: string;
  started_at: string;
  heartbeat_timestamp: string;
  description: string | null;
  resources_synced: boolean | null;
  availability_zone: string | null;
  alive: boolean;
  configurations: Record<string, unknown>;
}

/** Where a router leads outside. */
export interface GatewayInfo {
  network_id: string;
  external_fixed_ips: FixedIp[];
  enable_snat: boolean;
  /** Only where there is one. */
  qos_policy_id?: string;
}

export interface Router extends StandardAttributes {
  id: string;
  name: string;
  tenant_id: string;
  project_id: string;
  admin_state_up: boolean;
  status: string;
  external_gateway_info: GatewayInfo | null;
  distributed: boolean;
  ha: boolean;
  availability_zone_hints: string[];
  availability_zones: string[];
  routes: HostRoute[];
  flavor_id: string | null;
  enable_ndp_proxy: boolean;
  conntrack_helpers: { protocol: string; port: number; helper: string }[];
  /** These two in the full view alone. */
  gw_port_id?: string | null;
  ha_vr_id?: number;
}

export interface FloatingIp extends StandardAttributes {
  id: string;
  tenant_id: string;
  project_id: string;
  floating_ip_address: string;
  floating_network_id: string;
  router_id: string | null;
  port_id: string | null;
  fixed_ip_address: string | null;
  status: string;
  dns_name?: string;
  dns_domain?: string;
  qos_policy_id?: string | null;
  qos_network_policy_id?: string | null;
  port_details?: Record<string, unknown> | null;
  port_forwardings?: Record<string, unknown>[];
}
