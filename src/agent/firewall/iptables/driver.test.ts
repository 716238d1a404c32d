import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { WireRule } from '../../../rpc/contract.ts';
import type { FirewallPort, FirewallState, Members } from '../contract.ts';
import { testPort, testState } from '../testing.ts';
import { IptablesFirewall, type IptablesFirewallOptions } from './driver.ts';
import { FakeFirewallHost } from './testing.ts';

const A = 'aaaaaaaa-2222-4333-8444-555555555555';
const B = 'bbbbbbbb-2222-4333-8444-555555555555';
const ssh: WireRule = {
  direction: 'ingress',
  ethertype: 'IPv4',
  protocol: 'tcp',
  port_range_min: 22,
  port_range_max: 22,
};
const web: WireRule = { ...ssh, port_range_min: 80, port_range_max: 80 };
const out: WireRule = { direction: 'egress', ethertype: 'IPv4' };
const fromB: WireRule = { direction: 'ingress', ethertype: 'IPv4', remote_group_id: B };
const settings = { read: async () => '1', write: async () => {} };
const everywhere = () => true;

function firewall(host: FakeFirewallHost, more: Partial<IptablesFirewallOptions> = {}): IptablesFirewall {
  return new IptablesFirewall({ exec: host, settings, ...more });
}

const well = { closed: new Map(), late: new Map() };

/** Rules and sets, with lines whose order means nothing sorted. */
function picture(host: FakeFirewallHost): unknown {
  const tables = [host[4], host[6]].map(({ tables }) =>
    [...tables].map(([table, chains]) =>
      [...chains].sort().map(([name, bodies]) => {
        const isShared = /-(FORWARD|INPUT|PREROUTING|sg-chain|sg-from|sg-to|OUTPUT)$/.test(name);
        return `${table} ${name}: ${(isShared ? [...bodies].sort() : ordered(bodies)).join(' | ')}`;
      }),
    ),
  );
  return [tables, [...host.sets].map(([name, { entries }]) => `${name} ${[...entries].sort()}`).sort()];
}

/** Rules that only let packets return, next to each other, mean the same in any order. */
function ordered(bodies: readonly string[]): string[] {
  const runs = bodies.join('\n').split(/^(.*-j (?!RETURN$).*)$/m);
  return runs.flatMap((run) => run.split('\n').filter(Boolean).sort());
}

const chainOf = (host: FakeFirewallHost, name: string, version: 4 | 6 = 4) =>
  host[version].tables.get('filter')!.get(`neutron-linuxbri-${name}`);

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
    // Of IPv6 its rules are in force: something may pass.
    expect([...result.late]).toEqual([[ports[2]!.tap, expect.stringContaining('the kernel says no')]]);
    expect(result.closed.size).toBe(0);
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
    expect([...result.late.keys()]).toEqual([a.tap]);
    expect(result.late.get(a.tap)).toMatch(/set NIPv4bbbbbbbb.*Out of memory/);
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

