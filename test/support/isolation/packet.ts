import { raw, type Segment } from '../frames/bytes.ts';
import { dhcp, dhcpv6 } from '../frames/dhcp.ts';
import { arp, bpdu, ethernet, etherTypes, llc, type Tag } from '../frames/ethernet.ts';
import { fragmentsOfIpv4, ipv4, routerAlert } from '../frames/ipv4.ts';
import {
  atomicFragment,
  destinationOptions,
  type Extension,
  fragmentsOfIpv6,
  hopByHop,
  ipv6,
  longOptions,
  routingHeader,
} from '../frames/ipv6.ts';
import {
  listenerReport,
  multicastMac,
  neighborAdvertisement,
  neighborSolicitation,
  routerAdvertisement,
} from '../frames/neighbors.ts';
import { icmp, icmpv6, sctp, type Tcp, tcp, udp } from '../frames/segments.ts';
import type { Guest } from './world.ts';

/** What IP carries. */
export type Carried =
  | { kind: 'udp'; from: number; to: number }
  | { kind: 'tcp'; from: number; to: number; flags?: Tcp['flags'] }
  | { kind: 'sctp'; from: number; to: number }
  /** ICMP, or ICMPv6 in IPv6. */
  | { kind: 'icmp'; type: number; code?: number; id?: number }
  | { kind: 'advertisement'; target: string }
  | { kind: 'solicitation'; target: string; anonymous?: boolean }
  | { kind: 'router' }
  | { kind: 'listener' }
  /** From a client or a server, by its type; of IPv6 where it is in IPv6. */
  | { kind: 'dhcp'; type: number }
  | { kind: 'protocol'; number: number };

const extensions = {
  hopByHop,
  destinationOptions,
  routing: () => routingHeader(),
  atomic: atomicFragment,
} as const satisfies Record<string, () => Extension>;

export type Content =
  | {
      what: 'ip';
      version: 4 | 6;
      src: string;
      dst: string;
      carried: Carried;
      /** So many bytes in each fragment. */
      fragments?: number;
      /** Only the fragments behind the first are sent. */
      headless?: boolean;
      /** Options that fill the first fragment, so that it does not show what is carried. */
      hidden?: boolean;
      extensions?: (keyof typeof extensions)[];
      options?: boolean;
    }
  | { what: 'arp'; operation: number; senderIp: string; targetIp: string; reverse?: boolean }
  /** Any other type, or a frame of 802.3. */
  | { what: 'type'; type: number | 'bpdu' | 'snap' };

/** One frame, or the frames of its fragments, with everything said. */
export interface Packet {
  srcMac: string;
  dstMac: string;
  tags: Tag[];
  content: Content;
}

/** Type and code of what is ICMP; ports of what has some. */
export interface Facts {
  protocol: number;
  from?: number;
  to?: number;
  type?: number;
  code?: number;
  /** Of neighbour discovery. */
  target?: string;
}

export function factsOf(carried: Carried, version: 4 | 6): Facts {
  const icmpProtocol = version === 4 ? 1 : 58;
  switch (carried.kind) {
    case 'udp':
      return { protocol: 17, from: carried.from, to: carried.to };
    case 'tcp':
      return { protocol: 6, from: carried.from, to: carried.to };
    case 'sctp':
      return { protocol: 132, from: carried.from, to: carried.to };
    case 'icmp':
      return { protocol: icmpProtocol, type: carried.type, code: carried.code ?? 0 };
    case 'advertisement':
      return { protocol: 58, type: 136, code: 0, target: carried.target };
    case 'solicitation':
      return { protocol: 58, type: 135, code: 0, target: carried.target };
    case 'router':
      return { protocol: 58, type: 134, code: 0 };
    case 'listener':
      return { protocol: 58, type: 143, code: 0 };
    case 'dhcp': {
      const isServer = version === 4 ? [2, 5, 6].includes(carried.type) : [2, 7].includes(carried.type);
      const [client, server] = version === 4 ? [68, 67] : [546, 547];
      return isServer ? { protocol: 17, from: server, to: client } : { protocol: 17, from: client, to: server };
    }
    case 'protocol':
      return { protocol: carried.number };
  }
}

