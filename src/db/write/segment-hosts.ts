import type { Db, Tx } from '../database.ts';
import { prepared, preparedIn, preparedInsert } from '../prepared.ts';
import type { SegmentRow } from './segments.ts';

/** Which hosts reach which segments: `segmenthostmappings`, kept by what agents report. */
const insert = preparedInsert('segmenthostmappings', ['segment_id', 'host']);
const remove = prepared((db, p: { segment_id: string; host: string }) =>
  db.deleteFrom('segmenthostmappings').where('segment_id', '=', p.segment_id).where('host', '=', p.host),
);
const ofHost = prepared((db, p: { host: string }) =>
  db.selectFrom('segmenthostmappings').select('segment_id').where('host', '=', p.host),
);
const ofSegments = preparedIn((db, ids: string[]) =>
  db.selectFrom('segmenthostmappings').select(['segment_id', 'host']).where('segment_id', 'in', ids).orderBy('host'),
);
const onPhysicalNetworks = preparedIn((db, names: string[]) =>
  db
    .selectFrom('networksegments')
    .select(['id', 'network_id', 'network_type', 'physical_network', 'segmentation_id'])
    .where('physical_network', 'in', names),
);
const ofNetworkAndHost = prepared((db, p: { network_id: string; host: string }) =>
  db
    .selectFrom('segmenthostmappings as mapping')
    .innerJoin('networksegments as segment', 'segment.id', 'mapping.segment_id')
    .select('segment.id')
    .where('segment.network_id', '=', p.network_id)
    .where('mapping.host', '=', p.host),
);

export async function mapSegmentToHosts(tx: Tx, segment_id: string, hosts: readonly string[]): Promise<void> {
  for (const host of hosts) await insert.later(tx, { segment_id, host });
}

/** Makes these the segments that a host reaches. @returns those it did not reach before */
export async function replaceSegmentsOfHost(tx: Tx, host: string, segmentIds: readonly string[]): Promise<string[]> {
  const known = new Set((await ofHost.all(tx, { host })).map(({ segment_id }) => segment_id));
  const wanted = new Set(segmentIds);
  const added = [...wanted].filter((id) => !known.has(id));
  for (const segment_id of added) await insert.later(tx, { segment_id, host });
  for (const segment_id of known) if (!wanted.has(segment_id)) await remove.later(tx, { segment_id, host });
  return added;
}

/** By segment: the hosts that reach it. */
export async function hostsOfSegments(db: Db, ids: readonly string[]): Promise<Map<string, string[]>> {
  const rows = await ofSegments.all(db, ids);
  return new Map(
    [...Map.groupBy(rows, (row) => row.segment_id)].map(([id, list]) => [id, list.map((row) => row.host)]),
  );
}

/** Segments of a network that a host reaches. */
export async function segmentsReached(db: Db, network_id: string, host: string): Promise<Set<string>> {
  return new Set((await ofNetworkAndHost.all(db, { network_id, host })).map(({ id }) => id));
}

export type PhysicalSegment = Pick<
  SegmentRow,
  'id' | 'network_id' | 'network_type' | 'physical_network' | 'segmentation_id'
>;

/** All segments on these physical networks. */
export function segmentsOnPhysicalNetworks(db: Db, names: readonly string[]): Promise<PhysicalSegment[]> {
  return onPhysicalNetworks.all(db, names);
}

/** Ports of a network that are on a segment: by their host, or while they have none by an address of theirs. */
export async function portsOnSegment(db: Db, network_id: string, segment_id: string): Promise<Set<string>> {
  const byHost = await db
    .selectFrom('ports')
    .innerJoin('ml2_port_bindings as binding', 'binding.port_id', 'ports.id')
    .innerJoin('segmenthostmappings as mapping', 'mapping.host', 'binding.host')
    .select('ports.id')
    .where('ports.network_id', '=', network_id)
    .where('binding.status', '=', 'ACTIVE')
    .where('mapping.segment_id', '=', segment_id)
    .execute();
  const byAddress = await db
    .selectFrom('ipallocations as address')
    .innerJoin('subnets', 'subnets.id', 'address.subnet_id')
    .innerJoin('ml2_port_bindings as binding', 'binding.port_id', 'address.port_id')
    .select('address.port_id as id')
    .where('address.network_id', '=', network_id)
    .where('subnets.segment_id', '=', segment_id)
    .where('binding.host', '=', '')
    .execute();
  return new Set([...byHost, ...byAddress].map(({ id }) => id));
}

/** Ports whose only addresses are of this subnet. */
export async function portsLivingOn(db: Db, subnet_id: string): Promise<string[]> {
  const rows = await db
    .selectFrom('ipallocations as address')
    .select('address.port_id')
    .where('address.subnet_id', '=', subnet_id)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('ipallocations as other')
            .select('other.port_id')
            .whereRef('other.port_id', '=', 'address.port_id')
            .where('other.subnet_id', '!=', subnet_id),
        ),
      ),
    )
    .limit(1)
    .execute();
  return rows.map(({ port_id }) => port_id);
}

const dhcpOn = preparedIn((db, segmentIds: string[]) =>
  db
    .selectFrom('subnets')
    .select(['network_id', 'segment_id'])
    .distinct()
    .where('segment_id', 'in', segmentIds)
    .where('enable_dhcp', '=', true),
);

/** Which of these segments have subnets that DHCP agents serve, and the networks these belong to. */
export async function segmentsWithDhcp(
  db: Db,
  segmentIds: readonly string[],
): Promise<{ network_id: string; segment_id: string }[]> {
  const rows = await dhcpOn.all(db, segmentIds);
  return rows.map(({ network_id, segment_id }) => ({ network_id, segment_id: segment_id! }));
}

const routedOn = prepared((db, p: { host: string }) =>
  db
    .selectFrom('segmenthostmappings as mapping')
    .innerJoin('subnets', 'subnets.segment_id', 'mapping.segment_id')
    .select('subnets.network_id')
    .distinct()
    .where('mapping.host', '=', p.host)
    .where('subnets.enable_dhcp', '=', true),
);

/** Routed networks with subnets that a DHCP agent of this host could serve. */
export async function routedNetworksOf(db: Db, host: string): Promise<string[]> {
  return (await routedOn.all(db, { host })).map(({ network_id }) => network_id);
}

const neighboursOf = prepared((db, p: { network_id: string; host: string }) =>
  db
    .selectFrom('subnets')
    .innerJoin('segmenthostmappings as own', 'own.segment_id', 'subnets.segment_id')
    .innerJoin('segmenthostmappings as other', 'other.segment_id', 'own.segment_id')
    .select('other.host')
    .distinct()
    .where('subnets.network_id', '=', p.network_id)
    .where('own.host', '=', p.host),
);

/** Hosts that reach the same segments of a routed network as this one; null when the network is not routed. */
export async function neighbours(db: Db, network_id: string, host: string): Promise<string[] | null> {
  const rows = await neighboursOf.all(db, { network_id, host });
  return rows.length === 0 ? null : rows.map((row) => row.host);
}
