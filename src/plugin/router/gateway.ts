import { getNetwork } from '../../db/read/networks.ts';
import { servesFloatingIps } from '../../db/write/router-uses.ts';
import { attachPort, giveGatewayPort, type RouterFacts, routerFacts, setGatewayPort } from '../../db/write/routers.ts';
import { subnetFacts } from '../../db/write/subnets.ts';
import type { GatewayRequest } from '../../resources/gateway-info.ts';
import type { Change } from '../changes.ts';
import type { AddressRequest } from '../ipam/wishes.ts';
import { scheduleRouterIn } from '../l3-agent/schedule-in.ts';
import type { Machine } from '../machine.ts';
import { refuseWhileProxied } from '../ndp-proxy/router-state.ts';
import { networkErrors } from '../network/errors.ts';
import { callersFullView } from '../parts.ts';
import { updatePortIn } from '../port/update.ts';
import { changeGatewayQos } from '../qos/attach-l3.ts';
import { checkBesideMetadata, checkDisjoint, GATEWAY_OWNER, gatewayNetwork } from './connected.ts';
import { routerErrors as errors } from './errors.ts';
import { checkRoutes, groundOf } from './extra-routes.ts';
import { routerRows } from './storage.ts';

/** A gateway that comes or goes counts twice: upstream counts what is written, row by row. */
const REVISIONS = 2;

/** Where routers lead outside (upstream: db/l3_db.py, db/l3_gwmode_db.py). */

/**
 * Gives a router the gateway that is asked for, or (null) takes the one it has.
 *
 * @param keepsRoutes its routes stay as they are, and must make sense with the new gateway
 * @returns the router as it is then, and by how much its revision is higher
 * @throws NetworkNotFound, BadRequest, InvalidRoutes, RouterExternalGatewayInUseByFloatingIp, and what addresses of ports may
 * be refused with
 */
export async function changeGateway(
  change: Change,
  machine: Machine,
  router: RouterFacts,
  { info, keepsRoutes }: { info: GatewayRequest | null; keepsRoutes: boolean },
): Promise<RouterFacts> {
  await setGateway(change, machine, router, info);
  const after = (await routerFacts(change.tx, router.id))!;
  const { gw_port_id } = after;
  if (gw_port_id !== null && gw_port_id !== router.gw_port_id) await scheduleRouterIn(change, machine, router.id);
  if (keepsRoutes) checkRoutes(after.routes, groundOf(after, machine.shared.options.l3Agent.l3_ha_net_cidr));
  return after;
}

/**
 * The same for a router that has no routes, or whose routes are looked at afterwards; nor is it given an agent.
 * @throws as `changeGateway`, but for InvalidRoutes
 */
export async function setGateway(
  change: Change,
  machine: Machine,
  router: RouterFacts,
  info: GatewayRequest | null,
): Promise<void> {
  const { tx } = change;
  const { id } = router;
  if (info?.qos_policy_id !== undefined && !machine.shared.extensions.has('qos-gateway-ip')) {
    const message = 'Invalid input for external_gateway_info. Reason: Unexpected keys supplied: qos_policy_id.';
    throw errors.HTTPBadRequest({ message });
  }
  const wanted = info?.external_fixed_ips ?? [];
  if (info !== null) await checkNetwork(change, info.network_id, wanted);
  const enable_snat = info?.enable_snat ?? machine.shared.options.router.enable_snat_by_default;
  if (enable_snat !== router.enable_snat) {
    await routerRows.update(tx, id, { enable_snat });
    await touched(change, id, 1);
  }
  const current = gatewayNetwork(router);
  if (info !== null && current === info.network_id) {
    if (isOther(router, wanted)) await readdress(change, machine, router, wanted);
  } else if (info !== null || current !== null) {
    await removeGateway(change, machine, router);
    if (info === null) await touched(change, id, REVISIONS);
    else await makeGateway(change, machine, router, { network_id: info.network_id, fixed_ips: wanted });
  }
  // The policy goes with the gateway.
  const policy = info === null ? null : info.qos_policy_id;
  if (await changeGatewayQos(change, machine, { router_id: id, wanted: policy })) await touched(change, id, 1);
}

