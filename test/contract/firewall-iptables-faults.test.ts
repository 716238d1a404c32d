import { describe, expect, it } from 'vitest';
import type { WireRule } from '../../src/rpc/contract.ts';
import { egressAll, type FirewallStand, port, standForEach, stateOf } from '../support/firewall/stand.ts';
import type { EmulatedHost } from '../support/hosts.ts';
import { runs } from '../support/turns.ts';
import { until } from '../support/wait.ts';

/** What breaks while rules are written. */
let host: EmulatedHost;
let stand: FirewallStand;
standForEach((one) => {
  stand = one;
  host = one.host;
});

const GROUP = '11111111-2222-4333-8444-555555555555';
const OTHER = '22222222-2222-4333-8444-555555555555';
const ping: WireRule = { direction: 'ingress', ethertype: 'IPv4', protocol: 'icmp' };
const ping6: WireRule = { direction: 'ingress', ethertype: 'IPv6', protocol: 'ipv6-icmp' };

describe('an agent that dies in the middle', () => {
  const flavour = '-nft';
  it.each([
    'before_sets',
    'before_rules',
    'before_rules_ipv6',
    'after_rules_ipv4',
    'before_conntrack',
    'before_destroy',
  ] as const)('%s leaves nothing open, and what the next start makes whole', async (point) => {
    const [a, b] = [port({ groups: [GROUP] }), port({ groups: [OTHER] })];
    await stand.addGuests(a, b);
    const groups = { [GROUP]: [ping, ping6], [OTHER]: egressAll };
    const less = { [GROUP]: [{ ...ping, remote_group_id: OTHER }], [OTHER]: egressAll };
    const members = { [OTHER]: { IPv4: [['10.0.0.99', null] as const] } };
    const first = await stand.started({ flavour });
    await first.apply(stateOf([a], groups), stand.isThere);
    await stand.isKeptFrom(b, a.fixedIps[0]!);
    await first.apply(stateOf([a, b], groups), stand.isThere);
    for (const version of [0, 1]) await stand.reaches(b, a.fixedIps[version]!, { id: 80 });
    const dying = await stand.started({
      flavour,
      stopPoint: (name) => {
        if (name === point) throw new Error('killed');
      },
    });
    await expect(dying.apply(stateOf([a, b], less, members), stand.isThere)).rejects.toThrow('killed');
    await stand.isKeptFrom(a, b.fixedIps[0]!);
    const next = await stand.started({ flavour });
    expect(await next.apply(stateOf([a, b], less, members), stand.isThere)).toEqual({
      closed: new Map(),
      late: new Map(),
    });
    for (const version of [0, 1]) await stand.isKeptFrom(b, a.fixedIps[version]!, { id: 80 });
    expect((await host.read(['ipset', 'list', '-n'])).trim().split('\n')).toHaveLength(1);
    await next.apply(stateOf([a, b], groups), stand.isThere);
    expect((await host.read(['ipset', 'list', '-n'])).trim()).toBe('');
  });
});

describe('faults', () => {
  it('somebody turns filtering off: it is turned on again, and said', async () => {
    const driver = await stand.started();
    const state = stateOf([port({ groups: [GROUP] })]);
    await driver.apply(state, () => true);
    await host.run(['sysctl', '-q', '-w', 'net.bridge.bridge-nf-call-iptables=0']);
    driver.distrust();
    await driver.apply(state, () => true);
    expect(await stand.settings.read('net/bridge/bridge-nf-call-iptables')).toBe('1');
  });

  it('a set that is full is made larger; one that cannot be made closes the ports that need it', async () => {
    const driver = await stand.started();
    const a = port({ groups: [GROUP] });
    const name = `NIPv4${OTHER.slice(0, 24)}`;
    await host.run(['ipset', 'create', name, 'hash:net', 'maxelem', '2']);
    const groups = { [GROUP]: [{ ...ping, remote_group_id: OTHER }] };
    const members = { [OTHER]: { IPv4: ['10.0.0.1', '10.0.0.2', '10.0.0.3'].map((ip) => [ip, null] as const) } };
    expect(await driver.apply(stateOf([a], groups, members), () => true)).toEqual({
      closed: new Map(),
      late: new Map(),
    });
    expect(
      (await host.read(['ipset', 'save', name])).split('\n').filter((line) => line.startsWith('add')),
    ).toHaveLength(3);
    const third = '33333333-2222-4333-8444-555555555555';
    await host.run(['ipset', 'create', `NIPv4${third.slice(0, 24)}`, 'hash:ip']);
    const b = port({ groups: [OTHER] });
    const more = { ...groups, [OTHER]: [{ ...ping, remote_group_id: third }] };
    driver.distrust();
    const result = await driver.apply(
      stateOf([a, b], more, { ...members, [third]: { IPv4: [['10.0.0.9', null]] } }),
      () => true,
    );
    expect([...result.closed.keys()]).toEqual([]);
    expect([...result.late.keys()]).toEqual([b.tap]);
  });

  it(`${runs(20_000, 100_000)} members go into a set`, async () => {
    const driver = await stand.started();
    const pairs = Array.from(
      { length: runs(20_000, 100_000) },
      (_, i) => [`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`, null] as const,
    );
    const state = stateOf(
      [port({ groups: [GROUP] })],
      { [GROUP]: [{ ...ping, remote_group_id: OTHER }] },
      { [OTHER]: { IPv4: pairs } },
    );
    expect(await driver.apply(state, () => true)).toEqual({ closed: new Map(), late: new Map() });
    driver.distrust();
    stand.takeWrites();
    await driver.apply(state, () => true);
    expect(stand.takeWrites()).toEqual([]);
  });

  it('the lock of iptables is held: nothing changes, the reason is told, and then it is done', async () => {
    const [a, b] = [port({ groups: [GROUP] }), port({ groups: [GROUP] })];
    const groups = { [GROUP]: [ping, ...egressAll] };
    const driver = await stand.started({ flavour: '-legacy' });
    await driver.apply(stateOf([a], groups), () => true);
    const before = await stand.saved('-legacy');
    const holder = host.spawn(['flock', '-o', '/run/xtables.lock', 'sleep', '300']);
    await until(
      'the lock',
      async () => (await host.run(['flock', '-n', '/run/xtables.lock', 'true'], { okCodes: [0, 1] })).code === 1,
    );
    const result = await driver.apply(stateOf([a, b], groups), () => true);
    expect([...result.closed]).toEqual([[b.tap, expect.stringMatching(/xtables[ .]lock/)]]);
    await holder.kill('SIGKILL');
    await host.run(['flock', '/run/xtables.lock', 'true']);
    expect(await stand.saved('-legacy')).toBe(before);
    expect(await driver.apply(stateOf([a, b], groups), () => true)).toEqual({ closed: new Map(), late: new Map() });
  });
});
