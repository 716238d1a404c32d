import { etherTypes, type Tag } from '../frames/ethernet.ts';
import { solicitedNodeGroup } from '../frames/neighbors.ts';
import { type Carried, type Content, macFor, type Packet } from './packet.ts';
import { type Guest, linkLocal, world } from './world.ts';

/** One packet on its way. */
export interface Step {
  from: Guest;
  to: Guest;
  packet: Packet;
  /** Whether it must arrive; if not, it must not. */
  passes: boolean;
}

export interface Case {
  name: string;
  /** In this order: an answer passes because of the question. */
  steps: Step[];
}

type Version = 4 | 6;
interface Ways {
  version?: Version;
  src?: string;
  dst?: string;
  srcMac?: string;
  dstMac?: string;
  tags?: Tag[];
}
type IpWays = Ways & Partial<Omit<Extract<Content, { what: 'ip' }>, 'what' | 'carried'>>;

const { alice, bob, carol, dave, erin, frank, olaf, gina, server, twin, mimic } = world.guests as Record<string, Guest>;

const all: Case[] = [];
/** Sessions of different cases are different ones. */
let lastPort = 20_000;
const aPort = () => lastPort++;

function one(name: string, passes: boolean, from: Guest, to: Guest, packet: Packet): void {
  all.push({ name, steps: [{ from, to, packet, passes }] });
}

function several(name: string, ...steps: [passes: boolean, from: Guest, to: Guest, packet: Packet][]): void {
  all.push({ name, steps: steps.map(([passes, from, to, packet]) => ({ from, to, packet, passes })) });
}

function ip(from: Guest, to: Guest, carried: Carried, ways: IpWays = {}): Packet {
  const { version = 4, srcMac = from.mac, dstMac, tags = [], ...rest } = ways;
  const src = ways.src ?? (version === 4 ? from.ipv4 : from.ipv6);
  const dst = ways.dst ?? (version === 4 ? to.ipv4 : to.ipv6);
  return {
    srcMac,
    dstMac: dstMac ?? macFor(dst, to),
    tags,
    content: { ...rest, what: 'ip', version, src, dst, carried },
  };
}

const udp = (to: number, from = aPort()): Carried => ({ kind: 'udp', from, to });
const tcp = (to: number, from = aPort()): Carried => ({ kind: 'tcp', from, to });
const icmp = (type: number, code = 0): Carried => ({ kind: 'icmp', type, code, id: aPort() });
const v6 = { version: 6 as const };

