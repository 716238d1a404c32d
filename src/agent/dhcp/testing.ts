import type { NetworkInfo, WirePort, WireSubnet } from '../../rpc/contract.ts';

/** Networks for the tests of this folder: ids that tell what they are, everything else as the server sends it. */

export const ids = {
  network: '5db57c0a-995f-443e-a92c-812e0034c708',
  v4: '11111111-0000-4000-8000-000000000004',
  second: '22222222-0000-4000-8000-000000000004',
  v6: '66666666-0000-4000-8000-000000000006',
  port: 'aaaaaaaa-0000-4000-8000-000000000001',
  other: 'bbbbbbbb-0000-4000-8000-000000000002',
  dhcp: 'dddddddd-0000-4000-8000-000000000003',
} as const;

export function subnetOf(changes: Partial<WireSubnet> = {}): WireSubnet {
  return {
    id: ids.v4,
    name: '',
    network_id: ids.network,
    tenant_id: 'p',
    project_id: 'p',
    ip_version: 4,
    enable_dhcp: true,
    ipv6_ra_mode: null,
    ipv6_address_mode: null,
    gateway_ip: '10.0.0.1',
    cidr: '10.0.0.0/24',
    allocation_pools: [],
    host_routes: [],
    dns_nameservers: [],
    revision_number: 0,
    ...changes,
  };
}

export function subnet6Of(mode: WireSubnet['ipv6_address_mode'], changes: Partial<WireSubnet> = {}): WireSubnet {
  return subnetOf({
    id: ids.v6,
    ip_version: 6,
    cidr: 'fd00::/64',
    gateway_ip: 'fd00::1',
    ipv6_address_mode: mode,
    ipv6_ra_mode: mode,
    ...changes,
  });
}

export function portOf(changes: Partial<WirePort> = {}): WirePort {
  return {
    id: ids.port,
    name: '',
    network_id: ids.network,
    tenant_id: 'p',
    project_id: 'p',
    mac_address: 'fa:16:3e:00:00:01',
    admin_state_up: true,
    status: 'DOWN',
    device_id: '',
    device_owner: 'compute:nova',
    fixed_ips: [{ subnet_id: ids.v4, ip_address: '10.0.0.5' }],
    allowed_address_pairs: [],
    extra_dhcp_opts: [],
    'binding:vnic_type': 'normal',
    'binding:profile': {},
    'binding:host_id': '',
    'binding:vif_type': 'unbound',
    'binding:vif_details': {},
    revision_number: 1,
    ...changes,
  };
}

/** The DHCP server's own port, of agent host `host1`. */
export function dhcpPortOf(changes: Partial<WirePort> = {}): WirePort {
  return portOf({
    id: ids.dhcp,
    mac_address: 'fa:16:3e:00:00:02',
    device_id: `dhcp540ba512-ba2e-5213-b381-56c767787d41-${ids.network}`,
    device_owner: 'network:dhcp',
    fixed_ips: [{ subnet_id: ids.v4, ip_address: '10.0.0.2' }],
    ...changes,
  });
}

export function networkOf(changes: Partial<NetworkInfo> = {}): NetworkInfo {
  return {
    id: ids.network,
    project_id: 'p',
    tenant_id: 'p',
    admin_state_up: true,
    mtu: 1450,
    subnets: [subnetOf()],
    non_local_subnets: [],
    ports: [dhcpPortOf()],
    segments: [],
    ...changes,
  };
}
