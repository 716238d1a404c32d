import { describe, expect, it } from 'vitest';
import type { WireRule } from '../../../rpc/contract.ts';
import { testPort, testState } from '../testing.ts';
import { A, B, chainOf, everywhere, firewall, fromB, ordered, out, ssh, web, well } from './driver-testing.ts';
import { FakeFirewallHost } from './testing.ts';

describe('the iptables driver', () => {
  it('puts everything in place by one restore for each family, and then does nothing', async () => {
    const host = new FakeFirewallHost();
    const driver = firewall(host);
    const state = testState(
      [testPort(1, { groups: [A] }), testPort(2, { groups: [A] })],
      { [A]: [ssh, fromB, out] },
      { [B]: { IPv4: [['10.0.0.9', null]] } },
    );
    expect(await driver.apply(state, everywhere)).toEqual(well);
    expect(
      host
        .takeWrites()
        .map((text) => text.split(':')[0])
        .sort(),
    ).toEqual(['ip6tables-restore', 'ipset', 'iptables-restore']);
    expect(await driver.apply(state, everywhere)).toEqual(well);
    expect(host.ran).toEqual([]);
    driver.distrust();
    await driver.apply(state, everywhere);
    expect(host.takeWrites()).toEqual([]);
    // What the top of FORWARD says decides before anything else, and nobody unknown passes.
    expect(host[4].tables.get('filter')!.get('FORWARD')).toEqual(
      ['neutron-filter-top', 'neutron-linuxbri-sg-closed', 'neutron-linuxbri-FORWARD'].map((name) => `-j ${name}`),
    );
    expect(chainOf(host, 'sg-chain')!.at(-1)).toBe('-j ACCEPT');
    for (const name of ['sg-from', 'sg-to', 'INPUT']) expect(chainOf(host, name)!.at(-1)).toMatch(/-j DROP$/);
  });

  it('adds a rule of a shared group to the chains concerned, and touches nothing else', async () => {
    const host = new FakeFirewallHost();
    const driver = firewall(host);
    const ports = [1, 2, 3].map((n) => testPort(n, { groups: [n === 3 ? B : A] }));
    await driver.apply(testState(ports, { [A]: [ssh, ssh, out], [B]: [out] }), everywhere);
    host.takeWrites();
    await driver.apply(testState(ports, { [A]: [web, ssh, out], [B]: [out] }), everywhere);
    expect(host.takeWrites()).toEqual([
      [
        'iptables-restore: *filter',
        '-I neutron-linuxbri-i00000001-a -p tcp -m tcp --dport 80 -j RETURN',
        '-I neutron-linuxbri-i00000002-a -p tcp -m tcp --dport 80 -j RETURN',
        'COMMIT',
      ].join('\n'),
    ]);
  });

  it('knows chains again in which a rule does not stand at its usual place, and mends those where that matters', async () => {
    const host = new FakeFirewallHost();
    const ports = [testPort(1, { groups: [A] })];
    const driver = firewall(host);
    const mail: WireRule = { ...out, protocol: 'tcp', port_range_min: 25, port_range_max: 25 };
    const dns: WireRule = { ...out, protocol: 'tcp', port_range_min: 53, port_range_max: 53 };
    await driver.apply(testState(ports, { [A]: [ssh, mail] }), everywhere);
    host.takeWrites();
    const state = testState(ports, { [A]: [ssh, web, mail, dns] });
    await driver.apply(state, everywhere);
    const usual = new FakeFirewallHost();
    await firewall(usual).apply(state, everywhere);
    // What a guest sends is judged by what drops before its groups are asked: there a rule comes to its place.
    expect(chainOf(host, 'o00000001-a')).toEqual(chainOf(usual, 'o00000001-a'));
    expect(chainOf(host, 'i00000001-a')![0]).toContain('--dport 80');
    expect(ordered(chainOf(host, 'i00000001-a')!)).toEqual(ordered(chainOf(usual, 'i00000001-a')!));
    host.takeWrites();
    await firewall(host).apply(state, everywhere);
    expect(host.takeWrites()).toEqual([]);
    for (const name of ['i00000001-a', 'o00000001-a']) {
      const chain = chainOf(host, name)!;
      const drop = chain.findIndex((body) => body.includes('INVALID'));
      chain.splice(drop - 1, 2, chain[drop]!, chain[drop - 1]!);
    }
    driver.distrust();
    await driver.apply(state, everywhere);
    for (const name of ['i00000001-a', 'o00000001-a']) expect(chainOf(host, name)).toEqual(chainOf(usual, name));
  });

  it('makes chains anew where something comes or goes that drops', async () => {
    const host = new FakeFirewallHost();
    const driver = firewall(host);
    const ports = [testPort(1, { groups: [A] })];
    const rules = Array.from({ length: 8 }, (_, n) => ({ ...ssh, port_range_min: n + 1, port_range_max: n + 1 }));
    for (const stateful of [true, false, true]) {
      const state = testState(ports, { [A]: rules.map((rule) => ({ ...rule, stateful })) });
      await driver.apply(state, everywhere);
      const usual = new FakeFirewallHost();
      await firewall(usual).apply(state, everywhere);
      expect(chainOf(host, 'o00000001-a')).toEqual(chainOf(usual, 'o00000001-a'));
      expect(ordered(chainOf(host, 'i00000001-a')!)).toEqual(ordered(chainOf(usual, 'i00000001-a')!));
    }
  });

  it('adds a member of a remote group to its set only', async () => {
    const host = new FakeFirewallHost();
    const driver = firewall(host);
    const ports = [testPort(1, { groups: [A] })];
    const groups = { [A]: [fromB] };
    const members: [string, null][] = Array.from({ length: 250 }, (_, i) => [`10.1.0.${i}`, null]);
    await driver.apply(testState(ports, groups, { [B]: { IPv4: members } }), everywhere);
    host.takeWrites();
    await driver.apply(testState(ports, groups, { [B]: { IPv4: [...members, ['10.2.0.1', null]] } }), everywhere);
    expect(host.takeWrites()).toEqual([`ipset: add NIPv4${B.slice(0, 24)} 10.2.0.1`]);
    // The last member leaves: the rule goes, then the set.
    await driver.apply(testState(ports, groups, {}), everywhere);
    expect(host.takeWrites()).toEqual([
      `iptables-restore: *filter\n-D neutron-linuxbri-i00000001-a -m set --match-set NIPv4${B.slice(0, 24)} src -j RETURN\nCOMMIT`,
      `ipset: destroy NIPv4${B.slice(0, 24)}`,
    ]);
  });

  it('makes a rule of each member where there are no sets, but not of the port itself', async () => {
    const host = new FakeFirewallHost();
    const driver = firewall(host, { sets: false });
    const members = {
      [B]: {
        IPv4: [
          ['10.0.0.1', null],
          ['10.0.0.2', null],
          ['10.5.0.0/16', null],
        ] as [string, null][],
      },
    };
    await driver.apply(testState([testPort(1, { groups: [A] })], { [A]: [fromB] }, members), everywhere);
    expect(chainOf(host, 'i00000001-a')!.filter((body) => body.startsWith('-s'))).toEqual([
      '-s 10.0.0.2/32 -j RETURN',
      '-s 10.5.0.0/16 -j RETURN',
    ]);
    expect(host.sets.size).toBe(0);
  });

  it('leaves rules of others, and of taps that nobody told it of, alone', async () => {
    const host = new FakeFirewallHost();
    host[4].tables.get('filter')!.set('DOCKER', ['-s 1.2.3.4/32 -j ACCEPT']);
    host[4].tables.get('filter')!.get('FORWARD')!.push('-j DOCKER');
    const [own, other] = [testPort(1, { groups: [A] }), testPort(2, { groups: [A], bridge: 'brq22222222-22' })];
    await firewall(host).apply(testState([other], { [A]: [ssh] }), everywhere);
    const driver = firewall(host);
    await driver.apply(testState([own], { [A]: [ssh] }), everywhere);
    expect(chainOf(host, 'i00000002-a')).toBeDefined();
    expect(host[4].tables.get('raw')!.get('neutron-linuxbri-OUTPUT')).toHaveLength(2);
    expect(host[4].tables.get('filter')!.get('DOCKER')).toEqual(['-s 1.2.3.4/32 -j ACCEPT']);
    expect(host[4].tables.get('filter')!.get('FORWARD')!.at(-1)).toBe('-j DOCKER');
    await driver.apply(testState([own], { [A]: [ssh] }), (tap) => tap === own.tap);
    expect(chainOf(host, 'i00000002-a')).toBeUndefined();
    expect(host[4].tables.get('raw')!.get('neutron-linuxbri-OUTPUT')).toHaveLength(1);
  });

  it('gives a bridge no zone that another agent gave meanwhile, and none away that a chain has lost', async () => {
    const host = new FakeFirewallHost();
    const [one, two] = [firewall(host), firewall(host)];
    const a = testPort(1);
    const b = testPort(2, { bridge: 'brq22222222-22' });
    const c = testPort(3, { bridge: 'brq33333333-33' });
    await one.apply(testState([a]), everywhere);
    await two.apply(testState([b]), everywhere);
    await one.apply(testState([a, c]), everywhere);
    const zones = () =>
      host[4].tables
        .get('raw')!
        .get('neutron-linuxbri-PREROUTING')!
        .filter((body) => body.startsWith('-i '))
        .map((body) => body.replace(/^-i (\S+) .* (\d+)$/, '$1 $2'))
        .sort();
    const all = ['brq11111111-11 4097', 'brq22222222-22 4098', 'brq33333333-33 4099'];
    expect(zones()).toEqual(all);
    host[4].tables.get('raw')!.get('neutron-linuxbri-PREROUTING')!.length = 0;
    host[6].tables.get('raw')!.get('neutron-linuxbri-PREROUTING')!.length = 0;
    for (const driver of [two, one]) {
      driver.distrust();
      await driver.apply(testState(driver === one ? [a, c] : [b]), everywhere);
    }
    expect(zones()).toEqual(all);
  });

  it('puts itself in front again where somebody put an accept', async () => {
    const host = new FakeFirewallHost();
    const driver = firewall(host);
    const state = testState([testPort(1)]);
    await driver.apply(state, everywhere);
    host[4].tables.get('filter')!.get('FORWARD')!.unshift('-j ACCEPT');
    chainOf(host, 'o00000001-a')!.length = 0;
    chainOf(host, 'sg-chain')!.unshift('-j ACCEPT');
    driver.distrust();
    await driver.apply(state, everywhere);
    expect(host[4].tables.get('filter')!.get('FORWARD')!.at(-1)).toBe('-j ACCEPT');
    expect(chainOf(host, 'o00000001-a')!.length).toBeGreaterThan(3);
    expect(chainOf(host, 'sg-chain')).toHaveLength(3);
  });

  it('gives two taps that differ in their last character chains of their own', async () => {
    const host = new FakeFirewallHost();
    const driver = firewall(host);
    const [a, b] = [
      testPort(1, { tap: 'tap00000001-a1', groups: [A] }),
      testPort(2, { tap: 'tap00000001-a2', groups: [B] }),
    ];
    const groups = { [A]: [ssh], [B]: [web] };
    await driver.apply(testState([a, b], groups), everywhere);
    expect(chainOf(host, 'i00000001-a')!.some((body) => body.includes('--dport 22'))).toBe(true);
    expect(chainOf(host, 'i00000001a2')!.some((body) => body.includes('--dport 80'))).toBe(true);
    await driver.apply(testState([b], groups), () => false);
    const again = firewall(host);
    await again.apply(testState([b], groups), () => false);
    expect(chainOf(host, 'i00000001-a')).toBeUndefined();
    expect(chainOf(host, 'i00000001a2')!.some((body) => body.includes('--dport 80'))).toBe(true);
  });
});
