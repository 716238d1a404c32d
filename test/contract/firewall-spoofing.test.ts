import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { FirewallPort, FirewallState } from '../../src/agent/firewall/contract.ts';
import { SpoofGuard } from '../../src/agent/firewall/spoofing/spoof-guard.ts';
import { type Arp, arp, bpdu, ethernet, etherTypes, gratuitousArp, llc, type Tag } from '../support/frames/ethernet.ts';
import { ipv4 } from '../support/frames/ipv4.ts';
import { destinationOptions, hopByHop, ipv6 } from '../support/frames/ipv6.ts';
import { neighborAdvertisement, neighborSolicitation, solicitedNodeGroup } from '../support/frames/neighbors.ts';
import { udp } from '../support/frames/segments.ts';
import { openStation, type Station, settled } from '../support/frames/station.ts';
import { type EmulatedHost, type Lab, openLab } from '../support/hosts.ts';
import { openRemoteHost, type RemoteHost } from '../support/remote-host.ts';

/** Two guests on a bridge, and rules in this kernel: what passes is what is said. */
const own = 'fa:16:3e:00:00:01';
const other = 'fa:16:3e:00:00:02';
/** fe80:: with the MAC of `own` in it. */
const ownLinkLocal = 'fe80::f816:3eff:fe00:1';

let lab: Lab;
let host: EmulatedHost;
let linux: RemoteHost;
let guest: Station;
let neighbor: Station;
let outsideGuest: Station;
let outsideNeighbor: Station;

beforeAll(async () => {
  lab = await openLab();
  host = await lab.addHost({ name: 'spoofing' });
  linux = await openRemoteHost(host);
  await host.run(['ip', 'link', 'add', 'brq1', 'type', 'bridge', 'forward_delay', '0', 'mcast_snooping', '0']);
  for (const [name, tap, mac] of [
    ['guest', 'tapguest', own],
    ['neighbor', 'tapneighbor', other],
  ] as const) {
    await host.run(['ip', 'netns', 'add', name]);
    await host.ipBatch([
      `link add ${tap} type veth peer name eth0 address ${mac} netns ${name}`,
      `link set ${tap} addrgenmode none master brq1 up`,
    ]);
    await host.ipBatch(['link set eth0 addrgenmode none up'], name);
  }
  await host.ipBatch(['link set brq1 addrgenmode none up']);
  guest = await openStation({ host, netns: 'guest', device: 'eth0' });
  neighbor = await openStation({ host, netns: 'neighbor', device: 'eth0' });
  outsideGuest = await openStation({ host, device: 'tapguest' });
  outsideNeighbor = await openStation({ host, device: 'tapneighbor' });
});
afterAll(async () => {
  for (const station of [guest, neighbor, outsideGuest, outsideNeighbor]) await station?.close();
  await linux?.close();
  await lab?.close();
});

const port = (more: Partial<FirewallPort> = {}): FirewallPort => ({
  tap: 'tapguest',
  portId: 'guest',
  bridge: 'brq1',
  filter: 'filtered',
  mac: own,
  fixedIps: ['10.0.0.1', 'fd00::1'],
  addressPairs: [
    { ip_address: '10.9.0.0/16', mac_address: own },
    { ip_address: 'fd09::/33', mac_address: '02:00:00:00:00:09' },
  ],
  groups: [],
  providerRules: [],
  ...more,
});
const state = (...ports: FirewallPort[]): FirewallState => ({
  ports: new Map(ports.map((one) => [one.tap, one])),
  groups: new Map(),
  members: new Map(),
});
const always = () => true;

async function guardWith(...ports: FirewallPort[]): Promise<SpoofGuard> {
  const guard = new SpoofGuard({ host: linux });
  expect(await guard.apply(state(...ports), always)).toEqual({ closed: new Map(), late: new Map() });
  return guard;
}

const tables = async () =>
  (await host.read(['sh', '-c', 'ebtables-save; ip6tables-save -t raw']))
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .map((line) => line.replace(/ \[\d+:\d+\]/, ''))
    .join('\n');

async function passes(from: Station, to: Station, outside: Station, frame: Buffer): Promise<boolean> {
  to.clear();
  await from.send(frame);
  await settled(to, outside);
  return to.has(frame);
}
const fromGuest = (frame: Buffer) => passes(guest, neighbor, outsideNeighbor, frame);
const toGuest = (frame: Buffer) => passes(neighbor, guest, outsideGuest, frame);

const arpOf = (packet: Partial<Arp>, src = own) =>
  ethernet(
    { src, type: etherTypes.arp },
    arp({ senderMac: src, senderIp: '10.0.0.1', targetIp: '10.0.0.2', ...packet }),
  );
