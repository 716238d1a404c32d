import type { Db, Tx } from '../database.ts';
import { prepared, preparedIn } from '../prepared.ts';

/** A range of segmentation ids; without a project it is everybody's. */
export interface SegmentRangeRow {
  id: string;
  /** Empty: nobody's in particular. */
  project_id: string;
  is_default: boolean;
  network_type: string;
  physical_network: string | null;
  minimum: number;
  maximum: number;
}

const columns = ['id', 'project_id', 'is_default', 'network_type', 'physical_network', 'minimum', 'maximum'] as const;

const ofType = prepared((db, p: { network_type: string }) =>
  db
    .selectFrom('network_segment_ranges')
    .select(columns)
    .where('network_type', '=', p.network_type)
    .orderBy('standard_attr_id'),
);
const byDefault = prepared((db) =>
  db.selectFrom('network_segment_ranges').select(columns).where('is_default', '=', true),
);

type Raw = Omit<SegmentRangeRow, 'is_default' | 'minimum' | 'maximum'> &
  Record<'is_default' | 'minimum' | 'maximum', unknown>;

function toRow(raw: Raw): SegmentRangeRow {
  const { is_default, minimum, maximum } = raw;
  return { ...raw, is_default: Boolean(is_default), minimum: Number(minimum), maximum: Number(maximum) };
}

/** The ranges of a network type, oldest first. */
export async function segmentRangesOf(db: Db, network_type: string): Promise<SegmentRangeRow[]> {
  return (await ofType.all(db, { network_type })).map(toRow);
}

/** Those that the configuration made. */
export async function defaultSegmentRanges(db: Db): Promise<SegmentRangeRow[]> {
  return (await byDefault.all(db, {})).map(toRow);
}

export async function deleteSegmentRanges(tx: Tx, ids: readonly string[]): Promise<void> {
  await removeAll.run(tx, ids);
}

const removeAll = preparedIn((db, ids: string[]) => db.deleteFrom('network_segment_ranges').where('id', 'in', ids));

/** An id that a network has, and the project that this belongs to. */
export interface IdInUse {
  id: number;
  physical_network: string | null;
  project_id: string;
}

/** Ids in [minimum, maximum] that networks have on these physical networks, in order; null stands for tunnels. */
export async function idsInUse(
  db: Db,
  networkType: string,
  { minimum, maximum }: Pick<SegmentRangeRow, 'minimum' | 'maximum'>,
  physicalNetworks: readonly (string | null)[],
): Promise<IdInUse[]> {
  const named = physicalNetworks.filter((name) => name !== null);
  const rows = await db
    .selectFrom('networksegments as segment')
    .innerJoin('networks', 'networks.id', 'segment.network_id')
    .select(['segment.segmentation_id', 'segment.physical_network', 'networks.project_id'])
    .where('segment.network_type', '=', networkType)
    .where('segment.segmentation_id', '>=', minimum)
    .where('segment.segmentation_id', '<=', maximum)
    .where((eb) =>
      named.length === 0 ? eb('segment.physical_network', 'is', null) : eb('segment.physical_network', 'in', named),
    )
    .orderBy('segment.segmentation_id')
    .execute();
  return rows.map(({ segmentation_id, ...row }) => ({ ...row, id: Number(segmentation_id) }));
}
