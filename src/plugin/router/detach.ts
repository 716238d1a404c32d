import { getSubnet } from '../../db/read/subnets.ts';
import { floatsToSubnet } from '../../db/write/router-uses.ts';
import type { RouterFacts } from '../../db/write/routers.ts';
import type { Change } from '../changes.ts';
import type { Machine } from '../machine.ts';
import { checkSubnetUnproxied } from '../ndp-proxy/router-state.ts';
import { callersFullView } from '../parts.ts';
import { updatePortIn } from '../port/update.ts';
import { subnetErrors } from '../subnet/errors.ts';
import { interfacesOf } from './connected.ts';
import { routerErrors as errors } from './errors.ts';
import { routeInto } from './extra-routes.ts';
import { elevated } from './gateway.ts';
import type { Leg } from './interfaces.ts';
import { routerRows } from './storage.ts';

/** Taking subnets and ports from routers (upstream: db/l3_db.py `remove_router_interface`). */

/**
 * Takes an interface from a router, and deletes its port.
 * @param subnetId a subnet it must be on; null: it does not matter
 * @throws RouterInterfaceNotFound, SubnetMismatchForPort, and what `checkUnused` throws
 */
export async function removePort(
  change: Change,
  machine: Machine,
  router: RouterFacts,
  { portId, subnetId }: { portId: string; subnetId: string | null },
): Promise<Leg> {
  const entries = interfacesOf(router).filter(({ port_id }) => port_id === portId);
  if (entries.length === 0) throw errors.RouterInterfaceNotFound({ router_id: router.id, port_id: portId });
  if (subnetId !== null && !entries.some(({ subnet_id }) => subnet_id === subnetId)) {
    throw errors.SubnetMismatchForPort({ port_id: portId, subnet_id: subnetId });
  }
  for (const { subnet_id, cidr } of entries) {
    if (subnet_id !== null) await checkUnused(change, router, subnet_id, cidr!);
  }
  const subnetIds = [...new Set(entries.flatMap(({ subnet_id }) => subnet_id ?? []))];
  return { port: await detach(change, machine, router, portId), subnetIds };
}

/**
 * Takes a subnet from a router: with its port, unless that one is on other subnets, too.
 * @throws SubnetNotFound, RouterInterfaceNotFoundForSubnet, and what `checkUnused` throws
 */
export async function removeSubnet(
  change: Change,
  machine: Machine,
  router: RouterFacts,
  subnet_id: string,
): Promise<Leg> {
  const { tx, context } = change;
  const subnet = await getSubnet(tx, subnet_id, callersFullView(context), ['id', 'cidr']);
  if (subnet === null) throw subnetErrors.SubnetNotFound({ subnet_id });
  const entry = interfacesOf(router).find((one) => one.subnet_id === subnet_id);
  if (!entry) throw errors.RouterInterfaceNotFoundForSubnet({ router_id: router.id, subnet_id });
  await checkUnused(change, router, subnet_id, subnet.cidr);
  const { port_id } = entry;
  const kept = router.attached.filter((one) => one.port_id === port_id && one.subnet_id !== subnet_id);
  if (kept.length === 0) return { port: await detach(change, machine, router, port_id), subnetIds: [subnet_id] };
  const fixed_ips = kept.map((one) => ({ subnet_id: one.subnet_id, ip_address: one.ip_address }));
  const { original } = await updatePortIn(elevated(change), machine, { id: port_id, changes: { fixed_ips } });
  return { port: original, subnetIds: [subnet_id] };
}

/**
 * That nothing leads through a router into a subnet of its.
 * @throws RouterInterfaceInUseByFloatingIP, RouterInterfaceInUseByRoute
 */
export async function checkUnused({ tx }: Change, router: RouterFacts, subnet_id: string, cidr: string): Promise<void> {
  const named = { router_id: router.id, subnet_id };
  if (await floatsToSubnet(tx, router.id, subnet_id)) throw errors.RouterInterfaceInUseByFloatingIP(named);
  await checkSubnetUnproxied({ tx }, router.id, subnet_id);
  if (routeInto(router.routes, cidr)) throw errors.RouterInterfaceInUseByRoute(named);
}

async function detach(change: Change, machine: Machine, router: RouterFacts, portId: string): Promise<Leg['port']> {
  const port = await machine.ports.deleteIn(elevated(change), portId);
  await routerRows.bump(change.tx, router.id, change.time);
  return port;
}
