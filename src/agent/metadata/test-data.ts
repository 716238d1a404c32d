import type { NetworkInfo, WirePort, WireSubnet } from '../../rpc/contract.ts';

/** A network with a v4 and a v6 subnet and a guest's port on both, for the tests of this folder. */
export const networkId = '5db57c0a-995f-443e-a92c-812e0034c708';
const projectId = '22c80846756345809ba820d786262c88';

export const subnet4: WireSubnet = {
  id: 'subnet-4',
  name: '',
  network_id: networkId,
  tenant_id: projectId,
  project_id: projectId,
  ip_version: 4,
  enable_dhcp: true,
  ipv6_ra_mode: null,
  ipv6_address_mode: null,
  gateway_ip: '10.30.0.1',
  cidr: '10.30.0.0/24',
  allocation_pools: [{ start: '10.30.0.2', end: '10.30.0.254' }],
  host_routes: [{ destination: '10.99.0.0/16', nexthop: '10.30.0.9' }],
  dns_nameservers: ['192.0.2.53'],
  revision_number: 0,
};

export const subnet6: WireSubnet = {
  ...subnet4,
  id: 'subnet-6',
  ip_version: 6,
  ipv6_address_mode: 'slaac',
  ipv6_ra_mode: 'slaac',
  gateway_ip: '2001:db8::1',
  cidr: '2001:db8::/64',
  host_routes: [],
  dns_nameservers: ['2001:db8::53'],
};

export const port: WirePort = {
  id: '9e1a9b62-1197-4d52-a606-b568ce92344f',
  name: 'p',
  network_id: networkId,
  tenant_id: projectId,
  project_id: projectId,
  mac_address: 'fa:16:3e:59:1c:51',
  admin_state_up: true,
  status: 'ACTIVE',
  device_id: 'vm-1',
  device_owner: 'compute:nova',
  fixed_ips: [
    { subnet_id: 'subnet-4', ip_address: '10.30.0.5' },
    { subnet_id: 'subnet-6', ip_address: '2001:db8::f816:3eff:fe59:1c51' },
  ],
  allowed_address_pairs: [],
  extra_dhcp_opts: [],
  'binding:vnic_type': 'normal',
  'binding:profile': {},
  'binding:host_id': 'host1',
  'binding:vif_type': 'bridge',
  'binding:vif_details': {},
  revision_number: 1,
};

export const network: NetworkInfo = {
  id: networkId,
  project_id: projectId,
  tenant_id: projectId,
  admin_state_up: true,
  mtu: 1450,
  subnets: [subnet4, subnet6],
  non_local_subnets: [],
  ports: [port],
  segments: [],
};
