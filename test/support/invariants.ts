import { sql } from 'kysely';
import type { Db } from '../../src/db/database.ts';
import { parseAddress } from '../../src/lib/ip/address.ts';
import { cidrHas, cidrsOverlap, parseCidr } from '../../src/lib/ip/cidr.ts';

const rbacTables = [
  'networkrbacs',
  'securitygrouprbacs',
  'addressgrouprbacs',
  'addressscoperbacs',
  'subnetpoolrbacs',
  'qospolicyrbacs',
];

/**
 * What must be true of the rows whenever no request is under way, whatever was asked before. Each is a query for what breaks
 * it: no rows, no fault. Plain SQL of all three databases, so that it can be run by hand as well.
 */
export const queries: Readonly<Record<string, string>> = {
  'a network has a segment': `
    select n.id from networks n left join networksegments s on s.network_id = n.id where s.id is null`,
  'a VLAN id that is taken is that of one segment': taken('ml2_vlan_allocations', 'vlan_id', 'vlan', true),
  'a VXLAN id that is taken is that of one segment': taken('ml2_vxlan_allocations', 'vxlan_vni', 'vxlan'),
  'a GRE id that is taken is that of one segment': taken('ml2_gre_allocations', 'gre_id', 'gre'),
  'a Geneve id that is taken is that of one segment': taken('ml2_geneve_allocations', 'geneve_vni', 'geneve'),
  'a physical network that is taken is that of one flat segment': `
    select a.physical_network from ml2_flat_allocations a
    left join networksegments s on s.network_type = 'flat' and s.physical_network = a.physical_network
    group by a.physical_network having count(s.id) <> 1`,
  'the id of a segment is taken': [
    untaken('ml2_vlan_allocations', 'vlan_id', 'vlan', true),
    untaken('ml2_vxlan_allocations', 'vxlan_vni', 'vxlan'),
    untaken('ml2_gre_allocations', 'gre_id', 'gre'),
    untaken('ml2_geneve_allocations', 'geneve_vni', 'geneve'),
  ].join(' union all '),
  'a subnet is on a network': orphans('subnets', 'network_id', 'networks'),
  'a port is on a network': orphans('ports', 'network_id', 'networks'),
  'an address is a port’s': orphans('ipallocations', 'port_id', 'ports'),
  'an address is of a subnet of the port’s network': `
    select a.port_id, a.ip_address from ipallocations a
    join ports p on p.id = a.port_id left join subnets s on s.id = a.subnet_id
    where s.id is null or s.network_id <> p.network_id or a.network_id <> p.network_id`,
  'an address is given once': `
    select subnet_id, ip_key from ipallocations group by subnet_id, ip_key having count(*) > 1`,
  'a MAC address is given once on a network': `
    select network_id, mac_address from ports group by network_id, mac_address having count(*) > 1`,
  'a gateway is no port’s but a router’s': `
    select a.port_id, a.ip_address from ipallocations a
    join subnets s on s.id = a.subnet_id and s.gateway_ip = a.ip_address
    join ports p on p.id = a.port_id where p.device_owner not like 'network:%'`,
  'a port has one active binding': `
    select p.id from ports p left join ml2_port_bindings b on b.port_id = p.id and b.status = 'ACTIVE'
    group by p.id having count(b.port_id) <> 1`,
  'a binding is a port’s': orphans('ml2_port_bindings', 'port_id', 'ports'),
  'a router that is not highly available has one agent at most': `
    select r.id from routers r join routerl3agentbindings b on b.router_id = r.id
    where r.ha_vr_id = 0 group by r.id having count(*) > 1`,
  'an HA router has a VRRP id on the network of its project': `
    select r.id from routers r
    left join ha_router_networks n on n.project_id = r.project_id
    left join ha_router_vrid_allocations v on v.network_id = n.network_id and v.vr_id = r.ha_vr_id
    where r.ha_vr_id > 0 and v.vr_id is null`,
  'a VRRP id is that of one router': `
    select v.network_id, v.vr_id from ha_router_vrid_allocations v
    left join ha_router_networks n on n.network_id = v.network_id
    left join routers r on r.project_id = n.project_id and r.ha_vr_id = v.vr_id
    group by v.network_id, v.vr_id having count(r.id) <> 1`,
  'an agent of an HA router has a port of it': `
    select b.router_id, b.l3_agent_id from routerl3agentbindings b
    join routers r on r.id = b.router_id and r.ha_vr_id > 0
    left join ha_router_agent_port_bindings p on p.router_id = b.router_id and p.l3_agent_id = b.l3_agent_id
    where p.port_id is null`,
  'a port on an HA network is an agent’s of the router': `
    select p.port_id from ha_router_agent_port_bindings p
    left join routerl3agentbindings b on b.router_id = p.router_id and b.l3_agent_id = p.l3_agent_id
    where b.router_id is null`,
  'a port of a router is there, and so is the router': [
    orphans('routerports', 'port_id', 'ports'),
    orphans('routerports', 'router_id', 'routers'),
  ].join(' union all '),
  'a port of a router says whose it is': `
    select a.port_id from routerports a join ports p on p.id = a.port_id
    where p.device_id <> a.router_id or p.device_owner <> a.port_type`,
  'a router leads outside by a port of its own': `
    select r.id from routers r
    left join routerports a on a.port_id = r.gw_port_id and a.router_id = r.id
    left join ports p on p.id = r.gw_port_id
    left join externalnetworks e on e.network_id = p.network_id
    where r.gw_port_id is not null and (a.port_id is null or e.network_id is null)`,
  'a route is a router’s': orphans('routerroutes', 'router_id', 'routers'),
  'a level of a binding is on a segment of the port’s network': `
    select l.port_id, l.host from ml2_port_binding_levels l
    left join ml2_port_bindings b on b.port_id = l.port_id and b.host = l.host
    left join ports p on p.id = l.port_id
    left join networksegments s on s.id = l.segment_id
    where b.port_id is null or s.id is null or s.network_id <> p.network_id`,
  'a port that waits for somebody is not active': `
    select p.id from ports p join provisioningblocks b on b.port_id = p.id where p.status = 'ACTIVE'`,
  'what is waited for belongs to a port': orphans('provisioningblocks', 'port_id', 'ports'),
  'an address pair is a port’s': orphans('allowedaddresspairs', 'port_id', 'ports'),
  'a DHCP option is a port’s': orphans('extradhcpopts', 'port_id', 'ports'),
  'a range of addresses is a subnet’s': orphans('ipallocationpools', 'subnet_id', 'subnets'),
  'a trunk is a port’s': orphans('trunks', 'port_id', 'ports'),
  'a sub-port is on a trunk': orphans('subports', 'trunk_id', 'trunks'),
  'a sub-port is a port': orphans('subports', 'port_id', 'ports'),
  'what a trunk carries carries nothing': `
    select s.port_id from subports s join trunks t on t.port_id = s.port_id`,
  'a VLAN of a trunk is one sub-port’s': `
    select trunk_id, segmentation_id from subports
    group by trunk_id, segmentation_type, segmentation_id having count(*) > 1`,
  'a floating IP has the address of its port': `
    select f.id from floatingips f
    left join ipallocations a on a.port_id = f.floating_port_id and a.ip_address = f.floating_ip_address
    where a.port_id is null`,
  'a floating IP leads to an address that its port has': `
    select f.id from floatingips f
    left join ipallocations a on a.port_id = f.fixed_port_id and a.ip_address = f.fixed_ip_address
    where f.fixed_port_id is not null and (a.port_id is null or f.router_id is null)`,
  'a floating IP that leads to no port goes through a router while it forwards ports, and then only': `
    select f.id from floatingips f
    left join portforwardings w on w.floatingip_id = f.id
    where f.fixed_port_id is null and (f.router_id is null) <> (w.id is null)
    union all
    select f.id from floatingips f join portforwardings w on w.floatingip_id = f.id where f.fixed_port_id is not null`,
  'a forwarding leads to an address that its port has': `
    select w.id from portforwardings w
    left join ipallocations a on a.port_id = w.internal_port_id and a.ip_address = w.internal_ip_address
    where a.port_id is null`,
  'an NDP proxy is for an address that its port has': `
    select n.id from ndp_proxies n
    left join ipallocations a on a.port_id = n.port_id and a.ip_address = n.ip_address
    where a.port_id is null`,
  'a name server is a subnet’s': orphans('dnsnameservers', 'subnet_id', 'subnets'),
  'a route is a subnet’s': orphans('subnetroutes', 'subnet_id', 'subnets'),
  'a rule is in a group that is there': `
    select r.id from securitygrouprules r left join securitygroups g on g.id = r.security_group_id where g.id is null`,
  'a rule is in a group once': `
    select security_group_id, rule_key from securitygrouprules group by security_group_id, rule_key having count(*) > 1`,
  'a rule is about a group that is there': orphans('securitygrouprules', 'remote_group_id', 'securitygroups'),
  'a rule is about addresses that are there': orphans(
    'securitygrouprules',
    'remote_address_group_id',
    'address_groups',
  ),
  'a port is in groups that are there': orphans('securitygroupportbindings', 'security_group_id', 'securitygroups'),
  'groups are of ports that are there': orphans('securitygroupportbindings', 'port_id', 'ports'),
  'a default group is its project’s own': `
    select d.project_id from default_security_group d left join securitygroups g on g.id = d.security_group_id
    where g.id is null or g.project_id <> d.project_id or g.name <> 'default'`,
  'a group called default is the default one': `
    select g.id from securitygroups g left join default_security_group d on d.security_group_id = g.id
    where g.name = 'default' and d.project_id is null`,
  'addresses are those of a group': orphans('address_associations', 'address_group_id', 'address_groups'),
  'a prefix is a pool’s': orphans('subnetpoolprefixes', 'subnetpool_id', 'subnetpools'),
  'a subnet is of a pool that is there': `
    select s.id from subnets s left join subnetpools p on p.id = s.subnetpool_id
    where s.subnetpool_id is not null and s.subnetpool_id <> 'prefix_delegation' and p.id is null`,
  'what is shared is there': [
    orphans('networkrbacs', 'object_id', 'networks'),
    orphans('securitygrouprbacs', 'object_id', 'securitygroups'),
    orphans('addressgrouprbacs', 'object_id', 'address_groups'),
    orphans('addressscoperbacs', 'object_id', 'address_scopes'),
    orphans('subnetpoolrbacs', 'object_id', 'subnetpools'),
    orphans('qospolicyrbacs', 'object_id', 'qos_policies'),
  ].join(' union all '),
  'a port on somebody’s network is there because it is shared': `
    select p.id from ports p join networks n on n.id = p.network_id
    where p.project_id <> n.project_id and p.project_id <> '' and p.device_owner not like 'network:%'
      and not exists (select 1 from networkrbacs r where r.object_id = n.id
        and r.target_project in ('*', p.project_id))`,
  'a tag is on something that is there': [
    stray('network', 'networks'),
    stray('subnet', 'subnets'),
    stray('port', 'ports'),
    stray('security_group', 'securitygroups'),
    stray('subnetpool', 'subnetpools'),
    stray('network_segment_range', 'network_segment_ranges'),
    stray('trunk', 'trunks'),
    stray('router', 'routers'),
    stray('policy', 'qos_policies'),
  ].join(' union all '),
  'an entry is there once': rbacTables
    .map(
      (table) => `select object_id, action, target_project from ${table}
        group by object_id, action, target_project having count(*) > 1`,
    )
    .join(' union all '),
  'a port is in groups that its project sees': foreign({
    select: 'b.port_id, b.security_group_id from securitygroupportbindings b join ports p on p.id = b.port_id',
    user: 'p',
    used: 'securitygroups',
    by: 'b.security_group_id',
    entries: 'securitygrouprbacs',
  }),
  'a rule is about a group that its project sees': foreign({
    select: 'r.id from securitygrouprules r',
    user: 'r',
    used: 'securitygroups',
    by: 'r.remote_group_id',
    entries: 'securitygrouprbacs',
  }),
  'a rule is about addresses that its project sees': foreign({
    select: 'r.id from securitygrouprules r',
    user: 'r',
    used: 'address_groups',
    by: 'r.remote_address_group_id',
    entries: 'addressgrouprbacs',
  }),
  'a subnet is of a pool that its project sees': foreign({
    select: 's.id from subnets s',
    user: 's',
    used: 'subnetpools',
    by: 's.subnetpool_id',
    entries: 'subnetpoolrbacs',
  }),
  'a pool is in a scope that its project sees': foreign({
    select: 'p.id from subnetpools p',
    user: 'p',
    used: 'address_scopes',
    by: 'p.address_scope_id',
    entries: 'addressscoperbacs',
  }),
  'a pool is in a scope of its version': `
    select p.id from subnetpools p left join address_scopes s on s.id = p.address_scope_id
    where p.address_scope_id is not null and (s.id is null or s.ip_version <> p.ip_version)`,
  'a subnet is on a segment of its network': `
    select t.id from subnets t left join networksegments s on s.id = t.segment_id
    where t.segment_id is not null and (s.id is null or s.network_id <> t.network_id)`,
  'a way outside is a network': orphans('externalnetworks', 'network_id', 'networks'),
  'a network that was made for a project is there': orphans('auto_allocated_topologies', 'network_id', 'networks'),
  'a host is known to a segment that is there': orphans('segmenthostmappings', 'segment_id', 'networksegments'),
  'a flavor has profiles that are there': [
    orphans('flavorserviceprofilebindings', 'flavor_id', 'flavors'),
    orphans('flavorserviceprofilebindings', 'service_profile_id', 'serviceprofiles'),
  ].join(' union all '),
  'a rule of quality is of a policy that is there': [
    orphans('qos_bandwidth_limit_rules', 'qos_policy_id', 'qos_policies'),
    orphans('qos_dscp_marking_rules', 'qos_policy_id', 'qos_policies'),
    orphans('qos_minimum_bandwidth_rules', 'qos_policy_id', 'qos_policies'),
    orphans('qos_minimum_packet_rate_rules', 'qos_policy_id', 'qos_policies'),
    orphans('qos_packet_rate_limit_rules', 'qos_policy_id', 'qos_policies'),
  ].join(' union all '),
  'a policy of a port is there, and so is the port': [
    orphans('qos_port_policy_bindings', 'policy_id', 'qos_policies'),
    orphans('qos_port_policy_bindings', 'port_id', 'ports'),
  ].join(' union all '),
  'a policy of a network is there, and so is the network': [
    orphans('qos_network_policy_bindings', 'policy_id', 'qos_policies'),
    orphans('qos_network_policy_bindings', 'network_id', 'networks'),
  ].join(' union all '),
  'a default policy is its project’s own': `
    select d.project_id from qos_policies_default d left join qos_policies p on p.id = d.qos_policy_id
    where p.id is null or p.project_id <> d.project_id`,
  'an agent that serves a network is there': orphans('networkdhcpagentbindings', 'dhcp_agent_id', 'agents'),
};

