import { childRows, rowStore } from '../../db/write/rows.ts';
import { addressGroup } from '../../resources/address-group.ts';
import { specOf } from '../stored/spec.ts';

/** Where address groups are stored, and how they are read. */
export const addressGroupSpec = specOf(addressGroup, {
  table: 'address_groups',
  rbac: 'addressgrouprbacs',
  children: {
    addresses: { table: 'address_associations', parent: 'address_group_id', columns: ['address'] },
  },
  sources: { addresses: { child: 'addresses', as: 'list' } },
});

export const addressGroupRows = rowStore('address_groups', [
  'id',
  'project_id',
  'name',
  'description',
  'created_at',
  'updated_at',
  'revision_number',
]);

export const addressRows = childRows('address_associations', 'address_group_id', ['address']);
