import { ask } from '../../db/question.ts';
import { getPort } from '../../db/read/ports.ts';
import { type Association, floatingIpsOfPortOf, routerBetweenOf } from '../../db/write/floatingips.ts';
import { parseAddress } from '../../lib/ip/address.ts';
import { METADATA_ADDRESS } from '../../lib/ip/metadata.ts';
import type { Port } from '../../resources/shapes.ts';
import type { Change } from '../changes.ts';
import type { Input } from '../contract.ts';
import { DHCP_OWNER } from '../ipam/owners.ts';
import { callersFullView } from '../parts.ts';
import { portErrors } from '../port/errors.ts';
import { floatingIpErrors as errors } from './errors.ts';

/** Guests find their metadata there, so nothing else is ever to be reached at it. */

/** A floating address, as far as an association asks. */
export interface Associated {
  id: string;
  project_id: string;
  floating_ip_address: string;
  floating_network_id: string;
}

export const NOWHERE: Association = { fixed_port_id: null, fixed_ip_address: null, router_id: null };

/**
 * Where a request leads a floating address: to a port, nowhere, or (null) where it is.
 * @throws BadRequest, PortNotFound, ExternalGatewayForFloatingIPNotFound, FloatingIPPortAlreadyAssociated
 */
export async function associationOf(change: Change, fip: Associated, input: Input): Promise<Association | null> {
  const portId = input.port_id as string | null | undefined;
  const address = (input.fixed_ip_address as string | null | undefined) ?? null;
  if (portId === undefined || portId === null) {
    if (address !== null) throw refused('fixed_ip_address cannot be specified without a port_id');
    return portId === null ? NOWHERE : null;
  }
  const port = await getPort(change.tx, portId, callersFullView(change.context), [
    'id',
    'project_id',
    'device_owner',
    'fixed_ips',
  ]);
  if (port === null) throw portErrors.PortNotFound({ port_id: portId });
  const { subnet_id, ip_address } = fixedAddress(change, { fip, port, address });
  const [router_id, others] = await ask(
    change.tx,
    routerBetweenOf(change.tx, subnet_id, fip.floating_network_id),
    floatingIpsOfPortOf(change.tx, portId),
  );
  if (router_id === null) {
    throw errors.ExternalGatewayForFloatingIPNotFound({
      external_network_id: fip.floating_network_id,
      subnet_id,
      port_id: portId,
    });
  }
  const taken = others.some(
    (other) =>
      other.id !== fip.id &&
      other.floating_network_id === fip.floating_network_id &&
      other.fixed_ip_address === ip_address,
  );
  if (taken) {
    throw errors.FloatingIPPortAlreadyAssociated({
      floating_ip_address: fip.floating_ip_address,
      fip_id: fip.id,
      port_id: portId,
      fixed_ip: ip_address,
      net_id: fip.floating_network_id,
    });
  }
  return { fixed_port_id: portId, fixed_ip_address: ip_address, router_id };
}

/** The address of the port that is meant: the one named, else the only IPv4 one. @throws BadRequest */
function fixedAddress(
  { context }: Change,
  { fip, port, address }: { fip: Associated; port: Port; address: string | null },
): { subnet_id: string; ip_address: string } {
  const { id, project_id, device_owner, fixed_ips } = port;
  if (project_id !== fip.project_id && !context.isAdmin) {
    throw refused(
      `Cannot process floating IP association with Port ${id}, since that port is owned by a different tenant`,
    );
  }
  if (device_owner === DHCP_OWNER) throw refused(`Port ${id} is unable to be assigned a floating IP`);
  const usable = fixed_ips.filter(({ ip_address }) => parseAddress(ip_address)!.version === 4);
  if (address !== null) {
    if (parseAddress(address)!.version !== 4) {
      throw refused(`Cannot process floating IP association with ${address}, since that is not an IPv4 address`);
    }
    const named = usable.find(({ ip_address }) => ip_address === address);
    if (named === undefined) throw refused(`Port ${id} does not have fixed ip ${address}`);
    return notMetadata(named);
  }
  const [first, second] = usable;
  if (first === undefined) throw refused(`Cannot add floating IP to port ${id} that has no fixed IPv4 addresses`);
  if (second !== undefined) {
    throw refused(
      `Port ${id} has multiple fixed IPv4 addresses.  Must provide a specific IPv4 address when assigning a floating IP`,
    );
  }
  return notMetadata(first);
}

function notMetadata<T extends { ip_address: string }>(fixed: T): T {
  checkNotMetadata(fixed.ip_address);
  return fixed;
}

/** That an address may be rewritten, to another or from one. @throws BadRequest for that of the metadata service */
export function checkNotMetadata(address: string): void {
  if (address === METADATA_ADDRESS) throw refused(`${address} is where guests find their metadata`);
}

export function refused(msg: string): Error {
  return errors.BadRequest({ resource: 'floatingip', msg });
}
