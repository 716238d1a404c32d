import { describe, expect, it } from 'vitest';
import type { WireRule } from '../../../rpc/contract.ts';
import { testPort, testState } from '../testing.ts';
import { A, B, chainOf, everywhere, firewall, fromB, ssh, web, well } from './driver-testing.ts';
import { mustStayShut } from './opening.ts';
import { FakeFirewallHost } from './testing.ts';

describe('what fails', () => {
  const bad: WireRule = { ...ssh, port_range_min: 666, port_range_max: 666 };
  const refuse = (body: string) => (body.includes('--dport 666') ? 'the kernel says no' : null);

  it.each([true, false])('closes the one port whose rule is refused (line named: %s)', async (namesLine) => {
    const host = new FakeFirewallHost();
    host[4].refuses = refuse;
    host[4].namesLine = namesLine;
    const ports = [1, 2, 3, 4, 5].map((n) => testPort(n, { groups: [n === 3 ? B : A] }));
    const driver = firewall(host);
    const result = await driver.apply(testState(ports, { [A]: [ssh], [B]: [bad] }), everywhere);
    // Of IPv6 its rules are in force; nobody is told that it works for that.
    expect([...result.closed]).toEqual([[ports[2]!.tap, expect.stringContaining('the kernel says no')]]);
    expect(result.late.size).toBe(0);
    expect(chainOf(host, 'i00000001-a')).toBeDefined();
    expect(chainOf(host, 'i00000003-a')).toBeUndefined();
    expect(
      chainOf(host, 'FORWARD')!
        .filter((body) => body.includes('tap00000003'))
        .every((body) => body.endsWith('-j neutron-linuxbri-sg-fallback')),
    ).toBe(true);
  });

  it('leaves a port the rules it has when the new ones are refused, and tries again', async () => {
    const host = new FakeFirewallHost();
    let nowMs = 0;
    const driver = firewall(host, { now: () => nowMs });
    const port = testPort(1, { groups: [A] });
    await driver.apply(testState([port], { [A]: [ssh] }), everywhere);
    host[4].refuses = refuse;
    const state = testState([port], { [A]: [ssh, bad] });
    const result = await driver.apply(state, everywhere);
    expect([...result.late.keys()]).toEqual([port.tap]);
    expect(chainOf(host, 'i00000001-a')!.some((body) => body.includes('--dport 22'))).toBe(true);
    host.takeWrites();
    await driver.apply(state, everywhere);
    expect(host.takeWrites()).toEqual([]);
    host[4].refuses = () => null;
    nowMs += 20_000;
    expect(await driver.apply(state, everywhere)).toEqual(well);
    expect(chainOf(host, 'i00000001-a')!.some((body) => body.includes('--dport 666'))).toBe(true);
  });

  it('opens no port that its guard could not guard, and leaves those that work as they are', async () => {
    const host = new FakeFirewallHost();
    const driver = firewall(host);
    const [old, fresh, other] = [1, 2, 3].map((n) => testPort(n, { groups: [A] }));
    await driver.apply(testState([old!], { [A]: [ssh] }), everywhere);
    const unguarded = new Map([old!, fresh!].map(({ tap }) => [tap, 'ebtables says no']));
    const guarded = () => {};
    const together = (closed: Promise<ReadonlyMap<string, string>>) => ({ unguarded: closed, guarded });
    const state = testState([old!, fresh!, other!], { [A]: [ssh, web] });
    const result = await driver.apply(state, everywhere, together(Promise.resolve(unguarded)));
    expect([...result.closed]).toEqual([[fresh!.tap, 'ebtables says no']]);
    expect(chainOf(host, 'i00000001-a')!.some((body) => body.includes('--dport 80'))).toBe(true);
    expect(chainOf(host, 'i00000002-a')).toBeUndefined();
    expect(chainOf(host, 'i00000003-a')).toBeDefined();
    expect(await driver.apply(state, everywhere, together(Promise.resolve(new Map())))).toEqual(well);
    expect(chainOf(host, 'i00000002-a')).toBeDefined();
    // Nothing is opened: nobody is waited for.
    expect(await driver.apply(testState([old!]), () => false, together(new Promise(() => {})))).toEqual(well);
  });

  it('opens nothing while its guard waits', async () => {
    const tap = 'tap1';
    expect([...(await mustStayShut(new Set([tap]), { unguarded: new Promise(() => {}) }, 10))]).toEqual([
      [tap, 'protection against spoofing is not written yet'],
    ]);
  });

  it('does not leave a port open that is to be filtered', async () => {
    const host = new FakeFirewallHost();
    const driver = firewall(host);
    const port = testPort(1, { filter: 'open' });
    await driver.apply(testState([port]), everywhere);
    host[4].refuses = refuse;
    host[6].refuses = (body) => (body.includes('--state') ? 'no' : null);
    const result = await driver.apply(
      testState([{ ...port, filter: 'filtered', groups: [A] }], { [A]: [bad] }),
      everywhere,
    );
    expect([...result.closed.keys()]).toEqual([port.tap]);
    expect(chainOf(host, 'FORWARD')!.some((body) => body.includes('ACCEPT'))).toBe(false);
  });

  it.each([4, 6] as const)('nor where nothing of IPv%d can be changed', async (version) => {
    const host = new FakeFirewallHost();
    const driver = firewall(host);
    const port = testPort(1, { filter: 'open' });
    await driver.apply(testState([port]), everywhere);
    const program = version === 4 ? 'iptables-restore' : 'ip6tables-restore';
    host.breaks = (argv) => (argv[0] === program ? { code: 4, stderr: 'somebody holds the xtables lock' } : null);
    const state = testState([{ ...port, filter: 'filtered', groups: [A] }], { [A]: [ssh] });
    const result = await driver.apply(state, everywhere);
    expect([...result.closed.keys()]).toEqual([port.tap]);
    host.breaks = () => null;
    expect(await driver.apply(state, everywhere)).toEqual(well);
  });

  it('keeps a closed port closed when it becomes nobody’s', async () => {
    const host = new FakeFirewallHost();
    const driver = firewall(host);
    const port = testPort(1, { filter: 'closed' });
    await driver.apply(testState([port]), everywhere);
    const lines = () =>
      [...host[4].tables.get('filter')!].flatMap(([chain, bodies]) =>
        bodies.filter((body) => body.includes(port.tap)).map((body) => `${chain} ${body}`),
      );
    const before = lines();
    await driver.apply(testState([testPort(2)]), everywhere);
    expect(lines()).toEqual(before);
  });

  it('is nobody’s fault when the lock is held: all is as it was, with the reason', async () => {
    const host = new FakeFirewallHost();
    const driver = firewall(host);
    const [a, b] = [testPort(1, { groups: [A] }), testPort(2, { groups: [A] })];
    await driver.apply(testState([a], { [A]: [ssh] }), everywhere);
    host.breaks = ([program]) =>
      program?.endsWith('-restore')
        ? { code: 4, stderr: 'Another app is currently holding the xtables lock; still -9s 0us time ahead' }
        : null;
    const state = testState([a, b], { [A]: [ssh, web] });
    const result = await driver.apply(state, everywhere);
    expect([...result.closed.keys()]).toEqual([b.tap]);
    expect([...result.late.keys()]).toEqual([a.tap]);
    expect(result.closed.get(b.tap)).toMatch(/xtables lock/);
    host.breaks = () => null;
    expect(await driver.apply(state, everywhere)).toEqual(well);
  });

  it('is thrown when nobody can say what is in force, and else told of ports that are new', async () => {
    const host = new FakeFirewallHost();
    const broken = ([program]: readonly string[]) =>
      program?.endsWith('-save') ? { code: 3, stderr: 'broken' } : null;
    const driver = firewall(host);
    await driver.start();
    // Else what was read at the start would do.
    driver.distrust();
    host.breaks = broken;
    await expect(driver.apply(testState([testPort(1)]), everywhere)).rejects.toThrow('broken');
    host.breaks = () => null;
    await driver.apply(testState([testPort(1)]), everywhere);
    host.breaks = broken;
    driver.distrust();
    const result = await driver.apply(testState([testPort(1), testPort(2)]), everywhere);
    expect([...result.closed.keys()]).toEqual([testPort(2).tap]);
    expect([...result.late.keys()]).toEqual([testPort(1).tap]);
  });

  it('closes ports that need a set that cannot be made, and no others', async () => {
    const host = new FakeFirewallHost();
    const [a, b] = [testPort(1, { groups: [A] }), testPort(2, { groups: [B] })];
    const members = { [B]: { IPv4: [['10.0.0.9', null] as [string, null]] } };
    const driver = firewall(host);
    host.breaks = (argv) =>
      argv[1] === 'restore'
        ? { code: 1, stderr: 'ipset v7.17: Error in line 1: Kernel error received: Out of memory' }
        : null;
    const state = testState([a, b], { [A]: [fromB], [B]: [ssh] }, members);
    const result = await driver.apply(state, everywhere);
    expect([...result.closed.keys()]).toEqual([a.tap]);
    expect(result.closed.get(a.tap)).toMatch(/set NIPv4bbbbbbbb.*Out of memory/);
    expect(chainOf(host, 'i00000001-a')).toBeUndefined();
    expect(chainOf(host, 'i00000002-a')).toBeDefined();
    host.breaks = () => null;
    expect(await driver.apply(state, everywhere)).toEqual(well);
    expect(chainOf(host, 'i00000001-a')).toBeDefined();
  });

  it('refuses to start where bridges are not filtered, and closes every port when that ends', async () => {
    const host = new FakeFirewallHost();
    const away = { read: () => Promise.reject(new Error('ENOENT')), write: async () => {} };
    await expect(firewall(host, { settings: away }).start()).rejects.toThrow(
      /\[securitygroup\] firewall_driver: .*br_netfilter/,
    );
    expect(host.ran[0]?.argv).toEqual(['modprobe', 'br_netfilter']);
    const values = new Map<string, string>();
    const driver = firewall(host, {
      settings: {
        read: async (key) => values.get(key) ?? '0',
        write: async (key, value) => void values.set(key, value),
      },
    });
    await driver.start();
    expect([...values.values()]).toEqual(['1', '1', '1']);
  });

  it('makes no word of a rule of a name that is none', async () => {
    const host = new FakeFirewallHost();
    const result = await firewall(host).apply(
      testState([testPort(1, { tap: 'tap1 -j ACCEPT' }), testPort(2, { bridge: 'a\nb' })]),
      everywhere,
    );
    expect(result.closed.size).toBe(2);
    expect(JSON.stringify(host.takeWrites())).not.toContain('tap1');
  });
});
