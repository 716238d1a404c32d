import type { Link, NetworkState, Route } from '../contract.ts';

/**
 * A namespace as text, one device or route a line, in the words of `ip`: bridges with their ports indented below them,
 * then the other devices, then the routes that the kernel did not make itself.
 *
 *     brq11111111-11 bridge up mtu 1500 192.168.56.11/24
 *       eth0 up mtu 1500
 *       tap22222222-22 tun up mtu 1500
 *     default via 192.168.56.1 dev brq11111111-11 metric 100
 */
export function printState(state: NetworkState): string {
  const links = [...state.links.values()].filter((link) => link.kind !== 'loopback').sort(byName);
  const portsOf = (bridge: Link) => links.filter((link) => link.master === bridge.name);
  const lines: string[] = [];
  for (const link of links.filter((candidate) => candidate.master === null)) {
    lines.push(printLink(link), ...portsOf(link).map((port) => `  ${printLink(port)}`));
  }
  lines.push(...state.routes.filter((route) => route.protocol !== 'kernel').map(printRoute));
  return lines.join('\n');
}

function printLink(link: Link): string {
  const addresses = link.addresses.filter((address) => address.scope !== 'link').map((address) => address.cidr);
  return [link.name, link.kind, link.up ? 'up' : 'down', `mtu ${link.mtu}`, ...addresses].filter(Boolean).join(' ');
}

export function printRoute(route: Route): string {
  return [
    route.destination,
    route.via ? `via ${route.via}` : '',
    route.device ? `dev ${route.device}` : '',
    route.metric ? `metric ${route.metric}` : '',
    route.source ? `src ${route.source}` : '',
  ]
    .filter(Boolean)
    .join(' ');
}

function byName(a: Link, b: Link): number {
  return a.name < b.name ? -1 : 1;
}
