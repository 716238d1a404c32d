import fc from 'fast-check';
import { expect, it } from 'vitest';
import { bridgeName, vlanDeviceName, vxlanDeviceName } from '../../lib/names.ts';
import { FakeHost } from '../../linux/fake/host.ts';
import { derive } from './derive.ts';
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
const networks = [1, 2, 3].map(idOf);
const ids = [10, 11];
const kinds = ['vlan', 'vxlan'] as const;

/** Legs as hands, crashes, older files and other segments leave them, in any bridge or none. */
const arbitraryLeg = fc.record({
  kind: fc.constantFrom(...kinds),
  id: fc.constantFrom(...ids),
  master: fc.option(fc.constantFrom(...networks.map(bridgeName))),
  up: fc.boolean(),
  mtu: fc.constantFrom(1300, 1400),
  isMarked: fc.boolean(),
  port: fc.constantFrom(4789, 8472),
  proxy: fc.boolean(),
});
const arbitraryPort = fc.record({
  network: fc.constantFrom(...networks),
  kind: fc.constantFrom(...kinds),
  id: fc.constantFrom(...ids),
  isPlugged: fc.boolean(),
});

it('whatever legs a host has, afterwards it has those of the networks with ports, and each is in its bridge', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(arbitraryLeg, { maxLength: 4 }),
      fc.array(arbitraryPort, { maxLength: 4 }),
      fc.boolean(),
      async (legs, ports, isCardUp) => {
        const host = new FakeHost();
        host.addNic('eth1', { addresses: ['10.0.0.1/24'], up: isCardUp });
        for (const network of networks) host.root.give(bridgeName(network), { kind: 'bridge' });
        for (const { kind, id, master, up, mtu, isMarked, port, proxy } of legs) {
          const name = kind === 'vlan' ? vlanDeviceName('eth1', id) : vxlanDeviceName(id);
          if (host.root.has(name)) continue;
          const isUp = up && (kind === 'vxlan' || isCardUp);
          const alias = isMarked ? `network:${idOf(9)}` : null;
          const vlan = { link: 'eth1', vid: id, protocol: '802.1Q' };
          const parameters = { local: '10.0.0.1', group: null, sourcePorts: [0, 0] as const, ttl: 0, tos: 0 };
          const vxlan = { ...parameters, vni: id, link: 'eth1', port, proxy };
          host.root.give(name, { kind, master, up: isUp, mtu, alias, ...(kind === 'vlan' ? { vlan } : { vxlan }) });
        }
        // A segment is of one network, and a network has one segment.
        const segments = new Map<string, string>();
        const details = ports.flatMap(({ network, kind, id, isPlugged }, index) => {
          const segment = `${kind}${id}`;
          const taken = [...segments].some(([one, of]) => (one === segment) !== (of === network));
          if (taken) return [];
          segments.set(segment, network);
          const device = deviceDetails(idOf(index + 4), {
            ...{ network_id: network, network_type: kind, segmentation_id: id, physical_network: 'p1', mtu: 1400 },
          });
          host.addTap(device.device, isPlugged ? { master: bridgeName(network) } : {});
          return [device];
        });
        const wished = derive(details, config, await host.readNetwork(), true);
        expect([...wished.problems]).toEqual([]);
        await host.apply(plan(wished.state, await host.readNetwork()));
        const after = await host.readNetwork();
        expect(plan(derive(details, config, after, true).state, after)).toEqual([]);
        for (const { nic, name } of wished.state.bridges.values()) {
          const inBridge = [...after.links.values()].filter(
            (link) => link.master === name && (link.vlan || link.vxlan),
          );
          expect(inBridge.map((link) => link.name)).toEqual([nic]);
          // A VLAN device is up as its card is, which the operator may have set down since.
          const isUp = inBridge[0]?.vlan ? after.links.get('eth1')?.up : true;
          expect(inBridge[0]).toMatchObject({ up: isUp, mtu: 1400 });
        }
        const needed = new Set([...wished.state.bridges.values()].map(({ nic }) => nic));
        for (const { name, master, vlan, vxlan, alias } of after.links.values()) {
          // Legs in the air that nobody marked are somebody's.
          if ((vlan || vxlan) && (master !== null || alias !== null)) expect(needed).toContain(name);
        }
      },
    ),
    { numRuns: 300 },
  );
});

it('nothing goes while not every tap is known', async () => {
  const host = new FakeHost();
  host.addNic('eth1');
  host.root.give(bridgeName(idOf(1)), { kind: 'bridge' });
  const vlan = { link: 'eth1', vid: 10, protocol: '802.1Q' };
  host.root.give('eth1.10', { kind: 'vlan', vlan, master: bridgeName(idOf(1)) });
  const state = await host.readNetwork();
  expect(plan(derive([], config, state, false).state, state)).toEqual([]);
  expect(plan(derive([], config, state, true).state, state)).toEqual([{ op: 'delete_link', name: 'eth1.10' }]);
});