const packet4 = ipv4({ src: '10.0.0.1', dst: '10.0.0.255' }, udp({ from: 1, to: 2 }));
const of = (type: number, payload: Buffer, tags: Tag[] = [], src = own) => ethernet({ src, type, tags }, payload);
const nd = (
  parts: { src?: string; dst?: string; extensions?: ReturnType<typeof hopByHop>[] },
  segment: ReturnType<typeof udp>,
) => of(etherTypes.ipv6, ipv6({ src: 'fd00::1', dst: 'ff02::1', hopLimit: 255, ...parts }, segment));
const advertised = (target: string, parts = {}) => nd(parts, neighborAdvertisement({ target, mac: own }));
const probed = (target: string) => nd({ src: '::', dst: solicitedNodeGroup(target) }, neighborSolicitation(target));

const snap = (type: number, payload: Buffer) =>
  llc(
    { src: own, dst: 'ff:ff:ff:ff:ff:ff' },
    Buffer.concat([Buffer.from('aaaa03000000', 'hex'), Buffer.from([type >> 8, type & 255]), payload]),
  );

const fromGuarded: readonly [string, Buffer, boolean][] = [
  ['IPv4 from its MAC', of(etherTypes.ipv4, packet4), true],
  ['IPv4 from a MAC of a pair', of(etherTypes.ipv4, packet4, [], '02:00:00:00:00:09'), true],
  ['IPv4 from another MAC', of(etherTypes.ipv4, packet4, [], other), false],
  ['IPv4 from the MAC of everybody', of(etherTypes.ipv4, packet4, [], 'ff:ff:ff:ff:ff:ff'), false],
  ['a gratuitous ARP', gratuitousArp(own, '10.0.0.1'), true],
  ['a gratuitous ARP of a pair', gratuitousArp(own, '10.9.8.7'), true],
  ['a gratuitous ARP of another address', gratuitousArp(own, '10.0.0.2'), false],
  ['an ARP request', arpOf({}), true],
  ['an ARP answer', arpOf({ operation: 2, targetMac: other }), true],
  ['an ARP answer for another address', arpOf({ operation: 2, senderIp: '10.0.0.254', targetMac: other }), false],
  ['an ARP request from another address', arpOf({ senderIp: '10.0.0.254' }), false],
  ['an ARP request from another MAC', arpOf({}, other), false],
  ['an ARP probe for its own address', arpOf({ senderIp: '0.0.0.0', targetIp: '10.0.0.1' }), true],
  ['an ARP probe for another address', arpOf({ senderIp: '0.0.0.0', targetIp: '10.0.0.2' }), false],
  ['an ARP answer from nobody', arpOf({ operation: 2, senderIp: '0.0.0.0', targetIp: '10.0.0.1' }), false],
  [
    'the RARP of a guest that moved',
    of(etherTypes.rarp, arp({ operation: 3, senderMac: own, senderIp: '0.0.0.0', targetIp: '0.0.0.0' })),
    true,
  ],
  ['an advertisement of its address', advertised('fd00::1'), true],
  ['an advertisement of its link-local address', advertised(ownLinkLocal, { src: ownLinkLocal }), true],
  ['an advertisement of a pair', advertised('fd09::abcd'), true],
  ['an advertisement right behind a pair', advertised('fd09:0:8000::'), false],
  ['an advertisement of another address', advertised('fd00::2'), false],
  [
    'an advertisement of another address behind an extension header',
    advertised('fd00::2', { extensions: [hopByHop()] }),
    false,
  ],
  [
    'an advertisement of its address behind an extension header',
    advertised('fd00::1', { extensions: [destinationOptions()] }),
    false,
  ],
  ['a question for a neighbour', nd({}, neighborSolicitation('fd00::2', own)), true],
  ['a look whether its address is free', probed('fd00::1'), true],
  ['a look whether its link-local address is free', probed(ownLinkLocal), true],
  ['a look whether another address is free', probed('fd00::2'), false],
  ['a frame with a VLAN tag', of(etherTypes.ipv4, packet4, [{ id: 7 }]), false],
  ['a frame with tag 0', of(etherTypes.ipv4, packet4, [{ id: 0, priority: 5 }]), false],
  [
    'ARP of another address with tag 0',
    ethernet(
      { src: own, type: etherTypes.arp, tags: [{ id: 0 }] },
      arp({ senderMac: own, senderIp: '10.0.0.2', targetIp: '10.0.0.2' }),
    ),
    false,
  ],
  ['a frame with two tags', of(etherTypes.ipv4, packet4, [{ id: 7 }, { id: 8 }]), false],
  ['a frame with a tag of providers', of(etherTypes.ipv4, packet4, [{ id: 7, tpid: 0x88a8 }]), false],
  ['IPv4 behind LLC and SNAP', snap(0x0800, packet4), false],
  ['a BPDU', bpdu(own), false],
  ['LLDP', of(etherTypes.lldp, Buffer.alloc(50)), false],
  ['PPPoE', of(etherTypes.pppoeDiscovery, Buffer.alloc(50)), false],
  [
    'PPPoE with IPv4 in it',
    of(
      etherTypes.pppoeSession,
      Buffer.concat([Buffer.from('110000010030', 'hex'), Buffer.from('0021', 'hex'), packet4]),
    ),
    false,
  ],
  ['IPX', of(etherTypes.ipx, Buffer.alloc(50)), false],
];