/** The bytes. @param salt a number of its own for each use, where a packet may not look like an earlier one */
export function framesOf({ srcMac, dstMac, tags, content }: Packet, salt: number): Buffer[] {
  const header = { src: srcMac, dst: dstMac, tags };
  if (content.what === 'arp') {
    const { operation, senderIp, targetIp, reverse } = content;
    const packet = arp({ operation, senderMac: srcMac, senderIp, targetIp });
    return [ethernet({ ...header, type: reverse ? etherTypes.rarp : etherTypes.arp }, packet)];
  }
  if (content.what === 'type') {
    if (content.type === 'bpdu') return [bpdu(srcMac)];
    const packet = ipv4({ src: '10.7.0.1', dst: '10.7.0.7', id: salt & 0xffff }, udp({ from: 1, to: 5000 }));
    if (content.type === 'snap') return [llc(header, Buffer.concat([Buffer.from('aaaa030000000800', 'hex'), packet]))];
    return [ethernet({ ...header, type: content.type }, Buffer.concat([Buffer.alloc(6), packet]))];
  }
  const packets = content.version === 4 ? packets4(content, srcMac, salt) : packets6(content, srcMac, salt);
  const type = content.version === 4 ? etherTypes.ipv4 : etherTypes.ipv6;
  return packets.slice(content.headless ? 1 : 0).map((packet) => ethernet({ ...header, type }, packet));
}

type Ip = Extract<Content, { what: 'ip' }>;

function packets4(content: Ip, mac: string, salt: number): Buffer[] {
  const { src, dst, fragments } = content;
  const options = content.options ? { options: routerAlert() } : {};
  const header = { src, dst, id: salt & 0xffff, ...options };
  const segment = segmentOf(content, mac);
  return fragments === undefined ? [ipv4(header, segment)] : fragmentsOfIpv4(header, segment, fragments);
}

function packets6(content: Ip, mac: string, salt: number): Buffer[] {
  const { src, dst, fragments, hidden } = content;
  const header = { src, dst, hopLimit: 255, extensions: (content.extensions ?? []).map((name) => extensions[name]()) };
  const segment = segmentOf(content, mac);
  if (fragments === undefined) return [ipv6(header, segment)];
  return fragmentsOfIpv6(header, segment, fragments, {
    id: salt,
    ...(hidden && { hidden: [longOptions(fragments / 8)] }),
  });
}

function segmentOf({ carried, version, fragments = 0 }: Ip, mac: string): Segment {
  // Long enough to be cut.
  const data = Buffer.alloc(Math.max(64, Math.floor(fragments * 1.5)), 'x');
  switch (carried.kind) {
    case 'udp':
      return udp(carried, data);
    case 'tcp':
      return tcp(carried);
    case 'sctp':
      return sctp(carried);
    case 'icmp': {
      const rest = Buffer.from([(carried.id ?? 1) >> 8, (carried.id ?? 1) & 255, 0, 1]);
      return (version === 4 ? icmp : icmpv6)(carried.type, carried.code ?? 0, Buffer.concat([rest, data]));
    }
    case 'advertisement':
      return neighborAdvertisement({ target: carried.target, mac });
    case 'solicitation':
      return neighborSolicitation(carried.target, carried.anonymous ? undefined : mac);
    case 'router':
      return routerAdvertisement({ mac, prefix: 'fd66::' });
    case 'listener':
      return listenerReport('ff02::1:ff00:1');
    case 'dhcp':
      return version === 4 ? dhcp({ type: carried.type, mac, server: '10.7.0.9' }) : dhcpv6(carried.type, mac);
    case 'protocol':
      return raw(carried.number, data);
  }
}

/** The MAC for an address: that of the guest, or of the group or of everybody. */
export function macFor(dst: string, to: Guest): string {
  if (dst.toLowerCase().startsWith('ff')) return multicastMac(dst);
  if (dst === '255.255.255.255' || dst === '10.7.0.255') return 'ff:ff:ff:ff:ff:ff';
  return to.mac;
}
