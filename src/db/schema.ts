import type { ColumnType, Generated } from 'kysely';

/**
 * The tables, by the names operators of Neutron know. Same columns on every database; booleans are 0/1 integers in SQLite
 * and MariaDB and are converted where rows become resources, nowhere else.
 *
 * Differences from upstream, on purpose: the standard attributes (description, timestamps, revision) are columns of each
 * resource instead of a side table (one join less per read), and `standard_attr_id` is the table's own counter: unique per
 * table, not across tables. It exists because RPC payloads carry it.
 */
export interface Schema {
  networks: NetworksTable;
  externalnetworks: { network_id: string; is_default: Flag };
  networkrbacs: {
    id: string;
    project_id: string;
    object_id: string;
    target_project: string;
    action: 'access_as_shared' | 'access_as_external';
  };
  networksegments: NetworkSegmentsTable;
  ml2_flat_allocations: { physical_network: string };
  ml2_vlan_allocations: { physical_network: string; vlan_id: number };
  ml2_vxlan_allocations: { vxlan_vni: number };
  ml2_gre_allocations: { gre_id: number };
  ml2_geneve_allocations: { geneve_vni: number };
  segmenthostmappings: { segment_id: string; host: string };
  network_segment_ranges: NetworkSegmentRangesTable;
  subnets: SubnetsTable;
  ipallocationpools: AllocationPoolsTable;
  dnsnameservers: { subnet_id: string; address: string; position: number };
  subnetroutes: { subnet_id: string; destination: string; nexthop: string; position: number };
  subnet_service_types: { subnet_id: string; service_type: string };
  ports: PortsTable;
  ipallocations: IpAllocationsTable;
  ml2_port_bindings: PortBindingsTable;
  ml2_port_binding_levels: { port_id: string; host: string; level: number; driver: string; segment_id: string };
  allowedaddresspairs: { port_id: string; mac_address: string; ip_address: string; position: number };
  extradhcpopts: { id: string; port_id: string; opt_name: string; opt_value: string; ip_version: number };
  provisioningblocks: { port_id: string; entity: 'L2' | 'DHCP' };
  agents: AgentsTable;
  neutrino_agent_events: AgentEventsTable;
  /** `at` in milliseconds since the epoch, `figures` JSON. */
  neutrino_usage_samples: { at: number; source: string; figures: string };
  /** `binding_index`: its place among the agents of the network; null where an older server bound it. */
  networkdhcpagentbindings: { network_id: string; dhcp_agent_id: string; binding_index: number | null };
  quotas: { project_id: string; resource: string; limit: number };
  address_groups: StandardColumns;
  address_associations: { address_group_id: string; address: string };
  addressgrouprbacs: RbacTable;
  securitygroups: StandardColumns & { stateful: Flag };
  securitygrouprules: SecurityGroupRulesTable;
  securitygroupportbindings: { port_id: string; security_group_id: string };
  /** Which group is a project's default one. */
  default_security_group: { project_id: string; security_group_id: string };
  securitygrouprbacs: RbacTable;
  securitygroupdefaultrules: SecurityGroupDefaultRulesTable;
  /** `project_key` is the project, or '' for the row of everybody else. */
  security_groups_default_statefulness: {
    id: string;
    project_id: string | null;
    project_key: string;
    stateful: Flag;
  };
  flavors: { id: string; name: string; description: string | null; service_type: string; enabled: Flag };
  serviceprofiles: { id: string; description: string | null; driver: string; metainfo: string; enabled: Flag };
  flavorserviceprofilebindings: { flavor_id: string; service_profile_id: string };
  address_scopes: { id: string; project_id: string; name: string; ip_version: number };
  addressscoperbacs: RbacTable;
  subnetpools: SubnetPoolsTable;
  subnetpoolprefixes: { subnetpool_id: string; cidr: string };
  subnetpoolrbacs: RbacTable;
  qos_policies: StandardColumns;
  qospolicyrbacs: RbacTable;
  /** Which policy new networks of a project get. */
  qos_policies_default: { project_id: string; qos_policy_id: string };
  qos_port_policy_bindings: { port_id: string; policy_id: string };
  qos_network_policy_bindings: { network_id: string; policy_id: string };
  qos_bandwidth_limit_rules: QosRuleColumns & { max_kbps: number; max_burst_kbps: number; direction: string };
  qos_dscp_marking_rules: QosRuleColumns & { dscp_mark: number };
  qos_minimum_bandwidth_rules: QosRuleColumns & { min_kbps: number; direction: string };
  qos_minimum_packet_rate_rules: QosRuleColumns & { min_kpps: number; direction: string };
  qos_packet_rate_limit_rules: QosRuleColumns & { max_kpps: number; max_burst_kpps: number; direction: string };
  auto_allocated_topologies: { project_id: string; network_id: string; router_id: string | null };
  trunks: StandardColumns & { admin_state_up: Flag; port_id: string; status: string };
  subports: { port_id: string; trunk_id: string; segmentation_type: string; segmentation_id: number };
  routers: RoutersTable;
  /** `port_type` is the port's owner: gateway, interface, HA interface. */
  routerports: { port_id: string; router_id: string; port_type: string };
  routerroutes: { router_id: string; destination: string; nexthop: string; position: number };
  routerl3agentbindings: { router_id: string; l3_agent_id: string; binding_index: number };
  qos_router_gw_policy_bindings: { router_id: string; policy_id: string };
  qos_fip_policy_bindings: { fip_id: string; policy_id: string };
  floatingips: FloatingIpsTable;
  portforwardings: PortForwardingsTable;
  conntrack_helpers: { id: string; router_id: string; protocol: string; port: number; helper: string };
  ndp_proxies: StandardColumns & { router_id: string; port_id: string; ip_address: string };
  ha_router_networks: { project_id: string; network_id: string };
  ha_router_vrid_allocations: { network_id: string; vr_id: number };
  /** `l3_agent_id` is null until an agent took the port; `state` as agents report it: `active`, `standby`, `unknown`. */
  ha_router_agent_port_bindings: { port_id: string; router_id: string; l3_agent_id: string | null; state: string };
  meteringlabels: { id: string; project_id: string; name: string; description: string; shared: Flag };
  meteringlabelrules: MeteringLabelRulesTable;
  tags: { resource_type: string; resource_id: string; tag: string };
  outbox: OutboxTable;
  /** Who does the periodic work; `beat` goes up while the holder lives. */
  neutrino_duties: { name: string; holder: string; beat: number };
  neutrino_turns: { name: string; turns: number };
  neutrino_servers: { name: string; revision: string; beat: number };
  neutrino_contracted: { version_num: string };
  neutrino_version: { version_num: string };
}