/** What is used by a project that neither has it nor is let in. */
function foreign(how: { select: string; user: string; used: string; by: string; entries: string }): string {
  const { select, user, used, by, entries } = how;
  return `select ${select} join ${used} o on o.id = ${by}
    where ${user}.project_id <> o.project_id and not exists (select 1 from ${entries} e
      where e.object_id = o.id and e.target_project in ('*', ${user}.project_id))`;
}

/** Rows whose id in `column` is of nothing. */
function orphans(table: string, column: string, of: string): string {
  return `select t.${column} from ${table} t left join ${of} o on o.id = t.${column}
    where t.${column} is not null and o.id is null`;
}

/** Tags of a type on nothing. */
function stray(type: string, table: string): string {
  return `select t.resource_id from tags t left join ${table} o on o.id = t.resource_id
    where t.resource_type = '${type}' and o.id is null`;
}

/** Ids that are taken, but not by exactly one segment. */
function taken(table: string, column: string, type: string, physical = false): string {
  const where = physical ? 'and s.physical_network = a.physical_network' : '';
  const key = physical ? `a.physical_network, a.${column}` : `a.${column}`;
  return `select ${key} from ${table} a
    left join networksegments s on s.network_type = '${type}' and s.segmentation_id = a.${column} ${where}
    group by ${key} having count(s.id) <> 1`;
}

