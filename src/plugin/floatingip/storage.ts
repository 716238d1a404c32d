import { floatingIpColumns, floatingIpReader } from '../../db/read/floatingips.ts';
import { rowStore } from '../../db/write/rows.ts';
import type { FloatingIp } from '../../resources/shapes.ts';
import type { Shared } from '../parts.ts';
import { readsOver, type StoredReads } from '../stored/reads.ts';
import { floatingIpErrors } from './errors.ts';

/** How `tags` calls them. */
export const floatingIpTags = { table: 'floatingips', type: 'floatingip' } as const;

export const floatingIpRows = rowStore('floatingips', floatingIpColumns, { tags: floatingIpTags.type });

export function floatingIpReads(shared: Shared): StoredReads<FloatingIp> {
  return readsOver<FloatingIp>(shared, floatingIpReader, (floatingip_id) =>
    floatingIpErrors.FloatingIPNotFound({ floatingip_id }),
  );
}
