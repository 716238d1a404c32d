import type { Db } from '../../db/database.ts';
import { ndpProxiesOf, proxiesIntoSubnet } from '../../db/write/ndp-proxies.ts';
import { type RouterFacts, routerFacts } from '../../db/write/routers.ts';
import { networkScope } from '../../db/write/subnet-pools.ts';
import { parseAddress } from '../../lib/ip/address.ts';
import type { Change } from '../changes.ts';
import type { Input } from '../contract.ts';
import type { Machine } from '../machine.ts';
import { gatewayNetwork } from '../router/connected.ts';
import { routerRows } from '../router/storage.ts';
import { ndpProxyErrors as errors } from './errors.ts';

/** Whether routers answer outside for addresses inside (upstream: services/ndp_proxy/plugin.py). */

type Parts = Pick<Machine, 'shared'>;

/** @throws RouterGatewayNotValid */
export async function ndpProxyOfNewRouter(
  change: Change,
  { shared }: Parts,
  { id, input }: { id: string; input: Input },
): Promise<void> {
  if (!shared.extensions.has('l3-ext-ndp-proxy')) return;
  const wanted = (input.enable_ndp_proxy as boolean | null | undefined) ?? undefined;
  const router = (await routerFacts(change.tx, id))!;
  const able = await canAnswer(change.tx, router);
  if (wanted === true && !able) throw notValid(router);
  const enabled = wanted ?? (able && shared.options.router.enable_ndp_proxy_by_default);
  if (enabled) await routerRows.update(change.tx, id, { enable_ndp_proxy: true });
}

/**
 * @param before the router as it was; its gateway may be another now
 * @returns whether what it shows is another now
 * @throws RouterGatewayNotValid, RouterIPv6GatewayInUse
 */
export async function changeNdpProxyOfRouter(
  change: Change,
  { shared }: Parts,
  { before, changes }: { before: RouterFacts; changes: Input },
): Promise<boolean> {
  if (!shared.extensions.has('l3-ext-ndp-proxy')) return false;
  const { tx } = change;
  const wanted = (changes.enable_ndp_proxy as boolean | null | undefined) ?? undefined;
  if (wanted === undefined && changes.external_gateway_info === undefined) return false;
  const router = (await routerFacts(tx, before.id))!;
  const able = await canAnswer(tx, router);
  if (wanted === true && !able) throw notValid(router);
  const isNew = before.gw_port_id === null && router.gw_port_id !== null;
  const byDefault = isNew && shared.options.router.enable_ndp_proxy_by_default;
  if (wanted === undefined && before.enable_ndp_proxy && router.gw_port_id !== null && !able) {
    throw errors.RouterIPv6GatewayInUse({ router_id: router.id });
  }
  const enabled = able && (wanted ?? (before.enable_ndp_proxy || byDefault));
  if (enabled === before.enable_ndp_proxy) return false;
  await routerRows.update(tx, router.id, { enable_ndp_proxy: enabled });
  return true;
}

/** That a router may lose its gateway. @throws RouterGatewayInUseByNDPProxy */
export async function refuseWhileProxied({ tx }: Pick<Change, 'tx'>, router_id: string): Promise<void> {
  if ((await ndpProxiesOf(tx, [router_id])).length > 0) throw errors.RouterGatewayInUseByNDPProxy({ router_id });
}

/** That a router may leave a subnet. @throws RouterInterfaceInUseByNDPProxy */
export async function checkSubnetUnproxied({ tx }: Pick<Change, 'tx'>, router_id: string, subnet_id: string) {
  if (await proxiesIntoSubnet(tx, router_id, subnet_id)) {
    throw errors.RouterInterfaceInUseByNDPProxy({ router_id, subnet_id });
  }
}

/** Its gateway has an IPv6 address, of a network that is in an address scope. */
async function canAnswer(db: Db, router: RouterFacts): Promise<boolean> {
  const network = gatewayNetwork(router);
  if (network === null) return false;
  const addresses = router.attached.filter(({ port_id }) => port_id === router.gw_port_id);
  if (!addresses.some(({ ip_address }) => ip_address !== null && parseAddress(ip_address)!.version === 6)) return false;
  return (await networkScope(db, network, 6)) !== null;
}

function notValid({ id, gw_port_id }: RouterFacts): Error {
  const reason =
    gw_port_id === null
      ? 'The router has no external gateway'
      : 'The external gateway port has no IPv6 address or its network no IPv6 address scope';
  return errors.RouterGatewayNotValid({ router_id: id, reason });
}
