import { deleteFlatAllocation, insertFlatAllocation } from '../../../db/write/segments.ts';
import type { SegmentRequest, TypeDriver } from '../contract.ts';
import { ml2Errors } from '../errors.ts';

/** Untagged networks on a physical network: one network each (upstream: plugins/ml2/drivers/type_flat.py). */
export function flatTypeDriver(flatNetworks: readonly string[], mtu: TypeDriver['mtu']): TypeDriver {
  const any = flatNetworks.includes('*');
  return {
    type: 'flat',
    mtu,
    async initialize() {},
    validateProviderSegment({ physical_network, segmentation_id }: SegmentRequest) {
      if (!physical_network) {
        throw ml2Errors.InvalidInput({ error_message: 'physical_network required for flat provider network' });
      }
      if (!any && flatNetworks.length === 0) {
        throw ml2Errors.InvalidInput({ error_message: 'Flat provider networks are disabled' });
      }
      if (!any && !flatNetworks.includes(physical_network)) {
        throw ml2Errors.InvalidInput({
          error_message: `physical_network '${physical_network}' unknown for flat provider network`,
        });
      }
      if (segmentation_id !== null) {
        throw ml2Errors.InvalidInput({ error_message: 'segmentation_id prohibited for flat provider network' });
      }
    },
    async reserveProviderSegment(tx, segment) {
      const taken = await insertFlatAllocation(tx, segment.physical_network!);
      if (!taken) throw ml2Errors.FlatNetworkInUse({ physical_network: segment.physical_network });
      return segment;
    },
    // Which physical network a project gets is for an admin to say.
    async allocateTenantSegment() {
      return null;
    },
    async releaseSegment(tx, segment) {
      await deleteFlatAllocation(tx, segment.physical_network!);
    },
  };
}
