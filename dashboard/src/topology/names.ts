import { shortId, type Topology } from './topology.ts';

const uuids = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;

/** Names for ids, as they are put into what the server says of ports, routers and networks. */
export type Names = ReadonlyMap<string, string>;

/** Of all that has a name in the picture: a port has that of its device, and its address. */
export function namesOf({ networks, devices }: Topology): Names {
  const names = new Map<string, string>();
  for (const { network, subnets } of networks) {
    names.set(network.id, network.name || shortId(network.id));
    for (const { id, name, cidr } of subnets) names.set(id, name || cidr);
  }
  for (const { id, name, links } of devices) {
    names.set(id, name);
    for (const { port, addresses } of links) names.set(port.id, [name, ...addresses.slice(0, 1)].join(' '));
  }
  return names;
}

/** A sentence of the server with names in place of the ids that have one. */
export function withNames(text: string, names: Names): string {
  return text.replace(uuids, (id) => names.get(id) ?? id);
}