describe('connections', () => {
  const line = (dport: number, source = '10.0.0.7') =>
    `tcp      6 431999 ESTABLISHED src=${source} dst=10.0.0.1 sport=40000 dport=${dport} src=10.0.0.1 dst=${source} sport=${dport} dport=40000 [ASSURED] mark=0 zone=4097 use=1\n`;

  it('end when their rule goes, after the rules are in force; others stay', async () => {
    const host = new FakeFirewallHost();
    const driver = firewall(host);
    const port = testPort(1, { groups: [A] });
    await driver.apply(testState([port], { [A]: [ssh, web] }), everywhere);
    host.connections.ipv4 = line(22) + line(80);
    host.takeWrites();
    await driver.apply(testState([port], { [A]: [web] }), everywhere);
    expect(host.takeWrites()).toEqual([
      expect.stringContaining('-D neutron-linuxbri-i00000001-a -p tcp -m tcp --dport 22'),
      'conntrack: -D -w 4097 -f ipv4 -p 6 -s 10.0.0.7 -d 10.0.0.1 --sport 40000 --dport 22',
    ]);
  });

  it('end when a member leaves, and when a port does', async () => {
    const host = new FakeFirewallHost();
    const driver = firewall(host);
    const port = testPort(1, { groups: [A] });
    const groups = { [A]: [fromB] };
    const members = (...ips: string[]) => ({ [B]: { IPv4: ips.map((ip): [string, null] => [ip, null]) } });
    await driver.apply(testState([port], groups, members('10.0.0.7', '10.0.0.8')), everywhere);
    host.connections.ipv4 = line(22) + line(22, '10.0.0.8');
    host.takeWrites();
    await driver.apply(testState([port], groups, members('10.0.0.8')), everywhere);
    expect(host.takeWrites().at(-1)).toBe('conntrack: -D -w 4097 -f ipv4 -p 6 -s 10.0.0.7 -d 10.0.0.1');
    await driver.apply(testState([]), () => false);
    expect(host.takeWrites().find((text) => text.startsWith('conntrack'))).toContain('-s 10.0.0.8 -d 10.0.0.1');
  });

  it('are looked at when the agent starts: one before it may have been killed before it got to them', async () => {
    const host = new FakeFirewallHost();
    const state = testState([testPort(1, { groups: [A] })], { [A]: [web] });
    await firewall(host).apply(state, everywhere);
    host.connections.ipv4 = line(22) + line(80);
    host.takeWrites();
    await firewall(host).apply(state, everywhere);
    expect(host.takeWrites()).toEqual([
      'conntrack: -D -w 4097 -f ipv4 -p 6 -s 10.0.0.7 -d 10.0.0.1 --sport 40000 --dport 22',
    ]);
  });
});

describe('explain', () => {
  const rules: WireRule[] = [
    { ...ssh, id: 'r1' },
    { ...fromB, id: 'r2' },
    { ...ssh, id: 'r3', protocol: 'icmp', port_range_min: 255 },
  ];
  const members = { [B]: { IPv4: [['10.0.0.9', null] as [string, null]] } };
  const words = async (driver: IptablesFirewall, state: FirewallState, tap: string) =>
    (await driver.explain(state, tap)).map(({ step, state: is, found, cause, check }) =>
      [step, is, found, cause, check].join(' | '),
    );

  it('names for each line of the kernel whose it is, and what is missing', async () => {
    const host = new FakeFirewallHost();
    const driver = firewall(host);
    const port = testPort(1, {
      groups: [A],
      addressPairs: [{ ip_address: '10.9.9.9', mac_address: 'fa:16:3e:00:00:01' }],
    });
    const state = testState([port, testPort(2, { groups: [A] })], { [A]: rules }, members);
    await driver.apply(state, everywhere);
    host.takeWrites();
    const fine = await words(driver, state, port.tap);
    expect(fine.filter((line) => !line.includes(' | ok | '))).toEqual([
      `rule | fault | ICMP type 255 cannot be matched by iptables | rule r3, of group ${A} | `,
    ]);
    expect(fine).toContain(`rule | ok | in force | rule r1, of group ${A} | iptables -S neutron-linuxbri-i00000001-a`);
    expect(fine).toContain(
      `rule | ok | in force | rule r2, of group ${A}, remote group ${B} | iptables -S neutron-linuxbri-i00000001-a`,
    );
    expect(fine).toContain(`address_set | ok | in force | group ${B} | ipset list NIPv4${B.slice(0, 24)}`);
    expect(fine).toContain(
      `own_addresses | ok | in force | port ${port.portId}, pair 10.9.9.9 | iptables -S neutron-linuxbri-s00000001-a`,
    );
    chainOf(host, 'i00000001-a')!.splice(1, 1);
    chainOf(host, 's00000001-a')!.unshift('-j RETURN');
    chainOf(host, 'sg-to')!.shift();
    host.sets.get(`NIPv4${B.slice(0, 24)}`)!.entries.add('6.6.6.6');
    const faults = (await words(driver, state, port.tap))
      .filter((line) => line.includes(' | fault | '))
      .map((line) => line.split(' | ').slice(0, 3).join(' | '));
    expect(faults).toEqual([
      'filter | fault | not in neutron-linuxbri-sg-to of table filter: -m physdev --physdev-out tap00000001-a1 --physdev-is-bridged -j RETURN',
      'own_addresses | fault | of somebody else: -j RETURN',
      'rule | fault | not in neutron-linuxbri-i00000001-a: -p tcp -m tcp --dport 22 -j RETURN',
      'chain | fault | not there: -p tcp -m tcp --dport 22 -j RETURN',
      'rule | fault | ICMP type 255 cannot be matched by iptables',
      'address_set | fault | 1 of nobody (6.6.6.6 …)',
    ]);
    expect(host.takeWrites()).toEqual([]);
  });

  it('says so of ports that are open, closed, and unknown to the kernel', async () => {
    const host = new FakeFirewallHost();
    const driver = firewall(host);
    const [open, closed] = [testPort(1, { filter: 'open' }), testPort(2, { filter: 'closed' })];
    const state = testState([open, closed, testPort(3)]);
    await driver.apply(testState([open, closed]), everywhere);
    const filters = async (tap: string) =>
      (await words(driver, state, tap)).filter((line) => line.startsWith('filter')).map((line) => line.split(' | ')[1]);
    expect([await filters(open.tap), await filters(closed.tap), await filters(testPort(3).tap)]).toEqual([
      ['ok', 'ok'],
      ['waiting', 'waiting'],
      ['fault', 'fault'],
    ]);
    expect(await driver.explain(state, 'tapnobody')).toEqual([]);
  });
});

