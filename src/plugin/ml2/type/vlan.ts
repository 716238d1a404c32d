import type { SegmentRequest, TypeDriver } from '../contract.ts';
import { ml2Errors } from '../errors.ts';
import type { IdPool } from './pool.ts';
import { idLimits, isIn } from './ranges.ts';

/**
 * Tagged networks on a physical network (upstream: plugins/ml2/drivers/type_vlan.py). An administrator may name any VLAN id
 * of a physical network that has ranges, also one outside them; networks that name none get one of the ranges'.
 */
export function vlanTypeDriver(pool: IdPool, mtu: TypeDriver['mtu']): TypeDriver {
  const segment = (physical_network: string, segmentation_id: number): SegmentRequest => ({
    network_type: 'vlan',
    physical_network,
    segmentation_id,
  });
  const allocate: TypeDriver['allocateTenantSegment'] = async (tx, { projectId, physicalNetwork } = {}) => {
    for (const [physical, ranges] of await pool.ranges(tx)) {
      if (physical === null || (physicalNetwork && physical !== physicalNetwork)) continue;
      const id = await pool.takeAny(tx, ranges, projectId ?? null, physical);
      if (id !== null) return segment(physical, id);
    }
    return null;
  };
  return {
    type: 'vlan',
    mtu,
    async initialize() {},
    isPartialSegment: ({ segmentation_id }) => segmentation_id === null,
    async validateProviderSegment({ physical_network, segmentation_id }, tx) {
      if (physical_network && !(await pool.ranges(tx)).has(physical_network)) {
        throw ml2Errors.InvalidInput({
          error_message: `physical_network '${physical_network}' unknown for VLAN provider network`,
        });
      }
      if (segmentation_id === null) return;
      if (!physical_network) {
        throw ml2Errors.InvalidInput({
          error_message: 'segmentation_id requires physical_network for VLAN provider network',
        });
      }
      const { minimum, maximum } = idLimits.vlan;
      if (!isIn(idLimits.vlan, segmentation_id)) {
        throw ml2Errors.InvalidInput({
          error_message: `segmentation_id out of range (${minimum} through ${maximum})`,
        });
      }
    },
    async reserveProviderSegment(tx, { physical_network, segmentation_id }, { projectId } = {}) {
      if (segmentation_id === null || physical_network === null) {
        const found = await allocate(tx, { projectId, physicalNetwork: physical_network });
        if (found === null) throw ml2Errors.NoNetworkAvailable();
        return found;
      }
      if (await pool.take(tx, segmentation_id, physical_network)) return segment(physical_network, segmentation_id);
      throw ml2Errors.VlanIdInUse({ vlan_id: segmentation_id, physical_network });
    },
    allocateTenantSegment: allocate,
    async releaseSegment(tx, { physical_network, segmentation_id }) {
      if (segmentation_id !== null) await pool.release(tx, segmentation_id, physical_network);
    },
  };
}
