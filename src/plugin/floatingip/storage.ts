import { floatingIpReader } from '../../db/read/floatingips.ts';
import { rowStore } from '../../db/write/rows.ts';
import type { FloatingIp } from '../../resources/shapes.ts';
import type { Shared } from '../parts.ts';
import { readsOver, type StoredReads } from '../stored/reads.ts';
import { floatingIpErrors } from './errors.ts';

/** How `tags` calls them. */
export const floatingIpTags = { table: 'floatingips', type: 'floatingip' } as const;

export const floatingIpRows = rowStore(
  'floatingips',
  [
    'id',
    'project_id',
    'description',
    'created_at',
    'updated_at',
    'revision_number',
    'floating_ip_address',
    'floating_network_id',
    'floating_port_id',
    'fixed_port_id',
    'fixed_ip_address',
    'router_id',
    'last_known_router_id',
    'status',
    'dns_name',
    'dns_domain',
  ],
  { tags: floatingIpTags.type },
);

export function floatingIpReads(shared: Shared): StoredReads<FloatingIp> {
  return readsOver<FloatingIp>(shared, floatingIpReader, (floatingip_id) =>
    floatingIpErrors.FloatingIPNotFound({ floatingip_id }),
  );
}