// Rules of groups.
one('a member of the group reaches another', true, alice!, bob!, ip(alice!, bob!, udp(7)));
one('a member of the group reaches another by TCP', true, alice!, bob!, ip(alice!, bob!, tcp(7)));
one('a member of the group reaches another by IPv6', true, alice!, bob!, ip(alice!, bob!, udp(7), v6));
one('who is not in the group does not', false, carol!, bob!, ip(carol!, bob!, udp(7)));
one('nor by IPv6', false, carol!, bob!, ip(carol!, bob!, udp(7), v6));
one('nor by an echo request', false, carol!, bob!, ip(carol!, bob!, icmp(8)));
one('nor without port security', false, olaf!, bob!, ip(olaf!, bob!, udp(7)));
one('an address pair of a member is in the group', true, alice!, bob!, ip(alice!, bob!, udp(7), { src: '10.7.9.5' }));
one(
  'an address pair with its own MAC is, too',
  true,
  alice!,
  bob!,
  ip(alice!, bob!, udp(7), { src: '10.7.0.200', srcMac: '02:00:5e:00:01:07' }),
);
one('the first port of a range', true, carol!, dave!, ip(carol!, dave!, udp(5000)));
one('the last port of a range', true, carol!, dave!, ip(carol!, dave!, udp(5010)));
one('the port before a range', false, carol!, dave!, ip(carol!, dave!, udp(4999)));
one('the port behind a range', false, carol!, dave!, ip(carol!, dave!, udp(5011)));
one('the source port is not meant', false, carol!, dave!, ip(carol!, dave!, udp(6000, 5000)));
one('another protocol with that port', false, carol!, dave!, ip(carol!, dave!, tcp(5000)));
one('another family with that port', false, carol!, dave!, ip(carol!, dave!, udp(5000), v6));
one('a rule of IPv6', true, carol!, dave!, ip(carol!, dave!, udp(5353), v6));
one('a rule of IPv6 does not hold for IPv4', false, carol!, dave!, ip(carol!, dave!, udp(5353)));
one('type and code of ICMP', true, carol!, dave!, ip(carol!, dave!, icmp(8)));
one('another code', false, carol!, dave!, ip(carol!, dave!, icmp(8, 1)));
one('another type', false, carol!, dave!, ip(carol!, dave!, icmp(13)));
one('a type of ICMPv6', true, carol!, dave!, ip(carol!, dave!, icmp(128), v6));
one('another type of ICMPv6', false, carol!, dave!, ip(carol!, dave!, icmp(129), v6));
one('a remote prefix of one address', true, carol!, dave!, ip(carol!, dave!, tcp(22)));
one('another address than the remote prefix', false, alice!, dave!, ip(alice!, dave!, tcp(22)));
one('an address of the address group', true, alice!, dave!, ip(alice!, dave!, tcp(8080), { src: '10.7.9.5' }));
one(
  'an address behind a block of the address group',
  false,
  alice!,
  dave!,
  ip(alice!, dave!, tcp(8080), { src: '10.7.9.200' }),
);
one('a whole protocol', true, carol!, dave!, ip(carol!, dave!, { kind: 'sctp', from: aPort(), to: 9 }));
one('a protocol nobody spoke of', false, carol!, dave!, ip(carol!, dave!, { kind: 'protocol', number: 253 }));
one('one port for everybody', true, olaf!, gina!, ip(olaf!, gina!, tcp(80)));
one('one port for everybody, IPv6', true, carol!, gina!, ip(carol!, gina!, tcp(80), v6));
one('the port beside it', false, olaf!, gina!, ip(olaf!, gina!, tcp(81)));
one('a port for members of a group', true, alice!, gina!, ip(alice!, gina!, tcp(443)));
one('that port for others', false, carol!, gina!, ip(carol!, gina!, tcp(443)));
one('a protocol from a prefix', true, carol!, gina!, ip(carol!, gina!, udp(9)));
one('a protocol from outside of the prefix', false, olaf!, gina!, ip(olaf!, gina!, udp(9), { src: '10.7.0.16' }));
one('all ports from a prefix of IPv6', true, carol!, gina!, ip(carol!, gina!, udp(1), v6));
one('all ports from outside of that prefix', false, olaf!, gina!, ip(olaf!, gina!, udp(1), { ...v6, src: 'fd07::8' }));
one('0.0.0.0/0', true, olaf!, frank!, ip(olaf!, frank!, udp(9), { src: '203.0.113.9' }));
one('::/0', true, olaf!, frank!, ip(olaf!, frank!, udp(9), { ...v6, src: '2001:db8::9' }));
one('a group without rules lets nothing in', false, carol!, erin!, ip(carol!, erin!, udp(9)));
one('nor an echo request', false, carol!, erin!, ip(carol!, erin!, icmp(8)));
one('nor IPv6', false, carol!, erin!, ip(carol!, erin!, tcp(80), v6));
one('and nothing out', false, erin!, olaf!, ip(erin!, olaf!, udp(9)));
one('and no IPv6 out', false, erin!, olaf!, ip(erin!, olaf!, udp(9), v6));
one('egress to the one address and port', true, frank!, olaf!, ip(frank!, olaf!, udp(53)));
one('egress to another port', false, frank!, olaf!, ip(frank!, olaf!, udp(54)));
one('egress by another protocol', false, frank!, olaf!, ip(frank!, olaf!, tcp(53)));
one('egress to another address', false, frank!, gina!, ip(frank!, gina!, udp(53)));
one('broadcast to a port that is open', true, carol!, dave!, ip(carol!, dave!, udp(5005), { dst: '10.7.0.255' }));
one('broadcast to one that is not', false, carol!, bob!, ip(carol!, bob!, udp(5005), { dst: '10.7.0.255' }));
one('multicast to a port that is open', true, carol!, dave!, ip(carol!, dave!, udp(5353), { ...v6, dst: 'ff02::fb' }));
one('multicast to one that is not', false, carol!, bob!, ip(carol!, bob!, udp(5353), { ...v6, dst: 'ff02::fb' }));