/** Who may use an object that is another project's: one entry per project, or one for everybody (`*`). */
export interface RbacTable {
  id: string;
  project_id: string;
  object_id: string;
  target_project: string;
  action: string;
}

export interface QosRuleColumns {
  id: string;
  qos_policy_id: string;
}

/** 0 or 1 in SQLite and MariaDB, a boolean in PostgreSQL. */
export type Flag = ColumnType<number | boolean, number | boolean, number | boolean>;

/** Columns of every resource with standard attributes. Times are `YYYY-MM-DDTHH:MM:SSZ`, as the API shows them. */
export interface StandardColumns {
  standard_attr_id: Generated<number>;
  id: string;
  project_id: string;
  name: string;
  description: string;
  created_at: string;
  updated_at: string;
  revision_number: number;
}

export interface NetworksTable extends StandardColumns {
  status: string;
  admin_state_up: Flag;
  mtu: number;
  port_security_enabled: Flag;
  vlan_transparent: Flag | null;
  /** JSON list. */
  availability_zone_hints: string;
  dns_domain: string;
  qinq: Flag | null;
}

export interface NetworkSegmentsTable {
  id: string;
  network_id: string;
  network_type: string;
  physical_network: string | null;
  segmentation_id: number | null;
  segment_index: number;
  is_dynamic: Flag;
  name: string | null;
  description: string | null;
  created_at: string;
  updated_at: string;
  revision_number: number;
}

export interface NetworkSegmentRangesTable extends StandardColumns {
  /** Made from the configuration. */
  is_default: Flag;
  shared: Flag;
  network_type: string;
  physical_network: string | null;
  minimum: number;
  maximum: number;
}

export interface SubnetsTable extends StandardColumns {
  network_id: string;
  ip_version: number;
  cidr: string;
  gateway_ip: string | null;
  enable_dhcp: Flag;
  ipv6_ra_mode: string | null;
  ipv6_address_mode: string | null;
  subnetpool_id: string | null;
  segment_id: string | null;
  dns_publish_fixed_ip: Flag | null;
}

/** The keys are the addresses as `ipallocations.ip_key` has them. */
export interface AllocationPoolsTable {
  id: string;
  subnet_id: string;
  first_ip: string;
  last_ip: string;
  first_key: string;
  last_key: string;
  position: number;
}

export interface SubnetPoolsTable extends StandardColumns {
  ip_version: number;
  default_prefixlen: number;
  min_prefixlen: number;
  max_prefixlen: number;
  is_default: Flag;
  default_quota: number | null;
  /** Another one with every subnet that is taken: of two that take at the same moment one finds it changed. */
  hash: string;
  address_scope_id: string | null;
}

export interface PortsTable extends StandardColumns {
  network_id: string;
  mac_address: string;
  admin_state_up: Flag;
  status: string;
  device_id: string;
  device_owner: string;
  port_security_enabled: Flag;
  ip_allocation: string;
  dns_name: string;
  dns_domain: string;
  data_plane_status: string | null;
  propagate_uplink_status: Flag | null;
  device_profile: string | null;
  numa_affinity_policy: string | null;
  /** JSON object. */
  hints: string | null;
  hardware_offload_type: string | null;
  trusted: Flag | null;
}

