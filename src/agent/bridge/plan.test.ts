import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planBridgeRemoval } from '../../linux/cleanup/remove-bridge.ts';
import { describeOperation } from '../../linux/contract.ts';
import { FakeHost } from '../../linux/fake/host.ts';
import type { DesiredBridge, DesiredTap, HostState } from './derive.ts';
import { plan } from './plan.ts';

const net = '11111111-1111-4111-8111-111111111111';
const brq = 'brq11111111-11';
const tapA = 'tapaaaaaaaa-aa';
const tapB = 'tapbbbbbbbb-bb';

function desired(
  bridge: Partial<DesiredBridge> = {},
  taps: readonly (Partial<DesiredTap> & { name: string })[] = [{ name: tapA }],
): HostState {
  const whole = { name: brq, networkId: net, nic: null, leg: null, mtu: 1500, ours: true, ...bridge };
  return {
    bridges: new Map([[whole.name, whole]]),
    taps: new Map(taps.map((tap) => [tap.name, { bridge: whole.name, enslave: true, up: true, mtu: 1500, ...tap }])),
    ...{ cards: new Set(['eth1']), isWhole: true },
  };
}

async function planned(host: FakeHost, state: HostState, options = {}): Promise<string[]> {
  return plan(state, await host.readNetwork(), options).map(describeOperation);
}

async function applied(host: FakeHost, state: HostState): Promise<string> {
  await host.apply(plan(state, await host.readNetwork()));
  expect(await planned(host, state)).toEqual([]);
  return host.print();
}

describe('a local network', () => {
  it('gets a bridge with its taps', async () => {
    const host = new FakeHost();
    host.addTap(tapA, { mtu: 1450 });
    expect(await planned(host, desired())).toEqual([
      `ensure_bridge name=${brq}`,
      `sysctl key=net/ipv6/conf/${brq}/disable_ipv6 value=1`,
      `set_mtu name=${brq} mtu=1500`,
      `set_up name=${brq}`,
      `set_mtu name=${tapA} mtu=1500`,
      `set_master name=${tapA} master=${brq}`,
      `set_up name=${tapA}`,
    ]);
    expect(await applied(host, desired())).toBe(`${brq} bridge up mtu 1500\n  ${tapA} tun up mtu 1500`);
  });

  it('brings up a bridge that is down and sets down a tap whose port is', async () => {
    const host = new FakeHost();
    host.root.give(brq, { kind: 'bridge', up: false });
    host.addTap(tapA, { up: true, master: brq });
    expect(await planned(host, desired({}, [{ name: tapA, up: false }]))).toEqual([
      `set_up name=${brq}`,
      `set_down name=${tapA}`,
    ]);
  });

  it('leaves the taps of guests to Nova, and takes back those that were lost', async () => {
    const host = new FakeHost();
    host.root.give(brq, { kind: 'bridge' });
    host.addTap(tapA, { up: true });
    const guest = desired({}, [{ name: tapA, enslave: false }]);
    expect(await planned(host, guest)).toEqual([]);
    expect(await planned(host, guest, { orphans: new Set([tapA]) })).toEqual([`set_master name=${tapA} master=${brq}`]);
  });

  it("takes a guest's tap along where the bridge has gone: Nova made it before the tap", async () => {
    const host = new FakeHost();
    host.addTap(tapA, { up: true });
    expect(await applied(host, desired({}, [{ name: tapA, enslave: false }]))).toBe(
      `${brq} bridge up mtu 1500\n  ${tapA} tun up mtu 1500`,
    );
  });

  it('brings back a tap that somebody put elsewhere', async () => {
    const host = new FakeHost();
    host.root.give('brother', { kind: 'bridge' });
    host.addTap(tapA, { up: true, master: 'brother' });
    expect(await applied(host, desired())).toContain(`${brq} bridge up mtu 1500\n  ${tapA} tun up mtu 1500`);
  });
});

