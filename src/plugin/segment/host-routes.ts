import { bumpSubnet, replaceHostRoutes, routesOfSubnets, type SubnetFacts } from '../../db/write/subnets.ts';
import { cidrContains, parseCidr } from '../../lib/ip/cidr.ts';
import type { HostRoute } from '../../resources/shapes.ts';
import type { Change } from '../changes.ts';

/** What of a subnet routes go by. */
export type Routed = Pick<SubnetFacts, 'id' | 'network_id' | 'ip_version' | 'cidr' | 'gateway_ip' | 'segment_id'>;

/**
 * The host routes of a subnet of a routed network: those it has, and to every subnet on other segments one by its own
 * gateway, unless a route leads there already (upstream: services/segments/plugin.py SegmentHostRoutes).
 *
 * @param gone what the routes made earlier are known by: the gateway they led by, or the block they led to
 */
export function peerRoutes(
  subnet: Routed,
  peers: readonly Routed[],
  routes: readonly HostRoute[],
  gone: { gateway?: string | null; cidr?: string } = {},
): HostRoute[] {
  const others = peers.filter(
    (peer) => peer.id !== subnet.id && peer.segment_id !== subnet.segment_id && peer.ip_version === subnet.ip_version,
  );
  const isOld = ({ destination, nexthop }: HostRoute) =>
    (gone.cidr === destination && nexthop === subnet.gateway_ip) ||
    (gone.gateway != null && nexthop === gone.gateway && others.some(({ cidr }) => cidr === destination));
  const result = routes.filter((route) => !isOld(route));
  if (subnet.gateway_ip === null) return result;
  const known = result.map(({ destination }) => parseCidr(destination)!);
  for (const { cidr } of others) {
    const block = parseCidr(cidr)!;
    if (known.some((one) => cidrContains(one, block))) continue;
    result.push({ destination: cidr, nexthop: subnet.gateway_ip });
  }
  return result;
}

/** A subnet on a segment came, went or was moved: gives the others of its network their routes. */
export async function rerouteOthers(
  change: Change,
  subnets: readonly Routed[],
  { except, cidr }: { except: string; cidr?: string },
): Promise<void> {
  const { tx, time } = change;
  const others = subnets.filter((subnet) => subnet.id !== except && subnet.segment_id !== null);
  const known = await routesOfSubnets(
    tx,
    others.map(({ id }) => id),
  );
  for (const subnet of others) {
    const routes = known.get(subnet.id) ?? [];
    const next = peerRoutes(subnet, subnets, routes, cidr === undefined ? {} : { cidr });
    if (sameRoutes(routes, next)) continue;
    await replaceHostRoutes(tx, subnet.id, next);
    await bumpSubnet(tx, subnet.id, time);
    await change.todo('subnet', subnet.id, 'updated', { network_id: subnet.network_id });
  }
}

function sameRoutes(some: readonly HostRoute[], others: readonly HostRoute[]): boolean {
  const texts = (routes: readonly HostRoute[]) => routes.map((route) => `${route.destination} ${route.nexthop}`).sort();
  return JSON.stringify(texts(some)) === JSON.stringify(texts(others));
}
