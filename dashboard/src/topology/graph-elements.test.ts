import { expect, it } from 'vitest';
import { graphElements } from './graph-elements.ts';
import { gathered } from './grouping.ts';
import { bigCloud, cloudOf, leg, network, port, router } from './testing.ts';
import { topologyOf } from './topology.ts';

const elementsOf = (cloud: Parameters<typeof topologyOf>[0]) => {
  const topology = topologyOf(cloud);
  return graphElements(topology, gathered(topology, new Set()));
};

it('leads from the outside over routers to networks and guests', () => {
  const networks = [network({ id: 'out', 'router:external': true }), network({ id: 'in' })];
  const ports = [leg('r', 'out', 'network:router_gateway'), leg('r', 'in'), port({ id: 'g', network_id: 'in' })];
  const { nodes, edges } = elementsOf(cloudOf({ networks, routers: [router({ id: 'r' })], ports }));
  expect(nodes.map(({ id }) => id)).toEqual(['out', 'in', 'r', 'g']);
  expect(edges.map(({ source, target }) => `${source} > ${target}`)).toEqual(['r > in', 'out > r', 'in > g']);
});

it('has a node and not forty for the guests of a network, under an id that no network has', () => {
  const { nodes, edges } = elementsOf(bigCloud());
  expect(nodes).toHaveLength(51 + 20 + 50);
  expect(edges).toHaveLength(20 + 50 + 50);
  expect(new Set(nodes.map(({ id }) => id)).size).toBe(nodes.length);
});
