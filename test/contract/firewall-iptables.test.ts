import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { WireRule } from '../../src/rpc/contract.ts';
import { egressAll, FirewallStand, port, stateOf } from '../support/firewall/stand.ts';
import { type EmulatedHost, type Lab, openLab } from '../support/hosts.ts';

let lab: Lab;
let host: EmulatedHost;
let stand: FirewallStand;
let count = 0;
beforeAll(async () => {
  lab = await openLab();
});
afterAll(async () => {
  await lab.close();
});
beforeEach(async () => {
  count += 1;
  host = await lab.addHost({ name: `fw${count}`, wires: [] });
  stand = await FirewallStand.open(host);
});
afterEach(async () => {
  await stand.close();
  await lab.removeHost(host);
});

const GROUP = '11111111-2222-4333-8444-555555555555';
const OTHER = '22222222-2222-4333-8444-555555555555';
const ping: WireRule = { direction: 'ingress', ethertype: 'IPv4', protocol: 'icmp' };
const ping6: WireRule = { direction: 'ingress', ethertype: 'IPv6', protocol: 'ipv6-icmp' };

describe.each(['-nft', '-legacy'] as const)('rules by iptables%s', (flavour) => {
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
        [GROUP]: [...everyRule(), ...egressAll],
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
    await stand.addBridge('brq11111111-11', ['10.0.0.1/24', 'fd00::1/64']);
    for (const one of [a, b, open]) await stand.addGuest(one);
    const driver = stand.driver({ flavour });
    await driver.start();
    const groups = { [GROUP]: [ping, ping6, ...egressAll], [OTHER]: egressAll };
    await driver.apply(stateOf([a, b, open], groups), stand.isThere);
    expect(await stand.pings(b, a.fixedIps[0]!)).toBe(true);
    expect(await stand.pings(b, a.fixedIps[1]!)).toBe(true);
    expect(await stand.pings(a, b.fixedIps[0]!)).toBe(false);
    expect(await stand.pings(a, b.fixedIps[1]!)).toBe(false);
    expect(await stand.pings(open, b.fixedIps[0]!)).toBe(false);
    expect(await stand.pings(open, a.fixedIps[0]!)).toBe(true);
    expect(await stand.pings(b, open.fixedIps[0]!)).toBe(true);
    expect(await stand.pings(b, '10.0.0.1')).toBe(true);
    expect(await stand.pings(b, 'fd00::1')).toBe(true);
  });
});

/** One of each form there is. */
function everyRule(): WireRule[] {
  const four = { direction: 'ingress', ethertype: 'IPv4' } as const;
  const six = { direction: 'ingress', ethertype: 'IPv6' } as const;
  const both = (more: Partial<WireRule>): WireRule[] => [
    { ...four, ...more },
    { ...six, ...more },
    { ...four, ...more, direction: 'egress' },
  ];
  return [
    ...['tcp', 'udp', 'sctp', 'dccp', 'udplite', '6', '136'].flatMap((protocol) => [
      ...both({ protocol }),
      ...both({ protocol, port_range_min: 22, port_range_max: 22 }),
      ...both({ protocol, port_range_min: 22, port_range_max: 80 }),
      ...both({ protocol, port_range_min: 0, port_range_max: 65_535 }),
      ...both({ protocol, port_range_min: 0, port_range_max: 0 }),
      ...both({
        protocol,
        port_range_min: 68,
        port_range_max: 69,
        source_port_range_min: 67,
        source_port_range_max: 67,
      }),
      ...both({ protocol, source_port_range_min: 67, source_port_range_max: 70 }),
    ]),
    ...Array.from({ length: 256 }, (_, number) => both({ protocol: String(number) })).flat(),
    ...['icmp', '1'].flatMap((protocol) =>
      [0, 3, 8, 254].flatMap((type) => [
        { ...four, protocol, port_range_min: type },
        { ...four, protocol, port_range_min: type, port_range_max: 0 },
        { ...four, protocol, port_range_min: type, port_range_max: 255 },
      ]),
    ),
    ...['icmp', 'icmpv6', 'ipv6-icmp', '58'].flatMap((protocol) =>
      [0, 1, 128, 255].flatMap((type) => [
        { ...six, protocol, port_range_min: type },
        { ...six, protocol, port_range_min: type, port_range_max: 3 },
      ]),
    ),
    ...['10.0.0.5', '10.0.0.5/8', '0.0.0.0/0', '1.2.3.4/32'].map((source_ip_prefix) => ({ ...four, source_ip_prefix })),
    ...[
      '::/0',
      'FD00::5',
      '2001:db8::/33',
      '::ffff:1.2.3.4/128',
      '::ffff:0:0/96',
      '::1.2.3.4',
      '1:0:0:2::3',
      '1:0:2:3:4:5:6:7',
      '::1',
      '::',
    ].map((source_ip_prefix) => ({ ...six, source_ip_prefix })),
    {
      ...four,
      direction: 'egress',
      dest_ip_prefix: '10.2.0.0/16',
      protocol: 'tcp',
      port_range_min: 1,
      port_range_max: 2,
    },
    { ...four, remote_group_id: GROUP, protocol: 'tcp', port_range_min: 1, port_range_max: 2 },
    { ...six, remote_address_group_id: GROUP, protocol: 'udp', port_range_min: 5, port_range_max: 5 },
    { ...six, direction: 'egress', remote_group_id: GROUP },
  ];
}
