/**
 * Resources as they travel: the API's representation plus a few keys of the wire. Only what agents read is named; the
 * index signature lets everything else through, and keeps `Port`, `Subnet` and `Network` of `src/resources` assignable.
 */
export interface WirePort {
  id: string;
  name: string;
  network_id: string;
  tenant_id: string;
  project_id: string;
  mac_address: string;
  admin_state_up: boolean;
  status: string;
  device_id: string;
  device_owner: string;
  fixed_ips: WireFixedIp[];
  allowed_address_pairs: { mac_address: string; ip_address: string }[];
  extra_dhcp_opts: { opt_name: string; opt_value: string; ip_version: 4 | 6 }[];
  security_groups?: string[];
  'binding:vnic_type': string;
  'binding:profile': Record<string, unknown>;
  'binding:host_id': string;
  'binding:vif_type': string;
  'binding:vif_details': Record<string, unknown>;
  port_security_enabled?: boolean;
  revision_number: number;
  [attribute: string]: unknown;
}

export interface WireFixedIp {
  subnet_id: string;
  ip_address: string;
}

export interface WireSubnet {
  id: string;
  name: string;
  network_id: string;
  tenant_id: string;
  project_id: string;
  ip_version: 4 | 6;
  enable_dhcp: boolean;
  ipv6_ra_mode: WireIpv6Mode | null;
  ipv6_address_mode: WireIpv6Mode | null;
  gateway_ip: string | null;
  cidr: string;
  allocation_pools: { start: string; end: string }[];
  host_routes: { destination: string; nexthop: string }[];
  dns_nameservers: string[];
  revision_number: number;
  [attribute: string]: unknown;
}

export type WireIpv6Mode = 'dhcpv6-stateful' | 'dhcpv6-stateless' | 'slaac';

export interface WireNetwork {
  id: string;
  name: string;
  tenant_id: string;
  project_id: string;
  admin_state_up: boolean;
  mtu: number;
  status: string;
  subnets: string[];
  revision_number: number;
  [attribute: string]: unknown;
}

/** One segment of a network, as `get_network_info` answers it. */
export interface WireSegment {
  id: string;
  network_id: string;
  name: string | null;
  network_type: string;
  physical_network: string | null;
  segmentation_id: number | null;
  is_dynamic: boolean;
  segment_index: number;
  /** Hosts the segment reaches (routed networks; empty elsewhere). */
  hosts: string[];
}

/** A network with everything a DHCP agent must know. */
export interface NetworkInfo {
  id: string;
  project_id: string;
  tenant_id: string;
  admin_state_up: boolean;
  mtu: number;
  subnets: WireSubnet[];
  /** Subnets on segments that this host does not reach. */
  non_local_subnets: WireSubnet[];
  ports: WirePort[];
  segments: WireSegment[];
  [attribute: string]: unknown;
}

/** What a bridge agent must know of a port's device. */
export interface BoundDeviceDetails {
  device: string;
  network_id: string;
  port_id: string;
  mac_address: string;
  admin_state_up: boolean;
  network_type: string;
  segmentation_id: number | null;
  physical_network: string | null;
  mtu: number;
  fixed_ips: WireFixedIp[];
  device_owner: string;
  allowed_address_pairs: { mac_address: string; ip_address: string }[];
  port_security_enabled: boolean;
  qos_policy_id: string | null;
  qos_network_policy_id: string | null;
  profile: Record<string, unknown>;
  propagate_uplink_status: boolean;
  /**
   * The port's guest is only moving to the asking host: everything is to be made ready for it, and nothing reported. Ours;
   * upstream's agents are answered the device's name with it, and do nothing.
   */
  no_active_binding?: true;
  /** Guests may use VLANs inside the network; only if asked for. */
  vlan_transparent?: boolean;
  /** Of the request that made or changed the port, where the server that answers had it lately; only if asked for. */
  request_id?: string;
}

/** The answer for a device that is unknown, or not bound to the asking host: its name alone. */
export interface UnknownDeviceDetails {
  device: string;
  port_id?: undefined;
  request_id?: undefined;
  /** It is known, and bound to another host at the moment. */
  no_active_binding?: true;
}

export type DeviceDetails = BoundDeviceDetails | UnknownDeviceDetails;
