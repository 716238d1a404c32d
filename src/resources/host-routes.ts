import { cidrContains, formatCidr, hasHostBits, parseCidr } from '../lib/ip/cidr.ts';
import { pythonString } from '../lib/python-text.ts';
import { address, exactKeys } from './validators.ts';

const loopback = [parseCidr('127.0.0.0/8')!, parseCidr('::1/128')!];

/** Where a route leads: a prefix without host bits (upstream's `route_cidr`), and not this very host. */
function destination(value: unknown): string | null {
  const text = typeof value === 'string' ? value : '';
  const meant = parseCidr(text.includes('/') ? text : `${text}/${text.includes(':') ? 128 : 32}`);
  if (meant === null) return `'${pythonString(value)}' is not a valid CIDR`;
  if (!text.includes('/') || hasHostBits(text))
    return `'${text}' is not a recognized CIDR, '${formatCidr(meant)}' is recommended`;
  return loopback.some((block) => cidrContains(block, meant)) ? `'${text}' is not a routable CIDR` : null;
}

/** What is wrong with a subnet's `host_routes`, in upstream's words; null when nothing is. */
export function hostRoutes(value: unknown): string | null {
  if (!Array.isArray(value)) return `Invalid data format for hostroute: '${pythonString(value)}'`;
  const seen = new Set<string>();
  for (const route of value) {
    const wrong =
      exactKeys(route, ['destination', 'nexthop']) ?? destination(route.destination) ?? address(route.nexthop);
    if (wrong !== null) return wrong;
    const same = `${route.destination} ${route.nexthop}`;
    if (seen.has(same)) return `Duplicate hostroute '${pythonString(route)}'`;
    seen.add(same);
  }
  return null;
}
