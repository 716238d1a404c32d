import type { Tx } from '../../db/database.ts';
import { segmentById, segmentsOfNetworks } from '../../db/write/segments.ts';
import { type SubnetFacts, subnetFacts } from '../../db/write/subnets.ts';
import type { HostRoute, Subnet } from '../../resources/shapes.ts';
import type { Change } from '../changes.ts';
import { segmentErrors as errors } from './errors.ts';
import { peerRoutes } from './host-routes.ts';

/** Subnets for routers' own addresses lie beside the segments of a routed network. */
const ROUTED = 'network:routed';

const counts = ({ service_types }: Pick<SubnetFacts, 'service_types'>) => !service_types.includes(ROUTED);

/**
 * Where a new subnet may lie: on a segment of its network when the other subnets do so, else on none (upstream:
 * db/ipam_backend_mixin.py `_validate_segment`).
 *
 * @param others the subnets the network has
 * @throws SegmentNotFound, SubnetsNotAllAssociatedWithSegments, NetworkIdsDontMatch, SubnetCantAssociateToDynamicSegment
 */
export async function checkNewSubnet(
  tx: Tx,
  subnet: Pick<SubnetFacts, 'network_id' | 'segment_id' | 'service_types'>,
  others: readonly SubnetFacts[],
): Promise<void> {
  const { network_id, segment_id } = subnet;
  if (segment_id !== null && !(await segmentById(tx, segment_id))) throw errors.SegmentNotFound({ segment_id });
  const placed = [...others, subnet].filter(counts).map((one) => one.segment_id !== null);
  if (new Set(placed).size > 1) throw errors.SubnetsNotAllAssociatedWithSegments({ network_id });
  if (segment_id !== null) await checkSegment(tx, network_id, segment_id);
}

/** What an update means for a subnet's segment and routes. */
export interface Moved {
  /** Undefined when it stays. */
  segment_id: string | null | undefined;
  /** Null when they stay. */
  routes: readonly HostRoute[] | null;
}

/**
 * A subnet's new segment, when one is asked for, and its host routes: on a segment, those to its peers are kept up.
 *
 * @param wish.routes those asked for; null: none were
 * @throws what `checkMoved` throws
 */
export async function moveSubnet(
  { tx }: Change,
  subnet: Subnet,
  {
    segment_id: wanted,
    gateway,
    routes,
  }: { segment_id: unknown; gateway: string | null; routes: readonly HostRoute[] | null },
): Promise<Moved> {
  const { network_id } = subnet;
  const old = (subnet.segment_id as string | null | undefined) ?? null;
  const segment_id = wanted === undefined ? old : (wanted as string | null);
  if (wanted === undefined && segment_id === null) return { segment_id: undefined, routes };
  const subnets = await subnetFacts(tx, network_id);
  if (wanted !== undefined) await checkMoved(tx, { network_id, segment_id: old }, segment_id, subnets);
  const isNew = gateway !== subnet.gateway_ip;
  if (segment_id === null || (routes === null && !isNew)) return { segment_id, routes };
  const gone = isNew ? { gateway: subnet.gateway_ip } : {};
  const routed = { ...subnet, gateway_ip: gateway, segment_id };
  return { segment_id, routes: peerRoutes(routed, subnets, routes ?? subnet.host_routes, gone) };
}

/**
 * Where a subnet may be moved: its network becomes a routed one, with one subnet and one segment so far.
 * @throws as above, and SubnetSegmentAssociationChangeNotAllowed, NoUpdateSubnetWhenMultipleSegmentsOnNetwork
 */
async function checkMoved(
  tx: Tx,
  { network_id, segment_id: old }: Pick<SubnetFacts, 'network_id'> & { segment_id: string | null },
  segment_id: string | null,
  subnets: readonly SubnetFacts[],
): Promise<void> {
  const placed = subnets.filter(counts).map((subnet) => subnet.segment_id);
  if (placed.includes(null) && new Set(placed).size > 1) {
    throw errors.SubnetsNotAllAssociatedWithSegments({ network_id });
  }
  if (old !== segment_id) {
    if (placed.length > 1) throw errors.SubnetsNotAllAssociatedWithSegments({ network_id });
    if (!placed.includes(null) && !placed.includes(segment_id)) {
      throw errors.SubnetSegmentAssociationChangeNotAllowed();
    }
    if ((await segmentsOfNetworks(tx, [network_id])).length > 1) {
      throw errors.NoUpdateSubnetWhenMultipleSegmentsOnNetwork({ network_id });
    }
  }
  if (segment_id !== null) await checkSegment(tx, network_id, segment_id);
}

async function checkSegment(tx: Tx, networkId: string, segment_id: string): Promise<void> {
  const segment = await segmentById(tx, segment_id);
  if (!segment) throw errors.SegmentNotFound({ segment_id });
  if (segment.network_id !== networkId) throw errors.NetworkIdsDontMatch({ subnet_network: networkId, segment_id });
  if (segment.is_dynamic) throw errors.SubnetCantAssociateToDynamicSegment();
}
