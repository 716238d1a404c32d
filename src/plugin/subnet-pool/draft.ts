import type { IpVersion } from '../../lib/ip/address.ts';
import { compactCidrs } from '../../lib/ip/blocks.ts';
import { parseCidr } from '../../lib/ip/cidr.ts';
import type { SubnetPool } from '../../resources/shapes.ts';
import type { Input } from '../contract.ts';
import { subnetPoolErrors as errors } from './errors.ts';

/** A pool as it is to be stored, checked by itself (upstream: ipam/subnet_alloc.py, SubnetPoolReader). */
export interface PoolDraft {
  ip_version: IpVersion;
  /** As few as can be. */
  prefixes: string[];
  min_prefixlen: number;
  max_prefixlen: number;
  default_prefixlen: number;
  default_quota: number | null;
}

const defaults = { 4: { min: 8, max: 32 }, 6: { min: 64, max: 128 } } as const;

/**
 * @param values the attributes of a request, on update with the stored ones for those that it leaves out
 * @throws EmptySubnetPoolPrefixList, PrefixVersionMismatch, IllegalSubnetPoolPrefixBounds
 */
export function draftPool(values: Input): PoolDraft {
  const given = values.prefixes as readonly string[];
  const versions = new Set(given.map((prefix) => parseCidr(prefix)!.version));
  const [ip_version] = versions;
  if (ip_version === undefined) throw errors.EmptySubnetPoolPrefixList();
  if (versions.size > 1) throw errors.PrefixVersionMismatch();
  const { min, max } = defaults[ip_version];
  const min_prefixlen = numberOr(values.min_prefixlen, min);
  const max_prefixlen = numberOr(values.max_prefixlen, max);
  const default_prefixlen = numberOr(values.default_prefixlen, min_prefixlen);
  const bounds = { min_prefixlen, max_prefixlen, default_prefixlen, ip_version_max: max };
  checkOrder(bounds, 'min_prefixlen', 'max_prefixlen', min_prefixlen > max_prefixlen);
  checkOrder(bounds, 'max_prefixlen', 'ip_version_max', max_prefixlen > max);
  checkOrder(bounds, 'default_prefixlen', 'min_prefixlen', default_prefixlen < min_prefixlen);
  checkOrder(bounds, 'default_prefixlen', 'max_prefixlen', default_prefixlen > max_prefixlen);
  return {
    ip_version,
    prefixes: compactCidrs(given, ip_version),
    min_prefixlen,
    max_prefixlen,
    default_prefixlen,
    default_quota: (values.default_quota as number | null | undefined) ?? null,
  };
}

/** What a changed pool becomes. Lengths stay as they are, also those that were defaults. */
export function redraftPool(stored: SubnetPool, changes: Input): PoolDraft {
  const given = Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined));
  return draftPool({ ...stored, ...given });
}

type Bounds = Readonly<Record<string, number>>;

function checkOrder(bounds: Bounds, prefix_type: string, base_prefix_type: string, wrong: boolean): void {
  if (!wrong) return;
  throw errors.IllegalSubnetPoolPrefixBounds({
    prefix_type,
    prefixlen: bounds[prefix_type]!,
    base_prefix_type,
    base_prefixlen: bounds[base_prefix_type]!,
  });
}

function numberOr(value: unknown, otherwise: number): number {
  return value === undefined || value === null ? otherwise : Number(value);
}
