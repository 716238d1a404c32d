import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { raw } from '../support/frames/bytes.ts';
import { dhcp, dhcpv6 } from '../support/frames/dhcp.ts';
import { bpdu, type Dissected, dissect, ethernet, etherTypes, gratuitousArp } from '../support/frames/ethernet.ts';
import { fragmentsOfIpv4, ipv4, routerAlert } from '../support/frames/ipv4.ts';
import {
  destinationOptions,
  fragmentsOfIpv6,
  hopByHop,
  ipv6,
  longOptions,
  nothingNext,
  routingHeader,
} from '../support/frames/ipv6.ts';
import {
  listenerMessage,
  listenerReport,
  neighborAdvertisement,
  neighborSolicitation,
  redirect,
  routerAdvertisement,
  routerSolicitation,
} from '../support/frames/neighbors.ts';
import { icmp, icmpv6, sctp, tcp, udp } from '../support/frames/segments.ts';
import { openStation, type Station, settled } from '../support/frames/station.ts';
import { type EmulatedHost, type Lab, openLab } from '../support/hosts.ts';

const mac = 'fa:16:3e:00:00:01';
const ip4 = { src: '10.0.0.1', dst: '10.0.0.2' };
const ip6 = { src: 'fe80::1', dst: 'ff02::1', hopLimit: 255 };
const in4 = (packet: Buffer) => ethernet({ src: mac, type: etherTypes.ipv4 }, packet);
const in6 = (packet: Buffer) => ethernet({ src: mac, type: etherTypes.ipv6 }, packet);

/** What tcpdump makes of frames: an opinion that is not ours. */
function dump(frames: readonly Buffer[]): string {
  const header = Buffer.from('d4c3b2a1020004000000000000000000ffff000001000000', 'hex');
  const records = frames.map((frame) => {
    const record = Buffer.alloc(16);
    record.writeUInt32LE(frame.length, 8);
    record.writeUInt32LE(frame.length, 12);
    return Buffer.concat([record, frame]);
  });
  const input = Buffer.concat([header, ...records]);
  const { stdout, stderr } = spawnSync('tcpdump', ['-r', '-', '-nvvv', '-e', '-t'], { input });
  return `${stdout}${stdout.length > 0 ? '' : stderr}`;
}