/** Segments whose id is not taken. */
function untaken(table: string, column: string, type: string, physical = false): string {
  const where = physical ? 'and a.physical_network = s.physical_network' : '';
  return `select s.id from networksegments s left join ${table} a on a.${column} = s.segmentation_id ${where}
    where s.network_type = '${type}' and a.${column} is null`;
}

const countedTables: Readonly<Record<string, readonly string[]>> = {
  network: ['networks'],
  subnet: ['subnets'],
  port: ['ports'],
  security_group: ['securitygroups'],
  security_group_rule: ['securitygrouprules'],
  address_group: ['address_groups'],
  address_scope: ['address_scopes'],
  subnetpool: ['subnetpools'],
  rbac_policy: rbacTables,
};

/** Projects that have more of something than they may; of what no limit is given, any number is right. */
async function overLimit(db: Db, limits: Readonly<Record<string, number>>): Promise<string[]> {
  const faults: string[] = [];
  for (const [resource, tables] of Object.entries(countedTables)) {
    const rows = sql.raw(tables.map((table) => `select project_id from ${table}`).join(' union all '));
    const found = await sql<{ project_id: string; used: number; own: number | null }>`
      select t.project_id, count(*) as used,
        (select max(${sql.ref('q.limit')}) from quotas q where q.project_id = t.project_id and q.resource = ${resource}) as own
      from (${rows}) t where t.project_id <> '' group by t.project_id`.execute(db);
    for (const { project_id, used, own } of found.rows) {
      const limit = own ?? limits[resource] ?? -1;
      if (limit >= 0 && Number(used) > limit) faults.push(`quota: ${project_id} has ${used} of ${limit} ${resource}`);
    }
  }
  return faults;
}

