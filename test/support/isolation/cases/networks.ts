import { alice, bob, caseList, frank, ip, mimic, olaf, twin, udp } from './packets.ts';

/** Other networks with the same addresses. */
const { cases, one } = caseList();

export { cases as networkCases };

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
