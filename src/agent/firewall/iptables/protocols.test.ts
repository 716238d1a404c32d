import { expect, it } from 'vitest';
import { parseProtocols } from './protocols.ts';

it('names protocols as the host does, and by number what it has no name for', () => {
  const protocols = parseProtocols('# x\nip\t0\tIP\nipencap 4 IP-ENCAP # y\n#  99\nicmp 1 ICMP\nother 4\n');
  expect([4, 1, 6, 58, 99].map(protocols.wordOf)).toEqual(['ipencap', 'icmp', 'tcp', 'ipv6-icmp', '99']);
  expect(['ipencap', 'other', 'IP-ENCAP', '4', 'udp', 'nonsense'].map(protocols.numberOf)).toEqual([
    4,
    4,
    4,
    4,
    17,
    null,
  ]);
});