/** What SQL cannot compare: addresses with the range they are in, and ranges of one network or pool with each other. */
async function wrongRanges(db: Db): Promise<string[]> {
  const faults: string[] = [];
  const subnets = await db.selectFrom('subnets').select(['id', 'cidr', 'network_id', 'subnetpool_id']).execute();
  const cidrs = new Map(subnets.map(({ id, cidr }) => [id, parseCidr(cidr)!]));
  const addresses = await db.selectFrom('ipallocations').select(['subnet_id', 'ip_address']).execute();
  for (const { subnet_id, ip_address } of addresses) {
    if (!cidrHas(cidrs.get(subnet_id)!, parseAddress(ip_address)!)) {
      faults.push(`an address is in the range of its subnet: ${ip_address} of ${subnet_id}`);
    }
  }
  for (const key of ['network_id', 'subnetpool_id'] as const) {
    const groups = Map.groupBy(
      subnets.filter((subnet) => subnet[key] !== null),
      (subnet) => subnet[key],
    );
    for (const [id, group] of groups) {
      const list = group.map((subnet) => cidrs.get(subnet.id)!);
      if (list.some((one, i) => list.slice(i + 1).some((other) => cidrsOverlap(one, other)))) {
        faults.push(`ranges of one ${key} do not overlap: ${id}`);
      }
    }
  }
  const attached = await sql<{ router_id: string; subnet_id: string }>`
    select distinct r.router_id, a.subnet_id from routerports r join ipallocations a on a.port_id = r.port_id
    where r.port_type <> 'network:router_ha_interface'`.execute(db);
  for (const [id, legs] of Map.groupBy(attached.rows, ({ router_id }) => router_id)) {
    const list = legs.map(({ subnet_id }) => cidrs.get(subnet_id)!);
    if (list.some((one, i) => list.slice(i + 1).some((other) => cidrsOverlap(one, other)))) {
      faults.push(`subnets of one router do not overlap: ${id}`);
    }
  }
  return faults;
}

/**
 * What is wrong with the rows, a line each; nothing when all is well.
 * @param limits of projects that have none of their own, as the configuration has them
 */
export async function brokenInvariants(db: Db, limits: Readonly<Record<string, number>> = {}): Promise<string[]> {
  const faults: string[] = [];
  for (const [name, query] of Object.entries(queries)) {
    const { rows } = await sql.raw<object>(query).execute(db);
    for (const row of rows.slice(0, 5)) faults.push(`${name}: ${JSON.stringify(row)}`);
  }
  return [...faults, ...(await overLimit(db, limits)), ...(await wrongRanges(db))];
}
