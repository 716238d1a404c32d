import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FirewallPort } from '../../../src/agent/firewall/contract.ts';
import type { IptablesFirewall } from '../../../src/agent/firewall/iptables/driver.ts';
import { SpoofGuard } from '../../../src/agent/firewall/spoofing/spoof-guard.ts';
import { testState } from '../../../src/agent/firewall/testing.ts';
import { FirewallStand, guestOf, port } from '../../support/firewall/stand.ts';
import { dhcp } from '../../support/frames/dhcp.ts';
import { arp, ethernet, etherTypes } from '../../support/frames/ethernet.ts';
import { ipv4 } from '../../support/frames/ipv4.ts';
import { ipv6 } from '../../support/frames/ipv6.ts';
import { neighborAdvertisement, routerAdvertisement } from '../../support/frames/neighbors.ts';
import { icmpv6, udp } from '../../support/frames/segments.ts';
import { openStation, type Station, settled } from '../../support/frames/station.ts';
import { type EmulatedHost, type Lab, openLab } from '../../support/hosts.ts';

/** What guests may not send, whatever their groups say: here they say that everything may pass. */
const group = 'aaaaaaaa-2222-4333-8444-555555555555';
const rules = (['ingress', 'egress'] as const).flatMap((direction) =>
  (['IPv4', 'IPv6'] as const).map((ethertype) => ({ direction, ethertype })),
);
const guestPort = port({ groups: [group], fixedIps: ['10.0.0.11', 'fd00::11'] });
const otherPort = port({ filter: 'open', fixedIps: ['10.0.0.12', 'fd00::12'] });
const own = guestPort.mac;
const foreign = '02:00:00:00:00:99';

let lab: Lab;
let host: EmulatedHost;
let stand: FirewallStand;
let guest: Station;
let other: Station;
let outside: Station;
let firewall: IptablesFirewall;
const state = testState([guestPort, otherPort], { [group]: rules });

beforeAll(async () => {
  lab = await openLab();
  host = await lab.addHost({ name: 'filters' });
  stand = await FirewallStand.open(host);
  await stand.addBridge(guestPort.bridge);
  for (const one of [guestPort, otherPort]) await stand.addGuest(one);
  firewall = stand.driver();
  for (const driver of [firewall, new SpoofGuard({ host: stand.remote })])
    expect(await driver.apply(state, stand.isThere)).toEqual({ closed: new Map(), late: new Map() });
  guest = await openStation({ host, netns: guestOf(guestPort.tap), device: 'eth0' });
  other = await openStation({ host, netns: guestOf(otherPort.tap), device: 'eth0' });
  outside = await openStation({ host, device: otherPort.tap });
});
afterAll(async () => {
  for (const station of [guest, other, outside]) await station?.close();
  await stand?.close();
  await lab?.close();
});

async function arrives(frame: Buffer): Promise<boolean> {
  other.clear();
  await guest.send(frame);
  await settled(other, outside);
  return other.has(frame);
}

const packet4 = (src: string, mac: string, segment: Parameters<typeof ipv4>[1], dst = '255.255.255.255') =>
  ethernet({ src: mac, type: etherTypes.ipv4 }, ipv4({ src, dst }, segment));
const packet6 = (src: string, segment: Parameters<typeof ipv6>[1], mac = own) =>
  ethernet({ src: mac, type: etherTypes.ipv6 }, ipv6({ src, dst: 'ff02::1', hopLimit: 255 }, segment));
const arpFrom = (mac: string, senderIp: string, senderMac = mac) =>
  ethernet({ src: mac, type: etherTypes.arp }, arp({ senderMac, senderIp, targetIp: '10.0.0.12' }));
const advertised = (target: string) => packet6('fd00::11', neighborAdvertisement({ target, mac: own }));
const ping6 = icmpv6(128, 0);

describe('what is its own', () => {
  it.each<[string, Buffer]>([
    ['IPv4', packet4('10.0.0.11', own, udp({ from: 1, to: 2 }))],
    ['IPv6', packet6('fd00::11', ping6)],
    ['ARP', arpFrom(own, '10.0.0.11')],
    ['a neighbour advertisement', advertised('fd00::11')],
    ['a request of DHCP', packet4('0.0.0.0', own, dhcp({ type: 1, mac: own }))],
  ])('%s passes', async (_, frame) => expect(await arrives(frame)).toBe(true));
});

describe('what is not its own', () => {
  it.each<[string, Buffer]>([
    [
      'CVE-2016-5362 (OSSA-2016-009): answers of a DHCP server',
      packet4('10.0.0.11', own, dhcp({ type: 2, mac: foreign })),
    ],
    [
      'CVE-2016-5362 (OSSA-2016-009): requests of DHCP with another MAC',
      packet4('0.0.0.0', foreign, dhcp({ type: 1, mac: foreign })),
    ],
    ['CVE-2016-5363 (OSSA-2016-009): IPv4 with another MAC', packet4('10.0.0.11', foreign, udp({ from: 1, to: 2 }))],
    ['CVE-2016-5363 (OSSA-2016-009): router advertisements', packet6('fe80::1', routerAdvertisement({ mac: own }))],
    ['CVE-2015-8914 (OSSA-2016-009): ICMPv6 from another address', packet6('fd00::99', ping6)],
    ['CVE-2021-38598 (OSSA-2021-004): ARP with another MAC', arpFrom(foreign, '10.0.0.11')],
    ['CVE-2021-20267 (OSSA-2021-001): neighbour advertisements of other addresses', advertised('fd00::99')],
    ['OSSN-0027: ARP of another address', arpFrom(own, '10.0.0.99')],
  ])('%s do not pass', async (_, frame) => expect(await arrives(frame)).toBe(false));
});

describe('CVE-2017-7543: settings that switch all filters off', () => {
  it('are turned on again when the rules are looked at', async () => {
    const forged = packet6('fd00::99', ping6);
    for (const key of ['iptables', 'ip6tables'])
      await host.run(['sysctl', '-qw', `net.bridge.bridge-nf-call-${key}=0`]);
    expect(await arrives(forged)).toBe(true);
    firewall.distrust();
    await firewall.apply(state, stand.isThere);
    expect(await arrives(forged)).toBe(false);
    expect(await host.read(['sysctl', '-n', 'net.bridge.bridge-nf-call-iptables'])).toBe('1\n');
  });
});

describe('addresses as they were written', () => {
  it('everybody, and the same network twice, are entries that ipset takes', async () => {
    const remote = 'bbbbbbbb-2222-4333-8444-555555555555';
    const wide = testState(
      [{ ...guestPort, groups: [remote] } as FirewallPort, otherPort],
      { [remote]: [{ direction: 'ingress', ethertype: 'IPv4', remote_group_id: remote }] },
      {
        [remote]: {
          IPv4: [
            ['0.0.0.0/0', null],
            ['10.0.0.5/24', null],
            ['10.0.0.0/24', null],
          ],
        },
      },
    );
    expect((await firewall.apply(wide, stand.isThere)).closed).toEqual(new Map());
    const set = await host.read(['ipset', 'save', `NIPv4${remote.slice(0, 24)}`]);
    expect(
      set
        .match(/^add .*$/gm)
        ?.map((line) => line.split(' ').at(-1))
        .sort(),
    ).toEqual(['0.0.0.0/1', '10.0.0.0/24', '128.0.0.0/1']);
  });
});
