import type { Db } from '../../db/database.ts';
import { attributeIds } from '../../db/read/attribute-ids.ts';
import { findNetworks } from '../../db/read/networks.ts';
import { findPorts } from '../../db/read/ports.ts';
import { findSubnets } from '../../db/read/subnets.ts';
import { fullView, type View } from '../../db/read/view.ts';
import { portIdsOfNetworks } from '../../db/write/ports.ts';
import type { ListQuery } from '../../lib/query.ts';
import { inTurns } from '../../lib/turns.ts';
import type { Network, Port, Subnet } from '../../resources/shapes.ts';
import type { WireNetwork, WirePort, WireSubnet } from '../../rpc/contract.ts';

/**
 * Resources as messages carry them: whatever extensions are loaded, with the keys Python agents read. Attributes of
 * services that are not there yet hold what upstream sends when nobody uses them.
 */
const networkExtras = { l2_adjacency: true };

type Filters = ListQuery['filters'];

/** @param view `messageView`, where names in DNS matter */
export async function wirePorts(db: Db, filters: Filters, view: View = fullView): Promise<WirePort[]> {
  const ports = await findPorts(db, { filters }, view);
  const ids = await attributeIds(
    db,
    'ports',
    ports.map(({ id }) => id),
  );
  return ports.map((port) => wirePort(port, ids.get(port.id)));
}

/** Ports read at once. */
const PORTS_PER_PIECE = 100;

/** The ports of networks, which may be thousands: piece by piece, with other requests between. */
export async function wirePortsOfNetworks(
  db: Db,
  networkIds: readonly string[],
  view: View = fullView,
): Promise<WirePort[]> {
  const ids = await portIdsOfNetworks(db, networkIds);
  const pieces: string[][] = [];
  for (let start = 0; start < ids.length; start += PORTS_PER_PIECE) {
    pieces.push(ids.slice(start, start + PORTS_PER_PIECE));
  }
  return (await inTurns(pieces, (id) => wirePorts(db, { id }, view))).flat();
}

/** A port that is at hand already. */
export function wirePort(port: Port, standardAttrId = port.standard_attr_id as number | undefined): WirePort {
  return { ...port, standard_attr_id: standardAttrId };
}

export async function wireNetworks(db: Db, filters: Filters): Promise<WireNetwork[]> {
  const networks = await findNetworks(db, { filters }, fullView);
  const ids = await attributeIds(
    db,
    'networks',
    networks.map(({ id }) => id),
  );
  return networks.map((network: Network) => ({ ...networkExtras, ...network, standard_attr_id: ids.get(network.id) }));
}

export async function wireSubnets(db: Db, filters: Filters): Promise<WireSubnet[]> {
  const subnets = await findSubnets(db, { filters }, fullView);
  const ids = await attributeIds(
    db,
    'subnets',
    subnets.map(({ id }) => id),
  );
  return subnets.map((subnet: Subnet) => ({
    shared: false,
    segment_id: null,
    ...subnet,
    standard_attr_id: ids.get(subnet.id),
  }));
}
