import ELK from 'elkjs/lib/elk-api.js';
import workerUrl from 'elkjs/lib/elk-worker.min.js?url';
import type { GraphEdge, GraphNode } from './graph-elements.ts';

export type Places = ReadonlyMap<string, { readonly x: number; readonly y: number }>;

const options = {
  'elk.algorithm': 'layered',
  // Boxes are broader than high: layers beside each other take less room than below each other.
  'elk.direction': 'RIGHT',
  'elk.layered.spacing.nodeNodeBetweenLayers': '90',
  'elk.spacing.nodeNode': '14',
  'elk.separateConnectedComponents': 'true',
};

let elk: InstanceType<typeof ELK> | null = null;

/**
 * Places for nodes, worked out beside the page: a worker that is a file of its own, as the content security policy wants.
 * @throws Error when the worker cannot
 */
export async function arrange(nodes: readonly GraphNode[], edges: readonly GraphEdge[]): Promise<Places> {
  elk ??= new ELK({ workerUrl, workerFactory: (url) => new Worker(url!) });
  const { children = [] } = await elk.layout({
    id: 'all',
    layoutOptions: options,
    children: nodes.map(({ id, width, height }) => ({ id, width, height })),
    edges: edges.map(({ id, source, target }) => ({ id, sources: [source], targets: [target] })),
  });
  return new Map(children.map(({ id, x = 0, y = 0 }) => [id, { x, y }]));
}
