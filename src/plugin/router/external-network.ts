import { hasFloatingIps } from '../../db/write/router-uses.ts';
import { routerFacts, routersLeadingTo } from '../../db/write/routers.ts';
import { subnetFacts } from '../../db/write/subnets.ts';
import { parseAddress } from '../../lib/ip/address.ts';
import { inTurns } from '../../lib/turns.ts';
import type { Subnet } from '../../resources/shapes.ts';
import type { Change } from '../changes.ts';
import type { RbacEntry } from '../domain.ts';
import { isAutoAddressSubnet } from '../ipam/wishes.ts';
import type { Machine } from '../machine.ts';
import { networkErrors } from '../network/errors.ts';
import { updatePortIn } from '../port/update.ts';
import { rbacErrors } from '../rbac-policy/errors.ts';
import { checkBesideHa, GATEWAY_OWNER } from './connected.ts';
import { elevated } from './gateway.ts';
import { routerRows } from './storage.ts';

/** What changes of external networks mean for the routers that lead there (upstream: db/external_net_db.py, db/l3_db.py). */

/** That a network may cease to be external. @throws ExternalNetworkInUse */
export async function refuseInside({ tx }: Pick<Change, 'tx'>, net_id: string): Promise<void> {
  if ((await routersLeadingTo(tx, net_id)).length > 0 || (await hasFloatingIps(tx, net_id))) {
    throw networkErrors.ExternalNetworkInUse({ net_id });
  }
}

/**
 * That nobody's router leads outside only because of an RBAC entry.
 * @param others projects that keep access without it
 * @throws RbacPolicyInUse
 */
export async function refuseClosing(
  { tx }: Pick<Change, 'tx'>,
  { object_id, target_project }: RbacEntry,
  others: readonly string[],
): Promise<void> {
  const isCut = ({ project_id }: { project_id: string }) =>
    !others.includes(project_id) && (target_project === '*' || project_id === target_project);
  if (!(await routersLeadingTo(tx, object_id)).some(isCut)) return;
  const details = 'There are routers attached to this network that depend on this policy for access.';
  throw rbacErrors.RbacPolicyInUse({ object_id, details });
}

/**
 * An external network has a new subnet: gateways that have no address of its IP version get one there.
 * @throws BadRequest, and what addresses of ports may be refused with
 */
export async function widenGateways(change: Change, machine: Machine, subnet: Subnet): Promise<void> {
  const { tx, time } = change;
  const { service_types, network_id } = subnet;
  const routers = await routersLeadingTo(tx, network_id);
  if (routers.length === 0) return;
  const { l3_ha_net_cidr } = machine.shared.options.l3Agent;
  // All of the network's subnets are next to its routers, whether they have an address there or not.
  if (routers.some(({ ha }) => ha)) checkBesideHa([subnet], l3_ha_net_cidr);
  const isForOthers = service_types.length > 0 && !service_types.includes(GATEWAY_OWNER);
  if (isForOthers && subnet.ip_version === 4) return;
  const auto = new Set((await subnetFacts(tx, network_id)).filter(isAutoAddressSubnet).map(({ id }) => id));
  await inTurns(routers, async ({ id }) => {
    const { attached, gw_port_id } = (await routerFacts(tx, id))!;
    const present = attached.filter(({ port_id, subnet_id }) => port_id === gw_port_id && subnet_id !== null);
    const chosen = present.filter(({ subnet_id }) => !auto.has(subnet_id!));
    const versions = chosen.map(({ ip_address }) => parseAddress(ip_address!)!.version);
    if (versions.length > 1 || versions.some((version) => version === subnet.ip_version)) return;
    const fixed_ips = [
      ...present.map(({ subnet_id, ip_address }) => ({ subnet_id, ip_address })),
      { subnet_id: subnet.id },
    ];
    await updatePortIn(elevated(change), machine, { id: gw_port_id!, changes: { fixed_ips } });
    await routerRows.bump(tx, id, time);
    await change.todo('router', id, 'updated');
  });
}
