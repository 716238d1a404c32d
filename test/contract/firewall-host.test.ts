import { afterAll, beforeAll, expect, it } from 'vitest';
import type { FirewallPort } from '../../src/agent/firewall/contract.ts';
import { SpoofGuard } from '../../src/agent/firewall/spoofing/spoof-guard.ts';
import { egressAll, FirewallStand, guestOf, port, stateOf } from '../support/firewall/stand.ts';
import { ethernet, etherTypes } from '../support/frames/ethernet.ts';
import { ipv4 } from '../support/frames/ipv4.ts';
import { ipv6 } from '../support/frames/ipv6.ts';
import { udp } from '../support/frames/segments.ts';
import { openStation, type Station, settled } from '../support/frames/station.ts';
import { type Lab, openLab } from '../support/hosts.ts';

/**
 * The host and its guests, where the host has an address on a network's bridge (a flat network on its own card): groups stand between
 * guests and all others, and between a guest and the host only in one direction, as upstream has it.
 */
const HOST = { mac: '02:00:00:00:00:fe', ipv4: '10.0.0.1', ipv6: 'fd00::1' };
const shut: FirewallPort = port();
const open: FirewallPort = port({ groups: ['out'] });
const ways = [
  [
    'IPv4',
    etherTypes.ipv4,
    (to: FirewallPort) => ipv4({ src: HOST.ipv4, dst: to.fixedIps[0]! }, udp({ from: 1, to: 9 })),
  ],
  [
    'IPv6',
    etherTypes.ipv6,
    (to: FirewallPort) => ipv6({ src: HOST.ipv6, dst: to.fixedIps[1]! }, udp({ from: 1, to: 9 })),
  ],
] as const;

let lab: Lab;
let stand: FirewallStand;
let bridge: Station;
let card: Station;
let outside: Station;

beforeAll(async () => {
  lab = await openLab();
  const host = await lab.addHost({ name: 'host' });
  stand = await FirewallStand.open(host);
  await stand.addBridge(shut.bridge, [`${HOST.ipv4}/24`, `${HOST.ipv6}/64`]);
  await host.ipBatch([`link set ${shut.bridge} address ${HOST.mac}`]);
  for (const guest of [shut, open]) await stand.addGuest(guest);
  const state = stateOf([shut, open], { out: egressAll });
  const nothing = { closed: new Map(), late: new Map() };
  expect(await stand.driver().apply(state, stand.isThere)).toEqual(nothing);
  expect(await new SpoofGuard({ host: stand.remote }).apply(state, stand.isThere)).toEqual(nothing);
  bridge = await openStation({ host, device: shut.bridge });
  card = await openStation({ host, netns: guestOf(shut.tap), device: 'eth0' });
  outside = await openStation({ host, device: shut.tap });
});
afterAll(async () => {
  for (const station of [bridge, card, outside]) await station?.close();
  await stand?.close();
  await lab?.close();
});

it.each(ways)('what the host itself sends reaches a guest that has no rules, %s', async (_, type, packet) => {
  const frame = ethernet({ src: HOST.mac, dst: shut.mac, type }, packet(shut));
  card.clear();
  await bridge.send(frame);
  await settled(card, outside);
  expect(card.has(frame)).toBe(true);
});

it.each([HOST.ipv4, HOST.ipv6])(
  'a guest reaches the host at %s where its groups let that out, and only there',
  async (address) => {
    // Nobody listens there: the host refuses what it is asked.
    const script = `exec 3<>/dev/tcp/${address}/9`;
    const ask = async ({ tap }: FirewallPort, seconds: string) =>
      (await stand.host.run(['timeout', seconds, 'bash', '-c', script], { netns: guestOf(tap), okCodes: [1, 124] }))
        .stderr;
    expect(await ask(open, '10')).toContain('refused');
    expect(await ask(shut, '0.5')).toBe('');
  },
);
