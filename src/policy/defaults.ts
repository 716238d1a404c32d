/**
 * The built-in rules of what there is in layer 2, by the names operators know (facts: neutron/conf/policies of 2026.2).
 * A rule is what holds by default; `was` is what older releases had, which also counts where `enforce_new_defaults` is off.
 */
export interface DefaultRule {
  readonly rule: string;
  readonly was?: string;
  /** The name it had: an entry under that name in a policy file counts for this one. */
  readonly oldName?: string;
}

const admin = 'rule:admin_only';
const reader = 'role:reader';
const anyone = 'rule:regular_user';
const adminOrService = '(rule:admin_only) or (rule:service_api)';
const adminOrMember = '(rule:admin_only) or (role:member and project_id:%(project_id)s)';
const adminOrReader = '(rule:admin_only) or (role:reader and project_id:%(project_id)s)';
const adminOrManager = '(rule:admin_only) or (role:manager and project_id:%(project_id)s)';
const adminOrOwner = 'rule:admin_or_owner';
const adminOrParentOwner = 'rule:admin_or_ext_parent_owner';
const adminOrNetworkOwner = 'rule:admin_or_network_owner';
const networkMember = '(rule:admin_only) or (rule:service_api) or role:member and rule:network_owner';
const networkMemberOrShared =
  '(rule:admin_only) or (rule:service_api) or role:member and rule:network_owner or rule:shared';
const oldNetworkMember = 'rule:context_is_advsvc or rule:admin_or_network_owner';
const oldNetworkMemberOrShared = 'rule:context_is_advsvc or rule:admin_or_network_owner or rule:shared';
const networkMemberOrService = '(rule:admin_only) or (role:member and rule:network_owner) or rule:service_api';
const subnetMember =
  'role:member and project_id:%(project_id)s or (rule:admin_only) or (role:member and rule:network_owner)';
const portMember = '(rule:admin_only) or (rule:service_api) or role:member and project_id:%(project_id)s';
const memberOrService = '(rule:admin_only) or (role:member and project_id:%(project_id)s) or rule:service_api';
const memberOrAdvsvc = '(rule:admin_only) or (role:member and project_id:%(project_id)s) or rule:context_is_advsvc';
const service = 'rule:service_api';
const poolReader = '(rule:admin_only) or (role:reader and project_id:%(project_id)s) or rule:shared_subnetpools';
const groupReader = '(rule:admin_only) or (role:reader and project_id:%(project_id)s) or rule:shared_security_group';
const qosReader = '(rule:admin_only) or (role:reader and project_id:%(project_id)s) or rule:shared_qos_policy';
const parentReader = '(rule:admin_only) or (role:reader and rule:ext_parent_owner)';
const parentMember = '(rule:admin_only) or (role:member and rule:ext_parent_owner)';
const parentManager = '(rule:admin_only) or (role:manager and rule:ext_parent_owner)';
const wildcard =
  'rule:admin_only or (not field:rbac_policy:target_tenant=* and not field:rbac_policy:target_project=*)';

function rule(now: string, was?: string, oldName?: string): DefaultRule {
  return { rule: now, ...(was !== undefined && { was }), ...(oldName !== undefined && { oldName }) };
}

