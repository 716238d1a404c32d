/**
 * What the server says of attributes, in Chinese. By its English words, so that a text that the server changes is shown in
 * English until it is translated anew, and is never wrong.
 */
const chinese: Readonly<Record<string, string>> = {
  // of many
  'Name; several may have the same': '名称，可以重复',
  'The same as tenant_id, under its newer name': '所属项目',
  'Whether it is meant to work; down takes no traffic': '是否启用；关闭后不转发流量',
  'Free text': '任意文字',
  'QoS policy': 'QoS 策略',
  'Whether other projects may use it': '其他项目是否可以使用',
  'Zones to prefer for its agents': '优先选用的代理可用区',
  '4 or 6': '4 或 6',
  'Its network': '所属网络',
  Host: '主机',
  Protocol: '协议',
  // networks
  'Largest packet in bytes; the largest the network can carry when not given':
    '最大报文长度（字节）；不填则取网络所能承载的最大值',
  'Whether it leads outside, for gateways and floating IPs': '是否通向外部，用于路由器网关和浮动 IP',
  'How it is carried: flat, vlan, vxlan, local …': '承载方式：flat、vlan、vxlan、local 等',
  'Label of the physical network, as agents know it': '物理网络标签，与代理配置一致',
  'VLAN or tunnel id': 'VLAN 或隧道 ID',
  'The parts of a network with several, each with the three provider attributes':
    '多网段网络的各个网段，每段含三个物理网络属性',
  'What new ports get: whether addresses are checked and security groups apply':
    '新端口的默认值：是否检查地址并应用安全组',
  'Whether it is the external network that auto-allocated topologies use': '是否作为自动分配拓扑所用的外部网络',
  // subnets and pools
  'Pool to take the addresses from, or prefix_delegation': '从中分配地址的子网池，或 prefix_delegation',
  'Prefix length to take from a pool': '从子网池分配的前缀长度',
  'Its addresses, as 192.0.2.0/24; host bits are cleared': '地址范围，如 192.0.2.0/24；主机位会被清零',
  'Gateway; the first address when not given, null for none': '网关；不填则取第一个地址，null 表示没有',
  'Addresses to choose from; all but the gateway when not given': '可分配的地址；不填则为网关以外的全部地址',
  'Name servers that guests are told; 0.0.0.0 or :: alone tells them there is none':
    '告知虚拟机的 DNS 服务器；仅填 0.0.0.0 或 :: 表示没有',
  'Routes that guests are told': '告知虚拟机的路由',
  'Whether guests get their addresses by DHCP': '虚拟机是否通过 DHCP 获取地址',
  'Who advertises IPv6 addresses, and how': '由谁、以何种方式通告 IPv6 地址',
  'How guests get IPv6 addresses': '虚拟机获取 IPv6 地址的方式',
  'Takes the addresses from the default pool of the IP version': '从该 IP 版本的默认子网池分配地址',
  'Device owners whose ports this subnet is kept for': '该子网仅供这些设备所有者的端口使用',
  'Segment whose hosts the subnet serves': '该子网所服务的网段',
  'Prefixes that subnets are taken from; adjacent ones become one': '用于分配子网的前缀；相邻的会合并',
  'What one project may take: addresses of IPv4, /64 blocks of IPv6':
    '单个项目的可用额度：IPv4 按地址数，IPv6 按 /64 块数',
  'Prefix length of subnets that ask for none': '子网未指定时的前缀长度',
  'Shortest prefix that may be asked for': '允许的最短前缀',
  'Longest prefix that may be asked for': '允许的最长前缀',
  'Whether it is the pool of subnets that ask for the default one': '是否为默认子网池',
  'Address scope it belongs to': '所属地址范围',
  // ports
  'Hardware address; made by the server when not given, and anew by null':
    '硬件地址；不填由服务器生成，null 则重新生成',
  'What uses the port: id of a guest, a router, a DHCP server': '使用该端口的设备：虚拟机、路由器或 DHCP 服务的 ID',
  'What kind of thing uses it: compute:nova, network:dhcp …': '使用者的类型：compute:nova、network:dhcp 等',
  'Its addresses: by subnet, by address or by both; one per IP version when not given':
    '端口地址：按子网、按地址或两者；不填则每个 IP 版本各分配一个',
  'Further addresses and MACs it may send from': '还允许使用的源地址和 MAC',
  'DHCP options of this port alone': '仅用于该端口的 DHCP 选项',
  "Its security groups; the project's default group when not given": '所属安全组；不填则为项目的默认安全组',
  'Kind of card': '网卡类型',
  'What the host needs to know to plug it in': '主机接入该端口所需的信息',
  'Host it is on; empty for none': '所在主机；留空表示没有',
  'Whether addresses are checked and security groups apply': '是否检查地址并应用安全组',
  'The parent: the port whose VLANs the sub-ports are': '父端口：子端口是它的 VLAN',
  'Whether sub-ports may be added and removed, and the trunk deleted': '是否允许增减子端口和删除中继',
  'Ports of other networks, each with the VLAN by which the guest reaches it':
    '其他网络的端口，各带一个供虚拟机访问的 VLAN',
  // security groups, sharing
  'Addresses and networks, as prefixes': '地址和网段，以前缀表示',
  'Whether answers to what was let through pass by themselves': '已放行流量的应答是否自动放行',
  'Its group': '所属安全组',
  'IPv4 or IPv6, in any case': 'IPv4 或 IPv6，不分大小写',
  'ingress: what reaches ports; egress: what leaves them': 'ingress：进入端口；egress：离开端口',
  'Name or number of an IP protocol; null for all': 'IP 协议的名称或编号；null 表示全部',
  'First port; of ICMP the type': '起始端口；ICMP 时为类型',
  'Last port; of ICMP the code': '结束端口；ICMP 时为代码',
  'The other side: addresses': '对端：地址',
  'The other side: addresses of a group': '对端：地址组中的地址',
  'The other side: ports of a security group': '对端：安全组中的端口',
  'The other side: PARENT is the new group itself': '对端：PARENT 表示新安全组本身',
  'Whether default groups begin with it': '默认安全组是否包含此规则',
  'Whether other groups begin with it': '其他安全组是否包含此规则',
  'Kind of the object': '对象类型',
  'The object': '对象',
  'access_as_shared, or access_as_external for networks': 'access_as_shared；网络还可为 access_as_external',
  'Project that may use it; * for all': '可使用它的项目；* 表示全部',
  // routers and floating IPs
  'Whether it is meant to work; down passes no packet': '是否启用；关闭后不转发任何报文',
  'The external network it leads to, with its addresses there; null for none':
    '所连接的外部网络及其地址；null 表示没有',
  'Whether hosts route by themselves; not served here, always false': '是否由各主机自行路由；此处不支持，始终为否',
  'Whether several agents serve it, standing in for each other': '是否由多个代理互为备份',
  'Flavor it was made with': '创建时所用的服务类型',
  'Routes besides those to its networks and to the gateway': '除直连网络和网关之外的路由',
  'Address outside; chosen by the server when not given': '外部地址；不填由服务器选择',
  'Subnet of the external network to take the address from': '从外部网络的哪个子网分配地址',
  'External network the address is of': '地址所属的外部网络',
  'Port it leads to; null: none': '所指向的端口；null 表示没有',
  'IPv4 address of the port; its only one when not given': '端口的 IPv4 地址；只有一个时可不填',
  'Port of the floating address': '浮动地址的端口号',
  'Ports of the floating address: first:last': '浮动地址的端口范围：起始:结束',
  'Neutron port that is forwarded to': '转发到的 Neutron 端口',
  'Address of that port that is forwarded to': '转发到该端口的哪个地址',
  'Port of the guest': '虚拟机的端口号',
  'Ports of the guest: first:last, as many as outside, or one for all of them':
    '虚拟机的端口范围：起始:结束，与外部数量相同，或仅一个',
  // quality of service
  'Whether new networks of its project get it': '所属项目的新网络是否默认使用',
  'Kilobits per second': '每秒千比特',
  'Kilobits that may pass at once; 0: the driver chooses': '允许的突发量（千比特）；0 由驱动决定',
  'egress: from the guest; ingress: to it': 'egress：来自虚拟机；ingress：发往虚拟机',
  'The mark, an even number of 0 to 56': '标记，0 到 56 之间的偶数',
  'Thousands of packets per second': '每秒千包',
  'egress: from the guest; ingress: to it; any: both together':
    'egress：来自虚拟机；ingress：发往虚拟机；any：两者合计',
  'Thousands of packets that may pass at once; 0: the driver chooses': '允许的突发量（千包）；0 由驱动决定',
  // operation
  'Whether the agent is given new work': '是否向该代理分配新任务',
  'How it is carried: vlan, vxlan …': '承载方式：vlan、vxlan 等',
  'The service it is for': '所用于的服务',
  'Ids of its service profiles': '服务配置的 ID',
  'Whether it can be chosen': '是否可供选择',
  'Class path of the driver': '驱动的类路径',
  'What the driver is told': '传递给驱动的信息',
  "Whether it counts for all projects' routers": '是否统计所有项目的路由器',
  'Label that counts it': '用于统计的标签',
  'ingress: from outside; egress: to outside': 'ingress：来自外部；egress：发往外部',
  'Addresses inside; replaced by the two below': '内部地址；已由下面两项取代',
  'Addresses it comes from': '源地址',
  'Addresses it goes to': '目的地址',
  'Whether it is left out of what other rules of the label count': '是否从该标签其他规则的统计中排除',
};

/** The server's words about an attribute, in the language of the page where that is known. */
export function descriptionIn(language: 'en' | 'zh', english: string): string {
  return language === 'zh' && Object.hasOwn(chinese, english) ? chinese[english]! : english;
}

/** All that is translated, for the test that compares it with what a server says. */
export const translated: readonly string[] = Object.keys(chinese);
