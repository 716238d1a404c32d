import type { Messages, Pair } from './pairs.ts';

/** Titles of lists, by collection; what is not here is shown by its own words. */
const titles: Messages = {
  networks: ['Networks', '网络'],
  subnets: ['Subnets', '子网'],
  ports: ['Ports', '端口'],
  subnetpools: ['Subnet pools', '子网池'],
  address_scopes: ['Address scopes', '地址范围'],
  address_groups: ['Address groups', '地址组'],
  routers: ['Routers', '路由器'],
  floatingips: ['Floating IPs', '浮动 IP'],
  floatingip_pools: ['Floating IP pools', '浮动 IP 池'],
  port_forwardings: ['Port forwardings', '端口转发'],
  conntrack_helpers: ['Conntrack helpers', '连接跟踪助手'],
  ndp_proxies: ['NDP proxies', 'NDP 代理'],
  security_groups: ['Security groups', '安全组'],
  security_group_rules: ['Security group rules', '安全组规则'],
  default_security_group_rules: ['Rules of default groups', '默认安全组规则'],
  security_groups_default_statefulness: ['Default statefulness', '默认状态跟踪'],
  rbac_policies: ['Sharing (RBAC)', '共享（RBAC）'],
  policies: ['QoS policies', 'QoS 策略'],
  bandwidth_limit_rules: ['Bandwidth limits', '带宽限制'],
  dscp_marking_rules: ['DSCP marks', 'DSCP 标记'],
  minimum_bandwidth_rules: ['Minimum bandwidths', '最小带宽'],
  minimum_packet_rate_rules: ['Minimum packet rates', '最小包速率'],
  packet_rate_limit_rules: ['Packet rate limits', '包速率限制'],
  rule_types: ['QoS rule types', 'QoS 规则类型'],
  agents: ['Agents', '代理'],
  availability_zones: ['Availability zones', '可用区'],
  segments: ['Segments', '网段'],
  network_segment_ranges: ['Segment ranges', '网段范围'],
  network_ip_availabilities: ['Addresses left', '可用地址'],
  trunks: ['Trunks', '中继'],
  bindings: ['Bindings', '绑定'],
  metering_labels: ['Metering labels', '计量标签'],
  metering_label_rules: ['Metering rules', '计量规则'],
  flavors: ['Flavors', '服务类型'],
  service_profiles: ['Service profiles', '服务配置'],
  service_providers: ['Service providers', '服务提供者'],
  quotas: ['Quotas', '配额'],
};

