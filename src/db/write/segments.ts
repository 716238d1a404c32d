import type { Db, Tx } from '../database.ts';
import { prepared, preparedIn, preparedInsert } from '../prepared.ts';

/** Segments of networks, and the tables in which type drivers keep what is taken. */
export interface SegmentRow {
  id: string;
  network_id: string;
  network_type: string;
  physical_network: string | null;
  segmentation_id: number | null;
  segment_index: number;
  is_dynamic: boolean;
  name: string | null;
}

const insert = preparedInsert('networksegments', [
  'id',
  'network_id',
  'network_type',
  'physical_network',
  'segmentation_id',
  'segment_index',
  'is_dynamic',
  'name',
]);

export async function insertSegment(tx: Tx, segment: SegmentRow): Promise<void> {
  await insert.run(tx, { ...segment });
}

const ofNetworks = preparedIn((db, ids: string[]) =>
  db
    .selectFrom('networksegments')
    .select([
      'id',
      'network_id',
      'network_type',
      'physical_network',
      'segmentation_id',
      'segment_index',
      'is_dynamic',
      'name',
    ])
    .where('network_id', 'in', ids)
    .orderBy('network_id')
    .orderBy('segment_index'),
);

/** Segments of these networks, each network's in order. */
export async function segmentsOfNetworks(db: Db, networkIds: readonly string[]): Promise<SegmentRow[]> {
  const rows = await ofNetworks.all(db, networkIds);
  return rows.map((row) => ({ ...row, is_dynamic: Boolean(row.is_dynamic) }));
}

const flatTaken = prepared((db, p: { physical_network: string }) =>
  db.selectFrom('ml2_flat_allocations').select('physical_network').where('physical_network', '=', p.physical_network),
);
const insertFlat = preparedInsert('ml2_flat_allocations', ['physical_network']);

/** Takes a physical network for a flat network; false when another has it. The key decides between racing servers. */
export async function insertFlatAllocation(tx: Tx, physicalNetwork: string): Promise<boolean> {
  const values = { physical_network: physicalNetwork };
  if (await flatTaken.first(tx, values)) return false;
  await insertFlat.run(tx, values);
  return true;
}

export async function deleteFlatAllocation(tx: Tx, physicalNetwork: string): Promise<void> {
  await tx.deleteFrom('ml2_flat_allocations').where('physical_network', '=', physicalNetwork).execute();
}
