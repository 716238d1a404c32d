import type { Db, Tx } from '../database.ts';
import { prepared, preparedIn, preparedInsert } from '../prepared.ts';
import type { ProjectRows } from './quotas.ts';

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
  description: string | null;
  created_at: string;
  updated_at: string;
  revision_number: number;
}

const columns = [
  'id',
  'network_id',
  'network_type',
  'physical_network',
  'segmentation_id',
  'segment_index',
  'is_dynamic',
  'name',
  'description',
  'created_at',
  'updated_at',
  'revision_number',
] as const;

const insert = preparedInsert('networksegments', columns);

export async function insertSegment(tx: Tx, segment: SegmentRow): Promise<void> {
  await insert.later(tx, { ...segment });
}

const ofNetworks = preparedIn((db, ids: string[]) =>
  db
    .selectFrom('networksegments')
    .select(columns)
    .where('network_id', 'in', ids)
    .orderBy('network_id')
    .orderBy('segment_index'),
);

/** Segments of these networks, each network's in order. */
export async function segmentsOfNetworks(db: Db, networkIds: readonly string[]): Promise<SegmentRow[]> {
  const rows = await ofNetworks.all(db, networkIds);
  return rows.map((row) => ({ ...row, is_dynamic: Boolean(row.is_dynamic) }));
}

const byId = prepared((db, p: { id: string }) =>
  db.selectFrom('networksegments').select(columns).where('id', '=', p.id),
);

export async function segmentById(db: Db, id: string): Promise<SegmentRow | null> {
  const row = await byId.first(db, { id });
  return row && { ...row, is_dynamic: Boolean(row.is_dynamic) };
}

const removeRow = prepared((db, p: { id: string }) => db.deleteFrom('networksegments').where('id', '=', p.id));

/** Binding levels and hosts go by the tables' cascades. */
export async function deleteSegmentRow(tx: Tx, id: string): Promise<void> {
  await removeRow.later(tx, { id });
}

/** Of bindings: the port and the segment of each level. */
const segmentsOfBindings = (db: Db) =>
  db
    .selectFrom('ml2_port_binding_levels as level')
    .innerJoin('ml2_port_bindings as binding', (join) =>
      join.onRef('binding.port_id', '=', 'level.port_id').onRef('binding.host', '=', 'level.host'),
    )
    .innerJoin('networksegments as segment', 'segment.id', 'level.segment_id')
    .select([
      'level.port_id',
      'segment.id',
      'segment.network_type',
      'segment.physical_network',
      'segment.segmentation_id',
    ])
    .orderBy('level.level');

const boundTo = preparedIn((db, portIds: string[]) =>
  segmentsOfBindings(db).where('binding.status', '=', 'ACTIVE').where('level.port_id', 'in', portIds),
);

export type BoundSegment = Pick<SegmentRow, 'id' | 'network_type' | 'physical_network' | 'segmentation_id'>;

/** By port: the segment that its host wires it to, the lowest when there are several levels. */
export async function boundSegments(db: Db, portIds: readonly string[]): Promise<Map<string, BoundSegment>> {
  return byPort(await boundTo.all(db, portIds));
}

/** By port: the segment that a host is prepared to wire it to, while it is bound to another one. */
export async function preparedSegments(
  db: Db,
  portIds: readonly string[],
  host: string,
): Promise<Map<string, BoundSegment>> {
  if (portIds.length === 0) return new Map();
  const rows = await segmentsOfBindings(db)
    .where('level.port_id', 'in', portIds)
    .where('binding.host', '=', host)
    .where('binding.status', '=', 'INACTIVE')
    .where('binding.vif_type', 'not in', ['unbound', 'binding_failed'])
    .execute();
  return byPort(rows);
}

function byPort(rows: readonly (BoundSegment & { port_id: string })[]): Map<string, BoundSegment> {
  return new Map(rows.map(({ port_id, ...segment }) => [port_id, segment]));
}

export async function updateSegmentRow(
  tx: Tx,
  id: string,
  values: Partial<Omit<SegmentRow, 'id' | 'network_id'>>,
): Promise<void> {
  await tx.updateTable('networksegments').set(values).where('id', '=', id).execute();
}

const flatTaken = prepared((db, p: { physical_network: string }) =>
  db.selectFrom('ml2_flat_allocations').select('physical_network').where('physical_network', '=', p.physical_network),
);
const insertFlat = preparedInsert('ml2_flat_allocations', ['physical_network']);

/** Takes a physical network for a flat network; false when another has it. The key decides between racing servers. */
export async function insertFlatAllocation(tx: Tx, physicalNetwork: string): Promise<boolean> {
  const values = { physical_network: physicalNetwork };
  if (await flatTaken.first(tx, values)) return false;
  await insertFlat.later(tx, values);
  return true;
}

export async function deleteFlatAllocation(tx: Tx, physicalNetwork: string): Promise<void> {
  await tx.deleteFrom('ml2_flat_allocations').where('physical_network', '=', physicalNetwork).execute();
}

/** The segments of a project's networks. */
export const segmentsOfProject: ProjectRows = {
  async count(db, projectId) {
    const rows = await segmentsFor(db, projectId)
      .select((eb) => eb.fn.countAll().as('rows'))
      .execute();
    return Number(rows[0]?.rows ?? 0);
  },
  async hasMoreThan(db, projectId, rows) {
    const beyond = await segmentsFor(db, projectId).select('segment.id').limit(1).offset(rows).execute();
    return beyond.length > 0;
  },
};

function segmentsFor(db: Db, projectId: string) {
  return db
    .selectFrom('networks')
    .innerJoin('networksegments as segment', 'segment.network_id', 'networks.id')
    .where('networks.project_id', '=', projectId);
}
