/**
 * For each invariant statements that break it, on a database with one of everything (see the test). Foreign keys are off;
 * `loose(table)` takes the keys and indexes of a table away first, where these would refuse the fault.
 */
const loose = (table: string) => [
  `create table loose as select * from ${table}`,
  `drop table ${table}`,
  `alter table loose rename to ${table}`,
];
/** The id of nothing in a column. */
const gone = (table: string, column: string, where = 'true') => [
  ...loose(table),
  `update ${table} set ${column} = 'gone' where ${where}`,
];
const twice = (table: string) => [...loose(table), `insert into ${table} select * from ${table}`];

const agentOfRouter = (agent: string, index: number): string =>
  `insert into routerl3agentbindings (router_id, l3_agent_id, binding_index) select min(id), '${agent}', ${index} from routers`;

const standard = 'id, project_id, description, created_at, updated_at, revision_number';
const standardValues = "'x', 'p', '', '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z', 0";

/** A floating IP at the address of some port, which leads to a port and a fixed address and through a router. */
const floatingIp = (port: string, fixed: string, router: string, address = 'a.ip_address'): string =>
  `insert into floatingips (${standard}, floating_ip_address, floating_network_id, floating_port_id, fixed_port_id,
      fixed_ip_address, router_id, status, dns_name, dns_domain)
    select ${standardValues}, ${address}, a.network_id, a.port_id, ${port}, ${fixed}, ${router}, 'DOWN', '', ''
    from ipallocations a limit 1`;