// Answers.
const question = udp(5000);
const answer = (to: Carried): Carried =>
  ({ ...to, from: (to as { to: number }).to, to: (to as { from: number }).from }) as Carried;
several(
  'an answer passes',
  [true, carol!, dave!, ip(carol!, dave!, question)],
  [true, dave!, carol!, ip(dave!, carol!, answer(question))],
);
one('an answer that nobody asked for does not', false, dave!, carol!, ip(dave!, carol!, udp(aPort(), 5000)));
const asked = udp(5001);
several(
  'an answer to another port does not',
  [true, carol!, dave!, ip(carol!, dave!, asked)],
  [false, dave!, carol!, ip(dave!, carol!, udp(aPort(), 5001))],
);
const six = udp(5353);
several(
  'an answer passes, IPv6',
  [true, carol!, dave!, ip(carol!, dave!, six, v6)],
  [true, dave!, carol!, ip(dave!, carol!, answer(six), v6)],
);
const echo = icmp(8) as Extract<Carried, { kind: 'icmp' }>;
several(
  'an echo reply passes',
  [true, carol!, dave!, ip(carol!, dave!, echo)],
  [true, dave!, carol!, ip(dave!, carol!, { ...echo, type: 0 })],
);
one('an echo reply that nobody asked for does not', false, dave!, carol!, ip(dave!, carol!, icmp(0)));
const opened = tcp(80);
several(
  'the answer to the first segment of TCP',
  [true, carol!, gina!, ip(carol!, gina!, opened)],
  [true, gina!, carol!, ip(gina!, carol!, { ...answer(opened), flags: ['syn', 'ack'] } as Carried)],
);
one(
  'a second segment that no first one came before',
  false,
  gina!,
  carol!,
  ip(gina!, carol!, { ...tcp(aPort(), 80), flags: ['syn', 'ack'] } as Carried),
);
const elsewhere = udp(5000);
several(
  'a session of one network is none of another with the same addresses',
  [true, carol!, dave!, ip(carol!, dave!, elsewhere)],
  [false, mimic!, twin!, ip(mimic!, twin!, answer(elsewhere), { src: dave!.ipv4 })],
);