describe('of a guarded guest', () => {
  beforeAll(async () => {
    const guard = await guardWith(port());
    expect(await guard.plan(state(port()), always)).toEqual([]);
  });

  it.each(fromGuarded)('%s', async (_, frame, expected) => {
    expect(await fromGuest(frame)).toBe(expected);
  });
});

describe('to a guarded guest', () => {
  beforeAll(async () => {
    await guardWith(port());
  });

  it.each<[string, Buffer, boolean]>([
    ['IPv4', of(etherTypes.ipv4, packet4, [], other), true],
    ['ARP', gratuitousArp(other, '10.0.0.2'), true],
    ['IPv4 with tag 0, which would pass by all filters', of(etherTypes.ipv4, packet4, [{ id: 0 }], other), false],
    ['a VLAN tag', of(etherTypes.ipv4, packet4, [{ id: 7 }], other), false],
    ['a BPDU', bpdu(other), false],
  ])('%s', async (_, frame, expected) => {
    expect(await toGuest(frame)).toBe(expected);
  });
});

it('a guest that may tag its frames does, but with tags of 802.1Q only', async () => {
  await guardWith(port({ guestTags: true }));
  expect(await fromGuest(of(etherTypes.ipv4, packet4, [{ id: 7 }]))).toBe(true);
  expect(await toGuest(of(etherTypes.ipv4, packet4, [{ id: 7 }], other))).toBe(true);
  expect(await fromGuest(of(etherTypes.ipv4, packet4, [{ id: 7, tpid: 0x88a8 }]))).toBe(false);
  expect(await fromGuest(of(etherTypes.lldp, Buffer.alloc(50)))).toBe(false);
});

it('types that the operator permits pass', async () => {
  const guard = new SpoofGuard({ host: linux, permittedTypes: [0x88cc] });
  await guard.apply(state(port()), always);
  expect(await fromGuest(of(etherTypes.lldp, Buffer.alloc(50)))).toBe(true);
  expect(await fromGuest(of(etherTypes.ipx, Buffer.alloc(50)))).toBe(false);
});

it('a closed port passes nothing, whatever its type; one that was guarded stays as it was', async () => {
  await guardWith(port({ filter: 'open' }));
  await guardWith(port({ filter: 'closed' }));
  for (const frame of [gratuitousArp(own, '10.0.0.1'), of(etherTypes.ipv4, packet4)]) {
    expect(await fromGuest(frame)).toBe(false);
    expect(await toGuest(frame)).toBe(false);
  }
  const guard = await guardWith(port());
  expect(await fromGuest(gratuitousArp(own, '10.0.0.1'))).toBe(true);
  const before = await tables();
  await guard.apply(state(port({ filter: 'closed' })), always);
  expect(await tables()).toBe(before);
});

it('an open port passes all, and nothing of ours is left', async () => {
  await guardWith(port());
  await guardWith(port({ filter: 'open' }));
  // No bridge forwards a frame from the address of everybody.
  for (const [name, frame] of fromGuarded.filter(([what]) => !what.includes('everybody'))) {
    expect(await fromGuest(frame), name).toBe(true);
  }
  expect(await tables()).not.toMatch(/neutr/);
});

