import { getPort } from '../../db/read/ports.ts';
import { type FloatingIpRow, floatingIpsOfPort, routerBetween } from '../../db/write/floatingips.ts';
import { parseAddress } from '../../lib/ip/address.ts';
import { METADATA_ADDRESS } from '../../lib/ip/metadata.ts';
import { pythonRepr } from '../../lib/python-text.ts';
import type { Port } from '../../resources/shapes.ts';
import type { Change } from '../changes.ts';
import { callersFullView } from '../parts.ts';
import { portErrors } from '../port/errors.ts';
import { portForwardingErrors as errors, refused } from './errors.ts';

/** The port that a forwarding is to lead to. @throws PortNotFound, BadRequest for that of another project */
export async function internalPort({ tx, context }: Change, fip: FloatingIpRow, port_id: string): Promise<Port> {
  const port = await getPort(tx, port_id, callersFullView(context), ['id', 'project_id', 'fixed_ips']);
  if (port === null) throw portErrors.PortNotFound({ port_id });
  if (port.project_id !== fip.project_id && !context.isAdmin) {
    throw refused(`Port ${port_id} is owned by a different tenant than floating IP ${fip.id}`);
  }
  return port;
}

/**
 * Where a forwarding leads: the address of the port, and the router between.
 * @param address null: the port's first one
 * @throws BadRequest, PortHasBindingFloatingIP, FloatingIPPortAlreadyAssociated
 */
export async function reach(
  { tx }: Change,
  fip: FloatingIpRow,
  { port, address }: { port: Port; address: string | null },
): Promise<{ internal_ip_address: string; router_id: string }> {
  const { id: port_id } = port;
  const [bound] = await floatingIpsOfPort(tx, port_id);
  if (bound !== undefined) {
    const { floating_ip_address, id: fip_id } = bound;
    throw errors.PortHasBindingFloatingIP({ floating_ip_address, fip_id, port_id, fixed_ip: address });
  }
  if (fip.fixed_port_id !== null) {
    const { id: fip_id, floating_ip_address, floating_network_id: net_id } = fip;
    throw errors.FloatingIPPortAlreadyAssociated({ port_id, fip_id, floating_ip_address, fixed_ip: address, net_id });
  }
  const usable = port.fixed_ips.filter(({ ip_address }) => parseAddress(ip_address)!.version === 4);
  if (usable.length === 0) throw refused(`Requested internal port ${port_id} must allocate an IPv4 address at least`);
  const held = address === null ? usable[0] : usable.find(({ ip_address }) => ip_address === address);
  if (held === undefined || held.ip_address === METADATA_ADDRESS) {
    throw refused(
      `Requested internal IP address ${address} is not suitable for internal neutron port ${port_id}, as its fixed_ips are ${pythonRepr(usable)}`,
    );
  }
  const router_id = await routerBetween(tx, held.subnet_id, fip.floating_network_id);
  if (router_id === null) {
    throw refused(
      `External network ${fip.floating_network_id} is not reachable from subnet ${held.subnet_id}. Cannot set Port forwarding for port ${port_id} with Floating IP ${fip.id}`,
    );
  }
  if (fip.router_id !== null && fip.router_id !== router_id) {
    throw refused(
      `The Floating IP ${fip.id} had been set on router ${fip.router_id}, the internal Neutron port ${port_id} can not reach it`,
    );
  }
  return { internal_ip_address: held.ip_address, router_id };
}
