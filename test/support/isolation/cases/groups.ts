import type { Carried } from '../packet.ts';
import {
  alice,
  aPort,
  bob,
  carol,
  caseList,
  dave,
  erin,
  frank,
  gina,
  icmp,
  ip,
  mimic,
  olaf,
  tcp,
  twin,
  udp,
  v6,
} from './packets.ts';

/** What groups let in and out, and answers to it. */
const { cases, one, several } = caseList();

export { cases as groupCases };

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
