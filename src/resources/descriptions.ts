import type { ResourceDefinition } from './contract.ts';

/** What resources and their attributes are, in a line each, for people: the API's document, its page, the client's help. */

const resourceTexts: Readonly<Record<string, string>> = {
  networks: 'A layer 2 of its own, in which ports reach each other',
  subnets: 'Addresses of a network, with gateway, name servers and routes',
  ports: 'Where a guest, a router or a service is plugged into a network, with its MAC and addresses',
  agents: 'Programs on hosts that make there what the server says; they report by themselves',
  availability_zones: 'Zones that agents belong to',
  subnetpools: 'Prefixes that subnets can be taken from',
  address_scopes: 'A space in which addresses of subnet pools are unique and can be routed',
  address_groups: 'A named list of addresses that security group rules refer to',
  bindings: 'Where a port is plugged in, or could be: a guest that moves has several, one of them active',
  security_groups: 'Rules for what may reach ports and leave them',
  security_group_rules: 'One rule of a security group; rules do not change',
  default_security_group_rules: 'A template of a rule that new security groups begin with',
  security_groups_default_statefulness: 'Whether new security groups are stateful when nobody says',
  rbac_policies: 'An entry by which an object of one project may be used by another, or by everybody',
  quotas: 'How much of everything a project may have',
  segments: 'The parts a network is made of, each a layer 2 of its own',
  network_segment_ranges: 'Which segmentation ids networks may be given, for everybody or for one project',
  network_ip_availabilities: 'How many addresses networks and their subnets have, and how many are taken',
  flavors: 'Kinds of a service that users can choose between',
  service_profiles: 'What stands behind a flavor: a driver, and what it is told',
  service_providers: 'Who serves what',
  trunks: 'A port whose VLANs are ports of other networks',
  auto_allocated_topologies: 'A network with subnets and a router, made for a project in one call',
};

