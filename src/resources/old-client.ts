/** A word without an option name, as the old client takes it. */
export interface Operand {
  attribute: string;
  /** In the help: `NETWORK`. */
  name: string;
  help: string;
  optional?: boolean;
}

/** What python-neutronclient calls and shows otherwise than follows from a resource's table. */
export interface OldClient {
  /** `net` of `net-list`; else the member with hyphens. */
  word?: string;
  /** Columns of a list, in their order. */
  columns?: readonly string[];
  operands?: readonly Operand[];
  /** Of `create`, before the server is asked. */
  defaults?: Readonly<Record<string, unknown>>;
  /** Of `list`, unless told otherwise. */
  filters?: Readonly<Record<string, unknown>>;
  /** Options of this resource alone: attribute → flag. */
  flags?: Readonly<Record<string, string>>;
}

const nameOperand = (attribute = 'name'): Operand => ({ attribute, name: attribute.toUpperCase(), help: attribute });

/** By collection. */
export const oldClient: Readonly<Record<string, OldClient>> = {
  networks: { word: 'net', columns: ['id', 'name', 'subnets'] },
  subnets: {
    columns: ['id', 'name', 'cidr', 'allocation_pools'],
    operands: [
      { attribute: 'network_id', name: 'NETWORK', help: 'id or name of the network it belongs to' },
      { attribute: 'cidr', name: 'CIDR', help: 'the addresses, like 192.168.56.0/24', optional: true },
    ],
  },
  ports: {
    columns: ['id', 'name', 'mac_address', 'fixed_ips'],
    operands: [{ attribute: 'network_id', name: 'NETWORK', help: 'id or name of the network it is on' }],
  },
  subnetpools: {
    columns: ['id', 'name', 'prefixes', 'default_prefixlen', 'address_scope_id', 'is_default'],
    flags: { prefixes: '--pool-prefix' },
  },
  agents: { columns: ['id', 'agent_type', 'host', 'availability_zone', 'alive', 'admin_state_up', 'binary'] },
  availability_zones: { columns: ['name', 'resource', 'state'] },
  address_groups: { columns: ['id', 'name', 'addresses'], flags: { addresses: '--address' } },
  address_scopes: { columns: ['id', 'name', 'ip_version'], operands: [nameOperand(), nameOperand('ip_version')] },
  bindings: { columns: ['host', 'vif_type', 'vnic_type', 'status'], word: 'port-binding' },
  security_groups: { columns: ['id', 'name', 'security_group_rules'] },
  security_group_rules: {
    columns: ['id', 'security_group_id', 'direction', 'ethertype', 'port/protocol', 'remote'],
    operands: [
      { attribute: 'security_group_id', name: 'SECURITY_GROUP', help: 'id or name of the group it is added to' },
    ],
    defaults: { direction: 'ingress' },
  },
  default_security_group_rules: {
    columns: [
      'id',
      'direction',
      'ethertype',
      'port/protocol',
      'remote',
      'used_in_default_sg',
      'used_in_non_default_sg',
    ],
    defaults: { direction: 'ingress' },
  },
  rbac_policies: {
    word: 'rbac',
    columns: ['id', 'object_type', 'object_id'],
    operands: [{ attribute: 'object_id', name: 'RBAC_OBJECT', help: 'id or name of what is shared' }],
    defaults: { target_tenant: '*' },
    flags: { object_type: '--type' },
  },
  segments: {
    word: 'network-segment',
    columns: ['id', 'name', 'network_id', 'network_type', 'segmentation_id'],
    operands: [{ attribute: 'network_id', name: 'NETWORK', help: 'id or name of the network it is a part of' }],
  },
  network_segment_ranges: {
    columns: [
      'id',
      'name',
      'default',
      'shared',
      'project_id',
      'network_type',
      'physical_network',
      'minimum',
      'maximum',
    ],
  },
  network_ip_availabilities: {
    word: 'net-ip-availability',
    columns: ['network_id', 'network_name', 'total_ips', 'used_ips'],
    filters: { ip_version: 4 },
  },
  trunks: {
    columns: ['id', 'name', 'port_id', 'status', 'sub_ports'],
    operands: [{ attribute: 'port_id', name: 'PORT', help: 'id or name of its parent' }],
    flags: { sub_ports: '--sub-port' },
  },
  flavors: {
    columns: ['id', 'name', 'service_type', 'enabled'],
    operands: [nameOperand(), { attribute: 'service_type', name: 'SERVICE_TYPE', help: 'what it is a kind of' }],
  },
  routers: { columns: ['id', 'name', 'external_gateway_info', 'distributed', 'ha'] },
  floatingips: {
    columns: ['id', 'fixed_ip_address', 'floating_ip_address', 'port_id'],
    operands: [
      {
        attribute: 'floating_network_id',
        name: 'FLOATING_NETWORK',
        help: 'id or name of the network it is taken from',
      },
    ],
    flags: { subnet_id: '--subnet' },
  },
  floatingip_pools: { columns: ['subnet_id', 'subnet_name', 'network_id', 'cidr'] },
  port_forwardings: {
    columns: ['id', 'protocol', 'external_port', 'internal_ip_address', 'internal_port', 'internal_port_id'],
  },
  conntrack_helpers: { columns: ['id', 'helper', 'protocol', 'port'] },
  ndp_proxies: { columns: ['id', 'name', 'ip_address', 'router_id', 'port_id'] },
  metering_labels: { word: 'meter-label', columns: ['id', 'name', 'description', 'shared'] },
  metering_label_rules: {
    word: 'meter-label-rule',
    columns: ['id', 'excluded', 'direction', 'remote_ip_prefix', 'source_ip_prefix', 'destination_ip_prefix'],
    operands: [
      { attribute: 'metering_label_id', name: 'LABEL', help: 'id or name of the label it counts for' },
      { attribute: 'remote_ip_prefix', name: 'REMOTE_IP_PREFIX', help: 'what is counted, as a CIDR', optional: true },
    ],
    defaults: { direction: 'ingress' },
  },
  policies: { word: 'qos-policy', columns: ['id', 'name'] },
  bandwidth_limit_rules: {
    word: 'qos-bandwidth-limit-rule',
    columns: ['id', 'max_kbps', 'max_burst_kbps', 'direction'],
  },
  dscp_marking_rules: { word: 'qos-dscp-marking-rule', columns: ['id', 'dscp_mark'] },
  minimum_bandwidth_rules: { word: 'qos-minimum-bandwidth-rule', columns: ['id', 'min_kbps', 'direction'] },
  minimum_packet_rate_rules: { word: 'qos-minimum-packet-rate-rule', columns: ['id', 'min_kpps', 'direction'] },
  packet_rate_limit_rules: {
    word: 'qos-packet-rate-limit-rule',
    columns: ['id', 'max_kpps', 'max_burst_kpps', 'direction'],
  },
  rule_types: { word: 'qos-rule-type', columns: ['type'] },
  service_profiles: { word: 'flavor-profile', columns: ['id', 'description', 'enabled', 'metainfo'] },
  service_providers: { columns: ['service_type', 'name', 'default'] },
  security_groups_default_statefulness: { columns: ['id', 'stateful'] },
};

