/** What `GET /v2.0/extensions` says of one alias. */
export interface ExtensionFacts {
  readonly name: string;
  readonly description: string;
  readonly updated: string;
}

/**
 * Aliases and the names and dates clients know them by (upstream: neutron-lib `api/definitions`). Which of them are
 * loaded is the plugin's to say; attributes and requests of the others do not exist. An alias that is loaded but missing
 * here (an outside driver's) is listed under its own name.
 */
const table: Readonly<Record<string, readonly [name: string, description: string, updated: string]>> = {
  'aap-reject-multicast': [
    'Allowed address pairs reject multicast extension',
    'Multicast addresses are refused in allowed address pairs',
    '2026-04-01T00:00:00-00:00',
  ],
  'address-group': ['Address group', 'Named lists of addresses that rules refer to', '2020-07-15T10:00:00-00:00'],
  'address-scope': [
    'Address scope',
    'Spaces in which addresses of subnet pools are unique',
    '2015-07-26T10:00:00-00:00',
  ],
  agent: [
    'agent',
    'Shows agents, and lets an administrator enable, disable and remove them',
    '2013-02-03T10:00:00-00:00',
  ],
  'agent-resources-synced': [
    "Agent's Resource View Synced to Placement",
    "Whether an agent's resources reached Placement",
    '2018-12-19T00:00:00-00:00',
  ],
  agent_sort_key: ['Agents sorting support', 'Agents can be sorted', '2020-08-22T10:00:00-00:00'],
  'allowed-address-pairs': [
    'Allowed Address Pairs',
    'Further addresses and MACs a port may send from',
    '2013-07-23T10:00:00-00:00',
  ],
  'auto-allocated-topology': [
    'Auto Allocated Topology Services',
    'Makes a network, subnet and router for a project in one call',
    '2016-01-01T00:00:00-00:00',
  ],
  availability_zone: ['Availability Zone', 'Lists the zones that agents belong to', '2015-01-01T10:00:00-00:00'],
  availability_zone_filter: [
    'Availability Zone Filter Extension',
    'Zones can be filtered',
    '2018-06-22T10:00:00-00:00',
  ],
  binding: ['Port Binding', 'Where a port is plugged in, and how', '2014-02-03T10:00:00-00:00'],
  'binding-extended': [
    'Port Bindings Extended',
    'A port may have bindings on several hosts, one of them active',
    '2017-07-17T10:00:00-00:00',
  ],
  'data-plane-status': [
    'Port data plane status extension',
    "What an outside party says of a port's data plane",
    '2017-01-24T10:00:00-00:00',
  ],
  'default-subnetpools': [
    'Default Subnetpools',
    'A subnet pool can be the default, and be asked for as such',
    '2016-02-18T18:00:00-00:00',
  ],
  dhcp_agent_scheduler: ['DHCP Agent Scheduler', 'Which DHCP agents serve which networks', '2013-02-07T10:00:00-00:00'],
  'dns-domain-ports': ['dns_domain for ports', 'A port may have a DNS domain of its own', '2017-04-24T10:00:00-00:00'],
  'dns-integration': ['DNS Integration', 'DNS names and domains of ports and networks', '2015-08-15T18:00:00-00:00'],
  'dns-integration-domain-keywords': [
    'DNS domain names with keywords allowed',
    'Domains may hold <project_id>, <project_name>, <user_id> and <user_name>',
    '2020-06-15T18:00:00-00:00',
  ],
  'empty-string-filtering': [
    'Empty String Filtering Extension',
    'Empty values in filters match empty attributes',
    '2018-05-01T10:00:00-00:00',
  ],
  'expose-l3-conntrack-helper': [
    'Expose CT target rules for conntrack helper',
    'Routers show their conntrack helpers',
    '2019-04-04T10:00:00-00:00',
  ],
  'expose-port-forwarding-in-fip': [
    'Expose Floating IP port forwardings',
    'Floating IPs show their port forwardings',
    '2018-06-28T16:00:00-00:00',
  ],
  'external-net': ['Neutron external network', 'Networks may lead to the outside', '2013-01-14T10:00:00-00:00'],
  extra_dhcp_opt: ['Neutron Extra DHCP options', 'DHCP options of single ports', '2013-03-17T12:00:00-00:00'],
  'filter-validation': [
    'Filter parameters validation',
    'Filters by unknown attributes are refused',
    '2018-07-04T10:00:00-00:00',
  ],
  'fip-port-details': [
    'Floating IP Port Details Extension',
    'Floating IPs show the port they lead to',
    '2018-04-09T10:00:00-00:00',
  ],
  flavors: ['Neutron Service Flavors', 'Kinds of a service that users can choose between', '2015-09-17T10:00:00-00:00'],
  'floating-ip-port-forwarding': [
    'Floating IP Port Forwarding',
    'Single ports of a floating IP lead to ports of guests',
    '2018-01-19T10:00:00-00:00',
  ],
  'floating-ip-port-forwarding-description': [
    'Floating IP Port Forwarding new attribute description',
    'Port forwardings have a description',
    '2019-11-01T10:00:00-00:00',
  ],
  'floating-ip-port-forwarding-detail': [
    'Floating IP port forwarding detail',
    'Floating IPs show ids and ports of their port forwardings',
    '2022-05-06T10:00:00-00:00',
  ],
  'floating-ip-port-forwarding-port-ranges': [
    'Floating IP Port Forwarding support port ranges',
    'Port forwardings may be for ranges of ports',
    '2020-07-01T10:00:00-00:00',
  ],
  'floatingip-pools': [
    'Floating IP Pools Extension',
    'Lists the subnets that floating IPs come from',
    '2018-03-21T10:00:00-00:00',
  ],
  'ip-substring-filtering': [
    'IP address substring filtering',
    'Ports can be found by part of an address',
    '2017-11-28T09:00:00-00:00',
  ],
  ip_allocation: ['IP Allocation', "Tells when a port's addresses are chosen", '2016-06-10T23:00:00-00:00'],
  l2_adjacency: ['L2 Adjacency', 'Tells whether all ports of a network share one layer 2', '2016-04-12T16:00:00-00:00'],
  'l3-conntrack-helper': [
    'L3 Conntrack helper',
    'Helpers that follow the connections of a protocol through a router',
    '2019-04-04T10:00:00-00:00',
  ],
  'l3-ext-ndp-proxy': [
    'Router support to enable NDP proxy',
    'Routers may answer for IPv6 addresses outside',
    '2020-08-25T00:00:00-00:00',
  ],
  'l3-ndp-proxy': ['L3 NDP Proxy', 'IPv6 addresses that routers answer for outside', '2021-06-29T10:00:00-00:00'],
  metering: ['Neutron Metering', 'Counts traffic through routers', '2013-06-12T10:00:00-00:00'],
  metering_source_and_destination_fields: [
    'Neutron Metering with source and destination filtering',
    'What is counted may be told by where it comes from and goes to',
    '2020-08-21T08:12:00-00:00',
  ],
  l3_agent_scheduler: ['L3 Agent Scheduler', 'Which L3 agents serve which routers', '2013-02-07T10:00:00-00:00'],
  'multi-provider': ['Multi Provider Network', 'Networks made of several segments', '2013-06-27T10:00:00-00:00'],
  'net-mtu': ['Network MTU', 'Shows the MTU of a network', '2015-03-25T10:00:00-00:00'],
  'net-mtu-writable': ['Network MTU (writable)', 'The MTU of a network can be chosen', '2017-07-12T00:00:00-00:00'],
  'network-ip-availability': [
    'Network IP Availability',
    'Used and total addresses of networks and subnets',
    '2015-09-24T00:00:00-00:00',
  ],
  'network-ip-availability-details': [
    'Network IP Availability Details Extension',
    'The availability of addresses, in more detail',
    '2025-10-31T00:00:00-00:00',
  ],
  'network-segment-range': [
    'Neutron Network Segment Range',
    'Ranges of segmentation ids can be managed',
    '2018-11-29T00:00:00-00:00',
  ],
  network_availability_zone: [
    'Network Availability Zone',
    'Networks can ask for availability zones',
    '2015-01-01T10:00:00-00:00',
  ],
  network_ha: [
    'Network HA creation flag',
    'Networks can be made for routers that stand in for each other',
    '2023-04-27T10:00:00-00:00',
  ],
  'neutrino-agent-history': [
    'Agent history',
    'Tells when an agent was started, and when nothing was heard of it',
    '2026-11-29T10:00:00-00:00',
  ],
  'neutrino-explain': [
    'Port explanation',
    'Says why a port works or does not, from its row to the kernel',
    '2026-11-23T10:00:00-00:00',
  ],
  'neutrino-trace': [
    'Packet trace',
    'Follows a packet from a port to an address and names what decides',
    '2026-11-29T10:00:00-00:00',
  ],
  'neutrino-no-isolation': [
    'No isolation between ports',
    'Security groups are not enforced: every port can reach every other of its networks',
    '2026-11-23T10:00:00-00:00',
  ],
  pagination: ['Pagination support', 'Lists come in pages', '2016-06-12T00:00:00-00:00'],
  'port-device-profile': ['Port device profile', 'The accelerator profile of a port', '2020-12-17T10:00:00-00:00'],
  'port-hardware-offload-type': [
    'Port hardware offload',
    'How the hardware takes over the work of a port',
    '2023-05-09T10:00:00-00:00',
  ],
  'port-hint-ovs-tx-steering': [
    'Port hint: Open vSwitch Tx steering',
    'Hints may say how Open vSwitch spreads what a port sends',
    '2023-01-01T00:00:00-00:00',
  ],
  'port-hints': ['Port hints', 'Hints for the driver of a port', '2023-01-01T00:00:00-00:00'],
  'port-mac-address-regenerate': [
    'Neutron Port MAC address regenerate',
    "A port's MAC can be made anew",
    '2018-05-03T10:00:00-00:00',
  ],
  'port-mac-override': [
    'Neutron Port MAC address override',
    'Physical functions may have their own MAC in the binding profile',
    '2022-03-18T10:00:00-00:00',
  ],
  'port-numa-affinity-policy': [
    'Port NUMA affinity policy',
    "How strictly a port's device follows its guest's NUMA node",
    '2020-07-08T10:00:00-00:00',
  ],
  'port-numa-affinity-policy-socket': [
    'Port NUMA affinity policy "socket"',
    'Devices may have to be on the socket of the guest',
    '2024-02-09T10:00:00-00:00',
  ],
  'port-resource-request': ['Port Resource Request', 'What a port needs of its host', '2018-05-08T10:00:00-00:00'],
  'port-resource-request-groups': [
    'Port Resource Request Groups',
    'What a port needs of its host, in several groups',
    '2021-08-02T10:00:00-00:00',
  ],
  'port-security': [
    'Port Security',
    "Filtering by a port's own addresses can be turned off",
    '2012-07-23T10:00:00-00:00',
  ],
  'port-security-groups-filtering': [
    'Port filtering on security groups',
    'Ports can be found by their security groups',
    '2018-01-09T09:00:00-00:00',
  ],
  'port-trusted-vif': ['Port trusted vif', 'Ports whose virtual function is trusted', '2024-07-10T10:00:00-00:00'],
  'project-id': [
    'project_id field enabled',
    'project_id is accepted and shown wherever tenant_id is',
    '2016-09-09T09:09:09-09:09',
  ],
  provider: [
    'Provider Network',
    'How networks are carried: type, physical network, segmentation id',
    '2012-09-07T10:00:00-00:00',
  ],
  pvlan: ['Private VLAN', 'Ports of one network kept apart, alone or in communities', '2026-02-03T10:00:00-00:00'],
  qinq: ['QinQ networks', 'Networks whose guests may use VLANs, by double tags', '2024-12-02T10:00:00-00:00'],
  qos: ['Quality of Service', 'Policies for bandwidth, marks and guarantees', '2015-06-08T10:00:00-00:00'],
  'qos-bw-limit-direction': [
    'Direction for QoS bandwidth limit rule',
    'Bandwidth is limited to the guest, too, not only from it',
    '2017-04-10T10:00:00-00:00',
  ],
  'qos-bw-minimum-ingress': [
    'Ingress direction for QoS minimum bandwidth rule',
    'Bandwidth is guaranteed to the guest, too, not only from it',
    '2018-07-09T10:00:00-00:00',
  ],
  'qos-default': ['QoS default policy', 'A policy that new networks of a project get', '2017-041-06T10:00:00-00:00'],
  'qos-fip': ['Floating IP QoS', 'QoS policies of floating IPs', '2017-07-20T00:00:00-00:00'],
  'qos-fip-network-policy': [
    'QoS floating IP network policy ID',
    'Floating IPs show the QoS policy of their network',
    '2021-11-15T10:00:00-00:00',
  ],
  'qos-gateway-ip': ['Router gateway IP QoS', "QoS policies of routers' gateways", '2018-02-24T00:00:00-00:00'],
  'qos-port-network-policy': [
    'QoS port network policy ID',
    'Ports show the policy of their network',
    '2019-11-01T10:00:00-00:00',
  ],
  'qos-pps': [
    'QoS Rule Type Packet per Second Extension',
    'Rules that limit packets by the second',
    '2021-05-12T10:00:00-00:00',
  ],
  'qos-pps-minimum': [
    'QoS minimum packet rate rule',
    'Rules that guarantee packets by the second',
    '2021-07-14T10:00:00-00:00',
  ],
  'qos-pps-minimum-rule-alias': [
    'QoS minimum packet rate rule alias',
    'Rules that guarantee packets are found without their policy',
    '2021-10-22T10:00:00-00:00',
  ],
  'qos-rule-type-details': [
    'Details of QoS rule types',
    'Which drivers can enforce a kind of rule, and with what values',
    '2017-06-22T10:00:00-00:00',
  ],
  'qos-rule-type-filter': [
    'Allow to filter the list of QoS rule types',
    'Kinds of rules that there are, or that any driver can enforce',
    '2022-02-02T10:00:00-00:00',
  ],
  'qos-rules-alias': [
    'Quality of Service rules alias API',
    'Rules are found, changed and deleted without their policy',
    '2018-10-07T10:00:00-00:00',
  ],
  'quota-check-limit': [
    'Quota engine limit check',
    'New limits can be compared with what is in use',
    '2021-09-08T16:00:00-00:00',
  ],
  'quota-check-limit-default': [
    'Quota engine limit check by default',
    'New limits are compared with what is in use, unless forced',
    '2024-08-21T16:00:00-00:00',
  ],
  quota_details: [
    'Quota details management support',
    'Use and limits of a project, resource by resource',
    '2017-02-10T10:00:00-00:00',
  ],
  quotas: ['Quota management support', 'Limits of projects', '2012-07-29T10:00:00-00:00'],
  'rbac-address-group': [
    'Add address_group type to RBAC',
    'Address groups can be shared with single projects',
    '2021-01-20T00:00:00-00:00',
  ],
  'rbac-address-scope': [
    'Add address_scope type to RBAC',
    'Address scopes can be shared with single projects',
    '2020-02-12T00:00:00-00:00',
  ],
  'rbac-policies': ['RBAC Policies', 'Resources can be shared with single projects', '2015-06-17T12:15:12-00:00'],
  'rbac-security-groups': [
    'Add security_group type to network RBAC',
    'Security groups can be shared with single projects',
    '2019-02-14T00:00:00-00:00',
  ],
  'rbac-subnetpool': [
    'Add subnetpool type to RBAC',
    'Subnet pools can be shared with single projects',
    '2020-02-05T00:00:00-00:00',
  ],
  'revision-if-match': [
    'If-Match constraints based on revision_number',
    'If-Match: revision_number=N makes a change conditional',
    '2016-12-11T00:00:00-00:00',
  ],
  dvr: [
    'Distributed Virtual Router',
    'Whether a router is distributed; this server makes none that are',
    '2014-06-1T10:00:00-00:00',
  ],
  'ext-gw-mode': [
    'Neutron L3 Configurable external gateway mode',
    'Whether a gateway hides the addresses behind it',
    '2013-03-28T10:00:00-00:00',
  ],
  extraroute: ['Neutron Extra Route', 'Routers have routes of their own', '2013-02-01T10:00:00-00:00'],
  'extraroute-atomic': [
    'Atomically add/remove extra routes',
    'Adds routes to a router and takes them away, whatever others do meanwhile',
    '2019-07-10T00:00:00+00:00',
  ],
  'l3-flavors': ['Router Flavor Extension', 'Routers can be of a flavor', '2016-05-17T00:00:00-00:00'],
  'l3-ha': ['HA Router extension', 'Agents that serve a router stand in for each other', '2014-04-26T00:00:00-00:00'],
  'l3-port-ip-change-not-allowed': [
    'Prevent L3 router ports IP address change extension',
    'Interfaces of routers keep their IPv4 addresses',
    '2018-10-09T10:00:00-00:00',
  ],
  router: ['Neutron L3 Router', 'Routers between networks, and floating IPs', '2012-07-20T10:00:00-00:00'],
  'router-admin-state-down-before-update': [
    "Enforce Router's Admin State Down Before Update Extension",
    'A router is switched off before it becomes another kind of router',
    '2019-07-02T15:56:00',
  ],
  router_availability_zone: [
    'Router Availability Zone',
    'Routers say in which zones they are wanted, and show where they are',
    '2015-01-01T10:00:00-00:00',
  ],
  'security-group': ['security-group', 'Rules for what may reach a port and leave it', '2012-10-05T10:00:00-00:00'],
  'security-groups-default-rules': [
    'Default rules for security groups',
    'Templates of the rules that new groups begin with',
    '2022-12-19T10:00:00-00:00',
  ],
  'security-groups-default-statefulness': [
    'Security Groups Default Statefulness',
    'Whether new security groups are stateful, by project or for all',
    '2026-04-13T00:00:00-00:00',
  ],
  'security-groups-normalized-cidr': [
    'Normalized CIDR field for security group rules',
    'Rules also show their prefix as a network',
    '2020-07-28T10:00:00-00:00',
  ],
  'security-groups-remote-address-group': [
    'Remote address group id field for security group rules',
    'Rules may name an address group',
    '2020-08-25T10:00:00-00:00',
  ],
  'security-groups-rules-belongs-to-default-sg': [
    "Security group rule belongs to the project's default security group",
    "Rules say whether they are a default group's",
    '2023-05-23T10:00:00-00:00',
  ],
  'security-groups-shared-filtering': [
    'Security group filtering on the shared field',
    'Security groups can be found by whether they are shared',
    '2021-10-05T09:00:00-00:00',
  ],
  segment: ['Segment', 'The segments of networks', '2016-02-24T17:00:00-00:00'],
  'segments-peer-subnet-host-routes': [
    'Segments peer-subnet host routes',
    'Subnets of a routed network have routes to each other',
    '2018-06-12T10:00:00-00:00',
  ],
  'service-type': [
    'Neutron Service Type Management',
    'Which providers serve which services',
    '2013-01-20T00:00:00-00:00',
  ],
  sorting: ['Sorting support', 'Lists can be sorted', '2016-06-12T00:00:00-00:00'],
  'standard-attr-description': ['standard-attr-description', 'Descriptions of resources', '2016-02-10T10:00:00-00:00'],
  'standard-attr-revisions': [
    'Resource revision numbers',
    'Revision numbers of resources',
    '2016-04-11T10:00:00-00:00',
  ],
  'standard-attr-segment': [
    'Standard Attribute Segment Extension',
    'Segments have description, times and revision',
    '2018-04-09T10:00:00-00:00',
  ],
  'standard-attr-tag': [
    'Tag support for resources with standard attribute: port, subnet, subnetpool, network, security_group, router, floatingip, policy, trunk, network_segment_range',
    'Tags of resources',
    '2017-01-01T00:00:00-00:00',
  ],
  'standard-attr-timestamp': [
    'Resource timestamps',
    'When resources were made and last changed',
    '2016-09-12T10:00:00-00:00',
  ],
  'stateful-security-group': [
    'Stateful security group',
    'Security groups with or without connection tracking',
    '2019-11-26T09:00:00-00:00',
  ],
  'subnet-dns-publish-fixed-ip': [
    'Subnet DNS publish fixed IP',
    'Names of fixed addresses can be published, by subnet',
    '2019-05-24T10:00:00-00:00',
  ],
  'subnet-external-network': [
    'Subnet belongs to an external network',
    'Subnets tell whether their network leads outside',
    '2024-02-05T18:00:00-00:00',
  ],
  'subnet-segmentid-writable': [
    'Subnet SegmentID (writable)',
    'The segment of a subnet can be set later',
    '2018-03-12T00:00:00-00:00',
  ],
  'subnet-service-types': [
    'Subnet service types',
    'Subnets can be kept for ports of certain owners',
    '2016-03-15T18:00:00-00:00',
  ],
  subnet_allocation: ['Subnet Allocation', 'Subnets can be taken from pools', '2015-03-30T10:00:00-00:00'],
  subnet_onboard: ['Subnet Onboard', 'Existing subnets can be moved into pools', '2018-12-18T09:00:00-00:00'],
  'subnetpool-prefix-ops': [
    'Subnet Pool Prefix Operations',
    'Prefixes can be added to pools and removed',
    '2019-02-08T10:00:00-00:00',
  ],
  'tag-creation': ['Tag creation extension', 'Several tags can be added in one request', '2024-23-07T10:00:00-00:00'],
  'tag-ports-during-bulk-creation': [
    'Tag Ports During Bulk Creation',
    'Ports can be created with tags',
    '2019-12-29T19:00:00-00:00',
  ],
  trunk: ['Trunk Extension', 'Ports that carry other ports by VLAN', '2016-01-01T10:00:00-00:00'],
  'trunk-details': ['Trunk port details', "Shows the subports of a trunk's port", '2016-01-01T10:00:00-00:00'],
  'uplink-status-propagation': [
    'Uplink status propagation extension',
    'Ports may follow the state of their uplink',
    '2018-05-31T18:00:00-00:00',
  ],
  'uplink-status-propagation-updatable': [
    'Uplink status propagation updatable extension',
    'Whether a port follows its uplink can be changed',
    '2024-09-03T18:00:00-00:00',
  ],
  'vlan-transparent': ['Vlantransparent', 'Networks whose guests may use VLANs', '2015-03-23T09:00:00-00:00'],
};

export function extensionFacts(alias: string): ExtensionFacts {
  const [name, description, updated] = Object.hasOwn(table, alias)
    ? table[alias]!
    : [alias, '', '1970-01-01T00:00:00-00:00'];
  return { name, description, updated };
}
