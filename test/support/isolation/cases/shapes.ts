import { etherTypes, type Tag } from '../../frames/ethernet.ts';
import type { Packet } from '../packet.ts';
import type { Guest } from '../world.ts';
import { bob, carol, caseList, dave, frank, ip, olaf, udp, v6 } from './packets.ts';

/** Packets of odd shapes: fragments, options, headers, types, tags. */
const { cases, one } = caseList();

export { cases as shapeCases };

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