/** Spellings of the old client that are not the attribute's name. */
export const oldFlags: Readonly<Record<string, string>> = {
  dns_nameservers: '--dns-nameserver',
  host_routes: '--host-route',
  allocation_pools: '--allocation-pool',
  service_types: '--service-type',
  gateway_ip: '--gateway',
  subnetpool_id: '--subnetpool',
  segment_id: '--segment',
  address_scope_id: '--address-scope',
  fixed_ips: '--fixed-ip',
  allowed_address_pairs: '--allowed-address-pair',
  extra_dhcp_opts: '--extra-dhcp-opt',
  security_groups: '--security-group',
  availability_zone_hints: '--availability-zone-hint',
  qos_policy_id: '--qos-policy',
  segments: '--segment',
  tags: '--tag',
  routes: '--route',
  'binding:vnic_type': '--vnic-type',
  'binding:profile': '--binding:profile',
};

/** Flags that stand for one value of an attribute. */
export const oldConstants: readonly [attribute: string, flag: string, value: unknown, help: string][] = [
  ['admin_state_up', '--admin-state-down', false, 'set admin_state_up to false'],
  ['enable_dhcp', '--disable-dhcp', false, 'no DHCP on the subnet'],
  ['gateway_ip', '--no-gateway', null, 'no gateway'],
  ['allowed_address_pairs', '--no-allowed-address-pairs', [], 'no further addresses'],
  ['security_groups', '--no-security-groups', [], 'in no security group'],
  ['address_scope_id', '--no-address-scope', null, 'in no address scope'],
  ['qos_policy_id', '--no-qos-policy', null, 'no QoS policy'],
  ['routes', '--no-routes', [], 'no routes'],
  ['availability_zone_hints', '--no-availability-zone-hints', [], 'no zones preferred'],
];

/** Requests that are no plain verb: what the old client calls the command, and what it says when it is done. */
export const oldRouteCommands: Readonly<
  Record<string, { name: string; columns?: readonly string[]; done?: (operands: readonly string[]) => string }>
> = {
  'GET networks/{id}/dhcp-agents': {
    name: 'dhcp-agent-list-hosting-net',
    columns: ['id', 'host', 'admin_state_up', 'alive'],
  },
  'GET agents/{id}/dhcp-networks': { name: 'net-list-on-dhcp-agent' },
  'POST agents/{id}/dhcp-networks': {
    name: 'dhcp-agent-network-add',
    done: ([, network]) => `Added network ${network} to DHCP agent`,
  },
  'DELETE agents/{id}/dhcp-networks/{network_id}': {
    name: 'dhcp-agent-network-remove',
    done: ([, network]) => `Removed network ${network} from DHCP agent`,
  },
  'GET routers/{id}/l3-agents': {
    name: 'l3-agent-list-hosting-router',
    columns: ['id', 'host', 'admin_state_up', 'alive', 'ha_state'],
  },
  'GET agents/{id}/l3-routers': {
    name: 'router-list-on-l3-agent',
    columns: ['id', 'name', 'external_gateway_info'],
  },
  'POST agents/{id}/l3-routers': {
    name: 'l3-agent-router-add',
    done: ([, router]) => `Added router ${router} to L3 agent`,
  },
  'DELETE agents/{id}/l3-routers/{router_id}': {
    name: 'l3-agent-router-remove',
    done: ([, router]) => `Removed router ${router} from L3 agent`,
  },
  'POST flavors/{id}/service_profiles': {
    name: 'flavor-associate',
    done: ([flavor, profile]) => `Associated flavor ${flavor} with flavor_profile ${profile}`,
  },
  'DELETE flavors/{id}/service_profiles/{service_profile_id}': {
    name: 'flavor-disassociate',
    done: ([flavor, profile]) => `Disassociated flavor ${flavor} from flavor_profile ${profile}`,
  },
  'GET auto_allocated_topology/{project_id}': { name: 'auto-allocated-topology-show' },
  'DELETE auto_allocated_topology/{project_id}': {
    name: 'auto-allocated-topology-delete',
    done: ([project = 'None']) => `Deleted topology for tenant ${project === 'None' ? 'None (i.e. yours)' : project}.`,
  },
};