export const defaultRules: Readonly<Record<string, DefaultRule>> = {
  // roles and owners, which the others refer to
  context_is_admin: rule('role:admin'),
  context_with_global_access: rule('!'),
  service_api: rule('role:service'),
  owner: rule('project_id:%(project_id)s'),
  admin_or_owner: rule('rule:context_is_admin or rule:owner'),
  context_is_advsvc: rule('role:advsvc'),
  admin_or_network_owner: rule('rule:context_is_admin or project_id:%(network:project_id)s'),
  admin_owner_or_network_owner: rule('rule:owner or rule:admin_or_network_owner'),
  network_owner: rule('project_id:%(network:project_id)s'),
  admin_only: rule('rule:context_is_admin'),
  regular_user: rule(''),
  shared: rule('field:networks:shared=True'),
  default: rule(adminOrOwner),
  admin_or_ext_parent_owner: rule('rule:context_is_admin or project_id:%(ext_parent:project_id)s'),
  ext_parent_owner: rule('project_id:%(ext_parent:project_id)s'),
  sg_owner: rule('project_id:%(security_group:project_id)s'),
  // network
  external: rule('field:networks:router:external=True'),
  create_network: rule(adminOrMember, anyone),
  'create_network:shared': rule(admin),
  'create_network:router:external': rule(admin),
  'create_network:is_default': rule(admin),
  'create_network:port_security_enabled': rule(adminOrMember, anyone),
  'create_network:segments': rule(admin),
  'create_network:provider:network_type': rule(admin),
  'create_network:provider:physical_network': rule(admin),
  'create_network:provider:segmentation_id': rule(admin),
  'create_network:tags': rule(adminOrMember, adminOrMember, 'create_networks_tags'),
  get_network: rule(
    '(rule:admin_only) or (role:reader and project_id:%(project_id)s) or rule:service_api or rule:shared or rule:external or rule:context_is_advsvc',
    'rule:admin_or_owner or rule:shared or rule:external or rule:context_is_advsvc',
  ),
  'get_network:segments': rule(admin),
  'get_network:provider:network_type': rule(admin),
  'get_network:provider:physical_network': rule(admin),
  'get_network:provider:segmentation_id': rule(admin),
  'get_network:tags': rule(
    '(rule:admin_only) or (role:reader and project_id:%(project_id)s) or rule:shared or rule:external or rule:context_is_advsvc',
    adminOrReader,
    'get_networks_tags',
  ),
  update_network: rule(adminOrMember, adminOrOwner),
  'update_network:segments': rule(admin),
  'update_network:shared': rule(admin),
  'update_network:provider:network_type': rule(admin),
  'update_network:provider:physical_network': rule(admin),
  'update_network:provider:segmentation_id': rule(admin),
  'update_network:router:external': rule(admin),
  'update_network:is_default': rule(admin),
  'update_network:port_security_enabled': rule(adminOrMember, adminOrOwner),
  'update_network:tags': rule(adminOrMember, adminOrMember, 'update_networks_tags'),
  delete_network: rule(adminOrMember, adminOrOwner),
  'delete_network:tags': rule(adminOrMember, adminOrMember, 'delete_networks_tags'),
  // subnet
  external_network: rule('field:subnets:router:external=True'),
  create_subnet: rule('(rule:admin_only) or (role:member and rule:network_owner)', adminOrNetworkOwner),
  'create_subnet:segment_id': rule(admin),
  'create_subnet:service_types': rule(admin),
  'create_subnet:tags': rule(subnetMember, subnetMember, 'create_subnets_tags'),
  get_subnet: rule(
    'role:reader and project_id:%(project_id)s or rule:shared or rule:external_network or (rule:admin_only) or (role:reader and rule:network_owner) or rule:service_api',
    'rule:shared or rule:external_network or rule:admin_or_owner',
  ),
  'get_subnet:segment_id': rule(admin),
  'get_subnet:tags': rule(
    'role:reader and project_id:%(project_id)s or rule:shared or rule:external_network or (rule:admin_only) or (role:reader and rule:network_owner)',
    'role:reader and project_id:%(project_id)s or rule:shared or rule:external_network or (rule:admin_only) or (role:reader and rule:network_owner)',
    'get_subnets_tags',
  ),
  update_subnet: rule(subnetMember, adminOrNetworkOwner),
  'update_subnet:segment_id': rule(admin),
  'update_subnet:service_types': rule(admin),
  'update_subnet:tags': rule(subnetMember, subnetMember, 'update_subnets_tags'),
  delete_subnet: rule(subnetMember, adminOrNetworkOwner),
  'delete_subnet:tags': rule(subnetMember, subnetMember, 'delete_subnets_tags'),
  // port
  network_device: rule('field:port:device_owner=~^network:'),
  admin_or_data_plane_int: rule('rule:context_is_admin or role:data_plane_integrator'),
  create_port: rule(networkMemberOrShared, anyone),
  'create_port:device_id': rule(memberOrService, anyone),
  'create_port:device_owner': rule(
    'not rule:network_device or (rule:admin_only) or (rule:service_api) or role:member and rule:network_owner',
    'not rule:network_device or rule:context_is_advsvc or rule:admin_or_network_owner',
  ),
  'create_port:mac_address': rule(networkMember, oldNetworkMember),
  'create_port:fixed_ips': rule(networkMemberOrShared, oldNetworkMemberOrShared),
  'create_port:fixed_ips:ip_address': rule(networkMember, oldNetworkMember),
  'create_port:fixed_ips:subnet_id': rule(networkMemberOrShared, oldNetworkMemberOrShared),
  'create_port:port_security_enabled': rule(networkMember, oldNetworkMember),
  'create_port:binding:host_id': rule(adminOrService, admin),
  'create_port:binding:profile': rule(service, admin),
  'create_port:binding:vnic_type': rule(memberOrService, anyone),
  'create_port:allowed_address_pairs': rule(networkMemberOrService, adminOrNetworkOwner),
  'create_port:allowed_address_pairs:mac_address': rule(networkMemberOrService, adminOrNetworkOwner),
  'create_port:allowed_address_pairs:ip_address': rule(networkMemberOrService, adminOrNetworkOwner),
  'create_port:hints': rule(admin),
  'create_port:trusted': rule(admin),
  'create_port:tags': rule(memberOrAdvsvc, memberOrAdvsvc, 'create_ports_tags'),
  get_port: rule(
    '(rule:admin_only) or (rule:service_api) or role:reader and rule:network_owner or role:reader and project_id:%(project_id)s',
    'rule:context_is_advsvc or rule:admin_owner_or_network_owner',
  ),
  'get_port:binding:vif_type': rule(adminOrService, admin),
  'get_port:binding:vif_details': rule(adminOrService, admin),
  'get_port:binding:host_id': rule(adminOrService, admin),
  'get_port:binding:profile': rule(adminOrService, admin),
  'get_port:resource_request': rule(admin),
  'get_port:hints': rule(admin),
  'get_port:trusted': rule(admin),
  'get_port:tags': rule(
    'rule:context_is_advsvc or (rule:admin_only) or (role:reader and rule:network_owner) or role:reader and project_id:%(project_id)s',
    'rule:context_is_advsvc or (rule:admin_only) or (role:reader and rule:network_owner) or role:reader and project_id:%(project_id)s',
    'get_ports_tags',
  ),
  update_port: rule(portMember, 'rule:admin_or_owner or rule:context_is_advsvc'),
  'update_port:device_id': rule(memberOrService, anyone),
  'update_port:device_owner': rule(
    'not rule:network_device or (rule:admin_only) or (rule:service_api) or role:member and rule:network_owner',
    'not rule:network_device or rule:context_is_advsvc or rule:admin_or_network_owner',
  ),
  'update_port:mac_address': rule(
    '(rule:admin_only) or (rule:service_api) or role:manager and rule:network_owner',
    'rule:admin_only or rule:context_is_advsvc',
  ),
  'update_port:fixed_ips': rule(networkMember, oldNetworkMember),
  'update_port:fixed_ips:ip_address': rule(networkMember, oldNetworkMember),
  'update_port:fixed_ips:subnet_id': rule(networkMemberOrShared, oldNetworkMemberOrShared),
  'update_port:port_security_enabled': rule(networkMember, oldNetworkMember),
  'update_port:binding:host_id': rule(adminOrService, admin),
  'update_port:binding:profile': rule(service, admin),
  'update_port:binding:vnic_type': rule(portMember, 'rule:admin_or_owner or rule:context_is_advsvc'),
  'update_port:allowed_address_pairs': rule(networkMemberOrService, adminOrNetworkOwner),
  'update_port:allowed_address_pairs:mac_address': rule(networkMemberOrService, adminOrNetworkOwner),
  'update_port:allowed_address_pairs:ip_address': rule(networkMemberOrService, adminOrNetworkOwner),
  'update_port:data_plane_status': rule(
    'rule:admin_only or role:data_plane_integrator',
    'rule:admin_or_data_plane_int',
  ),
  'update_port:hints': rule(admin),
  'update_port:trusted': rule(admin),
  'update_port:tags': rule(memberOrAdvsvc, memberOrAdvsvc, 'update_ports_tags'),
  delete_port: rule(
    '(rule:admin_only) or (rule:service_api) or role:member and rule:network_owner or role:member and project_id:%(project_id)s',
    'rule:context_is_advsvc or rule:admin_owner_or_network_owner',
  ),
  'delete_port:tags': rule(
    'rule:context_is_advsvc or role:member and project_id:%(project_id)s or (rule:admin_only) or (role:member and rule:network_owner)',
    'rule:context_is_advsvc or role:member and project_id:%(project_id)s or (rule:admin_only) or (role:member and rule:network_owner)',
    'delete_ports_tags',
  ),
  // bindings of ports
  get_port_binding: rule(adminOrService),
  create_port_binding: rule(service),
  // Upstream has none for a change, so that `default` counts: an administrator's, and not the services'.
  update_port_binding: rule(adminOrService, adminOrOwner),
  'update_port_binding:profile': rule(service, admin),
  delete_port_binding: rule(service),
  activate: rule(service),
  // subnet pools
  shared_subnetpools: rule('field:subnetpools:shared=True'),
  create_subnetpool: rule(adminOrMember, anyone),
  'create_subnetpool:shared': rule(admin),
  'create_subnetpool:is_default': rule(admin),
  'create_subnetpool:tags': rule(adminOrMember, adminOrMember, 'create_subnetpools_tags'),
  get_subnetpool: rule(poolReader, 'rule:admin_or_owner or rule:shared_subnetpools'),
  'get_subnetpool:tags': rule(poolReader, poolReader, 'get_subnetpools_tags'),
  update_subnetpool: rule(adminOrMember, adminOrOwner),
  'update_subnetpool:is_default': rule(admin),
  'update_subnetpool:tags': rule(adminOrMember, adminOrMember, 'update_subnetpools_tags'),
  delete_subnetpool: rule(adminOrMember, adminOrOwner),
  'delete_subnetpool:tags': rule(adminOrMember, adminOrMember, 'delete_subnetpools_tags'),
  onboard_network_subnets: rule(adminOrMember, adminOrOwner),
  add_prefixes: rule(adminOrMember, adminOrOwner),
  remove_prefixes: rule(adminOrMember, adminOrOwner),
  // address scopes
  shared_address_scopes: rule('field:address_scopes:shared=True'),
  create_address_scope: rule(adminOrMember, anyone),
  'create_address_scope:shared': rule(admin),
  get_address_scope: rule(
    'rule:admin_only or role:reader and project_id:%(project_id)s or rule:shared_address_scopes',
    'rule:admin_or_owner or rule:shared_address_scopes',
  ),
  update_address_scope: rule(adminOrMember, adminOrOwner),
  'update_address_scope:shared': rule(admin),
  delete_address_scope: rule(adminOrMember, adminOrOwner),
  // address groups
  shared_address_groups: rule('field:address_groups:shared=True'),
  create_address_group: rule(adminOrMember, anyone),
  get_address_group: rule(
    '(rule:admin_only) or (role:reader and project_id:%(project_id)s) or rule:shared_address_groups',
    'rule:admin_or_owner or rule:shared_address_groups',
  ),
  update_address_group: rule(adminOrMember, adminOrOwner),
  delete_address_group: rule(adminOrMember, adminOrOwner),
  add_addresses: rule(adminOrMember, adminOrOwner),
  remove_addresses: rule(adminOrMember, adminOrOwner),
  // security groups and their rules
  admin_or_sg_owner: rule('rule:context_is_admin or project_id:%(security_group:project_id)s'),
  admin_owner_or_sg_owner: rule('rule:owner or rule:admin_or_sg_owner'),
  shared_security_group: rule('field:security_groups:shared=True'),
  rule_default_sg: rule('field:security_group_rules:belongs_to_default_sg=True'),
  create_security_group: rule(adminOrMember, adminOrOwner),
  'create_security_group:tags': rule(adminOrMember, adminOrMember, 'create_security_groups_tags'),
  get_security_group: rule(groupReader, anyone),
  'get_security_group:tags': rule(groupReader, groupReader, 'get_security_groups_tags'),
  update_security_group: rule(adminOrMember, adminOrOwner),
  'update_security_group:tags': rule(adminOrMember, adminOrMember, 'update_security_groups_tags'),
  delete_security_group: rule(adminOrMember, adminOrOwner),
  'delete_security_group:tags': rule(adminOrMember, adminOrMember, 'delete_security_groups_tags'),
  create_security_group_rule: rule('(rule:admin_only) or (role:member and rule:sg_owner)', adminOrOwner),
  get_security_group_rule: rule('(rule:admin_only) or (role:reader and rule:sg_owner)', 'rule:admin_owner_or_sg_owner'),
  delete_security_group_rule: rule('(rule:admin_only) or (role:member and rule:sg_owner)', adminOrOwner),
  // templates of rules
  create_default_security_group_rule: rule(admin),
  get_default_security_group_rule: rule(reader, anyone),
  delete_default_security_group_rule: rule(admin),
  // whether new groups are stateful
  create_security_groups_default_statefulness: rule(adminOrManager),
  get_security_groups_default_statefulness: rule(adminOrReader),
  update_security_groups_default_statefulness: rule(adminOrManager),
  delete_security_groups_default_statefulness: rule(adminOrManager),
  // agents and what they serve
  create_agent: rule(admin),
  get_agent: rule(admin),
  update_agent: rule(admin),
  delete_agent: rule(admin),
  'create_dhcp-network': rule(admin),
  'get_dhcp-networks': rule(admin),
  'delete_dhcp-network': rule(admin),
  'create_l3-router': rule(admin),
  'get_l3-routers': rule(admin),
  'update_l3-router': rule(admin),
  'delete_l3-router': rule(admin),
  'get_dhcp-agents': rule(admin),
  'get_l3-agents': rule(admin),
  // availability zones
  get_availability_zone: rule(reader, anyone),
  // quotas
  get_quota: rule('(rule:admin_only) or (role:manager and project_id:%(project_id)s)', admin),
  update_quota: rule(admin),
  delete_quota: rule(admin),
  // RBAC policies
  restrict_wildcard: rule(
    '(not field:rbac_policy:target_tenant=* and not field:rbac_policy:target_project=*) or rule:admin_only',
  ),
  create_rbac_policy: rule(adminOrMember, anyone),
  'create_rbac_policy:target_tenant': rule(wildcard, 'rule:restrict_wildcard'),
  'create_rbac_policy:target_project': rule('rule:admin_only or not field:rbac_policy:target_project=*'),
  update_rbac_policy: rule(adminOrMember, adminOrOwner),
  'update_rbac_policy:target_tenant': rule(wildcard, 'rule:restrict_wildcard and rule:admin_or_owner'),
  'update_rbac_policy:target_project': rule('rule:admin_only or not field:rbac_policy:target_project=*'),
  get_rbac_policy: rule(adminOrReader, adminOrOwner),
  delete_rbac_policy: rule(adminOrMember, adminOrOwner),
  // segment
  create_segment: rule(admin),
  create_segments_tags: rule(admin),
  get_segment: rule(admin),
  get_segments_tags: rule(admin),
  update_segment: rule(admin),
  update_segments_tags: rule(admin),
  delete_segment: rule(admin),
  delete_segments_tags: rule(admin),
  // ranges of segments
  create_network_segment_range: rule(admin),
  'create_network_segment_range:tags': rule(admin, admin, 'create_network_segment_ranges_tags'),
  get_network_segment_range: rule(admin),
  'get_network_segment_range:tags': rule(admin, admin, 'get_network_segment_ranges_tags'),
  update_network_segment_range: rule(admin),
  'update_network_segment_range:tags': rule(admin, admin, 'update_network_segment_ranges_tags'),
  delete_network_segment_range: rule(admin),
  'delete_network_segment_range:tags': rule(admin, admin, 'delete_network_segment_ranges_tags'),
  // addresses in use
  get_network_ip_availability: rule(adminOrService, admin),
  // flavors and service profiles
  create_flavor: rule(admin),
  get_flavor: rule(reader, anyone),
  update_flavor: rule(admin),
  delete_flavor: rule(admin),
  create_service_profile: rule(admin),
  get_service_profile: rule(admin),
  update_service_profile: rule(admin),
  delete_service_profile: rule(admin),
  get_flavor_service_profile: rule(adminOrReader, anyone),
  create_flavor_service_profile: rule(admin),
  delete_flavor_service_profile: rule(admin),
  // service providers
  get_service_provider: rule(reader, anyone),
  // trunks
  create_trunk: rule(adminOrMember, anyone),
  'create_trunk:tags': rule(adminOrMember, adminOrMember, 'create_trunks_tags'),
  get_trunk: rule(adminOrReader, adminOrOwner),
  'get_trunk:tags': rule(adminOrReader, adminOrReader, 'get_trunks_tags'),
  update_trunk: rule(adminOrMember, adminOrOwner),
  'update_trunk:tags': rule(adminOrMember, adminOrMember, 'update_trunks_tags'),
  delete_trunk: rule(adminOrMember, adminOrOwner),
  'delete_trunk:tags': rule(adminOrMember, adminOrMember, 'delete_trunks_tags'),
  get_subports: rule(adminOrReader, anyone),
  add_subports: rule(adminOrMember, adminOrOwner),
  remove_subports: rule(adminOrMember, adminOrOwner),
  // floating IPs
  create_floatingip: rule(adminOrMember, anyone),
  'create_floatingip:floating_ip_address': rule(adminOrManager, admin),
  'create_floatingip:tags': rule(adminOrMember, adminOrMember, 'create_floatingips_tags'),
  get_floatingip: rule(adminOrReader, adminOrOwner),
  'get_floatingip:tags': rule(adminOrReader, adminOrReader, 'get_floatingips_tags'),
  update_floatingip: rule(adminOrMember, adminOrOwner),
  'update_floatingip:tags': rule(adminOrMember, adminOrMember, 'update_floatingips_tags'),
  delete_floatingip: rule(adminOrMember, adminOrOwner),
  'delete_floatingip:tags': rule(adminOrMember, adminOrMember, 'delete_floatingips_tags'),
  get_floatingip_pool: rule(adminOrReader, anyone),
  create_floatingip_port_forwarding: rule(parentMember, adminOrParentOwner),
  get_floatingip_port_forwarding: rule(parentReader, adminOrParentOwner),
  update_floatingip_port_forwarding: rule(parentMember, adminOrParentOwner),
  delete_floatingip_port_forwarding: rule(parentMember, adminOrParentOwner),
  create_router_conntrack_helper: rule(parentMember, adminOrParentOwner),
  get_router_conntrack_helper: rule(parentReader, adminOrParentOwner),
  update_router_conntrack_helper: rule(parentMember, adminOrParentOwner),
  delete_router_conntrack_helper: rule(parentMember, adminOrParentOwner),
  create_ndp_proxy: rule(adminOrMember, anyone),
  get_ndp_proxy: rule(adminOrReader, adminOrOwner),
  update_ndp_proxy: rule(adminOrMember, adminOrOwner),
  delete_ndp_proxy: rule(adminOrMember, adminOrOwner),
  // metering
  create_metering_label: rule(adminOrManager, admin),
  get_metering_label: rule(adminOrReader, admin),
  delete_metering_label: rule(adminOrManager, admin),
  create_metering_label_rule: rule(adminOrManager, admin),
  get_metering_label_rule: rule(adminOrReader, admin),
  delete_metering_label_rule: rule(adminOrManager, admin),
  // quality of service
  shared_qos_policy: rule('field:policies:shared=True'),
  get_policy: rule(qosReader, anyone),
  'get_policy:tags': rule(qosReader, qosReader, 'get_policies_tags'),
  create_policy: rule(adminOrManager, admin),
  'create_policy:tags': rule(adminOrManager, adminOrManager, 'create_policies_tags'),
  update_policy: rule(adminOrManager, admin),
  'update_policy:tags': rule(adminOrManager, adminOrManager, 'update_policies_tags'),
  delete_policy: rule(adminOrManager, admin),
  'delete_policy:tags': rule(adminOrManager, adminOrManager, 'delete_policies_tags'),
  get_rule_type: rule(reader, anyone),
  get_policy_bandwidth_limit_rule: rule(parentReader, anyone),
  create_policy_bandwidth_limit_rule: rule(parentManager, admin),
  update_policy_bandwidth_limit_rule: rule(parentManager, admin),
  delete_policy_bandwidth_limit_rule: rule(parentManager, admin),
  get_policy_packet_rate_limit_rule: rule(parentReader),
  create_policy_packet_rate_limit_rule: rule(parentManager),
  update_policy_packet_rate_limit_rule: rule(parentManager),
  delete_policy_packet_rate_limit_rule: rule(parentManager),
  get_policy_dscp_marking_rule: rule(parentReader, anyone),
  create_policy_dscp_marking_rule: rule(parentManager, admin),
  update_policy_dscp_marking_rule: rule(parentManager, admin),
  delete_policy_dscp_marking_rule: rule(parentManager, admin),
  get_policy_minimum_bandwidth_rule: rule(parentReader, anyone),
  create_policy_minimum_bandwidth_rule: rule(parentManager, admin),
  update_policy_minimum_bandwidth_rule: rule(parentManager, admin),
  delete_policy_minimum_bandwidth_rule: rule(parentManager, admin),
  get_policy_minimum_packet_rate_rule: rule(parentReader),
  create_policy_minimum_packet_rate_rule: rule(parentManager),
  update_policy_minimum_packet_rate_rule: rule(parentManager),
  delete_policy_minimum_packet_rate_rule: rule(parentManager),
  get_alias_bandwidth_limit_rule: rule(parentReader, anyone),
  update_alias_bandwidth_limit_rule: rule(parentManager, admin),
  delete_alias_bandwidth_limit_rule: rule(parentManager, admin),
  get_alias_dscp_marking_rule: rule(parentReader, anyone),
  update_alias_dscp_marking_rule: rule(parentManager, admin),
  delete_alias_dscp_marking_rule: rule(parentManager, admin),
  get_alias_minimum_bandwidth_rule: rule(parentReader, anyone),
  update_alias_minimum_bandwidth_rule: rule(parentManager, admin),
  delete_alias_minimum_bandwidth_rule: rule(parentManager, admin),
  get_alias_minimum_packet_rate_rule: rule('rule:get_policy_minimum_packet_rate_rule'),
  update_alias_minimum_packet_rate_rule: rule('rule:update_policy_minimum_packet_rate_rule'),
  delete_alias_minimum_packet_rate_rule: rule('rule:delete_policy_minimum_packet_rate_rule'),
  // routers
  create_router: rule(adminOrMember, anyone),
  'create_router:distributed': rule(admin),
  'create_router:ha': rule(admin),
  'create_router:external_gateway_info': rule(adminOrMember, adminOrOwner),
  'create_router:external_gateway_info:network_id': rule(adminOrMember, adminOrOwner),
  'create_router:external_gateway_info:enable_snat': rule(admin),
  'create_router:external_gateway_info:external_fixed_ips': rule(admin),
  'create_router:tags': rule(adminOrMember, adminOrMember, 'create_routers_tags'),
  get_router: rule(adminOrReader, adminOrOwner),
  'get_router:distributed': rule(admin),
  'get_router:ha': rule(admin),
  'get_router:tags': rule(adminOrReader, adminOrReader, 'get_routers_tags'),
  update_router: rule(adminOrMember, adminOrOwner),
  'update_router:distributed': rule(admin),
  'update_router:ha': rule(admin),
  'update_router:external_gateway_info': rule(adminOrMember, adminOrOwner),
  'update_router:external_gateway_info:network_id': rule(adminOrMember, adminOrOwner),
  'update_router:external_gateway_info:enable_snat': rule(admin),
  'update_router:external_gateway_info:external_fixed_ips': rule(admin),
  'update_router:tags': rule(adminOrMember, adminOrMember, 'update_routers_tags'),
  delete_router: rule(adminOrMember, adminOrOwner),
  'delete_router:tags': rule(adminOrMember, adminOrMember, 'delete_routers_tags'),
  add_router_interface: rule(adminOrMember, adminOrOwner),
  remove_router_interface: rule(adminOrMember, adminOrOwner),
  add_extraroutes: rule(adminOrMember, adminOrOwner),
  remove_extraroutes: rule(adminOrMember, adminOrOwner),
  // auto-allocated topology
  get_auto_allocated_topology: rule(adminOrReader, adminOrOwner),
  delete_auto_allocated_topology: rule(adminOrMember, adminOrOwner),
};
