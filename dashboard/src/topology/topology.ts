import type { Network, Port, Router, Subnet } from '../../../src/resources/shapes.ts';
import { type Cloud, type Health, healthOf, isVrrpNetwork, roleOf, worst } from './cloud.ts';

/** A port, where it joins a device to a network. */
export interface Link {
  readonly port: Port;
  readonly network_id: string;
  readonly addresses: readonly string[];
  readonly health: Health;
}

export interface NetworkItem {
  readonly network: Network;
  readonly subnets: readonly Subnet[];
  readonly isExternal: boolean;
  readonly health: Health;
  /** A number to choose a colour by: the same for a network whatever else there is. */
  readonly hue: number;
  /** Ports of services, which are marks on the network and no devices. */
  readonly services: {
    readonly dhcp: readonly Port[];
    readonly metadata: readonly Port[];
    readonly load: readonly Port[];
  };
  /** All its ports that one may see. */
  readonly ports: number;
}

/** What hangs on networks: a router, or a guest with all its ports. */
export interface Device {
  /** The router's, or a port's: `device_id` is what its owner wrote there, and may be anything. */
  readonly id: string;
  /** The instance's id, as far as it is one; empty where no device is named. */
  readonly device_id: string;
  readonly kind: 'router' | 'guest';
  readonly name: string;
  readonly project_id: string;
  readonly health: Health;
  readonly links: readonly Link[];
  readonly hosts: readonly string[];
  readonly floating: readonly string[];
  readonly router: Router | null;
}

export interface Topology {
  /** In the order in which they are shown: external ones first, then those that share a router beside each other. */
  readonly networks: readonly NetworkItem[];
  readonly devices: readonly Device[];
}

/** What hangs on what, of lists of the server. Ports of networks that one may not see are left out. */
export function topologyOf(cloud: Cloud): Topology {
  const shown = cloud.networks.filter((network) => !isVrrpNetwork(network));
  const known = new Set(shown.map(({ id }) => id));
  const ports = cloud.ports.filter(({ network_id }) => known.has(network_id));
  const byRole = Map.groupBy(ports, roleOf);
  const devices = [
    ...byName(routersOf(cloud, byRole.get('router') ?? [])),
    ...byName(guestsOf(cloud, byRole.get('guest') ?? [])),
  ];
  const subnets = Map.groupBy(cloud.subnets, ({ network_id }) => network_id);
  const onNetwork = Map.groupBy(ports, ({ network_id }) => network_id);
  const service = (role: 'dhcp' | 'metadata' | 'load') =>
    Map.groupBy(byRole.get(role) ?? [], ({ network_id }) => network_id);
  const [dhcp, metadata, load] = [service('dhcp'), service('metadata'), service('load')];
  const items = shown.map((network): NetworkItem => {
    const { id } = network;
    return {
      network,
      subnets: subnets.get(id) ?? [],
      isExternal: network['router:external'] === true,
      health: healthOf(network),
      hue: hueOf(id),
      services: { dhcp: dhcp.get(id) ?? [], metadata: metadata.get(id) ?? [], load: load.get(id) ?? [] },
      ports: onNetwork.get(id)?.length ?? 0,
    };
  });
  return { networks: inOrder(items, devices), devices };
}

function routersOf(cloud: Cloud, ports: readonly Port[]): Device[] {
  const legs = Map.groupBy(ports, ({ device_id }) => device_id);
  return cloud.routers.map((router) => {
    const links = (legs.get(router.id) ?? []).map(linkOf);
    // The health of a router is its own and its legs': one is down while its agent is not there.
    const health = worst([healthOf(router), ...links.map((link) => link.health)]);
    const { id, project_id } = router;
    return {
      id,
      kind: 'router',
      device_id: id,
      name: router.name || shortId(id),
      project_id,
      health,
      links,
      ...placeOf(links),
      router,
    };
  });
}

function placeOf(links: readonly Link[]) {
  const hosts = new Set(links.map(({ port }) => port['binding:host_id']).filter(Boolean));
  return { hosts: [...hosts].sort(), floating: [] as string[] };
}

function guestsOf(cloud: Cloud, ports: readonly Port[]): Device[] {
  const associated = cloud.floatingips.filter(({ port_id }) => port_id !== null);
  const floating = Map.groupBy(associated, ({ port_id }) => port_id);
  // A device of another project with the same id is another: who may set it could otherwise pretend.
  const devices = Map.groupBy(ports, ({ id, device_id, project_id }) =>
    device_id ? `${project_id}/${device_id}` : id,
  );
  return [...devices.values()].map((own) => {
    const [first] = own as [Port];
    const links = own.map(linkOf);
    const [id] = own.map((port) => port.id).sort() as [string];
    return {
      id,
      kind: 'guest' as const,
      device_id: first.device_id,
      name: own.find(({ name }) => name !== '')?.name ?? shortId(first.device_id || id),
      project_id: first.project_id,
      health: worst(links.map(({ health }) => health)),
      links,
      ...placeOf(links),
      floating: own.flatMap((port) => (floating.get(port.id) ?? []).map((one) => one.floating_ip_address)),
      router: null,
    };
  });
}

function linkOf(port: Port): Link {
  const addresses = port.fixed_ips.map(({ ip_address }) => ip_address);
  return { port, network_id: port.network_id, addresses, health: healthOf(port) };
}

export function shortId(id: string): string {
  return id.slice(0, 8);
}

function hueOf(id: string): number {
  let sum = 0;
  for (let at = 0; at < id.length; at += 1) sum = (sum * 31 + id.charCodeAt(at)) >>> 0;
  return sum % 360;
}

function inOrder(items: readonly NetworkItem[], devices: readonly Device[]): NetworkItem[] {
  const named = [...items].sort(
    ({ network: a }, { network: b }) => names.compare(a.name, b.name) || names.compare(a.id, b.id),
  );
  const rest = new Map(named.map((item) => [item.network.id, item]));
  const ordered: NetworkItem[] = [];
  const take = (id: string) => {
    const item = rest.get(id);
    if (item && rest.delete(id)) ordered.push(item);
  };
  for (const { isExternal, network } of named) if (isExternal) take(network.id);
  const routers = devices.filter(({ kind }) => kind === 'router');
  for (const { links } of routers) {
    const own = new Set(links.map(({ network_id }) => network_id));
    for (const { network } of named) if (own.has(network.id)) take(network.id);
  }
  for (const { network } of named) take(network.id);
  return ordered;
}

/** `web-10` comes after `web-9`. */
const names = new Intl.Collator('en', { numeric: true });

function byName(devices: readonly Device[]): Device[] {
  return [...devices].sort((a, b) => names.compare(a.name, b.name) || names.compare(a.id, b.id));
}
