/**
 * What hangs on routers and is told to L3 agents as versioned objects (upstream: objects/port_forwarding.py,
 * conntrack_helper.py, ndp_proxy.py): pushed to `neutron-vo-<name>-<version>`, and asked for with `bulk_pull`.
 */
export const portForwardingObject = { name: 'PortForwarding', version: '1.3' } as const;
export const conntrackHelperObject = { name: 'ConntrackHelper', version: '1.0' } as const;
export const ndpProxyObject = { name: 'NDPProxy', version: '1.0' } as const;

/** The fields that agents read. They ask by `floatingip_id`. */
export interface WirePortForwarding {
  id: string;
  floatingip_id: string;
  floating_ip_address: string;
  router_id: string;
  protocol: string;
  /** `8000:8010`; one port is a range, too. */
  external_port_range: string;
  internal_port_range: string;
  /** Null where there are several. */
  external_port?: number | null;
  internal_port?: number | null;
  internal_ip_address: string;
  internal_port_id: string;
}

/** Asked for by `router_id`, as those below. */
export interface WireConntrackHelper {
  id: string;
  router_id: string;
  protocol: string;
  port: number;
  helper: string;
}

export interface WireNdpProxy {
  id: string;
  router_id: string;
  port_id: string;
  ip_address: string;
}
