import type { Db } from '../../db/database.ts';
import { fullView, type View } from '../../db/read/view.ts';
import { hostsOfSegments } from '../../db/write/segment-hosts.ts';
import { type SegmentRow, segmentsOfNetworks } from '../../db/write/segments.ts';
import type { NetworkInfo, WireSegment, WireSubnet } from '../../rpc/contract.ts';
import { wireNetworks, wirePortsOfNetworks, wireSubnets } from '../rpc/wire.ts';

/** Networks with everything a DHCP agent must know, each table asked once. Unknown ids are left out. */
export async function networkInfos(
  db: Db,
  networkIds: readonly string[],
  {
    onlyDhcpSubnets = false,
    host = null,
    view = fullView,
  }: { onlyDhcpSubnets?: boolean; host?: string | null; view?: View } = {},
): Promise<NetworkInfo[]> {
  if (networkIds.length === 0) return [];
  const networks = await wireNetworks(db, { id: networkIds });
  const subnets = await wireSubnets(db, { network_id: networkIds });
  const ports = Map.groupBy(await wirePortsOfNetworks(db, networkIds, view), ({ network_id }) => network_id);
  const segments = await segmentsOfNetworks(db, networkIds);
  const hosts = await hostsOfSegments(
    db,
    segments.flatMap(({ id, physical_network }) => (physical_network === null ? [] : [id])),
  );
  return networks.map(({ id, project_id, tenant_id, admin_state_up, mtu }) => {
    const own = segments.filter(({ network_id }) => network_id === id);
    const reached = own.filter((segment) => host === null || hosts.get(segment.id)?.includes(host));
    return {
      id,
      project_id,
      tenant_id,
      admin_state_up,
      mtu,
      ...splitSubnets(
        subnets.filter((subnet) => subnet.network_id === id && (subnet.enable_dhcp || !onlyDhcpSubnets)),
        new Set(reached.map((segment) => segment.id)),
      ),
      ports: ports.get(id) ?? [],
      segments: own.map((segment) => ({ ...wireSegment(segment), hosts: hosts.get(segment.id) ?? [] })),
    };
  });
}

/** On a routed network a host serves the subnets of the segments it reaches; the others it only knows of. */
function splitSubnets(
  subnets: readonly WireSubnet[],
  reached: ReadonlySet<string>,
): Pick<NetworkInfo, 'subnets' | 'non_local_subnets'> {
  const onSegments = subnets.filter(({ segment_id }) => segment_id);
  if (onSegments.length === 0) return { subnets: [...subnets], non_local_subnets: [] };
  const isLocal = ({ segment_id }: WireSubnet) => reached.has(segment_id as string);
  return {
    subnets: onSegments.filter(isLocal),
    non_local_subnets: onSegments.filter((subnet) => !isLocal(subnet)),
  };
}

function wireSegment(segment: SegmentRow): Omit<WireSegment, 'hosts'> {
  const { id, network_id, name, network_type, physical_network, segmentation_id, is_dynamic, segment_index } = segment;
  return { id, network_id, name, network_type, physical_network, segmentation_id, is_dynamic, segment_index };
}
