import { expect, it } from 'vitest';
import { filtered } from './filter.ts';
import { gathered } from './grouping.ts';
import { bigCloud, cloudOf, network, port } from './testing.ts';
import { topologyOf } from './topology.ts';

const none = new Set<string>();
const guests = (count: number, status = 'ACTIVE', network_id = 'n', prefix = status) =>
  Array.from({ length: count }, (_, at) => port({ id: `${prefix}-${at}`, network_id, status }));
const of = (...ports: ReturnType<typeof port>[]) => topologyOf(cloudOf({ networks: [network({ id: 'n' })], ports }));

it('draws few guests each, and gathers many of the same networks', () => {
  expect(gathered(of(...guests(6)), none)).toMatchObject({ devices: { length: 6 }, groups: [] });
  const { devices, groups } = gathered(of(...guests(7)), none);
  expect(devices).toEqual([]);
  expect(groups).toMatchObject([{ id: 'group:n', network_ids: ['n'], counts: { up: 7 }, health: 'up' }]);
});

it('keeps those apart that are not well, while they are few', () => {
  const few = gathered(of(...guests(20), ...guests(2, 'ERROR')), none);
  expect(few.devices.map(({ health }) => health)).toEqual(['error', 'error']);
  expect(few.groups).toMatchObject([{ counts: { up: 20 } }]);
  const many = gathered(of(...guests(20), ...guests(9, 'DOWN')), none);
  expect(many.devices).toEqual([]);
  expect(many.groups).toMatchObject([{ counts: { up: 20, down: 9 }, health: 'down' }]);
});

it('shows the guests of an opened group, sixty at most', () => {
  const { devices, groups } = gathered(of(...guests(100)), new Set(['group:n']));
  expect(devices).toHaveLength(60);
  expect(groups).toMatchObject([{ counts: { up: 40 } }]);
});

it('never draws two thousand things', () => {
  const big = topologyOf(bigCloud());
  const { devices, groups } = gathered(big, none);
  expect(devices.length + groups.length).toBe(70);
  // Each on two networks of its own: nothing to gather by but the first.
  const networks = Array.from({ length: 50 }, (_, at) => network({ id: `n${at}` }));
  const ports = Array.from({ length: 1000 }, (_, at) => [
    port({ id: `a${at}`, device_id: `vm${at}`, network_id: `n${at % 50}` }),
    port({ id: `b${at}`, device_id: `vm${at}`, network_id: `n${((at * 7 + at / 50) | 0) % 50}` }),
  ]).flat();
  const odd = gathered(topologyOf(cloudOf({ networks, ports })), none);
  expect(odd.devices.length + odd.groups.length).toBeLessThanOrEqual(300);
});

it('shows what is searched for, apart from its group', () => {
  const found = filtered(topologyOf(bigCloud()), { text: '10.0.7.9' });
  expect(found.networks.map(({ network }) => network.id)).toEqual(['net-7']);
  expect(gathered(found, none)).toMatchObject({ devices: [{ links: [{ addresses: ['10.0.7.9'] }] }], groups: [] });
});
