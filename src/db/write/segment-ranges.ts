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

interface Span {
  network_type: string;
  low: number;
  high: number;
}

const used = prepared((db, p: Span & { physical_network: string }) =>
  spans(db, p).where('segment.physical_network', '=', p.physical_network),
);
const usedTunnels = prepared((db, p: Span) => spans(db, p).where('segment.physical_network', 'is', null));

function spans(db: Db, p: Span) {
  return db
    .selectFrom('networksegments as segment')
    .innerJoin('networks', 'networks.id', 'segment.network_id')
    .select(['segment.segmentation_id', 'networks.project_id'])
    .where('segment.network_type', '=', p.network_type)
    .where('segment.segmentation_id', '>=', p.low)
    .where('segment.segmentation_id', '<=', p.high)
    .orderBy('segment.segmentation_id');
}

/** Ids of a range that networks have, in order, and the projects these belong to. */
export async function idsInUse(
  db: Db,
  range: Pick<SegmentRangeRow, 'network_type' | 'physical_network' | 'minimum' | 'maximum'>,
): Promise<{ id: number; project_id: string }[]> {
  const { network_type, physical_network, minimum, maximum } = range;
  const span = { network_type, low: minimum, high: maximum };
  const rows =
    physical_network === null ? await usedTunnels.all(db, span) : await used.all(db, { ...span, physical_network });
  return rows.map(({ segmentation_id, project_id }) => ({ id: Number(segmentation_id), project_id }));
}
