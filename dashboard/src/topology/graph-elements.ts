import { BOX } from './bars-layout.ts';
import type { Gathered, Group } from './grouping.ts';
import { networksOf } from './grouping.ts';
import type { Device, Link, NetworkItem, Topology } from './topology.ts';

export type Drawn =
  | { readonly kind: 'network'; readonly item: NetworkItem }
  | { readonly kind: 'device'; readonly device: Device }
  | { readonly kind: 'group'; readonly group: Group };

export interface GraphNode {
  readonly id: string;
  readonly drawn: Drawn;
  readonly width: number;
  readonly height: number;
}

/** From the outside to the inside: external network, router, network, guest. */
export interface GraphEdge {
  readonly id: string;
  readonly source: string;
  readonly target: string;
  readonly network_id: string;
  readonly link: Link | null;
}

/** Nodes and edges; where they stand is the layout's matter. */
export function graphElements(
  topology: Topology,
  { devices, groups }: Gathered,
): { nodes: GraphNode[]; edges: GraphEdge[] } {
  const known = new Map(topology.networks.map((item) => [item.network.id, item]));
  const node = (id: string, drawn: Drawn): GraphNode => ({ id, drawn, ...BOX });
  const nodes = [
    ...topology.networks.map((item) => node(item.network.id, { kind: 'network', item })),
    ...devices.map((device) => node(device.id, { kind: 'device', device })),
    ...groups.map((group) => node(group.id, { kind: 'group', group })),
  ];
  const edge = (network_id: string, id: string, link: Link | null, isRouter: boolean): GraphEdge => {
    const isBelow = !isRouter || known.get(network_id)!.isExternal;
    const [source, target] = isBelow ? [network_id, id] : [id, network_id];
    return { id: `${id}/${network_id}`, source, target, network_id, link };
  };
  const edges = [
    ...devices.flatMap((device) =>
      networksOf(device)
        .filter((id) => known.has(id))
        .map((id) =>
          edge(id, device.id, device.links.find((link) => link.network_id === id)!, device.kind === 'router'),
        ),
    ),
    ...groups.flatMap((group) =>
      group.network_ids.filter((id) => known.has(id)).map((id) => edge(id, group.id, null, false)),
    ),
  ];
  return { nodes, edges };
}
