import type { Agent, FloatingIp, Network, Port, Router, Subnet } from '../../../src/resources/shapes.ts';

/** What the server lists, as it lists it: only what the caller may see, some attributes only for admins. */
export interface Cloud {
  readonly networks: readonly Network[];
  readonly subnets: readonly Subnet[];
  readonly routers: readonly Router[];
  readonly ports: readonly Port[];
  readonly floatingips: readonly FloatingIp[];
  /** Empty for who may not see agents. */
  readonly agents: readonly Agent[];
}

/** How a thing is; never told by colour alone: each has a mark, too. */
export type Health = 'up' | 'building' | 'down' | 'error' | 'off';

export const marks: Record<Health, string> = { up: '●', building: '◐', down: '○', error: '✕', off: '■' };

/** Worst first. */
const gravity: readonly Health[] = ['error', 'down', 'building', 'off', 'up'];

export function healthOf({ status, admin_state_up }: { status: string; admin_state_up: boolean }): Health {
  if (status === 'ERROR') return 'error';
  if (!admin_state_up) return 'off';
  if (status === 'ACTIVE') return 'up';
  if (status === 'BUILD' || status.startsWith('PENDING')) return 'building';
  // Ports of agentless services and of networks say N/A or nothing at all.
  return status === 'DOWN' ? 'down' : 'up';
}

/** The worst of many; up where there are none. */
export function worst(all: Iterable<Health>): Health {
  const present = new Set(all);
  return gravity.find((health) => present.has(health)) ?? 'up';
}

type Role = 'guest' | 'router' | 'dhcp' | 'metadata' | 'load' | 'floating' | 'hidden';

const roles: Record<string, Role> = {
  'network:router_interface': 'router',
  'network:router_interface_distributed': 'router',
  'network:ha_router_replicated_interface': 'router',
  'network:router_gateway': 'router',
  'network:dhcp': 'dhcp',
  'network:distributed': 'metadata',
  'network:floatingip': 'floating',
  'network:LOADBALANCER': 'load',
  'network:LOADBALANCERV2': 'load',
  'neutron:LOADBALANCERV2': 'load',
  Octavia: 'load',
  // Legs of a router that are beside those that matter: its SNAT in distributed routing, its VRRP.
  'network:router_centralized_snat': 'hidden',
  'network:router_ha_interface': 'hidden',
};

/** What a port is for, by its `device_owner`. */
export function roleOf({ device_owner }: Port): Role {
  return roles[device_owner] ?? 'guest';
}

/** Networks over which HA routers speak VRRP are nobody's: no project, and this name. */
export function isVrrpNetwork({ project_id, name }: Network): boolean {
  return !project_id && name.startsWith('HA network tenant ');
}
