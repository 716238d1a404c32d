import { rbacRows } from '../../db/write/rbac.ts';
import { childRows, rowStore } from '../../db/write/rows.ts';
import type { SubnetPool } from '../../resources/shapes.ts';
import { subnetPool } from '../../resources/subnet-pool.ts';
import type { Shared } from '../parts.ts';
import { type StoredReads, storedReads } from '../stored/reads.ts';
import { specOf } from '../stored/spec.ts';
import { subnetPoolErrors } from './errors.ts';

/** Prefix lengths are numbers in the table and text in the API, as the real server shows them. */
const spec = specOf(subnetPool, {
  table: 'subnetpools',
  rbac: 'subnetpoolrbacs',
  tags: 'subnetpool',
  children: { prefixes: { table: 'subnetpoolprefixes', parent: 'subnetpool_id', columns: ['cidr'] } },
  sources: {
    prefixes: { child: 'prefixes', as: 'list' },
    default_prefixlen: { column: 'default_prefixlen', as: 'digits' },
    min_prefixlen: { column: 'min_prefixlen', as: 'digits' },
    max_prefixlen: { column: 'max_prefixlen', as: 'digits' },
  },
});

export const subnetPoolRows = rowStore(
  'subnetpools',
  [
    'id',
    'project_id',
    'name',
    'description',
    'created_at',
    'updated_at',
    'revision_number',
    'ip_version',
    'default_prefixlen',
    'min_prefixlen',
    'max_prefixlen',
    'is_default',
    'default_quota',
    'hash',
    'address_scope_id',
  ],
  { tags: 'subnetpool' },
);

export const prefixRows = childRows('subnetpoolprefixes', 'subnetpool_id', ['cidr']);

/** Whom pools are opened to. */
export const subnetPoolEntries = rbacRows('subnetpoolrbacs');

export function subnetPoolReads(shared: Shared): StoredReads<SubnetPool> {
  return storedReads<SubnetPool>(shared, spec, (subnetpool_id) =>
    subnetPoolErrors.SubnetPoolNotFound({ subnetpool_id }),
  );
}