describe('the tables', () => {
  beforeEach(() => guardWith(port({ filter: 'open' })));

  it('are as they were made: nothing is written when an agent starts anew or looks again', async () => {
    const ports = [
      port(),
      port({ tap: 'tapneighbor', mac: other, fixedIps: ['10.0.0.2'], addressPairs: [] }),
      port({ tap: 'tapshut', filter: 'closed' }),
    ];
    const guard = await guardWith(...ports);
    const made = await tables();
    const again = new SpoofGuard({ host: linux });
    expect(await again.plan(state(...ports), always)).toEqual([]);
    guard.distrust();
    expect(await guard.plan(state(...ports), always)).toEqual([]);
    await guard.apply(state(...ports), always);
    expect(await tables()).toBe(made);
    // Nobody wrote tables of nftables, it is told: here that is all.
    await host.run(['ebtables', '-t', 'nat', '-F', 'neutronMAC-tapguest']);
    guard.distrust({ nftables: true });
    expect(await guard.plan(state(...ports), always)).toEqual([]);
    guard.distrust({ nftables: false });
    await guard.apply(state(...ports), always);
    expect(await tables()).toBe(made);
    await guardWith(...ports.map((one) => ({ ...one, filter: 'open' as const })));
  });

  it('of a Python agent are taken over', async () => {
    const tap = 'tapguest';
    const nat = (...argv: string[]) => host.run(['ebtables', '-t', 'nat', '--concurrent', ...argv]);
    await nat('-N', `neutronMAC-${tap}`, '-P', 'DROP');
    await nat('-A', `neutronMAC-${tap}`, '-j', 'DROP');
    await nat('-I', 'PREROUTING', '-i', tap, '-j', `neutronMAC-${tap}`);
    await nat('-I', `neutronMAC-${tap}`, '-i', tap, '--among-src', own, '-j', 'RETURN');
    await nat('-N', `neutronARP-${tap}`, '-P', 'DROP');
    await nat('-A', `neutronARP-${tap}`, '-j', 'DROP');
    await nat('-I', `neutronARP-${tap}`, '-p', 'ARP', '--arp-ip-src', '10.0.0.1', '-j', 'ACCEPT');
    await nat('-A', 'PREROUTING', '-i', tap, '-j', `neutronARP-${tap}`, '-p', 'ARP');
    const addressed = port({ addressPairs: [], fixedIps: ['10.0.0.1'] });
    const guard = new SpoofGuard({ host: linux });
    const steps = await guard.plan(state(addressed), always);
    expect(steps.filter((step) => step.includes(tap) && step.includes('nat'))).toEqual([
      `ebtables -t nat: write chain neutronARP-${tap}`,
    ]);
    await guard.apply(state(addressed), always);
    const taken = await tables();
    await guardWith(port({ filter: 'open' }));
    await guardWith(addressed);
    expect(await tables()).toBe(taken);
  });

  it('lose what was closed before there were filters, but not what another agent closed', async () => {
    const filter = (...argv: string[]) => host.run(['ebtables', '-t', 'filter', ...argv]);
    await filter('-N', 'neutrino-closed', '-P', 'RETURN');
    for (const tap of ['tapguest', 'tapother']) {
      for (const way of ['-i', '-o']) await filter('-A', 'neutrino-closed', way, tap, '-j', 'DROP');
    }
    await filter('-I', 'FORWARD', '-j', 'neutrino-closed');
    expect(await fromGuest(gratuitousArp(own, '10.0.0.1'))).toBe(false);
    await guardWith(port());
    expect(await fromGuest(gratuitousArp(own, '10.0.0.1'))).toBe(true);
    expect(await host.read(['ebtables-save'])).toContain('-A neutrino-closed -i tapother -j DROP');
    const guard = new SpoofGuard({ host: linux });
    await guard.apply(state(port()), (tap) => tap !== 'tapother');
    expect(await tables()).not.toContain('neutrino-closed');
  });

  it('keep what others have in them', async () => {
    await host.run(['ebtables', '-t', 'nat', '-A', 'PREROUTING', '-i', 'other0', '-j', 'ACCEPT']);
    await host.run(['ip6tables', '-t', 'raw', '-A', 'PREROUTING', '-i', 'other0', '-j', 'ACCEPT']);
    const before = await tables();
    await guardWith(port());
    expect(await tables()).not.toBe(before);
    await guardWith(port({ filter: 'open' }));
    expect(await tables()).toBe(before);
  });

  it('are mended when somebody changed them', async () => {
    const guard = await guardWith(port());
    const made = await tables();
    await host.run(['ebtables', '-t', 'nat', '-F', 'neutronMAC-tapguest']);
    await host.run(['ebtables', '-t', 'nat', '-F', 'neutrino-types-in']);
    await host.run(['ip6tables', '-t', 'raw', '-F', 'neutrino-nd']);
    guard.distrust();
    await guard.apply(state(port()), always);
    expect(await tables()).toBe(made);
  });

  it('are made anew when somebody emptied them just before a change', async () => {
    const guard = await guardWith(port());
    await host.run(['sh', '-c', 'ip6tables -t raw -F && ip6tables -t raw -X']);
    const next = port({ tap: 'tapneighbor', fixedIps: ['10.0.0.2', 'fd00::2'], mac: other });
    expect(await guard.apply(state(port(), next), always)).toEqual({ closed: new Map(), late: new Map() });
    const raw = await tables();
    for (const tap of ['tapguest', 'tapneighbor']) expect(raw).toContain(`-j neutrinoND-${tap}`);
  });

  it('lose what they have of taps that are gone', async () => {
    const guard = await guardWith(port(), port({ tap: 'tapgone' }), port({ tap: 'tapgone2', filter: 'closed' }));
    await guard.apply(state(port()), (tap) => !tap.startsWith('tapgone'));
    expect(await tables()).not.toContain('tapgone');
    expect(await fromGuest(gratuitousArp(own, '10.0.0.1'))).toBe(true);
  });
});