/** Takes a router's gateway, where it has one. @throws RouterExternalGatewayInUseByFloatingIp */
export async function removeGateway(change: Change, machine: Machine, router: RouterFacts): Promise<void> {
  const { id, gw_port_id } = router;
  if (gw_port_id === null) return;
  if (await servesFloatingIps(change.tx, id)) {
    throw errors.RouterExternalGatewayInUseByFloatingIp({ router_id: id, net_id: gatewayNetwork(router) });
  }
  await refuseWhileProxied(change, id);
  await setGatewayPort(change.tx, id, null);
  await machine.ports.deleteIn(elevated(change), gw_port_id);
}

/** For ports that belong to no project: as an administrator would do it. */
export function elevated(change: Change): Change {
  return { ...change, context: { ...change.context, isAdmin: true } };
}

async function checkNetwork(change: Change, net_id: string, wanted: readonly AddressRequest[]): Promise<void> {
  const { tx, context } = change;
  const network = await getNetwork(tx, net_id, callersFullView(context), ['id', 'router:external']);
  if (network === null) throw networkErrors.NetworkNotFound({ net_id });
  if (!network['router:external']) throw errors.BadRequest({ msg: `Network ${net_id} is not an external network` });
  if (wanted.length === 0) return;
  const gateways = new Set((await subnetFacts(tx, net_id)).flatMap(({ gateway_ip }) => gateway_ip ?? []));
  const taken = wanted.find(({ ip_address }) => ip_address !== undefined && gateways.has(ip_address));
  if (taken) throw errors.BadRequest({ msg: `External IP ${taken.ip_address} is the same as the gateway IP` });
}

/** Addresses that name what is there already change nothing. */
function isOther({ attached, gw_port_id }: RouterFacts, wanted: readonly AddressRequest[]): boolean {
  if (wanted.length === 0) return false;
  const present = attached.filter(({ port_id }) => port_id === gw_port_id);
  const differs = (key: 'subnet_id' | 'ip_address') => {
    const asked = new Set(wanted.flatMap((one) => one[key] ?? []));
    const held = new Set(present.flatMap((one) => one[key] ?? []));
    return asked.size !== held.size || [...asked].some((value) => !held.has(value));
  };
  return differs('subnet_id') || differs('ip_address');
}

async function readdress(
  change: Change,
  machine: Machine,
  { id, gw_port_id }: RouterFacts,
  fixed_ips: readonly AddressRequest[],
): Promise<void> {
  const { current } = await updatePortIn(elevated(change), machine, { id: gw_port_id!, changes: { fixed_ips } });
  checkBesideMetadata(current.fixed_ips);
  await touched(change, id, 1);
}

async function makeGateway(
  change: Change,
  machine: Machine,
  router: RouterFacts,
  { network_id, fixed_ips }: { network_id: string; fixed_ips: readonly AddressRequest[] },
): Promise<void> {
  const { tx } = change;
  const { id } = router;
  const without = {
    ...router,
    gw_port_id: null,
    attached: router.attached.filter(({ port_id }) => port_id !== router.gw_port_id),
  };
  // One that is on nothing yet and speaks to no other meets nothing.
  if (without.attached.length > 0 || without.ha) {
    const { l3_ha_net_cidr } = machine.shared.options.l3Agent;
    await checkDisjoint(tx, without, await subnetFacts(tx, network_id), l3_ha_net_cidr);
  }
  const port = await machine.ports.createIn(elevated(change), {
    project_id: '', // it is hidden from those whose router it is
    network_id,
    fixed_ips: fixed_ips.length === 0 ? undefined : fixed_ips,
    device_id: id,
    device_owner: GATEWAY_OWNER,
  });
  checkBesideMetadata(port.fixed_ips);
  await attachPort(tx, { port_id: port.id, router_id: id, port_type: GATEWAY_OWNER });
  await giveGatewayPort(tx, { id, gw_port_id: port.id, by: REVISIONS, updated_at: change.time });
}

async function touched({ tx, time }: Change, id: string, times: number): Promise<void> {
  await routerRows.bump(tx, id, time, times);
}
