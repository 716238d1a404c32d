/** Device owners that rules make exceptions for (upstream: neutron_lib/constants.py). */
export const DHCP_OWNER = 'network:dhcp';

/** Interfaces of routers: they may hold a gateway's address and choose addresses on auto-address subnets. */
export const routerInterfaceOwners: ReadonlySet<string> = new Set([
  'network:router_interface',
  'network:ha_router_replicated_interface',
  'network:router_interface_distributed',
]);

/** With the distributed router's SNAT port, for which the same holds where addresses are chosen. */
export const routerInterfaceOwnersSnat: ReadonlySet<string> = new Set([
  ...routerInterfaceOwners,
  'network:router_centralized_snat',
]);

/** Ports of routers, which alone may hold the first address of an IPv6 subnet. */
export const routerOwners: ReadonlySet<string> = new Set([
  ...routerInterfaceOwnersSnat,
  'network:router_gateway',
  'network:floatingip_agent_gateway',
  'network:router_ha_interface',
]);

/** Ports that go with their network instead of keeping it. */
export const autoDeletedOwners: ReadonlySet<string> = new Set([
  DHCP_OWNER,
  'network:distributed',
  'network:floatingip_agent_gateway',
]);
