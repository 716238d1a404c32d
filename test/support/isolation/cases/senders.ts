import type { Tag } from '../../frames/ethernet.ts';
import type { Carried, Packet } from '../packet.ts';
import { type Guest, linkLocal } from '../world.ts';
import { alice, bob, carol, caseList, dave, erin, frank, ip, olaf, server, udp, v6 } from './packets.ts';

/** Who a guest says it is, by its packets and by ARP, and who may answer DHCP. */
const { cases, one } = caseList();

export { cases as senderCases };

// Its packets. olaf gets everything that leaves.
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
