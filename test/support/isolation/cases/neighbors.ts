import { solicitedNodeGroup } from '../../frames/neighbors.ts';
import type { Carried } from '../packet.ts';
import { linkLocal } from '../world.ts';
import { alice, bob, carol, caseList, dave, erin, frank, ip, olaf, server, v6 } from './packets.ts';

/** Neighbours and routers of IPv6: who may tell and ask what of whom. */
const { cases, one } = caseList();

export { cases as neighborCases };

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
