import type { IpVersion } from '../../../lib/ip/address.ts';
import type { RouterNexthop } from '../contract.ts';

/** A route of the main table, over one or several next hops. */
export interface SeenRoute {
  readonly family: IpVersion;
  /** `default` or a CIDR. */
  readonly destination: string;
  readonly nexthops: readonly RouterNexthop[];
  /** `kernel`, `ra`, `static`, `boot` … */
  readonly protocol: string;
  readonly metric: number;
}

interface IpRoute {
  type?: string;
  table?: string;
  dst: string;
  gateway?: string;
  via?: { host: string };
  dev?: string;
  protocol?: string;
  metric?: number;
  flags?: string[];
  /** Only routes of IPv6 have it. */
  pref?: string;
  nexthops?: { gateway?: string; via?: { host: string }; dev: string; flags?: string[] }[];
}

/** @param rows of `ip -j route show table all`, which holds both families */
export function parseRoutes(rows: readonly unknown[]): SeenRoute[] {
  return (rows as IpRoute[]).filter(isMain).map((row) => {
    const nexthops = row.nexthops ?? (row.dev ? [{ ...row, dev: row.dev }] : []);
    return {
      family: row.pref !== undefined || row.dst.includes(':') ? 6 : 4,
      destination: withPrefix(row.dst),
      nexthops: nexthops.map(({ gateway, via, dev, flags = row.flags }) => ({
        via: gateway ?? via?.host ?? null,
        device: dev,
        ...(flags?.includes('onlink') && { onLink: true }),
      })),
      protocol: row.protocol ?? 'boot',
      metric: row.metric ?? 0,
    };
  });
}

function isMain({ dst, type = 'unicast', table = 'main' }: IpRoute): boolean {
  return dst !== undefined && type === 'unicast' && table === 'main';
}

/** A route to one host is printed without its prefix. */
function withPrefix(destination: string): string {
  if (destination === 'default' || destination.includes('/')) return destination;
  return `${destination}/${destination.includes(':') ? 128 : 32}`;
}
