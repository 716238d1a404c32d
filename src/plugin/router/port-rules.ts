import { getPort } from '../../db/read/ports.ts';
import { fullView } from '../../db/read/view.ts';
import { holdersOfPort } from '../../db/write/router-uses.ts';
import { projectOfRouter, type RouterFacts, routerFacts } from '../../db/write/routers.ts';
import { type SubnetFacts, subnetFacts } from '../../db/write/subnets.ts';
import { parseAddress } from '../../lib/ip/address.ts';
import { cidrHas, parseCidr } from '../../lib/ip/cidr.ts';
import type { Port } from '../../resources/shapes.ts';
import type { Change } from '../changes.ts';
import type { Input } from '../contract.ts';
import { type AddressChanges, compareAddresses } from '../ipam/changes.ts';
import { routerInterfaceOwners } from '../ipam/owners.ts';
import type { AddressRequest } from '../ipam/wishes.ts';
import { checkBesideMetadata, checkDisjoint, GATEWAY_OWNER } from './connected.ts';
import { checkUnused } from './detach.ts';
import { routerErrors as errors, portRefused } from './errors.ts';

/** What clients may do with ports that routers have (upstream: db/l3_db.py, db/db_base_plugin_v2.py). */

/** That a client may delete a port. @throws ServicePortInUse */
export async function refuseDeletion({ tx }: Change, port: Port): Promise<void> {
  if (!port.device_owner.startsWith('network:')) return;
  const { router_id, floatingip_id } = await holdersOfPort(tx, port.id);
  if (router_id !== null || floatingip_id !== null) throw serviceError(port, 'deleted');
}

/**
 * That a new port does not pretend to be of another project's router.
 * @throws DeviceIDNotOwnedByTenant
 */
export async function checkNewPort(change: Change, input: Input): Promise<void> {
  const { device_owner, device_id, project_id } = input;
  await checkDevice(change, { device_owner, device_id, project_id });
}

/**
 * That a client may change a port so.
 * @param haCidr where HA routers speak to each other
 * @throws ServicePortInUse, BadRequest, DeviceIDNotOwnedByTenant, and what `checkUnused` throws
 */
export async function checkPortUpdate(change: Change, id: string, changes: Input, haCidr: string): Promise<void> {
  const { tx } = change;
  const renamed = changes.device_id !== undefined || changes.device_owner !== undefined;
  if (!renamed && !changes.fixed_ips) return;
  const { router_id, floatingip_id } = await holdersOfPort(tx, id);
  const isFree = router_id === null && floatingip_id === null;
  const pretends = renamed && !change.context.isAdmin;
  if (isFree && !pretends) return;
  const port = await getPort(tx, id, fullView);
  if (port === null) return;
  const device_id = changes.device_id ?? port.device_id;
  const device_owner = changes.device_owner ?? port.device_owner;
  const isOther = device_id !== port.device_id || device_owner !== port.device_owner;
  if (isOther && !isFree) throw serviceError(port, 'given away');
  if (isOther) await checkDevice(change, { device_owner, device_id, project_id: port.project_id });
  if (isFree || !changes.fixed_ips) return;
  const wanted = changes.fixed_ips as AddressRequest[];
  const readdressed = compareAddresses(port.fixed_ips, wanted, () => false);
  if (floatingip_id !== null && readdressed.remove.length > 0) throw serviceError(port, 'readdressed');
  if (router_id === null) return;
  checkBesideMetadata(wanted);
  if (port.device_owner === GATEWAY_OWNER) return;
  const subnets = await subnetFacts(tx, port.network_id);
  if (changesIpv4(readdressed, subnets)) throw portRefused.BadRequest({ port_id: id });
  await checkSubnets(change, (await routerFacts(tx, router_id))!, { readdressed, subnets, haCidr });
}

/**
 * That a port, or what becomes of it, does not pretend to be of another project's router.
 * @throws DeviceIDNotOwnedByTenant
 */
export async function checkDevice(
  { tx, context }: Change,
  { device_owner, device_id, project_id }: Input,
): Promise<void> {
  if (context.isAdmin || !routerInterfaceOwners.has(device_owner as string) || !device_id) return;
  const owner = await projectOfRouter(tx, device_id as string);
  if (owner === null || owner === project_id) return;
  throw errors.DeviceIDNotOwnedByTenant({ device_id: device_id as string });
}

/** Whether an IPv4 address is taken or added: guests know the gateway by it. */
function changesIpv4({ remove, add }: AddressChanges, subnets: readonly SubnetFacts[]): boolean {
  return [...remove, ...add].some(({ subnet_id, ip_address }) => {
    if (ip_address !== undefined) return parseAddress(ip_address)?.version === 4;
    return subnets.find(({ id }) => id === subnet_id)?.ip_version === 4;
  });
}

/** As when a router is taken from subnets, and put on others. @throws BadRequest, and what `checkUnused` throws */
async function checkSubnets(
  change: Change,
  router: RouterFacts,
  {
    readdressed: { keep, remove, add },
    subnets,
    haCidr,
  }: { readdressed: AddressChanges; subnets: readonly SubnetFacts[]; haCidr: string },
): Promise<void> {
  const isOf = (subnet: SubnetFacts) => (one: AddressRequest) =>
    one.subnet_id === undefined
      ? cidrHas(parseCidr(subnet.cidr)!, parseAddress(one.ip_address!)!)
      : one.subnet_id === subnet.id;
  const stays = (subnet: SubnetFacts) => [...keep, ...add].some(isOf(subnet));
  const was = (subnet: SubnetFacts) => [...keep, ...remove].some(isOf(subnet));
  for (const subnet of subnets) {
    if (was(subnet) && !stays(subnet)) await checkUnused(change, router, subnet.id, subnet.cidr);
  }
  const joined = subnets.filter((subnet) => stays(subnet) && !was(subnet));
  if (joined.length > 0) await checkDisjoint(change.tx, router, joined, haCidr);
}

function serviceError({ id, device_owner }: Port, how: string): Error {
  return errors.ServicePortInUse({ port_id: id, how, reason: `has device owner ${device_owner}` });
}