// Who a guest says it is. olaf gets everything that leaves.
one('its own address', true, carol!, olaf!, ip(carol!, olaf!, udp(9)));
one('its own address of IPv6', true, carol!, olaf!, ip(carol!, olaf!, udp(9), v6));
one('its link-local address', true, carol!, olaf!, ip(carol!, olaf!, udp(9), { ...v6, src: linkLocal(carol!.mac) }));
one('another MAC', false, carol!, olaf!, ip(carol!, olaf!, udp(9), { srcMac: bob!.mac }));
one(
  'another MAC and the address that belongs to it',
  false,
  carol!,
  olaf!,
  ip(carol!, olaf!, udp(9), { srcMac: bob!.mac, src: bob!.ipv4 }),
);
one('the address of a neighbour', false, carol!, olaf!, ip(carol!, olaf!, udp(9), { src: bob!.ipv4 }));
one('an address of elsewhere', false, carol!, olaf!, ip(carol!, olaf!, udp(9), { src: '8.8.8.8' }));
one('no address', false, carol!, olaf!, ip(carol!, olaf!, udp(9), { src: '0.0.0.0' }));
one('the address of a neighbour, IPv6', false, carol!, olaf!, ip(carol!, olaf!, udp(9), { ...v6, src: bob!.ipv6 }));
one(
  'the link-local address of a neighbour',
  false,
  carol!,
  olaf!,
  ip(carol!, olaf!, udp(9), { ...v6, src: linkLocal(bob!.mac) }),
);
one('no address, IPv6', false, carol!, olaf!, ip(carol!, olaf!, udp(9), { ...v6, src: '::' }));
one('an address of a pair', true, alice!, olaf!, ip(alice!, olaf!, udp(9), { src: '10.7.9.77' }));
one('an address behind the pair', false, alice!, olaf!, ip(alice!, olaf!, udp(9), { src: '10.7.10.1' }));
one('an address of a pair of IPv6', true, alice!, olaf!, ip(alice!, olaf!, udp(9), { ...v6, src: 'fd07:0:0:9::77' }));
one(
  'the MAC of a pair with the address of the port',
  false,
  alice!,
  olaf!,
  ip(alice!, olaf!, udp(9), { srcMac: '02:00:5e:00:01:07' }),
);
one(
  'the address of a pair with the MAC of the port',
  false,
  alice!,
  olaf!,
  ip(alice!, olaf!, udp(9), { src: '10.7.0.200' }),
);
one(
  'without port security: whatever it says',
  true,
  olaf!,
  frank!,
  ip(olaf!, frank!, udp(9), { src: bob!.ipv4, srcMac: '02:00:00:00:00:99' }),
);

// ARP.
function arp(
  from: Guest,
  ways: {
    operation?: number;
    senderIp?: string;
    targetIp?: string;
    srcMac?: string;
    dstMac?: string;
    reverse?: boolean;
    tags?: Tag[];
  },
): Packet {
  const {
    operation = 1,
    senderIp = from.ipv4,
    targetIp = from.ipv4,
    srcMac = from.mac,
    dstMac = 'ff:ff:ff:ff:ff:ff',
    reverse,
    tags = [],
  } = ways;
  return { srcMac, dstMac, tags, content: { what: 'arp', operation, senderIp, targetIp, ...(reverse && { reverse }) } };
}
one('ARP: it has its address', true, carol!, bob!, arp(carol!, {}));
one('ARP: where is a neighbour', true, carol!, bob!, arp(carol!, { targetIp: bob!.ipv4 }));
one('ARP: an answer', true, carol!, bob!, arp(carol!, { operation: 2, targetIp: bob!.ipv4, dstMac: bob!.mac }));
one(
  'ARP: it has the address of a pair',
  true,
  alice!,
  bob!,
  arp(alice!, { senderIp: '10.7.9.1', targetIp: '10.7.9.1' }),
);
one(
  'ARP: it has the address of a neighbour',
  false,
  carol!,
  bob!,
  arp(carol!, { senderIp: dave!.ipv4, targetIp: dave!.ipv4 }),
);
one(
  'ARP: an answer for a neighbour',
  false,
  carol!,
  bob!,
  arp(carol!, { operation: 2, senderIp: dave!.ipv4, targetIp: bob!.ipv4, dstMac: bob!.mac }),
);
one('ARP: with the MAC of a neighbour', false, carol!, bob!, arp(carol!, { srcMac: dave!.mac }));
one('ARP: is its address free', true, carol!, bob!, arp(carol!, { senderIp: '0.0.0.0' }));
one(
  'ARP: is the address of a neighbour free',
  false,
  carol!,
  bob!,
  arp(carol!, { senderIp: '0.0.0.0', targetIp: bob!.ipv4 }),
);
one(
  'ARP: for another address behind tag 0',
  false,
  carol!,
  bob!,
  arp(carol!, { senderIp: dave!.ipv4, tags: [{ id: 0 }] }),
);
one(
  'RARP of a guest that moved',
  true,
  carol!,
  olaf!,
  arp(carol!, { operation: 3, senderIp: '0.0.0.0', targetIp: '0.0.0.0', reverse: true }),
);
one('ARP reaches who has no rules', true, carol!, erin!, arp(carol!, { targetIp: erin!.ipv4 }));

