import type { SegmentRequest, TypeDriver } from '../contract.ts';
import { ml2Errors } from '../errors.ts';

/** Networks that live on one host, without an uplink (upstream: plugins/ml2/drivers/type_local.py). */
export function localTypeDriver(mtu: TypeDriver['mtu']): TypeDriver {
  return {
    type: 'local',
    mtu,
    async initialize() {},
    validateProviderSegment(segment: SegmentRequest) {
      for (const key of ['physical_network', 'segmentation_id'] as const) {
        if (segment[key] !== null) {
          throw ml2Errors.InvalidInput({ error_message: `${key} prohibited for local provider network` });
        }
      }
    },
    async reserveProviderSegment(_tx, segment) {
      return segment;
    },
    async allocateTenantSegment() {
      return { network_type: 'local', physical_network: null, segmentation_id: null };
    },
    async releaseSegment() {},
  };
}