export const plants: Readonly<Record<string, readonly string[]>> = {
  'a network has a segment': ['delete from networksegments'],
  'a VLAN id that is taken is that of one segment': ["insert into ml2_vlan_allocations values ('physnet9', 7)"],
  'a VXLAN id that is taken is that of one segment': ['insert into ml2_vxlan_allocations values (7)'],
  'a GRE id that is taken is that of one segment': ['insert into ml2_gre_allocations values (7)'],
  'a Geneve id that is taken is that of one segment': ['insert into ml2_geneve_allocations values (7)'],
  'a physical network that is taken is that of one flat segment': [
    "insert into ml2_flat_allocations values ('physnet9')",
  ],
  'the id of a segment is taken': ['delete from ml2_vxlan_allocations'],
  'a subnet is on a network': gone('subnets', 'network_id'),
  'a port is on a network': gone('ports', 'network_id'),
  'an address is a port’s': gone('ipallocations', 'port_id'),
  'an address is of a subnet of the port’s network': gone('ipallocations', 'network_id'),
  'an address is given once': twice('ipallocations'),
  'a MAC address is given once on a network': twice('ports'),
  'a gateway is no port’s but a router’s': [
    `update subnets set gateway_ip = (select min(a.ip_address) from ipallocations a join ports p on p.id = a.port_id
      where p.device_owner not like 'network:%')`,
  ],
  'a port has one active binding': ["update ml2_port_bindings set status = 'INACTIVE'"],
  'a binding is a port’s': gone('ml2_port_bindings', 'port_id'),
  'a router that is not highly available has one agent at most': [agentOfRouter('a', 1), agentOfRouter('b', 2)],
  'an HA router has a VRRP id on the network of its project': ['update routers set ha_vr_id = 7'],
  'a VRRP id is that of one router': [
    'insert into ha_router_vrid_allocations (network_id, vr_id) select min(id), 7 from networks',
  ],
  'an agent of an HA router has a port of it': ['update routers set ha_vr_id = 7', agentOfRouter('a', 1)],
  'a port on an HA network is an agent’s of the router': [
    `insert into ha_router_agent_port_bindings (port_id, router_id, l3_agent_id, state)
      select min(port_id), min(router_id), 'a', 'standby' from routerports`,
  ],
  'a port of a router is there, and so is the router': gone('routerports', 'router_id'),
  'a port of a router says whose it is': ["update ports set device_id = '' where device_owner like 'network:router%'"],
  'a router leads outside by a port of its own': [
    "update routers set gw_port_id = (select min(id) from ports where device_owner = '')",
  ],
  'a route is a router’s': [
    `insert into routerroutes (router_id, destination, nexthop, position) values ('gone', '10.0.0.0/8', '10.0.0.1', 0)`,
  ],
  'a floating IP has the address of its port': [floatingIp('null', 'null', 'null', "'192.0.2.9'")],
  'a floating IP leads to an address that its port has': [floatingIp('a.port_id', "'192.0.2.9'", "'r'")],
  'a floating IP that leads to no port goes through a router while it forwards ports, and then only': [
    floatingIp('null', 'null', "'r'"),
  ],
  'a forwarding leads to an address that its port has': [
    `insert into portforwardings (${standard}, floatingip_id, internal_port_id, internal_ip_address, protocol)
      select ${standardValues}, 'f', id, '192.0.2.9', 'tcp' from ports limit 1`,
  ],
  'an NDP proxy is for an address that its port has': [
    `insert into ndp_proxies (${standard}, name, router_id, port_id, ip_address)
      select ${standardValues}, '', 'r', id, '2001:db8::9' from ports limit 1`,
  ],
  'a level of a binding is on a segment of the port’s network': [
    "insert into ml2_port_binding_levels (port_id, host, level, driver, segment_id) values ('gone', 'h', 0, 'd', 's')",
  ],
  'a port that waits for somebody is not active': [
    "update ports set status = 'ACTIVE'",
    "insert into provisioningblocks select id, 'L2' from ports limit 1",
  ],
  'what is waited for belongs to a port': ["insert into provisioningblocks (port_id, entity) values ('gone', 'L2')"],
  'an address pair is a port’s': [
    `insert into allowedaddresspairs (port_id, mac_address, ip_address, position)
      values ('gone', 'fa:16:3e:00:00:01', '10.0.0.1', 0)`,
  ],
  'a DHCP option is a port’s': [
    `insert into extradhcpopts (id, port_id, opt_name, opt_value, ip_version) values ('x', 'gone', 'a', 'b', 4)`,
  ],
  'a range of addresses is a subnet’s': gone('ipallocationpools', 'subnet_id'),
  'a trunk is a port’s': gone('trunks', 'port_id'),
  'a sub-port is on a trunk': gone('subports', 'trunk_id'),
  'a sub-port is a port': gone('subports', 'port_id'),
  'what a trunk carries carries nothing': [
    ...loose('trunks'),
    'update trunks set port_id = (select min(port_id) from subports)',
  ],
  'a VLAN of a trunk is one sub-port’s': twice('subports'),
  'a name server is a subnet’s': ["insert into dnsnameservers (subnet_id, address, position) values ('gone', 'a', 0)"],
  'a route is a subnet’s': [
    `insert into subnetroutes (subnet_id, destination, nexthop, position) values ('gone', '10.0.0.0/8', '10.0.0.1', 0)`,
  ],
  'a rule is in a group that is there': gone('securitygrouprules', 'security_group_id'),
  'a rule is in a group once': twice('securitygrouprules'),
  'a rule is about a group that is there': gone('securitygrouprules', 'remote_group_id'),
  'a rule is about addresses that are there': gone('securitygrouprules', 'remote_address_group_id'),
  'a port is in groups that are there': gone('securitygroupportbindings', 'security_group_id'),
  'groups are of ports that are there': gone('securitygroupportbindings', 'port_id'),
  'a default group is its project’s own': ["update securitygroups set name = 'x' where name = 'default'"],
  'a group called default is the default one': ['delete from default_security_group'],
  'addresses are those of a group': gone('address_associations', 'address_group_id'),
  'a prefix is a pool’s': gone('subnetpoolprefixes', 'subnetpool_id'),
  'a subnet is of a pool that is there': gone('subnets', 'subnetpool_id'),
  'what is shared is there': gone('networkrbacs', 'object_id'),
  'an entry is there once': twice('networkrbacs'),
  'a port is in groups that its project sees': ["update securitygroups set project_id = 'somebody'"],
  'a rule is about a group that its project sees': [
    `update securitygrouprules set remote_group_id = (select id from securitygroups where project_id = 'attacker' limit 1)
      where project_id = 'victim'`,
  ],
  'a rule is about addresses that its project sees': [
    `update securitygrouprules set remote_address_group_id =
      (select id from address_groups where project_id = 'attacker') where project_id = 'victim'`,
  ],
  'a subnet is of a pool that its project sees': [
    `update subnets set subnetpool_id = (select id from subnetpools where project_id = 'attacker')
      where project_id = 'victim'`,
  ],
  'a pool is in a scope that its project sees': ["update address_scopes set project_id = 'somebody'"],
  'a pool is in a scope of its version': ['update address_scopes set ip_version = 6'],
  'a subnet is on a segment of its network': gone('subnets', 'segment_id'),
  'a way outside is a network': ["insert into externalnetworks (network_id, is_default) values ('gone', 0)"],
  'a network that was made for a project is there': [
    "insert into auto_allocated_topologies (project_id, network_id) values ('p', 'gone')",
  ],
  'a host is known to a segment that is there': ["insert into segmenthostmappings values ('gone', 'h')"],
  'a flavor has profiles that are there': ["insert into flavorserviceprofilebindings values ('gone', 'gone')"],
  'a port on somebody’s network is there because it is shared': ["update networks set project_id = 'somebody'"],
  'a tag is on something that is there': gone('tags', 'resource_id'),
  'a rule of quality is of a policy that is there': [
    "insert into qos_dscp_marking_rules (id, qos_policy_id, dscp_mark) values ('x', 'gone', 8)",
  ],
  'a policy of a port is there, and so is the port': [
    "insert into qos_port_policy_bindings (port_id, policy_id) values ((select min(id) from ports), 'gone')",
  ],
  'a policy of a network is there, and so is the network': [
    "insert into qos_network_policy_bindings (network_id, policy_id) values ('gone', 'gone')",
  ],
  'a default policy is its project’s own': [
    "insert into qos_policies_default (project_id, qos_policy_id) values ('somebody', 'gone')",
  ],
  'an agent that serves a network is there': [
    `insert into networkdhcpagentbindings (network_id, dhcp_agent_id) values ('n', 'gone')`,
  ],
};
