import type { SegmentRequest, TypeDriver } from '../contract.ts';
import { DriverConfigurationError, ml2Errors } from '../errors.ts';

/**
 * The name `vlan` in a configuration that gives it no physical network: accepted, as upstream accepts it, and every
 * network of this type refused with upstream's reason. With ranges the start is refused: tagged networks are not made yet.
 */
export function vlanTypeDriver(ranges: readonly string[], mtu: TypeDriver['mtu']): TypeDriver {
  const refuse = (segment: SegmentRequest): never => {
    throw ml2Errors.InvalidInput({
      error_message: segment.physical_network
        ? `physical_network '${segment.physical_network}' unknown for VLAN provider network`
        : segment.segmentation_id === null
          ? 'segmentation_id required for VLAN provider network'
          : 'physical_network required for VLAN provider network',
    });
  };
  return {
    type: 'vlan',
    mtu,
    async initialize() {
      if (ranges.length > 0) {
        throw new DriverConfigurationError(
          `[ml2_type_vlan] network_vlan_ranges: VLAN networks are not supported yet; leave it empty (found ${ranges.join(',')})`,
        );
      }
    },
    validateProviderSegment: refuse,
    reserveProviderSegment: async (_tx, segment) => refuse(segment),
    async allocateTenantSegment() {
      return null;
    },
    async releaseSegment() {},
  };
}