/** By attribute, and by `<collection>.<attribute>` where it means something else there. */
const attributeTexts: Readonly<Record<string, string>> = {
  id: 'Id, given by the server',
  name: 'Name; several may have the same',
  'availability_zones.name': 'Name of the zone',
  'service_providers.name': 'Name of the provider',
  tenant_id: 'Project that owns it; only administrators may name another than their own',
  project_id: 'The same as tenant_id, under its newer name',
  description: 'Free text',
  tags: 'Short texts to find it by',
  created_at: 'When it was made, UTC',
  updated_at: 'When it was last changed, UTC',
  revision_number: 'Grows with every change; If-Match: revision_number=N makes a request conditional',
  admin_state_up: 'Whether it is meant to work; down takes no traffic',
  'agents.admin_state_up': 'Whether the agent is given new work',
  status: 'Whether it works',
  'bindings.status': 'Whether the guest is on this host now',
  'trunks.status':
    'Whether all of its sub-ports are wired: DOWN where the parent is nowhere, DEGRADED where some are not',
  'trunks.admin_state_up': 'Whether sub-ports may be added and removed, and the trunk deleted',
  'trunks.port_id': 'The parent: the port whose VLANs the sub-ports are',
  sub_ports: 'Ports of other networks, each with the VLAN by which the guest reaches it',
  shared: 'Whether other projects may use it',
  'network_segment_ranges.shared': 'Whether networks of all projects may use the range',

  // networks
  subnets: 'Ids of its subnets',
  mtu: 'Largest packet in bytes; the largest the network can carry when not given',
  'router:external': 'Whether it leads outside, for gateways and floating IPs',
  'subnets.router:external': 'Whether the network leads outside',
  'provider:network_type': 'How it is carried: flat, vlan, vxlan, local …',
  'provider:physical_network': 'Label of the physical network, as agents know it',
  'provider:segmentation_id': 'VLAN or tunnel id',
  segments: 'The parts of a network with several, each with the three provider attributes',
  port_security_enabled: 'What new ports get: whether addresses are checked and security groups apply',
  'ports.port_security_enabled': 'Whether addresses are checked and security groups apply',
  availability_zone_hints: 'Zones to prefer for its agents',
  availability_zones: 'Zones of the agents that serve it',
  ipv4_address_scope: 'Address scope of its IPv4 subnets',
  ipv6_address_scope: 'Address scope of its IPv6 subnets',
  is_default: 'Whether it is the external network that auto-allocated topologies use',
  'subnetpools.is_default': 'Whether it is the pool of subnets that ask for the default one',
  dns_domain: 'DNS domain of its ports, with a final dot',
  'ports.dns_domain': 'DNS domain of this port, with a final dot',
  vlan_transparent: 'Whether guests may use VLANs inside',
  qinq: 'Whether guests may use VLANs inside, by double tags',
  qos_policy_id: 'QoS policy',
  l2_adjacency: 'Whether all its ports share one layer 2',
  ha: 'Whether it is for routers that stand in for each other',
  pvlan: 'Whether its ports can be kept apart',

  // subnets
  ip_version: '4 or 6',
  'network_ip_availabilities.ip_version': 'Counts subnets of this version only',
  network_id: 'Its network',
  'network_ip_availabilities.network_id': 'The network',
  subnetpool_id: 'Pool to take the addresses from, or prefix_delegation',
  prefixlen: 'Prefix length to take from a pool',
  cidr: 'Its addresses, as 192.0.2.0/24; host bits are cleared',
  gateway_ip: 'Gateway; the first address when not given, null for none',
  allocation_pools: 'Addresses to choose from; all but the gateway when not given',
  dns_nameservers: 'Name servers that guests are told; 0.0.0.0 or :: alone tells them there is none',
  host_routes: 'Routes that guests are told',
  enable_dhcp: 'Whether guests get their addresses by DHCP',
  ipv6_ra_mode: 'Who advertises IPv6 addresses, and how',
  ipv6_address_mode: 'How guests get IPv6 addresses',
  use_default_subnetpool: 'Takes the addresses from the default pool of the IP version',
  service_types: 'Device owners whose ports this subnet is kept for',
  segment_id: 'Segment whose hosts the subnet serves',
  dns_publish_fixed_ip: 'Whether names of its addresses are published in DNS',

  // ports
  mac_address: 'Hardware address; made by the server when not given, and anew by null',
  device_id: 'What uses the port: id of a guest, a router, a DHCP server',
  device_owner: 'What kind of thing uses it: compute:nova, network:dhcp …',
  fixed_ips: 'Its addresses: by subnet, by address or by both; one per IP version when not given',
  security_groups: "Its security groups; the project's default group when not given",
  allowed_address_pairs: 'Further addresses and MACs it may send from',
  extra_dhcp_opts: 'DHCP options of this port alone',
  'binding:vnic_type': 'Kind of card',
  'binding:profile': 'What the host needs to know to plug it in',
  'binding:host_id': 'Host it is on; empty for none',
  'binding:vif_type': 'How it is plugged in there: unbound, bridge, binding_failed …',
  'binding:vif_details': 'What the compute service needs to know of that',
  dns_name: 'DNS name',
  dns_assignment: 'Its names in DNS, by address',
  qos_network_policy_id: 'QoS policy of its network',
  resource_request: 'What it needs of its host',
  data_plane_status: 'What an outside party says of its data plane',
  ip_allocation: 'When its addresses are chosen',
  propagate_uplink_status: 'Whether it goes down with its uplink',
  trunk_details: 'The trunk it is parent of, with its sub-ports; absent where there is none',
  device_profile: 'Accelerator profile',
  numa_affinity_policy: "How strictly its device follows the guest's NUMA node",
  hints: 'Hints for drivers',
  hardware_offload_type: 'How hardware takes over its work',
  trusted: 'Whether the virtual function is trusted',
  pvlan_type: 'With whom it may talk in a private VLAN',
  pvlan_community: 'Ports of one community may talk to each other',

  // agents
  agent_type: 'What it does: DHCP agent, Linux bridge agent …',
  binary: 'Its program',
  topic: 'Where it is called on the message bus',
  host: 'Its host',
  'bindings.host': 'Host',
  started_at: 'When it was started, UTC',
  heartbeat_timestamp: 'When it was last heard of, UTC',
  resources_synced: 'Whether what it has reached Placement',
  availability_zone: 'Its zone',
  alive: 'Whether it was heard of within agent_down_time',
  configurations: 'What it says of itself',
  resource: 'What the zone is for: network, router',
  state: 'Whether an agent of the zone is enabled',

  // port bindings
  vif_type: 'How the port is plugged in: bridge, unbound …',
  vnic_type: 'Kind of card',
  profile: 'What the host needs to know to plug it in',
  vif_details: 'What the compute service needs to know of that',

  // subnet pools, address scopes and groups
  prefixes: 'Prefixes that subnets are taken from; adjacent ones become one',
  default_quota: 'What one project may take: addresses of IPv4, /64 blocks of IPv6',
  default_prefixlen: 'Prefix length of subnets that ask for none',
  min_prefixlen: 'Shortest prefix that may be asked for',
  max_prefixlen: 'Longest prefix that may be asked for',
  address_scope_id: 'Address scope it belongs to',
  addresses: 'Addresses and networks, as prefixes',

  // security groups
  stateful: 'Whether answers to what was let through pass by themselves',
  security_group_rules: 'Its rules',
  security_group_id: 'Its group',
  ethertype: 'IPv4 or IPv6, in any case',
  direction: 'ingress: what reaches ports; egress: what leaves them',
  protocol: 'Name or number of an IP protocol; null for all',
  port_range_min: 'First port; of ICMP the type',
  port_range_max: 'Last port; of ICMP the code',
  remote_ip_prefix: 'The other side: addresses',
  remote_address_group_id: 'The other side: addresses of a group',
  remote_group_id: 'The other side: ports of a security group',
  'default_security_group_rules.remote_group_id': 'The other side: PARENT is the new group itself',
  normalized_cidr: 'remote_ip_prefix as a network, without host bits',
  belongs_to_default_sg: "Whether its group is a project's default one",
  used_in_default_sg: 'Whether default groups begin with it',
  used_in_non_default_sg: 'Whether other groups begin with it',

  // RBAC policies
  object_type: 'Kind of the object',
  object_id: 'The object',
  action: 'access_as_shared, or access_as_external for networks',
  target_tenant: 'Project that may use it; * for all',

  // segments and their ranges
  physical_network: 'Label of the physical network, as agents know it',
  network_type: 'How it is carried: vlan, vxlan …',
  segmentation_id: 'VLAN or tunnel id',
  default: 'Whether it comes from the configuration',
  'service_providers.default': 'Whether it serves where nobody is asked for',
  minimum: 'First segmentation id',
  maximum: 'Last segmentation id',
  used: 'Segmentation ids in use, each with the project that uses it',
  available: 'Segmentation ids that are free',

  // availability of addresses
  network_name: 'Name of the network',
  total_ips: 'How many addresses there are',
  used_ips: 'How many of them are taken',
  subnet_ip_availability: 'The same for each subnet',
  ip_availability_details: 'The same in more detail',

  // flavors
  service_type: 'The service it is for',
  'service_providers.service_type': 'The service',
  service_profiles: 'Ids of its service profiles',
  enabled: 'Whether it can be chosen',
  driver: 'Class path of the driver',
  metainfo: 'What the driver is told',
};

/** One line without a full stop; empty for a resource of an outside driver. */
export function describeResource({ collection }: Pick<ResourceDefinition, 'collection'>): string {
  return textOf(resourceTexts, collection) ?? '';
}

export function describeAttribute({ collection }: Pick<ResourceDefinition, 'collection'>, attribute: string): string {
  return textOf(attributeTexts, `${collection}.${attribute}`) ?? textOf(attributeTexts, attribute) ?? '';
}

function textOf(texts: Readonly<Record<string, string>>, key: string): string | undefined {
  return Object.hasOwn(texts, key) ? texts[key] : undefined;
}
