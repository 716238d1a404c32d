import { describe, expect, it } from 'vitest';
import type { Link, NetworkOperation, NetworkState, Route } from '../../linux/contract.ts';
import { AddressMemory, planReturn, planReturnToCard } from './host-addresses.ts';

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

describe('a bridge that is deleted before it was seen with what it was given', () => {
  const address = { cidr: '192.168.56.11/24', family: 4, scope: 'global', dynamic: false, broadcast: null } as const;
  const card = (addresses: Link['addresses']): NetworkState => ({
    links: new Map([['eth1', link('eth1', { ifindex: 2, addresses })]]),
    routes: [],
  });
  const { family, destination, via } = route;
  const moves: NetworkOperation[] = [
    { op: 'ensure_bridge', name: 'brq1' },
    { op: 'set_master', name: 'tap1', master: 'brq1' },
    { op: 'set_master', name: 'eth1', master: 'brq1' },
    { op: 'add_address', device: 'brq1', cidr: address.cidr, broadcast: null },
    { op: 'replace_route', family, destination, via, device: 'brq1', metric: 100, source: null },
    { op: 'delete_address', device: 'eth1', cidr: address.cidr },
  ];

  it('gives it back, to the bridge or to the card', () => {
    const memory = new AddressMemory();
    memory.expect(moves, card([address]));
    memory.see(card([]));
    expect(returned(memory, card([]))).toEqual(['add_address', 'replace_route']);
    const [had] = memory.lost(card([])).values();
    expect(planReturnToCard(had!, card([])).map(({ op }) => op)).toEqual(['add_address', 'replace_route']);
  });

  it('is forgotten where the card has it still', () => {
    const memory = new AddressMemory();
    memory.expect(moves, card([address]));
    memory.see(card([address]));
    expect(memory.all.size).toBe(0);
  });

  it('is what was seen, once it was', () => {
    const memory = new AddressMemory();
    memory.expect(moves, card([address]));
    const seen = host({ routes: [route] });
    memory.see(seen);
    expect(memory.lost(seen).size).toBe(0);
    expect(memory.all.get('brq1')).toMatchObject({ ifindex: 7, card: 'eth1', routes: [route] });
  });
});
