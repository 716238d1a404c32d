import { getPort } from '../../db/read/ports.ts';
import { findSubnets, getSubnet } from '../../db/read/subnets.ts';
import { fullView } from '../../db/read/view.ts';
import { attachPort, type RouterFacts } from '../../db/write/routers.ts';
import { parseAddress } from '../../lib/ip/address.ts';
import type { Port, Subnet } from '../../resources/shapes.ts';
import type { Change } from '../changes.ts';
import type { Machine } from '../machine.ts';
import { networkEntries } from '../network/visibility.ts';
import { callersFullView } from '../parts.ts';
import { portErrors } from '../port/errors.ts';
import { updatePortIn } from '../port/update.ts';
import { subnetErrors } from '../subnet/errors.ts';
import { checkBesideMetadata, checkDisjoint, interfacesOf } from './connected.ts';
import { routerErrors as errors } from './errors.ts';
import { elevated } from './gateway.ts';
import { checkDevice } from './port-rules.ts';
import { routerRows } from './storage.ts';

/** Attaching subnets and ports to routers (upstream: db/l3_db.py `add_router_interface`). */

/** What a router is given or loses. */
export interface Leg {
  port: Port;
  subnetIds: string[];
}

const interfaceOwner = ({ ha }: RouterFacts): string =>
  ha ? 'network:ha_router_replicated_interface' : 'network:router_interface';

/**
 * Puts a router on a subnet, as its gateway; an IPv6 subnet joins the port that the router has on the same network.
 * @throws SubnetNotFound, BadRequest, and what addresses of ports may be refused with
 */
export async function addSubnet(change: Change, machine: Machine, router: RouterFacts, subnetId: string): Promise<Leg> {
  const { tx, context } = change;
  const subnet = await getSubnet(tx, subnetId, callersFullView(context));
  if (subnet === null) throw subnetErrors.SubnetNotFound({ subnet_id: subnetId });
  if (!subnet.gateway_ip) throw errors.BadRequest({ msg: 'Subnet for router interface must have a gateway IP' });
  await checkMayAttach(change, subnet);
  checkAddressMode(subnet);
  const { l3_ha_net_cidr } = machine.shared.options.l3Agent;
  await checkDisjoint(tx, router, [subnet], l3_ha_net_cidr);
  const address = { subnet_id: subnet.id, ip_address: subnet.gateway_ip };
  checkBesideMetadata([address]);
  const joined = subnet.ip_version === 6 && !isDelegated(subnet) ? portOfNetwork(router, subnet.network_id) : null;
  if (joined !== null) {
    const present = router.attached.filter(({ port_id }) => port_id === joined);
    const fixed_ips = [...present.map(({ subnet_id, ip_address }) => ({ subnet_id, ip_address })), address];
    const { current } = await updatePortIn(elevated(change), machine, { id: joined, changes: { fixed_ips } });
    return { port: current, subnetIds: [subnet.id] };
  }
  const port = await machine.ports.createIn(change, {
    project_id: router.project_id,
    network_id: subnet.network_id,
    fixed_ips: [address],
    device_id: router.id,
    device_owner: interfaceOwner(router),
  });
  await attach(change, router, port.id);
  return { port, subnetIds: [subnet.id] };
}

/**
 * Makes a port that nobody uses an interface of a router.
 * @throws PortNotFound, PortInUse, DeviceIDNotOwnedByTenant, BadRequest
 */