describe('a flat network', () => {
  const flat = desired({ nic: 'eth1' });

  function hostWithAddresses(): FakeHost {
    const host = new FakeHost();
    host.addNic('eth1', {
      mac: '52:54:00:00:00:01',
      addresses: ['192.168.56.11/24', '192.168.56.12/24', '2001:db8::11/64', 'fe80::1/64'],
    });
    host.root.giveRoute({ destination: '10.20.0.0/16', via: '192.168.56.9', device: 'eth1' });
    host.root.giveRoute({ destination: 'default', via: '192.168.56.1', device: 'eth1' });
    host.root.giveRoute({ destination: 'default', via: '2001:db8::1', device: 'eth1', metric: 1024 });
    host.addTap(tapA);
    return host;
  }

  it('moves the addresses of the card to the bridge, each there before it goes', async () => {
    expect(await planned(hostWithAddresses(), flat)).toEqual([
      `ensure_bridge name=${brq}`,
      `sysctl key=net/ipv6/conf/${brq}/disable_ipv6 value=1`,
      `set_mtu name=${brq} mtu=1500`,
      `set_mac name=${brq} mac=52:54:00:00:00:01`,
      `set_up name=${brq}`,
      `sysctl key=net/ipv6/conf/${brq}/disable_ipv6 value=0`,
      `add_address device=${brq} cidr=192.168.56.11/24 broadcast=null`,
      `add_address device=${brq} cidr=192.168.56.12/24 broadcast=null`,
      `add_address device=${brq} cidr=2001:db8::11/64 broadcast=null`,
      `set_master name=eth1 master=${brq}`,
      `replace_route family=4 destination=10.20.0.0/16 via=192.168.56.9 device=${brq} metric=null source=null`,
      `replace_route family=4 destination=default via=192.168.56.1 device=${brq} metric=100 source=null`,
      `replace_route family=6 destination=default via=2001:db8::1 device=${brq} metric=1023 source=null`,
      'delete_route family=4 destination=10.20.0.0/16 via=192.168.56.9 device=eth1 metric=null',
      'delete_route family=4 destination=default via=192.168.56.1 device=eth1 metric=null',
      'delete_route family=6 destination=default via=2001:db8::1 device=eth1 metric=1024',
      'delete_address device=eth1 cidr=192.168.56.11/24',
      'delete_address device=eth1 cidr=192.168.56.12/24',
      'delete_address device=eth1 cidr=2001:db8::11/64',
      `set_master name=${tapA} master=${brq}`,
      `set_up name=${tapA}`,
    ]);
  });

  it('is then as it should be, and an agent that starts again plans nothing', async () => {
    const text = await applied(hostWithAddresses(), flat);
    expect(text).toBe(
      [
        `${brq} bridge up mtu 1500 192.168.56.11/24 192.168.56.12/24 2001:db8::11/64`,
        '  eth1 up mtu 1500',
        `  ${tapA} tun up mtu 1500`,
        `10.20.0.0/16 via 192.168.56.9 dev ${brq}`,
        `default via 192.168.56.1 dev ${brq} metric 100`,
        `default via 2001:db8::1 dev ${brq} metric 1023`,
      ].join('\n'),
    );
  });

  it('gives everything back when the network is deleted', async () => {
    const host = hostWithAddresses();
    host.removeLink(tapA);
    const before = host.print();
    await applied(host, flat);
    await host.apply(planBridgeRemoval(brq, await host.readNetwork(), new Set(['eth1'])));
    const lines = (text: string) => text.split('\n').sort();
    expect(lines(host.print())).toEqual(lines(before));
  });

  it('keeps the host reachable at every step of both moves', async () => {
    const host = hostWithAddresses();
    const steps = plan(flat, await host.readNetwork());
    const isWhole = async () => {
      const { links, routes } = await host.readNetwork();
      const addresses = new Set([...links.values()].flatMap((link) => link.addresses.map((address) => address.cidr)));
      expect([...addresses]).toEqual(expect.arrayContaining(['192.168.56.11/24', '2001:db8::11/64']));
      expect(routes.filter((route) => route.destination === 'default' && route.family === 4)).not.toHaveLength(0);
    };
    for (const step of steps) {
      await host.apply([step]);
      await isWhole();
    }
    for (const step of planBridgeRemoval(brq, await host.readNetwork(), new Set(['eth1']))) {
      await host.apply([step]);
      await isWhole();
    }
  });

  it('moves a default route whose gateway no prefix of the host reaches', async () => {
    const host = new FakeHost();
    host.addNic('eth1', { addresses: ['203.0.113.7/32'] });
    host.root.giveRoute({ destination: 'default', via: '172.31.1.1', device: 'eth1', onLink: true });
    const before = host.print();
    expect(await applied(host, desired({ nic: 'eth1' }, []))).toContain(`default via 172.31.1.1 dev ${brq} metric 100`);
    expect((await host.readNetwork()).routes[0]?.onLink).toBe(true);
    await host.apply(planBridgeRemoval(brq, await host.readNetwork(), new Set(['eth1'])));
    expect(host.print()).toBe(before);
  });

  it('takes card and addresses over from the bridge of an older network', async () => {
    const host = new FakeHost();
    host.root.give('brqold', { kind: 'bridge', addresses: ['192.168.56.11/24'] });
    host.addNic('eth1', { master: 'brqold' });
    host.root.giveRoute({ destination: 'default', via: '192.168.56.1', device: 'brqold', metric: 100 });
    expect(await applied(host, desired({ nic: 'eth1' }, []))).toBe(
      [
        `${brq} bridge up mtu 1500 192.168.56.11/24`,
        '  eth1 up mtu 1500',
        'brqold bridge up mtu 1500',
        `default via 192.168.56.1 dev ${brq} metric 99`,
      ].join('\n'),
    );
  });

  it('plans nothing but the MAC-less bridge for a card that was there before', async () => {
    const host = new FakeHost();
    host.root.give(brq, { kind: 'bridge' });
    host.addNic('eth1', { master: brq });
    expect(await planned(host, desired({ nic: 'eth1' }, []))).toEqual([]);
  });
});

