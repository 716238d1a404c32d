import { describe, expect, it } from 'vitest';
import { checksum, ipBytes, raw } from './bytes.ts';
import { dhcp } from './dhcp.ts';
import { arp, dissect, ethernet, etherTypes, gratuitousArp } from './ethernet.ts';
import { fragmentsOfIpv4, ipv4, routerAlert } from './ipv4.ts';
import { atomicFragment, fragmentsOfIpv6, hopByHop, ipv6, longOptions } from './ipv6.ts';
import { multicastMac, neighborAdvertisement, solicitedNodeGroup } from './neighbors.ts';
import { icmp, icmpv6, tcp, udp } from './segments.ts';

const hex = (text: string) => Buffer.from(text.replaceAll(/\s/g, ''), 'hex');

describe('checksums', () => {
  it('are those of RFC 1071, whose example they give', () => {
    expect(checksum(hex('0001 f203 f4f5 f6f7'))).toBe(~0xddf2 & 0xffff);
  });

  it('cover a last single byte as if a zero followed', () => {
    expect(checksum(hex('0102 03'))).toBe(checksum(hex('0102 0300')));
  });

  it.each([
    ['UDP over IPv4', udp({ from: 1, to: 2 }, Buffer.from('odd')), '10.0.0.1', '10.0.0.2'],
    ['TCP over IPv4', tcp({ from: 1, to: 2 }), '10.0.0.1', '10.0.0.2'],
    ['UDP over IPv6', udp({ from: 1, to: 2 }, Buffer.from('even')), 'fd00::1', 'fd00::2'],
    ['ICMPv6', icmpv6(128, 0, hex('0001 0001')), 'fe80::1', 'ff02::1'],
  ])('of %s make the sum over header and addresses zero', (_, segment, src, dst) => {
    const addresses = Buffer.concat([ipBytes(src), ipBytes(dst)]);
    const bytes = segment.render(addresses);
    const pseudo = hex(
      `0000 ${bytes.length.toString(16).padStart(4, '0')} 00${segment.protocol.toString(16).padStart(2, '0')}`,
    );
    expect(checksum(addresses, pseudo, bytes)).toBe(0);
  });

  it('of ICMP cover no addresses', () => {
    expect(checksum(icmp(8, 0, hex('1234 0001')).render(Buffer.alloc(8)))).toBe(0);
  });
});

it('an ARP request is what RFC 826 says, filled up to the shortest frame', () => {
  const request = arp({ senderMac: 'fa:16:3e:00:00:01', senderIp: '10.0.0.1', targetIp: '10.0.0.2' });
  const frame = ethernet({ src: 'fa:16:3e:00:00:01', type: etherTypes.arp }, request);
  const bytes = 'ffffffffffff fa163e000001 0806 0001 0800 06 04 0001 fa163e000001 0a000001 000000000000 0a000002';
  expect(frame).toEqual(Buffer.concat([hex(bytes), Buffer.alloc(18)]));
});

it('tags stand in front of the type, and are found again', () => {
  const tags = [
    { id: 100, tpid: 0x88a8 },
    { id: 200, priority: 5 },
  ];
  const frame = ethernet({ src: 'fa:16:3e:00:00:01', dst: 'fa:16:3e:00:00:02', tags, type: 0x0800 }, Buffer.alloc(50));
  expect(frame.subarray(0, 22)).toEqual(hex('fa163e000002 fa163e000001 88a8 0064 8100 a0c8 0800'));
  expect(dissect(frame)).toEqual({
    dst: 'fa:16:3e:00:00:02',
    src: 'fa:16:3e:00:00:01',
    tags: [
      { id: 100, priority: 0, tpid: 0x88a8 },
      { id: 200, priority: 5, tpid: 0x8100 },
    ],
    type: 0x0800,
    payload: Buffer.alloc(50),
  });
});

it('a mark can ride behind an ARP packet', () => {
  const frame = gratuitousArp('fa:16:3e:00:00:01', '10.0.0.1', Buffer.from('mark'));
  expect(frame.subarray(42, 46).toString()).toBe('mark');
  expect(frame).toHaveLength(60);
});

it('a header of IPv4 has its options and a checksum over all of it', () => {
  const packet = ipv4({ src: '10.0.0.1', dst: '224.0.0.1', ttl: 1, options: routerAlert() }, raw(2, hex('1100')));
  expect(packet.subarray(0, 2)).toEqual(hex('4600'));
  expect(packet.subarray(12, 24)).toEqual(hex('0a000001 e0000001 94040000'));
  expect(checksum(packet.subarray(0, 24))).toBe(0);
});

it('fragments of IPv4 put together are the segment', () => {
  const header = { src: '10.0.0.1', dst: '10.0.0.2' };
  const segment = udp({ from: 5, to: 6 }, Buffer.alloc(40, 'x'));
  const fragments = fragmentsOfIpv4(header, segment, 16);
  expect(fragments.map((one) => one.readUInt16BE(6))).toEqual([0x2000, 0x2002, 0x0004]);
  const whole = ipv4(header, segment).subarray(20);
  expect(Buffer.concat(fragments.map((one) => one.subarray(20)))).toEqual(whole);
});

it('each header of IPv6 names the next', () => {
  const packet = ipv6({ src: 'fd00::1', dst: 'fd00::2', extensions: [hopByHop(), atomicFragment()] }, icmpv6(128, 0));
  expect(packet.subarray(0, 8)).toEqual(hex('60000000 0018 00 40'));
  expect(packet.subarray(40, 56)).toEqual(hex('2c00 0104 00000000  3a00 0000 00000007'));
  expect(packet[56]).toBe(128);
});

it('fragments of IPv6 can hide what is carried behind long options', () => {
  const header = { src: 'fe80::1', dst: 'ff02::1' };
  const segment = neighborAdvertisement({ target: 'fd00::1', mac: 'fa:16:3e:00:00:01' });
  const fragments = fragmentsOfIpv6(header, segment, 64, { hidden: [longOptions(8)] });
  expect(fragments.map((one) => one.subarray(40, 44).toString('hex'))).toEqual(['3c000001', '3c000040']);
  expect(fragments[0]).toHaveLength(40 + 8 + 64);
  expect(fragments[1]![48]).toBe(136);
});

it('where a neighbour is asked for', () => {
  expect(solicitedNodeGroup('fd00::f816:3eff:fe12:3456')).toBe('ff02::1:ff12:3456');
  expect(multicastMac('ff02::1:ff12:3456')).toBe('33:33:ff:12:34:56');
});

it('a client of DHCP speaks from 68 to 67, a server the other way, with the cookie and the type', () => {
  const bytes = (type: number) => dhcp({ type, mac: 'fa:16:3e:00:00:01' }).render(Buffer.alloc(8));
  expect(bytes(1).subarray(0, 4)).toEqual(hex('0044 0043'));
  expect(bytes(2).subarray(0, 4)).toEqual(hex('0043 0044'));
  expect(bytes(1).subarray(8 + 236, 8 + 236 + 8)).toEqual(hex('63825363 350101 ff'));
});