/** Names of attributes where their own words are not enough for English, or where Chinese is known. */
const attributes: Messages = {
  id: ['Id', 'ID'],
  name: ['Name', '名称'],
  description: ['Description', '描述'],
  status: ['Status', '状态'],
  admin_state_up: ['Switched on', '启用'],
  project_id: ['Project', '项目'],
  tenant_id: ['Project (tenant)', '项目（租户）'],
  network_id: ['Network', '网络'],
  subnet_id: ['Subnet', '子网'],
  port_id: ['Port', '端口'],
  router_id: ['Router', '路由器'],
  subnets: ['Subnets', '子网'],
  shared: ['Shared', '共享'],
  mtu: ['MTU', 'MTU'],
  cidr: ['Addresses (CIDR)', '地址范围（CIDR）'],
  ip_version: ['IP version', 'IP 版本'],
  gateway_ip: ['Gateway', '网关'],
  enable_dhcp: ['DHCP', 'DHCP'],
  allocation_pools: ['Allocation pools', '分配池'],
  dns_nameservers: ['Name servers', 'DNS 服务器'],
  dns_name: ['DNS name', 'DNS 名称'],
  dns_domain: ['DNS domain', 'DNS 域'],
  host_routes: ['Host routes', '主机路由'],
  mac_address: ['MAC address', 'MAC 地址'],
  fixed_ips: ['Addresses', '固定 IP'],
  ip_address: ['Address', 'IP 地址'],
  device_id: ['Device', '设备'],
  device_owner: ['Device owner', '设备所有者'],
  security_groups: ['Security groups', '安全组'],
  security_group_id: ['Security group', '安全组'],
  port_security_enabled: ['Port security', '端口安全'],
  allowed_address_pairs: ['Allowed address pairs', '允许的地址对'],
  qos_policy_id: ['QoS policy', 'QoS 策略'],
  'router:external': ['External', '外部网络'],
  'provider:network_type': ['Network type', '网络类型'],
  'provider:physical_network': ['Physical network', '物理网络'],
  'provider:segmentation_id': ['Segmentation id', '段 ID'],
  'binding:host_id': ['Host', '主机'],
  'binding:vnic_type': ['Kind of card', '网卡类型'],
  'binding:vif_type': ['Kind of plug', 'VIF 类型'],
  external_gateway_info: ['Gateway outside', '外部网关'],
  floating_ip_address: ['Floating address', '浮动地址'],
  fixed_ip_address: ['Fixed address', '固定地址'],
  floating_network_id: ['External network', '外部网络'],
  direction: ['Direction', '方向'],
  ethertype: ['IP version', '以太网类型'],
  protocol: ['Protocol', '协议'],
  port_range_min: ['First port', '起始端口'],
  port_range_max: ['Last port', '结束端口'],
  remote_ip_prefix: ['Remote addresses', '远端地址'],
  remote_group_id: ['Remote group', '远端安全组'],
  tags: ['Tags', '标签'],
  created_at: ['Created', '创建时间'],
  updated_at: ['Changed', '更新时间'],
  revision_number: ['Revision', '修订号'],
  agent_type: ['Kind of agent', '代理类型'],
  host: ['Host', '主机'],
  alive: ['Alive', '存活'],
  start: ['From', '起始'],
  end: ['To', '结束'],
  destination: ['Destination', '目标'],
  nexthop: ['Next hop', '下一跳'],
  'binding:profile': ['Profile of the plug', 'VIF 配置'],
  'binding:vif_details': ['Details of the plug', 'VIF 详情'],
  extra_dhcp_opts: ['DHCP options', 'DHCP 选项'],
  availability_zone_hints: ['Zones to prefer', '首选可用区'],
  availability_zones: ['Availability zones', '可用区'],
  service_types: ['Kept for', '服务类型'],
  prefixlen: ['Prefix length', '前缀长度'],
  subnetpool_id: ['Subnet pool', '子网池'],
  segment_id: ['Segment', '网段'],
  ipv6_ra_mode: ['IPv6 advertisements', 'IPv6 RA 模式'],
  ipv6_address_mode: ['IPv6 addresses', 'IPv6 地址模式'],
  use_default_subnetpool: ['Take from the default pool', '使用默认子网池'],
  is_default: ['Default', '默认'],
  security_group_rules: ['Rules', '规则'],
  stateful: ['Stateful', '有状态'],
  routes: ['Routes', '路由'],
  max_kbps: ['Largest rate (kbit/s)', '最大速率（kbit/s）'],
  prefixes: ['Prefixes', '前缀'],
  addresses: ['Addresses', '地址'],
  distributed: ['Distributed', '分布式'],
  ha: ['Highly available', '高可用'],
};

/** One of them where its key's words are not what people say; Chinese has no plural. */
const singles: Readonly<Record<string, string>> = {
  floatingip: 'floating IP',
  subnetpool: 'subnet pool',
  policy: 'QoS policy',
  rbac_policy: 'sharing (RBAC)',
  ndp_proxy: 'NDP proxy',
};

export function oneOf(collection: string, member: string): Pair {
  return [singles[member] ?? member.replaceAll('_', ' '), titleOf(collection)[1]];
}

export function titleOf(collection: string): Pair {
  return titles[collection] ?? same(collection);
}

export function attributeName(name: string): Pair {
  return attributes[name] ?? same(name);
}

function same(key: string): Pair {
  const words = key.replace(/_id$/, '').replaceAll('_', ' ');
  const text = words.charAt(0).toUpperCase() + words.slice(1);
  return [text, text];
}
