import type { Port } from '../../resources/shapes.ts';

/** Owners of ports that an L3 agent makes devices of, in the routers of `device_id`. */
const OWNERS: ReadonlySet<string> = new Set([
  'network:router_interface',
  'network:ha_router_replicated_interface',
  'network:router_gateway',
  'network:router_ha_interface',
]);

export function isRoutersOwn({ device_owner }: Pick<Port, 'device_owner'>): boolean {
  return OWNERS.has(device_owner);
}
