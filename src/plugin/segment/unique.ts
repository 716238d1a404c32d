import type { SegmentRequest } from '../ml2/contract.ts';
import { segmentErrors as errors } from './errors.ts';

/**
 * A network has one segment of a type on a physical network, as the table's key has it.
 * @throws NeutronDbObjectDuplicateEntry
 */
export function checkUnique(networkId: string, segments: readonly SegmentRequest[]): void {
  const seen = new Set<string>();
  for (const { network_type, physical_network } of segments) {
    if (physical_network === null) continue;
    const key = `${networkId}-${network_type}-${physical_network}`;
    if (seen.has(key)) {
      throw errors.NeutronDbObjectDuplicateEntry({
        object_type: 'NetworkSegment',
        attributes: "['network_id', 'network_type', 'physical_network']",
        values: key,
      });
    }
    seen.add(key);
  }
}
