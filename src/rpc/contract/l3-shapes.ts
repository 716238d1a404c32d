import type { WireFixedIp, WirePort } from './shapes.ts';

/** What an L3 agent must know of a router: the API's router, its ports and everything that hangs on them. */
export interface WireRouter {
  id: string;
  name: string;
  project_id: string;
  tenant_id: string;
  admin_state_up: boolean;
  status: string;
  external_gateway_info: WireGatewayInfo | null;
  gw_port_id: string | null;
  routes: WireRoute[];
  distributed: boolean;
  ha: boolean;
  /** 1..254 on its project's HA network; 0 where the router is not highly available. */
  ha_vr_id: number;
  enable_ndp_proxy?: boolean;
  availability_zone_hints: string[];
  revision_number: number;
  /** Whether traffic of subnets without floating addresses is rewritten to the gateway's address. Absent: no gateway. */
  enable_snat?: boolean;
  /** Absent where there is no gateway. */
  gw_port?: WireRouterPort;
  gw_port_host?: string | null;
  /** Absent where there are none. */
  _interfaces?: WireRouterPort[];
  _floatingips?: WireFloatingIp[];
  /** Of HA routers: the port of the asking host on the HA network, and the state last reported from there. */
  _ha_interface?: WireRouterPort;
  _ha_state?: 'active' | 'standby' | 'unknown';
  [attribute: string]: unknown;
}

export interface WireGatewayInfo {
  network_id: string;
  enable_snat: boolean;
  external_fixed_ips: WireFixedIp[];
  qos_policy_id?: string | null;
}

/** Destination in CIDR form. */
export interface WireRoute {
  destination: string;
  nexthop: string;
}

/** A router's port, with what is to be known of the subnets around it. */
export interface WireRouterPort extends WirePort {
  fixed_ips: (WireFixedIp & { prefixlen: number })[];
  /** Those the port has an address of. */
  subnets: WireRouterSubnet[];
  /** The other subnets of its network: on-link for routers of external networks. */
  extra_subnets: WireRouterSubnet[];
  /** Address scope ids by IP version; null: none. */
  address_scopes: { '4': string | null; '6': string | null };
  mtu: number;
  qos_policy_id?: string | null;
  qos_network_policy_id?: string | null;
}

export interface WireRouterSubnet {
  id: string;
  cidr: string;
  gateway_ip: string | null;
  dns_nameservers: string[];
  ipv6_ra_mode: 'dhcpv6-stateful' | 'dhcpv6-stateless' | 'slaac' | null;
  subnetpool_id: string | null;
}

/** A floating IP that is associated with one of the router's ports, or has forwardings. */
export interface WireFloatingIp {
  id: string;
  project_id: string;
  tenant_id: string;
  floating_ip_address: string;
  floating_network_id: string;
  router_id: string | null;
  port_id: string | null;
  fixed_ip_address: string | null;
  /** Address scope of the fixed address' subnet. */
  fixed_ip_address_scope: string | null;
  status: string;
  qos_policy_id?: string | null;
  qos_network_policy_id?: string | null;
  port_forwardings?: unknown[];
  [attribute: string]: unknown;
}

/** What an agent says became of a floating IP. */
export type FloatingIpStatus = 'ACTIVE' | 'DOWN' | 'ERROR';

/** As keepalived's states are reported. */
export type HaState = 'active' | 'standby' | 'backup' | 'primary' | 'unknown';
