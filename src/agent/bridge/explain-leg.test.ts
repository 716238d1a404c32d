import { expect, it } from 'vitest';
import { bridgeName } from '../../lib/names.ts';
import { FakeHost } from '../../linux/fake/host.ts';
import { derive } from './derive.ts';
import { explainCard, explainLeg } from './explain-leg.ts';
import type { BridgeConfig } from './options.ts';
import { plan } from './plan.ts';
import { deviceDetails, idOf } from './testing.ts';

const config: BridgeConfig = {
  ...{ interfaces: new Map([['p1', 'eth1']]), bridges: new Map(), lacking: new Map(), filtering: false },
  vxlan: {
    ...{ localIp: '10.0.0.1', mode: 'unicast', groups: [], port: 4789, sourcePorts: [0, 0] },
    ...{ ttl: 0, tos: 0, arpResponder: false },
  },
};
const brq = bridgeName(idOf(1));

async function explained(type: 'vlan' | 'vxlan', breakIt: (host: FakeHost) => void = () => {}, mtu = 1400) {
  const host = new FakeHost();
  host.addNic('eth1', { addresses: ['10.0.0.1/24'] });
  const details = deviceDetails(idOf(5), {
    ...{ network_type: type, segmentation_id: 7, physical_network: type === 'vlan' ? 'p1' : null, mtu },
  });
  host.addTap(details.device);
  const { state } = derive([details], config, await host.readNetwork());
  await host.apply(plan(state, await host.readNetwork()));
  breakIt(host);
  const bridge = state.bridges.get(brq)!;
  const now = await host.readNetwork();
  return { leg: explainLeg(bridge, bridge.leg!, now), nic: explainCard(bridge.leg!, now) };
}

it('a leg that works is told with what it is and how that was seen', async () => {
  expect(await explained('vlan')).toMatchObject({
    leg: {
      ...{ step: 'leg', state: 'ok', expected: `eth1.7, VLAN 7 of eth1, in bridge ${brq}, up with carrier, MTU 1400` },
      found: expect.stringContaining(`eth1.7, VLAN 7 of eth1, in bridge ${brq}, up with carrier, MTU 1400`),
    },
    nic: { step: 'nic', state: 'ok', expected: 'eth1 up with carrier' },
  });
  expect(await explained('vxlan')).toMatchObject({
    leg: { state: 'ok', found: expect.stringContaining('vxlan-7, VNI 7 from 10.0.0.1 by eth1 port 4789') },
    nic: { state: 'ok', expected: 'eth1, which has the local_ip of tunnels, up with carrier' },
  });
});

it.each<[string, 'vlan' | 'vxlan', (host: FakeHost) => void, object]>([
  [
    'not there',
    'vlan',
    (host) => host.removeLink('eth1.7'),
    { state: 'waiting', found: expect.stringMatching(/^no such device/) },
  ],
  [
    'in no bridge',
    'vlan',
    (host) => host.root.apply({ op: 'set_master', name: 'eth1.7', master: null }),
    { state: 'fault', found: expect.stringContaining('in no bridge') },
  ],
  [
    'down with its card',
    'vlan',
    (host) => host.root.apply({ op: 'set_down', name: 'eth1' }),
    { state: 'fault', remedy: 'ip link set eth1 up; ip link set eth1.7 up' },
  ],
  [
    'of another width',
    'vxlan',
    (host) => host.root.apply({ op: 'set_mtu', name: 'vxlan-7', mtu: 1300 }),
    { state: 'fault', found: expect.stringContaining('MTU 1300') },
  ],
  ['down', 'vxlan', (host) => host.root.apply({ op: 'set_down', name: 'vxlan-7' }), { state: 'fault' }],
])('a leg that is %s', async (_, type, breakIt, expected) => {
  expect((await explained(type, breakIt)).leg).toMatchObject(expected);
});

it('a card that is narrower than the network loses larger packets', async () => {
  expect((await explained('vlan', undefined, 9000)).leg).toMatchObject({
    ...{ state: 'fault', remedy: expect.stringMatching(/larger packets are lost: ip link set eth1 mtu 9000/) },
  });
});

it('a card that is down is the reason', async () => {
  const { nic } = await explained('vlan', (host) => host.root.apply({ op: 'set_down', name: 'eth1' }));
  expect(nic).toMatchObject({ state: 'fault', remedy: 'ip link set eth1 up' });
});
