import type { Db } from '../database.ts';
import { preparedIn } from '../prepared.ts';
import type { BindingRow } from '../write/bindings.ts';
import type { SegmentRow } from '../write/segments.ts';

/** Rows that versioned objects carry whole and the API does not show, or only in part: of many resources in one query each. */

const bindings = preparedIn((db, ids: string[]) =>
  db
    .selectFrom('ml2_port_bindings')
    .select(['port_id', 'host', 'vnic_type', 'profile', 'vif_type', 'vif_details', 'status'])
    .where('port_id', 'in', ids)
    .orderBy('port_id')
    .orderBy('host'),
);

/** JSON columns as they are stored: empty for nothing. */
export type StoredBinding = Omit<BindingRow, 'profile' | 'vif_details'> & { profile: string; vif_details: string };

export function bindingsOfPorts(db: Db, portIds: readonly string[]): Promise<StoredBinding[]> {
  return bindings.all(db, portIds);
}

const levels = preparedIn((db, ids: string[]) =>
  db
    .selectFrom('ml2_port_binding_levels as level')
    .innerJoin('networksegments as segment', 'segment.id', 'level.segment_id')
    .select([
      'level.port_id',
      'level.host',
      'level.level',
      'level.driver',
      'segment.id',
      'segment.network_id',
      'segment.network_type',
      'segment.physical_network',
      'segment.segmentation_id',
      'segment.segment_index',
      'segment.is_dynamic',
      'segment.name',
      'segment.description',
      'segment.created_at',
      'segment.updated_at',
      'segment.revision_number',
    ])
    .where('level.port_id', 'in', ids)
    .orderBy('level.port_id')
    .orderBy('level.host')
    .orderBy('level.level'),
);

export interface LevelWithSegment {
  port_id: string;
  host: string;
  level: number;
  driver: string;
  segment: SegmentRow;
}

export async function levelsOfPorts(db: Db, portIds: readonly string[]): Promise<LevelWithSegment[]> {
  const rows = await levels.all(db, portIds);
  return rows.map(({ port_id, host, level, driver, ...segment }) => ({
    ...{ port_id, host, level, driver },
    segment: { ...segment, is_dynamic: Boolean(segment.is_dynamic) },
  }));
}

const options = preparedIn((db, ids: string[]) =>
  db
    .selectFrom('extradhcpopts')
    .select(['id', 'port_id', 'opt_name', 'opt_value', 'ip_version'])
    .where('port_id', 'in', ids)
    .orderBy('port_id')
    .orderBy('opt_name')
    .orderBy('ip_version'),
);

export function dhcpOptionsOfPorts(
  db: Db,
  portIds: readonly string[],
): Promise<{ id: string; port_id: string; opt_name: string; opt_value: string; ip_version: number }[]> {
  return options.all(db, portIds);
}

const pools = preparedIn((db, ids: string[]) =>
  db
    .selectFrom('ipallocationpools')
    .select(['id', 'subnet_id', 'first_ip', 'last_ip'])
    .where('subnet_id', 'in', ids)
    .orderBy('subnet_id')
    .orderBy('position'),
);

export function poolsOfSubnets(
  db: Db,
  subnetIds: readonly string[],
): Promise<{ id: string; subnet_id: string; first_ip: string; last_ip: string }[]> {
  return pools.all(db, subnetIds);
}