describe('a bridge of the operator', () => {
  it('is used and never changed', async () => {
    const host = new FakeHost();
    host.root.give('br-ex', { kind: 'bridge', mtu: 9000 });
    host.addTap(tapA);
    expect(await planned(host, desired({ name: 'br-ex', ours: false }))).toEqual([
      `set_master name=${tapA} master=br-ex`,
      `set_up name=${tapA}`,
    ]);
  });
});

describe('removal', () => {
  it('has nothing to do where no bridge is', async () => {
    expect(planBridgeRemoval(brq, await new FakeHost().readNetwork(), new Set())).toEqual([]);
  });

  it('lets go the taps that are still there', async () => {
    const host = new FakeHost();
    host.root.give(brq, { kind: 'bridge' });
    host.addTap(tapA, { up: true, master: brq });
    await host.apply(planBridgeRemoval(brq, await host.readNetwork(), new Set()));
    expect(host.print()).toBe(`${tapA} tun up mtu 1500`);
  });
});

describe('leaveAlone', () => {
  it('leaves out a tap, or a bridge with all its taps', async () => {
    const host = new FakeHost();
    host.addTap(tapA);
    host.addTap(tapB);
    const both = desired({}, [{ name: tapA }, { name: tapB }]);
    expect((await planned(host, both, { leaveAlone: new Set([tapA]) })).join()).not.toContain(tapA);
    expect(await planned(host, both, { leaveAlone: new Set([brq]) })).toEqual([]);
  });
});