describe('any two states', () => {
  const rule: fc.Arbitrary<WireRule> = fc.record(
    {
      direction: fc.constantFrom('ingress', 'egress'),
      ethertype: fc.constantFrom('IPv4', 'IPv6'),
      protocol: fc.constantFrom('tcp', 'udp', '6'),
      port_range_min: fc.integer({ min: 1, max: 4 }),
      port_range_max: fc.integer({ min: 4, max: 5 }),
    },
    { requiredKeys: ['direction', 'ethertype', 'protocol'] },
  );
  const remote: fc.Arbitrary<WireRule> = fc.record({
    direction: fc.constantFrom('ingress', 'egress'),
    ethertype: fc.constantFrom('IPv4', 'IPv6'),
    remote_group_id: fc.constantFrom(A, B),
  });
  const group = (stateful: boolean) =>
    fc.array(fc.oneof(rule, remote), { maxLength: 6 }).map((rules) => rules.map((one) => ({ ...one, stateful })));
  const port = (n: number): fc.Arbitrary<FirewallPort> =>
    fc
      .record({
        filter: fc.constantFrom('filtered', 'filtered', 'filtered', 'open', 'closed'),
        bridge: fc.constantFrom('brq11111111-11', 'brq22222222-22'),
        groups: fc.subarray([A, B]),
        fixedIps: fc.subarray([`10.0.0.${n}`, `fd00::${n}`]),
      })
      .map((more) => testPort(n, more));
  const members: fc.Arbitrary<Members> = fc.record({
    IPv4: fc.subarray(['10.0.0.1', '10.0.0.2', '0.0.0.0/0']).map((ips) => ips.map((ip): [string, null] => [ip, null])),
    IPv6: fc.subarray(['fd00::1', 'fd01::/64']).map((ips) => ips.map((ip): [string, null] => [ip, null])),
  });
  const state: fc.Arbitrary<FirewallState> = fc
    .record({
      ports: fc.tuple(...[1, 2, 11, 13].map((n) => fc.option(port(n)))),
      a: group(true),
      b: group(false),
      ma: members,
      mb: members,
    })
    .map(({ ports, a, b, ma, mb }) =>
      testState(
        ports.flatMap((one) => one ?? []),
        { [A]: a, [B]: b },
        { [A]: ma, [B]: mb },
      ),
    );

  it('one after the other give what the second gives alone, and a look finds nothing to do', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(state, { minLength: 2, maxLength: 4 }), fc.boolean(), async (states, sets) => {
        const host = new FakeFirewallHost();
        const driver = firewall(host, { sets });
        for (const one of states) expect(await driver.apply(one, () => false)).toEqual(well);
        const alone = new FakeFirewallHost();
        // Zones stay as they were given.
        const last = states.at(-1)!;
        alone[4].tables.set(
          'raw',
          new Map([...host[4].tables.get('raw')!].map(([name, bodies]) => [name, [...bodies]])),
        );
        await firewall(alone, { sets }).apply(last, () => false);
        expect(picture(host)).toEqual(picture(alone));
        host.takeWrites();
        driver.distrust();
        await driver.apply(last, () => false);
        expect(host.takeWrites()).toEqual([]);
      }),
    );
  });
});