// DHCP.
const dhcp = (type: number): Carried => ({ kind: 'dhcp', type });
const everybody = { src: '0.0.0.0', dst: '255.255.255.255' };
one('DHCP: a client without address asks', true, carol!, server!, ip(carol!, server!, dhcp(1), everybody));
one('DHCP: also without a rule for it', true, erin!, server!, ip(erin!, server!, dhcp(1), everybody));
one('DHCP: a client renews', true, frank!, server!, ip(frank!, server!, dhcp(3)));
one(
  'DHCP: a client without address asks one machine',
  false,
  carol!,
  olaf!,
  ip(carol!, olaf!, dhcp(1), { src: '0.0.0.0' }),
);
one(
  'DHCP: the server answers everybody',
  true,
  server!,
  erin!,
  ip(server!, erin!, dhcp(2), { dst: '255.255.255.255' }),
);
one('DHCP: the server answers', true, server!, erin!, ip(server!, erin!, dhcp(5)));
one('DHCP: a guest answers everybody', false, carol!, erin!, ip(carol!, erin!, dhcp(2), { dst: '255.255.255.255' }));
one('DHCP: a guest answers', false, carol!, erin!, ip(carol!, erin!, dhcp(5)));
one('DHCP: a guest answers who takes everything', false, carol!, frank!, ip(carol!, frank!, dhcp(5)));
one('other ports of the server', false, server!, erin!, ip(server!, erin!, udp(69, 67)));
const fromLinkLocal = (from: Guest, dst?: string) => ({ ...v6, src: linkLocal(from.mac), ...(dst && { dst }) });
one('DHCPv6: a client asks', true, erin!, server!, ip(erin!, server!, dhcp(1), fromLinkLocal(erin!, 'ff02::1:2')));
one(
  'DHCPv6: the server answers',
  true,
  server!,
  erin!,
  ip(server!, erin!, dhcp(7), fromLinkLocal(server!, linkLocal(erin!.mac))),
);
one(
  'DHCPv6: a guest answers',
  false,
  carol!,
  erin!,
  ip(carol!, erin!, dhcp(7), fromLinkLocal(carol!, linkLocal(erin!.mac))),
);

