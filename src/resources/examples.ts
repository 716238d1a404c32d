import type { ResourceDefinition } from './contract.ts';

type Body = Readonly<Record<string, unknown>>;

const someId = '6aafaa4b-d23c-456f-80cb-80b7fe3a3cd3';
const otherId = 'aabcf0a0-db26-4c61-b20d-64bd9a82ab66';

/** What a client may send to make one, by collection: small, and as one would really send it. */
const creates: Readonly<Record<string, Body>> = {
  networks: { name: 'lan' },
  subnets: { network_id: someId, ip_version: 4, cidr: '192.168.56.0/24' },
  ports: { network_id: someId, name: 'web' },
  bindings: { host: 'host2' },
  subnetpools: { name: 'campus', prefixes: ['10.128.0.0/16'], default_prefixlen: 24 },
  address_scopes: { name: 'campus', ip_version: 4 },
  address_groups: { name: 'offices', addresses: ['192.0.2.0/24', '198.51.100.7/32'] },
  security_groups: { name: 'web', description: 'Web servers' },
  security_group_rules: {
    security_group_id: someId,
    direction: 'ingress',
    protocol: 'tcp',
    port_range_min: 443,
    port_range_max: 443,
    remote_ip_prefix: '192.0.2.0/24',
  },
  default_security_group_rules: { direction: 'ingress', protocol: 'icmp', used_in_default_sg: true },
  security_groups_default_statefulness: { stateful: false },
  rbac_policies: {
    object_type: 'network',
    object_id: someId,
    action: 'access_as_shared',
    target_tenant: '170ef6bad4514098b73d98175b9a6c4f',
  },
  segments: { network_id: someId, network_type: 'vlan', physical_network: 'physnet1', segmentation_id: 100 },
  network_segment_ranges: {
    name: 'lab',
    network_type: 'vlan',
    physical_network: 'physnet1',
    minimum: 100,
    maximum: 199,
  },
  trunks: {
    name: 'firewall',
    port_id: someId,
    sub_ports: [{ port_id: otherId, segmentation_type: 'vlan', segmentation_id: 100 }],
  },
  routers: { name: 'edge', external_gateway_info: { network_id: someId } },
  floatingips: { floating_network_id: someId, port_id: otherId },
  port_forwardings: {
    protocol: 'tcp',
    external_port: 2222,
    internal_port: 22,
    internal_port_id: someId,
    internal_ip_address: '192.168.56.10',
  },
  conntrack_helpers: { protocol: 'udp', port: 69, helper: 'tftp' },
  ndp_proxies: { name: 'web', router_id: someId, port_id: otherId },
  metering_labels: { name: 'outgoing' },
  metering_label_rules: { metering_label_id: someId, direction: 'egress', source_ip_prefix: '192.168.56.0/24' },
  policies: { name: 'slow' },
  bandwidth_limit_rules: { max_kbps: 10_000, direction: 'egress' },
  dscp_marking_rules: { dscp_mark: 26 },
  minimum_bandwidth_rules: { min_kbps: 1_000, direction: 'egress' },
  minimum_packet_rate_rules: { min_kpps: 10, direction: 'any' },
  packet_rate_limit_rules: { max_kpps: 100 },
  flavors: { name: 'gold', service_type: 'L3_ROUTER_NAT' },
  service_profiles: { description: 'Routers that stand in for each other', metainfo: 'ha=True' },
};

/** Of those whose name one would not change, or that have none. */
const updates: Readonly<Record<string, Body>> = {
  floatingips: { port_id: null },
  port_forwardings: { external_port: 2223 },
  conntrack_helpers: { port: 6969 },
  agents: { admin_state_up: false },
  bindings: { profile: {} },
  rbac_policies: { target_tenant: '*' },
  security_groups_default_statefulness: { stateful: true },
  service_profiles: { enabled: false },
  bandwidth_limit_rules: { max_kbps: 20_000 },
  dscp_marking_rules: { dscp_mark: 32 },
  minimum_bandwidth_rules: { min_kbps: 2_000 },
  minimum_packet_rate_rules: { min_kpps: 20 },
  packet_rate_limit_rules: { max_kpps: 200 },
  alias_bandwidth_limit_rules: { max_kbps: 20_000 },
  alias_dscp_marking_rules: { dscp_mark: 32 },
  alias_minimum_bandwidth_rules: { min_kbps: 2_000 },
  alias_minimum_packet_rate_rules: { min_kpps: 20 },
};

/** By attribute, where a route takes it. */
const routeValues: Body = {
  addresses: ['203.0.113.0/24'],
  prefixes: ['10.129.0.0/16'],
  tags: ['red', 'blue'],
  sub_ports: [{ port_id: otherId, segmentation_type: 'vlan', segmentation_id: 100 }],
  network_id: someId,
  id: otherId,
  port: 100,
  network: 20,
};

/** Null for what nobody can make, and for resources of outside drivers. */
export function createExample({ collection }: Pick<ResourceDefinition, 'collection'>): Body | null {
  return Object.hasOwn(creates, collection) ? creates[collection]! : null;
}

export function updateExample({ collection }: Pick<ResourceDefinition, 'collection'>): Body {
  return Object.hasOwn(updates, collection) ? updates[collection]! : { name: 'other' };
}

/** A body with those of the names that one would send. */
export function routeExample(names: readonly string[]): Body {
  return Object.fromEntries(names.filter((name) => Object.hasOwn(routeValues, name)).map((n) => [n, routeValues[n]]));
}