export async function addPort(change: Change, machine: Machine, router: RouterFacts, port_id: string): Promise<Leg> {
  const { tx, context } = change;
  const port = await getPort(tx, port_id, callersFullView(context));
  if (port === null) throw portErrors.PortNotFound({ port_id });
  const { network_id: net_id, device_id } = port;
  if (device_id !== '') throw errors.PortInUse({ port_id, net_id, device_id });
  if (port.fixed_ips.length === 0) throw errors.BadRequest({ msg: 'Router port must have at least one fixed IP' });
  const ids = [...new Set(port.fixed_ips.map(({ subnet_id }) => subnet_id))];
  const found = await findSubnets(tx, { filters: { id: ids } }, fullView);
  const subnets = ids.map((id) => found.find((subnet) => subnet.id === id)!);
  for (const subnet of subnets) checkAddressMode(subnet);
  checkSoleIpv6(router, port);
  await checkDisjoint(tx, router, subnets, machine.shared.options.l3Agent.l3_ha_net_cidr);
  if (subnets.filter(({ ip_version }) => ip_version === 4).length > 1) {
    throw errors.BadRequest({ msg: 'Cannot have multiple IPv4 subnets on router port' });
  }
  checkBesideMetadata(port.fixed_ips);
  checkInPools(change, subnets, port);
  const changes = { device_id: router.id, device_owner: interfaceOwner(router) };
  // Who owns a network sees the ports that others have there.
  await checkDevice(change, { ...changes, project_id: port.project_id });
  const { current } = await updatePortIn(change, machine, { id: port_id, changes });
  await attach(change, router, port_id);
  return { port: current, subnetIds: ids };
}

async function attach({ tx, time }: Change, router: RouterFacts, port_id: string): Promise<void> {
  await attachPort(tx, { port_id, router_id: router.id, port_type: interfaceOwner(router) });
  await routerRows.bump(tx, router.id, time);
}

/** A subnet of others can be attached where their network is opened to the caller by name. @throws BadRequest */
async function checkMayAttach({ tx, context }: Change, subnet: Subnet): Promise<void> {
  if (context.isAdmin || subnet.project_id === context.projectId) return;
  const entries = await networkEntries.of(tx, subnet.network_id);
  const opened = entries.some(
    ({ action, target_project }) => action === 'access_as_shared' && target_project === context.projectId,
  );
  if (opened) return;
  throw errors.BadRequest({
    msg: `Cannot add interface to router because subnet ${subnet.id} is not owned by project making the request`,
  });
}

/** @throws BadRequest */
function checkAddressMode({ id, ip_version, ipv6_ra_mode, ipv6_address_mode }: Subnet): void {
  if (ip_version !== 6 || ipv6_ra_mode !== null || ipv6_address_mode === null) return;
  throw errors.BadRequest({
    msg: `IPv6 subnet ${id} configured to receive RAs from an external router cannot be added to Neutron Router`,
  });
}

function isDelegated({ subnetpool_id }: Subnet): boolean {
  return subnetpool_id === 'prefix_delegation';
}

/** The interface that a router has on a network with IPv6 addresses. */
function portOfNetwork(router: RouterFacts, networkId: string): string | null {
  const found = interfacesOf(router).find(
    ({ network_id, ip_address }) => network_id === networkId && isIpv6(ip_address),
  );
  return found?.port_id ?? null;
}

function isIpv6(address: string | null): boolean {
  return address !== null && parseAddress(address)?.version === 6;
}

/** @throws BadRequest */
function checkSoleIpv6(router: RouterFacts, port: Port): void {
  if (!port.fixed_ips.some(({ ip_address }) => isIpv6(ip_address))) return;
  const other = router.attached.find(
    ({ network_id, ip_address }) => network_id === port.network_id && isIpv6(ip_address),
  );
  if (!other) return;
  throw errors.BadRequest({
    msg: `Cannot have multiple router ports with the same network id if both contain IPv6 subnets. Existing port ${other.port_id} has IPv6 subnet(s) and network id ${port.network_id}`,
  });
}

/** On subnets of others only addresses that these give to everybody. @throws BadRequest */
function checkInPools({ context }: Change, subnets: readonly Subnet[], port: Port): void {
  if (context.isAdmin) return;
  for (const { subnet_id, ip_address } of port.fixed_ips) {
    const subnet = subnets.find(({ id }) => id === subnet_id)!;
    if (subnet.project_id === context.projectId) continue;
    const { value } = parseAddress(ip_address)!;
    const inside = subnet.allocation_pools.some(
      ({ start, end }) => parseAddress(start)!.value <= value && value <= parseAddress(end)!.value,
    );
    if (inside) continue;
    throw errors.BadRequest({
      msg: `Cannot add interface to router because specified port ${port.id} has an IP address out of the allocation pool of subnet ${subnet_id}, which is not owned by the project making the request`,
    });
  }
}
