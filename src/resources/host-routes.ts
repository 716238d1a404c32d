import { cidrsOverlap, formatCidr, hasHostBits, parseCidr } from '../lib/ip/cidr.ts';
import { pythonString } from '../lib/python-text.ts';
import { address, exactKeys } from './validators.ts';

/** Where a route leads: a prefix without host bits (upstream's `route_cidr`), and not this very host. */
function routeDestination(value: unknown): string | null {
  const parsed = typeof value === 'string' ? parseCidr(value) : null;
  const host =
    parsed === null && typeof value === 'string' ? parseCidr(`${value}/${value.includes(':') ? 128 : 32}`) : null;
  const meant = parsed ?? host;
  if (meant === null) return `'${pythonString(value)}' is not a valid CIDR`;
  if (parsed === null || hasHostBits(value as string))
    return `'${value}' is not a recognized CIDR, '${formatCidr(meant)}' is recommended`;
  const loopback = parseCidr(meant.version === 4 ? '127.0.0.0/8' : '::1/128')!;
  const inside = meant.prefix >= loopback.prefix && cidrsOverlap(meant, loopback);
  return inside ? `'${value}' is not a routable CIDR` : null;
}

export function hostRoutes(value: unknown): string | null {
  if (!Array.isArray(value)) return `Invalid data format for hostroute: '${pythonString(value)}'`;
  const seen = new Set<string>();
  for (const route of value) {
    const wrong =
      exactKeys(route, ['destination', 'nexthop']) ?? routeDestination(route.destination) ?? address(route.nexthop);
    if (wrong !== null) return wrong;
    const same = `${route.destination} ${route.nexthop}`;
    if (seen.has(same)) return `Duplicate hostroute '${pythonString(route)}'`;
    seen.add(same);
  }
  return null;
}
