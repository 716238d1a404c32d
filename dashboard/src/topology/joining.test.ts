import { expect, it } from 'vitest';
import type { Drawn } from './graph-elements.ts';
import { joinable, joiningOf, joinRequest } from './joining.ts';
import { cloudOf, network, port, router, subnet } from './testing.ts';
import { topologyOf } from './topology.ts';

const topology = topologyOf(
  cloudOf({
    networks: [network({ id: 'out', 'router:external': true }), network({ id: 'in' }), network({ id: 'bare' })],
    subnets: [subnet({ id: 's', network_id: 'in' })],
    routers: [router({ id: 'r' })],
    ports: [port({ id: 'g', network_id: 'in' })],
  }),
);
const item = (id: string) => topology.networks.find((one) => one.network.id === id)!;
const ofNetwork = (id: string): Drawn => ({ kind: 'network', item: item(id) });
const ofDevice = (id: string): Drawn => ({ kind: 'device', device: topology.devices.find((one) => one.id === id)! });

it('joins a router and a network, whichever the line began at', () => {
  expect(joiningOf(ofDevice('r'), ofNetwork('in'))).toEqual({ router: 'r', network: 'in' });
  expect(joiningOf(ofNetwork('in'), ofDevice('r'))).toEqual({ router: 'r', network: 'in' });
});

it('joins nothing else', () => {
  expect(joiningOf(ofDevice('g'), ofNetwork('in'))).toBeNull();
  expect(joiningOf(ofNetwork('out'), ofNetwork('in'))).toBeNull();
  expect(joiningOf(ofDevice('r'), undefined)).toBeNull();
});

it('gives a gateway by an external network, and an interface in a subnet', () => {
  expect(joinRequest('r', item('out'), null)).toEqual({
    path: '/v2.0/routers/r',
    body: { router: { external_gateway_info: { network_id: 'out' } } },
  });
  expect(joinRequest('r', item('in'), 's')).toEqual({
    path: '/v2.0/routers/r/add_router_interface',
    body: { subnet_id: 's' },
  });
});

it('offers no network that a router could have no address in', () => {
  expect(joinable(topology).networks.map(({ network }) => network.id)).toEqual(['out', 'in']);
});