// Neighbours and routers of IPv6.
const tells = (target: string): Carried => ({ kind: 'advertisement', target });
const toAll = { ...v6, dst: 'ff02::1' };
one('NA: its address', true, carol!, bob!, ip(carol!, bob!, tells(carol!.ipv6), toAll));
one(
  'NA: its link-local address',
  true,
  carol!,
  bob!,
  ip(carol!, bob!, tells(linkLocal(carol!.mac)), { ...toAll, src: linkLocal(carol!.mac) }),
);
one('NA: the address of a pair', true, alice!, bob!, ip(alice!, bob!, tells('fd07:0:0:9::1'), toAll));
one('NA: the address of a neighbour', false, carol!, bob!, ip(carol!, bob!, tells(dave!.ipv6), toAll));
one('NA: the address of a neighbour, to one', false, carol!, bob!, ip(carol!, bob!, tells(dave!.ipv6), v6));
one(
  'NA: the link-local address of a neighbour',
  false,
  carol!,
  bob!,
  ip(carol!, bob!, tells(linkLocal(dave!.mac)), toAll),
);
one(
  'NA: the address of a neighbour from a neighbour',
  false,
  carol!,
  bob!,
  ip(carol!, bob!, tells(dave!.ipv6), { ...toAll, src: dave!.ipv6 }),
);
one(
  'NA: the address of a neighbour behind an extension header',
  false,
  carol!,
  bob!,
  ip(carol!, bob!, tells(dave!.ipv6), { ...toAll, extensions: ['hopByHop'] }),
);
one(
  'NA: the address of a neighbour behind three',
  false,
  carol!,
  bob!,
  ip(carol!, bob!, tells(dave!.ipv6), { ...toAll, extensions: ['hopByHop', 'destinationOptions', 'routing'] }),
);
one(
  'NA: the address of a neighbour as an atomic fragment',
  false,
  carol!,
  bob!,
  ip(carol!, bob!, tells(dave!.ipv6), { ...toAll, extensions: ['atomic'] }),
);
one(
  'NA: the address of a neighbour in fragments',
  false,
  carol!,
  bob!,
  ip(carol!, bob!, tells(dave!.ipv6), { ...toAll, fragments: 16 }),
);
one(
  'NA: the address of a neighbour, not in the first fragment',
  false,
  carol!,
  bob!,
  ip(carol!, bob!, tells(dave!.ipv6), { ...toAll, fragments: 64, hidden: true }),
);
const asks = (target: string, anonymous = false): Carried => ({ kind: 'solicitation', target, anonymous });
const probes = (target: string) => ({ ...v6, src: '::', dst: solicitedNodeGroup(target) });
one(
  'NS: where is a neighbour',
  true,
  carol!,
  erin!,
  ip(carol!, erin!, asks(erin!.ipv6), { ...v6, dst: solicitedNodeGroup(erin!.ipv6) }),
);
one('NS: is its address free', true, carol!, erin!, ip(carol!, erin!, asks(carol!.ipv6, true), probes(carol!.ipv6)));
one(
  'NS: is its link-local address free',
  true,
  erin!,
  olaf!,
  ip(erin!, olaf!, asks(linkLocal(erin!.mac), true), probes(linkLocal(erin!.mac))),
);
one(
  'NS: is the address of a neighbour free',
  false,
  carol!,
  erin!,
  ip(carol!, erin!, asks(erin!.ipv6, true), probes(erin!.ipv6)),
);
one(
  'MLD: it listens',
  true,
  erin!,
  olaf!,
  ip(erin!, olaf!, { kind: 'listener' }, { ...v6, src: '::', dst: 'ff02::16' }),
);
const announces: Carried = { kind: 'router' };
one(
  'RA: of the network itself',
  true,
  server!,
  erin!,
  ip(server!, erin!, announces, { ...toAll, src: linkLocal(server!.mac) }),
);
one('RA: of a guest', false, carol!, erin!, ip(carol!, erin!, announces, { ...toAll, src: linkLocal(carol!.mac) }));
one(
  'RA: of a guest, to one',
  false,
  carol!,
  frank!,
  ip(carol!, frank!, announces, { ...v6, src: linkLocal(carol!.mac) }),
);
one(
  'RA: of a guest behind an extension header',
  false,
  carol!,
  erin!,
  ip(carol!, erin!, announces, { ...toAll, src: linkLocal(carol!.mac), extensions: ['hopByHop'] }),
);
one(
  'RA: of a guest in fragments',
  false,
  carol!,
  erin!,
  ip(carol!, erin!, announces, { ...toAll, src: linkLocal(carol!.mac), fragments: 16 }),
);
one(
  'RA: of a guest, not in the first fragment',
  false,
  carol!,
  erin!,
  ip(carol!, erin!, announces, { ...toAll, src: linkLocal(carol!.mac), fragments: 64, hidden: true }),
);