describe('tcpdump reads what the builder says', () => {
  it.each<[string, Buffer | Buffer[], RegExp]>([
    ['gratuitous ARP', gratuitousArp(mac, '10.0.0.1'), /ethertype ARP .* who-has 10\.0\.0\.1 .*tell 10\.0\.0\.1/],
    ['UDP', in4(ipv4(ip4, udp({ from: 5, to: 6 }, Buffer.from('data')))), /\[udp sum ok\] UDP, length 4/],
    ['TCP', in4(ipv4(ip4, tcp({ from: 5, to: 6 }))), /Flags \[S\], cksum 0x\w+ \(correct\)/],
    ['ICMP', in4(ipv4(ip4, icmp(8, 0, Buffer.from('00010001', 'hex')))), /ICMP echo request, id 1, seq 1/],
    ['SCTP', in4(ipv4(ip4, sctp({ from: 5, to: 6 }))), /sctp.*\[INIT\]/s],
    ['options', in4(ipv4({ ...ip4, options: routerAlert() }, raw(253, Buffer.alloc(8)))), /options \(RA\)/],
    [
      'fragments',
      fragmentsOfIpv4(ip4, udp({ from: 5, to: 6 }, Buffer.alloc(20)), 16).map(in4),
      /offset 0, flags \[\+\].*offset 16, flags \[none\]/s,
    ],
    [
      'two tags',
      ethernet({ src: mac, tags: [{ id: 7 }, { id: 8 }], type: 0x800 }, ipv4(ip4, icmp(8, 0))),
      /vlan 7.*vlan 8/s,
    ],
    ['a BPDU', bpdu(mac), /STP 802\.1d, Config/],
    ['DHCP', in4(ipv4(ip4, dhcp({ type: 1, mac }))), /udp sum ok.*BOOTP\/DHCP, Request.*DHCP-Message.*Discover/s],
    [
      'a DHCP server',
      in4(ipv4(ip4, dhcp({ type: 5, mac, yourIp: '10.0.0.9', server: '10.0.0.2' }))),
      /Reply.*Your-IP 10\.0\.0\.9.*ACK.*Server-ID.*10\.0\.0\.2/s,
    ],
    ['DHCPv6', in6(ipv6(ip6, dhcpv6(1, mac))), /udp sum ok.*dhcp6 solicit.*client-ID hwaddr.*fa163e000001/s],
    [
      'NA',
      in6(ipv6(ip6, neighborAdvertisement({ target: 'fd00::1', mac }))),
      /icmp6 sum ok.*neighbor advertisement.*tgt is fd00::1, Flags \[override\].*fa:16:3e:00:00:01/s,
    ],
    [
      'NS',
      in6(ipv6(ip6, neighborSolicitation('fd00::1', mac))),
      /icmp6 sum ok.*who has fd00::1.*source link-address option.*fa:16:3e:00:00:01/s,
    ],
    ['RS', in6(ipv6(ip6, routerSolicitation(mac))), /icmp6 sum ok.*router solicitation/s],
    [
      'RA',
      in6(ipv6(ip6, routerAdvertisement({ mac, prefix: 'fd00::' }))),
      /icmp6 sum ok.*router advertisement.*prefix info.*fd00::\/64/s,
    ],
    [
      'a redirect',
      in6(ipv6(ip6, redirect({ target: 'fe80::2', destination: 'fd00::9', mac }))),
      /icmp6 sum ok.*redirect, .*fd00::9 to fe80::2/s,
    ],
    ['MLD', in6(ipv6(ip6, listenerMessage(131, 'ff02::9'))), /icmp6 sum ok.*multicast listener report.*ff02::9/s],
    ['MLDv2', in6(ipv6(ip6, listenerReport('ff02::9'))), /icmp6 sum ok.*multicast listener report v2.*ff02::9/s],
    [
      'extensions',
      in6(ipv6({ ...ip6, extensions: [hopByHop(), destinationOptions()] }, icmpv6(128, 0))),
      /HBH.*DSTOPT.*icmp6 sum ok.*echo request/s,
    ],
    [
      'a routing header',
      in6(ipv6({ ...ip6, extensions: [routingHeader()] }, nothingNext())),
      /RT6.*\[0\]fd00::1.*no next header/,
    ],
    ['no next header', in6(ipv6(ip6, nothingNext())), /no next header/],
    [
      'a hidden fragment',
      fragmentsOfIpv6(ip6, neighborAdvertisement({ target: 'fd00::1' }), 64, { hidden: [longOptions(8)] }).map(in6),
      /frag \(0x\w+:0\|64\).*DSTOPT.*frag \(0x\w+:64\|24\)/s,
    ],
  ])('%s', (_, frames, expected) => {
    const said = dump([frames].flat());
    expect(said).toMatch(expected);
    // A first fragment that shows nothing of what is carried is called invalid; that is its purpose.
    expect(said.replace('length 0 (invalid)', '')).not.toMatch(/bad|incorrect|invalid|malformed|truncated|\[\|/);
  });
});

describe('stations', () => {
  let lab: Lab;
  let host: EmulatedHost;
  let guest: Station;
  let outside: Station;

  beforeAll(async () => {
    lab = await openLab();
    host = await lab.addHost({ name: 'stations' });
    await host.run(['ip', 'netns', 'add', 'guest']);
    await host.ipBatch(['link add tap1 type veth peer name eth0 netns guest', 'link set tap1 addrgenmode none up']);
    await host.ipBatch(['link set eth0 addrgenmode none up'], 'guest');
    guest = await openStation({ host, netns: 'guest', device: 'eth0' });
    outside = await openStation({ host, device: 'tap1' });
  });
  afterAll(async () => {
    await guest.close();
    await outside.close();
    await lab.close();
  });

  it('send a frame as it is, and record what arrives with the tags it came with', async () => {
    const frames = [
      gratuitousArp(mac, '10.0.0.1'),
      ethernet({ src: mac, tags: [{ id: 7, priority: 3 }], type: 0x9000 }, Buffer.alloc(60, 1)),
      ethernet({ src: mac, tags: [{ id: 7, tpid: 0x88a8 }, { id: 8 }], type: 0x0800 }, ipv4(ip4, icmp(8, 0))),
      bpdu(mac),
    ];
    outside.clear();
    await guest.send(...frames);
    await settled(guest, outside);
    expect(outside.received).toEqual(frames);
    const { tags } = dissect(outside.received[2]!) as Dissected;
    expect(tags.map(({ id }) => id)).toEqual([7, 8]);
    expect(guest.received).toEqual([]);
  });

  it('tell when something is not there: what was sent before has arrived then, or never will', async () => {
    for (let round = 0; round < 100; round += 1) {
      const frame = ethernet({ src: mac, type: 0x9000 }, Buffer.alloc(50, round));
      guest.clear();
      await outside.send(frame);
      await settled(guest, outside);
      expect(guest.received).toEqual([frame]);
    }
  });

  it('say why a frame could not be sent', async () => {
    await expect(guest.send(Buffer.alloc(4000))).rejects.toThrow('cannot send: Message too long');
    await host.ipBatch(['link set eth0 down'], 'guest');
    await expect(guest.send(bpdu(mac))).rejects.toThrow('cannot send: Network is down');
    await host.ipBatch(['link set eth0 up'], 'guest');
    await guest.send(bpdu(mac));
  });
});
