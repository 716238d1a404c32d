import type { Db } from '../../db/database.ts';
import { segmentsOfNetworks } from '../../db/write/segments.ts';
import type { NetworkInfo } from '../../rpc/contract.ts';
import { wireNetworks, wirePortsOfNetworks, wireSubnets } from '../rpc/wire.ts';

/** Networks with everything a DHCP agent must know, each table asked once. Unknown ids are left out. */
export async function networkInfos(
  db: Db,
  networkIds: readonly string[],
  { onlyDhcpSubnets = false }: { onlyDhcpSubnets?: boolean } = {},
): Promise<NetworkInfo[]> {
  if (networkIds.length === 0) return [];
  const networks = await wireNetworks(db, { id: networkIds });
  const subnets = await wireSubnets(db, { network_id: networkIds });
  const ports = Map.groupBy(await wirePortsOfNetworks(db, networkIds), ({ network_id }) => network_id);
  const segments = await segmentsOfNetworks(db, networkIds);
  return networks.map(({ id, project_id, tenant_id, admin_state_up, mtu }) => ({
    id,
    project_id,
    tenant_id,
    admin_state_up,
    mtu,
    subnets: subnets.filter((subnet) => subnet.network_id === id && (subnet.enable_dhcp || !onlyDhcpSubnets)),
    non_local_subnets: [],
    ports: ports.get(id) ?? [],
    segments: segments.filter(({ network_id }) => network_id === id).map((segment) => ({ ...segment, hosts: [] })),
  }));
}
