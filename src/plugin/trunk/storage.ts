import { childRows, rowStore } from '../../db/write/rows.ts';
import type { SubPortRow } from '../../db/write/trunks.ts';
import type { StandardAttributes } from '../../resources/shapes.ts';
import { trunk } from '../../resources/trunk.ts';
import type { Shared } from '../parts.ts';
import { type StoredReads, storedReads } from '../stored/reads.ts';
import { specOf } from '../stored/spec.ts';
import { trunkErrors } from './errors.ts';

export type SubPort = Omit<SubPortRow, 'trunk_id'>;

/** A trunk as the API shows it. */
export interface Trunk extends StandardAttributes {
  id: string;
  name: string;
  tenant_id: string;
  project_id: string;
  port_id: string;
  status: string;
  admin_state_up: boolean;
  sub_ports: SubPort[];
}

/** How `tags` calls them. */
export const trunkTags = { table: 'trunks', type: 'trunk' } as const;

/** Where trunks are stored, and how they are read. */
export const trunkSpec = specOf(trunk, {
  table: 'trunks',
  tags: trunkTags.type,
  children: {
    subPorts: {
      table: 'subports',
      parent: 'trunk_id',
      columns: ['port_id', 'segmentation_type', 'segmentation_id'],
      orderBy: ['segmentation_type', 'segmentation_id'],
    },
  },
  sources: { sub_ports: { child: 'subPorts', as: 'objects' } },
});

export const trunkRows = rowStore(
  'trunks',
  [
    'id',
    'project_id',
    'name',
    'description',
    'created_at',
    'updated_at',
    'revision_number',
    'admin_state_up',
    'port_id',
    'status',
  ],
  { tags: trunkTags.type },
);

export const subPortRows = childRows('subports', 'trunk_id', ['port_id', 'segmentation_type', 'segmentation_id']);

export function trunkReads(shared: Shared): StoredReads<Trunk> {
  return storedReads<Trunk>(shared, trunkSpec, (trunk_id) => trunkErrors.TrunkNotFound({ trunk_id }));
}
