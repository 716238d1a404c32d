import { describe, expect, it } from 'vitest';
import type { WireRule } from '../../src/rpc/contract.ts';
import { everyRule } from '../support/firewall/every-rule.ts';
import {
  BEHIND,
  egressAll,
  type FirewallStand,
  guestOf,
  HOST,
  port,
  standForEach,
  stateOf,
} from '../support/firewall/stand.ts';
import type { EmulatedHost } from '../support/hosts.ts';
import { byTurns } from '../support/turns.ts';

/** What the rules of iptables let through, of each kind of it. */
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

const flavours = ['-nft', '-legacy'] as const;

describe.each(flavours)('rules by iptables%s', (flavour) => {
  let tests = 0;
  /** What differs in the rules alone, and these are the same: of one flavour a day, the next test of the other. */
  const itInTurn = (what: string, body: () => Promise<void>) => {
    if (byTurns(flavours, 1, tests++).includes(flavour)) it(what, body);
  };

  it('are found as they were rendered: a second look changes nothing', async () => {
    const ports = [
      port({ groups: [GROUP], addressPairs: [{ ip_address: '10.9.0.0/16', mac_address: 'FA:16:3E:AA:AA:AA' }] }),
      port({ groups: [GROUP, OTHER], fixedIps: [] }),
      port({ filter: 'open' }),
      port({ filter: 'closed' }),
      port({ groups: [OTHER], bridge: 'br-ex' }),
    ];
    const state = stateOf(
      ports,
      {
        [GROUP]: [...everyRule(GROUP), ...egressAll],
        [OTHER]: [{ direction: 'ingress', ethertype: 'IPv4', remote_group_id: GROUP, stateful: true }],
      },
      {
        [GROUP]: {
          IPv4: [
            ['10.0.0.5', null],
            ['10.1.0.0/16', null],
            ['0.0.0.0/0', null],
          ],
          IPv6: [
            ['fd00::5', null],
            ['::/0', null],
            ['::ffff:1.2.3.4', null],
            ['fe80::/64', null],
          ],
        },
      },
    );
    const driver = stand.driver({ flavour });
    await driver.start();
    expect(await driver.apply(state, () => true)).toEqual({ closed: new Map(), late: new Map() });
    expect(stand.takeWrites().sort()).toEqual([`ip6tables${flavour}-restore`, 'ipset', `iptables${flavour}-restore`]);
    driver.distrust();
    expect(await driver.apply(state, () => true)).toEqual({ closed: new Map(), late: new Map() });
    expect(stand.takeWrites()).toEqual([]);
    await driver.apply(state, () => true);
    expect(stand.ran).toEqual([]);
    expect(await stand.driver({ flavour }).plan(state, () => true)).toEqual([]);
  });

  it('let through what groups say, and nothing else', async () => {
    const [a, b, open] = [port({ groups: [GROUP] }), port({ groups: [OTHER] }), port({ filter: 'open' })];
    await stand.addGuests(a, b, open);
    const driver = await stand.started({ flavour });
    await driver.apply(
      stateOf([a, b, open], { [GROUP]: [ping, ping6, ...egressAll], [OTHER]: egressAll }),
      stand.isThere,
    );
    for (const version of [0, 1]) {
      await stand.reaches(b, a.fixedIps[version]!);
      await stand.isKeptFrom(a, b.fixedIps[version]!);
      await stand.isKeptFrom(open, b.fixedIps[version]!);
      await stand.reaches(open, a.fixedIps[version]!);
      await stand.reaches(b, open.fixedIps[version]!);
      await stand.reaches(b, HOST[version]!);
    }
  });

  itInTurn('keep guests to their own addresses, also towards the host and through it', async () => {
    const [a, b] = [port({ groups: [GROUP] }), port({ groups: [GROUP] })];
    const paired = {
      ...a,
      addressPairs: [
        { ip_address: '10.0.0.200', mac_address: a.mac },
        { ip_address: 'fd00::200', mac_address: a.mac },
      ],
    };
    await stand.addGuests(a, b);
    await host.ipBatch(['addr add 10.0.0.200/24 dev eth0', 'addr add fd00::200/64 dev eth0 nodad'], guestOf(a.tap));
    await stand.addNetworkBehind();
    await host.ipBatch(['route add default via 10.0.0.1'], guestOf(a.tap));
    const driver = await stand.started({ flavour });
    const groups = { [GROUP]: [ping, ping6, ...egressAll] };
    const others = [b.fixedIps[0]!, b.fixedIps[1]!, HOST[0]!, HOST[1]!, BEHIND];
    const source = (address: string) => (address.includes(':') ? 'fd00::200' : '10.0.0.200');
    await driver.apply(stateOf([a, b], groups), stand.isThere);
    for (const address of others) await stand.isKeptFrom(a, address, { source: source(address) });
    for (const address of others) {
      await stand.reaches(a, address, { source: a.fixedIps[address.includes(':') ? 1 : 0]! });
    }
    await driver.apply(stateOf([paired, b], groups), stand.isThere);
    for (const address of others) await stand.reaches(a, address, { source: source(address) });
    // The same address from another card.
    await host.ipBatch(['link set eth0 address fa:16:3e:ff:ff:ff'], guestOf(a.tap));
    await stand.isKeptFrom(a, b.fixedIps[0]!);
    await stand.isKeptFrom(a, HOST[0]!);
    await stand.isKeptFrom(a, BEHIND);
  });

  itInTurn('let nothing out that the groups do not, also towards the host and through it', async () => {
    const a = port({ groups: [GROUP] });
    await stand.addGuests(a);
    await stand.addNetworkBehind();
    await host.ipBatch(['route add default via 10.0.0.1'], guestOf(a.tap));
    const driver = await stand.started({ flavour });
    await driver.apply(stateOf([a], { [GROUP]: [ping] }), stand.isThere);
    for (const address of [HOST[0]!, BEHIND]) await stand.isKeptFrom(a, address);
    // What the host begins is answered all the same.
    await host.run(['ping', '-n', '-c', '1', '-w', '10', a.fixedIps[0]!]);
  });

  itInTurn('close a tap that nobody knows yet, in bridges of networks only', async () => {
    const [known, unknown] = [port({ groups: [GROUP] }), port()];
    const [x, y] = [port({ bridge: 'br-other' }), port({ bridge: 'br-other' })];
    await stand.addGuests(known, unknown);
    await stand.addBridge('br-other', ['10.0.0.1/24']);
    for (const one of [x, y]) await stand.addGuest(one);
    const driver = await stand.started({ flavour });
    const groups = { [GROUP]: [ping, ping6, ...egressAll] };
    await driver.apply(stateOf([known], groups), stand.isThere);
    for (const version of [0, 1]) {
      await stand.isKeptFrom(unknown, known.fixedIps[version]!);
      await stand.isKeptFrom(known, unknown.fixedIps[version]!);
      await stand.isKeptFrom(unknown, HOST[version]!);
      await stand.reaches(x, y.fixedIps[version]!);
    }
    await stand.reaches(known, HOST[0]!);
    await driver.apply(stateOf([known, { ...unknown, filter: 'closed' }], groups), stand.isThere);
    await stand.isKeptFrom(unknown, known.fixedIps[0]!);
    await stand.isKeptFrom(unknown, HOST[0]!);
    await driver.apply(stateOf([known, { ...unknown, groups: [GROUP] }], groups), stand.isThere);
    await stand.reaches(unknown, known.fixedIps[0]!);
    await stand.reaches(known, unknown.fixedIps[1]!);
  });

  itInTurn('close a port in a bridge of the operator too, whoever came last', async () => {
    const [a, b] = [port({ bridge: 'br-other', groups: [GROUP] }), port({ bridge: 'br-other', filter: 'closed' })];
    await stand.addBridge('br-other', ['10.0.0.1/24']);
    for (const one of [a, b]) await stand.addGuest(one);
    const driver = await stand.started({ flavour });
    const groups = { [GROUP]: [ping, ping6, ...egressAll] };
    for (const ports of [[b], [b, a], [a], [a, b]]) {
      await driver.apply(stateOf(ports, groups), () => false);
      if (ports.length < 2) continue;
      for (const version of [0, 1]) {
        await stand.isKeptFrom(a, b.fixedIps[version]!);
        await stand.isKeptFrom(b, a.fixedIps[version]!);
      }
    }
  });

  itInTurn('mean the members of a remote group by a set; who leaves is cut off', async () => {
    const [a, b, c] = [port({ groups: [GROUP] }), port({ groups: [OTHER] }), port({ groups: [OTHER] })];
    await stand.addGuests(a, b, c);
    const driver = await stand.started({ flavour });
    const groups = {
      [GROUP]: [
        { direction: 'ingress', ethertype: 'IPv4', remote_group_id: OTHER },
        { direction: 'ingress', ethertype: 'IPv6', remote_group_id: OTHER },
      ] satisfies WireRule[],
      [OTHER]: egressAll,
    };
    const members = (...ports: (typeof a)[]) => ({
      [OTHER]: {
        IPv4: ports.map((one) => [one.fixedIps[0]!, null] as const),
        IPv6: ports.map((one) => [one.fixedIps[1]!, null] as const),
      },
    });
    await driver.apply(stateOf([a, b, c], groups, members(b, c)), stand.isThere);
    for (const version of [0, 1]) {
      await stand.reaches(b, a.fixedIps[version]!, { id: 77 });
      await stand.reaches(c, a.fixedIps[version]!, { id: 77 });
    }
    stand.takeWrites();
    await driver.apply(stateOf([a, b, c], groups, members(c)), stand.isThere);
    expect(stand.takeWrites()).toEqual(['ipset']);
    for (const version of [0, 1]) {
      await stand.isKeptFrom(b, a.fixedIps[version]!, { id: 77 });
      await stand.reaches(c, a.fixedIps[version]!, { id: 77 });
    }
  });

  itInTurn('that go end what they let through, and nothing that others allow', async () => {
    const [a, b] = [port({ groups: [GROUP, OTHER] }), port({ groups: [OTHER] })];
    await stand.addGuests(a, b);
    const driver = await stand.started({ flavour });
    const typed: WireRule = { ...ping, port_range_min: 8 };
    await driver.apply(stateOf([a, b], { [GROUP]: [ping, ping6, typed], [OTHER]: egressAll }), stand.isThere);
    for (const version of [0, 1]) await stand.reaches(b, a.fixedIps[version]!, { id: 78 });
    const flows = async () =>
      (await host.read(['conntrack', '-L', '-w', '4097', '-p', 'icmp'])).split('\n').filter(Boolean);
    const before = await flows();
    expect(before).toHaveLength(1);
    await driver.apply(stateOf([a, b], { [GROUP]: [typed], [OTHER]: egressAll }), stand.isThere);
    expect(await flows()).toHaveLength(1);
    await stand.reaches(b, a.fixedIps[0]!, { id: 78 });
    await stand.isKeptFrom(b, a.fixedIps[1]!, { id: 78 });
    await driver.apply(stateOf([a, b], { [GROUP]: [], [OTHER]: egressAll }), stand.isThere);
    expect(await flows()).toEqual([]);
    await stand.isKeptFrom(b, a.fixedIps[0]!, { id: 78 });
  });

  itInTurn('of stateless groups want a rule for the answers too', async () => {
    const [a, b, c] = [port({ groups: [GROUP] }), port({ groups: [OTHER] }), port({ groups: [OTHER] })];
    await stand.addGuests(a, b, c);
    const driver = await stand.started({ flavour });
    const stateless = (rules: readonly WireRule[]) => rules.map((rule) => ({ ...rule, stateful: false }));
    const answers: WireRule = { ...ping, port_range_min: 0 };
    const groups = (rules: WireRule[]) => ({
      [GROUP]: stateless([...rules, ...egressAll]),
      [OTHER]: [ping, ...egressAll],
    });
    // Beside stateful ports of the same bridge, whose sessions go on being known.
    await driver.apply(stateOf([a, b, c], groups([])), stand.isThere);
    await stand.isKeptFrom(a, b.fixedIps[0]!);
    await stand.isKeptFrom(b, a.fixedIps[0]!);
    await stand.reaches(b, c.fixedIps[0]!);
    await driver.apply(stateOf([a, b, c], groups([answers])), stand.isThere);
    await stand.reaches(a, b.fixedIps[0]!);
    // Alone: nothing of the bridge is followed.
    const alone = { [GROUP]: stateless([ping, ...egressAll]) };
    await driver.apply(stateOf([a, { ...b, groups: [GROUP] }], alone), stand.isThere);
    await host.run(['conntrack', '-F']);
    await stand.reaches(a, b.fixedIps[0]!);
    expect((await host.read(['conntrack', '-L', '-p', 'icmp'])).trim()).toBe('');
  });
});