/** A host in any state that hands, Nova and half-done work can leave behind, and any wish for it. */
const bridges = ['brq00000000-00', 'brq00000000-01'];
const taps = ['tap00000000-00', 'tap00000000-01', 'tap00000000-02'];
const arbitraryHost = fc.record({
  bridges: fc.array(
    fc.record({ name: fc.constantFrom(...bridges), up: fc.boolean(), mtu: fc.constantFrom(1400, 1500) }),
  ),
  nicMaster: fc.option(fc.constantFrom(...bridges)),
  nicUp: fc.boolean(),
  nicAddresses: fc.subarray(['192.168.56.11/24', '10.0.0.5/16', '2001:db8::5/64']),
  bridgeAddresses: fc.subarray(['192.168.57.11/24', '2001:db8:1::5/64']),
  hasDefault: fc.boolean(),
  taps: fc.array(
    fc.record({
      name: fc.constantFrom(...taps),
      up: fc.boolean(),
      mtu: fc.constantFrom(1400, 1500),
      master: fc.option(fc.constantFrom(...bridges)),
    }),
  ),
});
const arbitraryWish = fc.record({
  nicBridge: fc.option(fc.constantFrom(...bridges)),
  mtu: fc.constantFrom(1400, 1500, 9000),
  taps: fc.array(
    fc.record({
      name: fc.constantFrom(...taps),
      bridge: fc.constantFrom(...bridges),
      up: fc.boolean(),
      enslave: fc.boolean(),
    }),
  ),
});

it('applying the plan makes the host as desired, whatever it was', async () => {
  await fc.assert(
    fc.asyncProperty(arbitraryHost, arbitraryWish, async (given, wish) => {
      const host = new FakeHost();
      for (const { name, up, mtu } of given.bridges)
        if (!host.root.has(name)) host.root.give(name, { kind: 'bridge', up, mtu });
      const master = (name: string | null) => (name && host.root.has(name) ? name : null);
      host.addNic('eth1', { up: given.nicUp, addresses: given.nicAddresses, master: master(given.nicMaster) });
      const first = given.bridges[0];
      if (first)
        for (const cidr of given.bridgeAddresses) host.root.apply({ op: 'add_address', device: first.name, cidr });
      if (given.hasDefault && given.nicUp && given.nicAddresses.includes('192.168.56.11/24')) {
        host.root.giveRoute({ destination: 'default', via: '192.168.56.1', device: 'eth1' });
      }
      for (const tap of given.taps) {
        if (!host.root.has(tap.name)) host.addTap(tap.name, { ...tap, master: master(tap.master) });
      }
      const wished: HostState = {
        bridges: new Map(
          bridges.map((name) => [
            name,
            {
              ...{ name, networkId: net, nic: wish.nicBridge === name ? 'eth1' : null, leg: null },
              ...{ mtu: wish.mtu, ours: true },
            },
          ]),
        ),
        ...{ cards: new Set(['eth1']), isWhole: true },
        taps: new Map(wish.taps.map((tap) => [tap.name, { ...tap, mtu: wish.mtu }])),
      };
      const addressesBefore = allAddresses(host);
      await host.apply(plan(wished, await host.readNetwork()));
      expect(plan(wished, await host.readNetwork())).toEqual([]);
      const state = await host.readNetwork();
      for (const tap of wished.taps.values()) {
        const link = state.links.get(tap.name);
        if (!link) continue;
        expect(link).toMatchObject({ up: tap.up, mtu: wish.mtu });
        if (tap.enslave) expect(link.master).toBe(tap.bridge);
      }
      if (wish.nicBridge) expect(state.links.get('eth1')?.master).toBe(wish.nicBridge);
      expect(allAddresses(host)).toEqual(addressesBefore);
    }),
    { numRuns: 300 },
  );
});

function allAddresses(host: FakeHost): string[] {
  const { links } = host.root.read();
  return [...new Set([...links.values()].flatMap((link) => link.addresses.map((address) => address.cidr)))].sort();
}
