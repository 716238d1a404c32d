import type { TypeDriver } from '../contract.ts';
import { ml2Errors } from '../errors.ts';
import type { IdPool } from './pool.ts';
import { idLimits, isIn, type TunnelType } from './ranges.ts';

/** What one type of tunnel is. */
export interface Tunnel {
  readonly type: TunnelType;
  readonly pool: IdPool;
  /** Largest MTU in bytes of its networks. */
  readonly mtu: number;
}

/**
 * Networks that are carried over the hosts' own IP network (upstream: plugins/ml2/drivers/type_tunnel.py, type_vxlan.py,
 * type_gre.py, type_geneve.py).
 */
export function tunnelTypeDriver({ type, pool, mtu }: Tunnel): TypeDriver {
  const allocate: TypeDriver['allocateTenantSegment'] = async (tx, { projectId } = {}) => {
    const ranges = (await pool.ranges(tx)).get(null) ?? [];
    const segmentation_id = await pool.takeAny(tx, ranges, projectId ?? null, null);
    return segmentation_id === null ? null : { network_type: type, physical_network: null, segmentation_id };
  };
  return {
    type,
    mtu: () => mtu,
    async initialize() {},
    isPartialSegment: ({ segmentation_id }) => segmentation_id === null,
    validateProviderSegment({ physical_network, segmentation_id }) {
      if (physical_network) {
        throw ml2Errors.InvalidInput({ error_message: `provider:physical_network specified for ${type} network` });
      }
      const limits = idLimits[type];
      if (segmentation_id !== null && !isIn(limits, segmentation_id)) {
        const { minimum, maximum } = limits;
        throw ml2Errors.InvalidInput({
          error_message: `segmentation_id out of range (${minimum} through ${maximum})`,
        });
      }
    },
    async reserveProviderSegment(tx, { segmentation_id }, wish) {
      if (segmentation_id === null) {
        const found = await allocate(tx, wish);
        if (found === null) throw ml2Errors.NoNetworkAvailable();
        return found;
      }
      if (!(await pool.take(tx, segmentation_id, null))) {
        throw ml2Errors.TunnelIdInUse({ tunnel_id: segmentation_id });
      }
      return { network_type: type, physical_network: null, segmentation_id };
    },
    allocateTenantSegment: allocate,
    async releaseSegment(tx, { segmentation_id }) {
      if (segmentation_id !== null) await pool.release(tx, segmentation_id, null);
    },
  };
}

/** Bytes of the headers that tunnelled packets carry besides the outer IP header. */
const overheads = { vxlan: 30, gre: 22 } as const;
const IP_HEADER = { 4: 20, 6: 40 } as const;

/**
 * Largest MTU of a tunnelled network: what the underlay carries, less the outer headers. 0 when nothing limits it.
 *
 * @param geneveHeader bytes a Geneve header may have, its options among them
 */
export function tunnelMtu(
  type: TunnelType,
  limits: { globalMtu: number; pathMtu: number; overlayIpVersion: number; geneveHeader: number },
): number {
  const known = [limits.globalMtu, limits.pathMtu].filter((mtu) => mtu > 0);
  if (known.length === 0) return 0;
  const header = type === 'geneve' ? limits.geneveHeader : overheads[type];
  return Math.min(...known) - (limits.overlayIpVersion === 6 ? IP_HEADER[6] : IP_HEADER[4]) - header;
}
