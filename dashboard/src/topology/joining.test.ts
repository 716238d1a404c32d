import { expect, it } from 'vitest';
import type { ApiResource } from '../api/description.ts';
import { requestOf } from '../forms/command-line.ts';
import type { Ask } from '../forms/undo.ts';
import type { Drawn } from './graph-elements.ts';
import { joinable, joiningOf, joinOf, partingOf } from './joining.ts';
import { cloudOf, network, port, router, subnet } from './testing.ts';
import { type Device, topologyOf } from './topology.ts';

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

const routers: ApiResource = {
  ...{ key: 'routers', collection: 'routers', member: 'router', path: '/v2.0/routers', idName: 'id', parent: null },
  ...{ shown: {}, sortable: [], filterable: [], isPaged: true, create: {}, update: {}, canDelete: true, hasTags: true },
};
const outside = joinOf(routers, 'r', item('out'), null);
const inside = joinOf(routers, 'r', item('in'), 's');

it('gives a gateway by an external network, and an interface in a subnet', () => {
  expect(requestOf(outside)).toEqual({
    ...{ method: 'PUT', path: '/v2.0/routers/r' },
    body: { router: { external_gateway_info: { network_id: 'out' } } },
  });
  expect(requestOf(inside)).toEqual({
    ...{ method: 'PUT', path: '/v2.0/routers/r/add_router_interface' },
    body: { subnet_id: 's' },
  });
});

it('parts them again, but for a gateway that took the place of another', async () => {
  const asked: unknown[] = [];
  const ask: Ask = async (...request) => {
    asked.push(request);
    return { body: {}, status: 200, requestId: null };
  };
  const { device } = ofDevice('r') as { device: Device };
  await partingOf(inside, { port_id: 'leg' }, device)!(ask);
  await partingOf(outside, { router: { revision_number: 3 } }, device)!(ask);
  expect(asked).toEqual([
    ['PUT', '/v2.0/routers/r/remove_router_interface', { port_id: 'leg' }],
    ['PUT', '/v2.0/routers/r', { router: { external_gateway_info: null } }, undefined, 3],
  ]);
  const other = { ...device, router: { ...device.router!, external_gateway_info: { network_id: 'before' } } };
  expect(partingOf(outside, { router: {} }, other as Device)).toBeNull();
});

it('offers no network that a router could have no address in', () => {
  expect(joinable(topology).networks.map(({ network }) => network.id)).toEqual(['out', 'in']);
});