/** One address of one port; the unique key (subnet_id, ip_key) is what keeps two ports from sharing one. */
export interface IpAllocationsTable {
  port_id: string;
  subnet_id: string;
  network_id: string;
  ip_address: string;
  /** The address as 32 hex digits (v4 in the last 8), so that ranges compare and sort as numbers do. */
  ip_key: string;
  position: number;
}

export interface PortBindingsTable {
  port_id: string;
  host: string;
  vnic_type: string;
  /** JSON object. */
  profile: string;
  vif_type: string;
  /** JSON object, `''` when unset. */
  vif_details: string;
  status: 'ACTIVE' | 'INACTIVE';
}

/** What a rule matches; null: anything. */
export interface MatchColumns {
  direction: string;
  ethertype: string;
  protocol: string | null;
  port_range_min: number | null;
  port_range_max: number | null;
  remote_ip_prefix: string | null;
  remote_group_id: string | null;
  remote_address_group_id: string | null;
}

export interface SecurityGroupRulesTable extends MatchColumns {
  standard_attr_id: Generated<number>;
  id: string;
  project_id: string;
  security_group_id: string;
  /** `remote_ip_prefix` without host bits. */
  normalized_cidr: string | null;
  /** Its group is its project's default one; groups do not become that, or cease to be it. */
  belongs_to_default_sg: Flag;
  /** Two rules of a group differ in it: what they match, as one text. */
  rule_key: string;
  /** Null for rules that came with their group. */
  description: string | null;
  created_at: string;
  updated_at: string;
  revision_number: number;
}

export interface SecurityGroupDefaultRulesTable extends MatchColumns {
  standard_attr_id: Generated<number>;
  id: string;
  used_in_default_sg: Flag;
  used_in_non_default_sg: Flag;
  description: string;
  created_at: string;
  updated_at: string;
  revision_number: number;
}

export interface RoutersTable extends StandardColumns {
  status: string;
  admin_state_up: Flag;
  gw_port_id: string | null;
  /** Only means something while there is a gateway. */
  enable_snat: Flag;
  flavor_id: string | null;
  ha: Flag;
  /** 0 where the router is not highly available. */
  ha_vr_id: number;
  /** JSON list. */
  availability_zone_hints: string;
  enable_ndp_proxy: Flag;
}

export interface FloatingIpsTable extends Omit<StandardColumns, 'name'> {
  floating_ip_address: string;
  floating_network_id: string;
  /** The port of the external network that holds the address; it is no tenant's. */
  floating_port_id: string;
  fixed_port_id: string | null;
  fixed_ip_address: string | null;
  router_id: string | null;
  last_known_router_id: string | null;
  status: string;
  dns_name: string;
  dns_domain: string;
}

/** Ports are null where the protocol has none; a single port is a range that ends where it begins. */
export interface PortForwardingsTable extends Omit<StandardColumns, 'name'> {
  floatingip_id: string;
  internal_port_id: string;
  internal_ip_address: string;
  protocol: string;
  external_port_start: number | null;
  external_port_end: number | null;
  internal_port_start: number | null;
  internal_port_end: number | null;
}

export interface MeteringLabelRulesTable {
  id: string;
  metering_label_id: string;
  direction: string;
  excluded: Flag;
  remote_ip_prefix: string | null;
  source_ip_prefix: string | null;
  destination_ip_prefix: string | null;
}

/** A report of an agent that was more than a sign of life. */
export interface AgentEventsTable {
  agent_id: string;
  /** Milliseconds since the epoch, both. `silent_since`: its last report, where it had been dead since; else null. */
  at: number;
  silent_since: number | null;
  /** The agent had just been started. */
  started: Flag;
}

export interface AgentsTable {
  id: string;
  agent_type: string;
  binary: string;
  topic: string;
  host: string;
  admin_state_up: Flag;
  /** Milliseconds since the epoch for the three times. */
  created_at: number;
  started_at: number;
  heartbeat_timestamp: number;
  description: string | null;
  /** JSON object. */
  configurations: string;
  availability_zone: string | null;
  resource_versions: string | null;
  load: number;
  resources_synced: Flag | null;
}

/**
 * What is still to be done about a committed change: bind a port, tell agents. Written in the transaction that makes the
 * change, done right after the commit, then deleted; what is older than 2 s is taken up by any server.
 */
export interface OutboxTable {
  id: Generated<number>;
  /** `port`, `network`, `subnet`, `agent`. */
  resource_type: string;
  resource_id: string;
  /** What the plugin's outbox runner knows how to do: `bind`, `tell` … */
  action: string;
  /** JSON: what the action needs that can no longer be read (a deleted port's addresses, for example). */
  payload: string;
  /** Milliseconds since the epoch. */
  created_at: number;
  /** When a server took it up again, for spacing retries; 0 = never. */
  attempted_at: number;
  attempts: number;
}