// Fragments, options, extension headers.
one('fragments of what may pass', true, carol!, dave!, ip(carol!, dave!, udp(5000), { fragments: 24 }));
one('fragments of what may not', false, carol!, dave!, ip(carol!, dave!, udp(4999), { fragments: 24 }));
one(
  'fragments so small that the port is in the first alone',
  false,
  carol!,
  dave!,
  ip(carol!, dave!, udp(4999), { fragments: 8 }),
);
one(
  'fragments without the first',
  false,
  carol!,
  dave!,
  ip(carol!, dave!, udp(5000), { fragments: 24, headless: true }),
);
one('options of IPv4', true, carol!, dave!, ip(carol!, dave!, udp(5000), { options: true }));
one(
  'options of IPv4 in front of what may not pass',
  false,
  carol!,
  dave!,
  ip(carol!, dave!, udp(4999), { options: true }),
);
one('fragments of IPv6', true, carol!, dave!, ip(carol!, dave!, udp(5353), { ...v6, fragments: 1232 }));
one(
  'fragments of IPv6 of what may not pass',
  false,
  carol!,
  dave!,
  ip(carol!, dave!, udp(5354), { ...v6, fragments: 1232 }),
);
one(
  'extension headers',
  true,
  carol!,
  dave!,
  ip(carol!, dave!, udp(5353), { ...v6, extensions: ['hopByHop', 'destinationOptions'] }),
);
one(
  'extension headers in front of what may not pass',
  false,
  carol!,
  dave!,
  ip(carol!, dave!, udp(5354), { ...v6, extensions: ['hopByHop', 'destinationOptions'] }),
);
one(
  'what may not pass, not in the first fragment',
  false,
  carol!,
  dave!,
  ip(carol!, dave!, udp(5354), { ...v6, fragments: 64, hidden: true }),
);

// Types and tags: what filters of packets do not see.
const typed = (from: Guest, type: number | 'bpdu' | 'snap', tags: Tag[] = []): Packet => ({
  srcMac: from.mac,
  dstMac: type === 'bpdu' ? '01:80:c2:00:00:00' : 'ff:ff:ff:ff:ff:ff',
  tags,
  content: { what: 'type', type },
});
one('a VLAN tag', false, carol!, olaf!, ip(carol!, olaf!, udp(9), { tags: [{ id: 100 }] }));
one('tag 0', false, carol!, olaf!, ip(carol!, olaf!, udp(9), { tags: [{ id: 0, priority: 7 }] }));
one('two tags', false, carol!, olaf!, ip(carol!, olaf!, udp(9), { tags: [{ id: 100 }, { id: 200 }] }));
one('a tag of providers', false, carol!, olaf!, ip(carol!, olaf!, udp(9), { tags: [{ id: 100, tpid: 0x88a8 }] }));
one(
  'an address of a neighbour behind a tag',
  false,
  carol!,
  olaf!,
  ip(carol!, olaf!, udp(9), { src: bob!.ipv4, tags: [{ id: 0 }] }),
);
one('tag 0 in front of what may not pass', false, olaf!, bob!, ip(olaf!, bob!, udp(9), { tags: [{ id: 0 }] }));
one(
  'a VLAN tag, to a guest with port security',
  false,
  olaf!,
  frank!,
  ip(olaf!, frank!, udp(9), { tags: [{ id: 5 }] }),
);
one('IPv4 behind LLC and SNAP', false, carol!, olaf!, typed(carol!, 'snap'));
one('IPv4 behind LLC and SNAP, to a guest with port security', false, olaf!, frank!, typed(olaf!, 'snap'));
one('spanning tree', false, carol!, olaf!, typed(carol!, 'bpdu'));
one('LLDP', false, carol!, olaf!, typed(carol!, etherTypes.lldp));
one('PPPoE', false, carol!, olaf!, typed(carol!, etherTypes.pppoeSession));
one('IPX', false, carol!, olaf!, typed(carol!, etherTypes.ipx));

// Other networks with the same addresses.
one('to the MAC of a guest of another network', false, alice!, twin!, ip(alice!, twin!, udp(9)));
one('from another network to the MAC of a guest', false, mimic!, bob!, ip(mimic!, bob!, udp(9)));
one('broadcast of another network', false, mimic!, frank!, ip(mimic!, frank!, udp(9), { dst: '255.255.255.255' }));
one(
  'from one without port security to one of another network, behind a tag',
  false,
  olaf!,
  mimic!,
  ip(olaf!, mimic!, udp(9), { tags: [{ id: 2 }] }),
);
one('within the other network', true, twin!, mimic!, ip(twin!, mimic!, udp(9)));

export const cases: readonly Case[] = all;
