/** Name of the value and one line of help for attributes that have an option; others show their own name. */
const texts: Readonly<Record<string, readonly [argument: string, help: string]>> = {
  name: ['NAME', 'name'],
  description: ['TEXT', 'description'],
  tenant_id: ['ID', 'project that owns it (administrators)'],
  project_id: ['ID', 'the same under its newer name'],
  admin_state_up: ['True|False', 'administrative state'],
  shared: ['True|False', 'usable by all projects'],
  mtu: ['BYTES', 'largest packet; chosen by the server if not given'],
  'router:external': ['True|False', 'reachable from outside, for routers and floating IPs'],
  'provider:network_type': ['TYPE', 'flat, local …'],
  'provider:physical_network': ['LABEL', 'label of the physical network, as in flat_networks'],
  'provider:segmentation_id': ['ID', 'VLAN or tunnel id'],
  port_security_enabled: ['True|False', 'whether addresses are checked and security groups apply'],
  availability_zone_hints: ['ZONE', 'availability zone to prefer'],
  dns_domain: ['DOMAIN', 'DNS domain'],
  dns_name: ['NAME', 'DNS name of the port'],
  ip_version: ['4|6', 'IP version; read from the CIDR if not given'],
  gateway_ip: ['ADDRESS', 'gateway; the first address if not given'],
  allocation_pools: ['start=A,end=B', 'addresses to choose from; all but the gateway if not given'],
  dns_nameservers: ['ADDRESS', 'name server'],
  host_routes: ['destination=CIDR,nexthop=ADDRESS', 'route that guests get'],
  enable_dhcp: ['True|False', 'DHCP on the subnet'],
  ipv6_ra_mode: ['MODE', 'who advertises IPv6 addresses, and how'],
  ipv6_address_mode: ['MODE', 'how guests get IPv6 addresses'],
  subnetpool_id: ['POOL', 'subnet pool to take the CIDR from'],
  prefixlen: ['LENGTH', 'prefix length of a subnet from a pool'],
  network_id: ['NETWORK', 'network'],
  service_types: ['OWNER', 'device owner whose ports this subnet serves'],
  fixed_ips: ['subnet_id=SUBNET,ip_address=ADDRESS', 'address, subnet or both'],
  mac_address: ['MAC', 'hardware address'],
  device_id: ['ID', 'what uses the port: a server, a router'],
  device_owner: ['OWNER', 'what kind of thing that is, like compute:nova'],
  security_groups: ['GROUP', 'security group, by id or name'],
  allowed_address_pairs: ['ip_address=CIDR[,mac_address=MAC]', 'further address the port may use'],
  sub_ports: ['port_id=PORT,segmentation_type=vlan,segmentation_id=VLAN', 'port it carries, and its VLAN'],
  extra_dhcp_opts: ['opt_name=N,opt_value=V[,ip_version=4|6]', 'DHCP option of this port'],
  'binding:host_id': ['HOST', 'host the port is on'],
  'binding:vnic_type': ['TYPE', 'kind of card'],
  'binding:profile': ['JSON', 'what the host needs to know'],
  qos_policy_id: ['POLICY', 'QoS policy'],
};

export function attributeHelp(attribute: string): readonly [argument: string, help: string] {
  return texts[attribute] ?? [attribute.replace(/^.*:/, '').toUpperCase(), ''];
}

/** By command. */
export const examples: Readonly<Record<string, string>> = {
  'net-create': 'neutron net-create public --provider:network_type flat --provider:physical_network public --shared',
  'subnet-create': 'neutron subnet-create NETWORK 192.168.56.0/24 --name lan --dns-nameserver 192.0.2.53',
  'port-create': 'neutron port-create NETWORK --fixed-ip ip_address=192.168.56.10 --name web',
  'port-list': 'neutron port-list --network_id ID -F id -F fixed_ips',
  'net-list': 'neutron net-list --name lan -f json',
  'subnet-update': 'neutron subnet-update lan --allocation-pool start=192.168.56.10,end=192.168.56.99',
  'port-update': 'neutron port-update web --admin-state-up False',
  'trunk-create':
    'neutron trunk-create PORT --name firewall --sub-port port_id=web,segmentation_type=vlan,segmentation_id=100',
  'trunk-add-subports': 'neutron trunk-add-subports TRUNK port_id=web,segmentation_type=vlan,segmentation_id=100',
  'trunk-remove-subports': 'neutron trunk-remove-subports TRUNK web db',
  'agent-update': 'neutron agent-update ID --admin-state-down',
};
