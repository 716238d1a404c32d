import { expect, it } from 'vitest';
import type { Link, NetworkState, Route } from '../../linux/contract.ts';
import { AddressMemory, planReturn } from './host-addresses.ts';

const route: Route = {
  family: 4,
  destination: 'default',
  via: '192.168.56.1',
  device: 'brq1',
  metric: 100,
  protocol: 'static',
  scope: null,
  source: null,
};

function link(name: string, more: Partial<Link>): Link {
  const bare = { kind: null, mac: null, mtu: 1500, up: true, carrier: true, master: null, peer: null, alias: null };
  return { ...bare, name, ifindex: 1, addresses: [], ...more };
}

/** A host whose card is in a bridge, with its address on that. */
function host({
  routes,
  ifindex = 7,
  bridge = true,
}: {
  routes: Route[];
  ifindex?: number;
  bridge?: boolean;
}): NetworkState {
  const address = {
    cidr: '192.168.56.11/24',
    family: 4,
    scope: 'global',
    dynamic: false,
    broadcast: '192.168.56.255',
  } as const;
  const links = [link('eth1', { ifindex: 2, master: bridge ? 'brq1' : null })];
  if (bridge) links.push(link('brq1', { kind: 'bridge', ifindex, addresses: [address] }));
  return { links: new Map(links.map((one) => [one.name, one])), routes };
}

const returned = (memory: AddressMemory, state: NetworkState) =>
  [...memory.lost(state)].flatMap(([name, had]) => planReturn(name, had, state).map(({ op }) => op));

it('gives back the routes of a bridge that was seen while it was being deleted, already without them', () => {
  const memory = new AddressMemory();
  memory.see(host({ routes: [route] }));
  memory.see(host({ routes: [] }));
  const gone = host({ routes: [], bridge: false });
  memory.see(gone);
  expect(returned(memory, gone)).toEqual(['add_address', 'replace_route']);
});

it('forgets a route that somebody removed', () => {
  const memory = new AddressMemory();
  memory.see(host({ routes: [route] }));
  memory.see(host({ routes: [] }));
  memory.see(host({ routes: [] }));
  expect(returned(memory, host({ routes: [], bridge: false }))).toEqual(['add_address']);
});
