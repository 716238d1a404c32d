import { expect, it } from 'vitest';
import { FakeTransport } from '../../rpc/fake.ts';
import { listenToNetworks } from './networks.ts';
import { ids, portOf, routerOf } from './testing.ts';

const inside = { ...portOf(ids.internal, ['10.0.0.1/24']), network_id: 'inner' };
const outside = { ...portOf(ids.gateway, ['203.0.113.5/24']), network_id: 'outer' };

it('asks for the routers with a leg on a network that changed, and for no others', async () => {
  const transport = new FakeTransport();
  const served = [
    routerOf({ id: 'both', _interfaces: [inside], gw_port: outside }),
    routerOf({ id: 'outside', gw_port: outside }),
    routerOf({ id: 'neither' }),
  ];
  const asked: string[][] = [];
  await listenToNetworks({ transport, host: 'host1' }, { served: () => served }, (each) => asked.push(each));
  const changed = (id: string) =>
    transport.tell('q-agent-notifier-network-update', 'network_update', { network: { id } });
  for (const id of ['inner', 'outer', 'another']) await changed(id);
  expect(asked).toEqual([['both'], ['both', 'outside']]);
  expect(transport.listeners.map(({ server }) => server)).toEqual(['host1:l3']);
});
