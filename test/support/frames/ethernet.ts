import { ipBytes, macBytes, u16 } from './bytes.ts';

export const etherTypes = {
  ipv4: 0x0800,
  arp: 0x0806,
  rarp: 0x8035,
  ipx: 0x8137,
  ipv6: 0x86dd,
  pppoeDiscovery: 0x8863,
  pppoeSession: 0x8864,
  eapol: 0x888e,
  lldp: 0x88cc,
} as const;

export const BROADCAST = 'ff:ff:ff:ff:ff:ff';
/** Frames are filled up to this (without the checksum of Ethernet). */
const SHORTEST = 60;

export interface Tag {
  /** VLAN id. */
  id: number;
  priority?: number;
  /** 0x8100 (802.1Q, the default) or 0x88a8 (802.1ad). */
  tpid?: number;
}

export interface EthernetHeader {
  src: string;
  /** Default: everybody. */
  dst?: string;
  /** Outer first. */
  tags?: readonly Tag[];
  type: number;
}

export function ethernet({ src, dst = BROADCAST, tags = [], type }: EthernetHeader, payload: Buffer): Buffer {
  const inserted = tags.flatMap(({ id, priority = 0, tpid = 0x8100 }) => [u16(tpid), u16((priority << 13) | id)]);
  return filled(Buffer.concat([macBytes(dst), macBytes(src), ...inserted, u16(type), payload]));
}

/** A frame of 802.3 with a length instead of a type, and LLC behind it: spanning tree, old IPX. */
export function llc({ src, dst }: { src: string; dst: string }, payload: Buffer): Buffer {
  return filled(Buffer.concat([macBytes(dst), macBytes(src), u16(payload.length), payload]));
}

/** A configuration BPDU of a bridge that wants to be the root. */
export function bpdu(src: string): Buffer {
  const header = Buffer.from([0x42, 0x42, 0x03, 0, 0, 0, 0, 0]);
  const bridge = Buffer.concat([u16(0), macBytes(src)]);
  const times = Buffer.from([0, 0, 20, 0, 2, 0, 15, 0]);
  const body = Buffer.concat([header, bridge, Buffer.alloc(4), bridge, u16(0x8001), times]);
  return llc({ src, dst: '01:80:c2:00:00:00' }, body);
}

export interface Arp {
  /** 1 asks (the default), 2 answers; 3 and 4 are RARP's. */
  operation?: number;
  senderMac: string;
  senderIp: string;
  targetMac?: string;
  targetIp: string;
}

/** For the type `arp` or `rarp`. @param trailer bytes behind the packet, which nobody reads: a mark for the receiver */
export function arp({ operation = 1, targetMac = '00:00:00:00:00:00', ...rest }: Arp, trailer?: Buffer): Buffer {
  return Buffer.concat([
    Buffer.from([0, 1, 8, 0, 6, 4]),
    u16(operation),
    macBytes(rest.senderMac),
    ipBytes(rest.senderIp),
    macBytes(targetMac),
    ipBytes(rest.targetIp),
    trailer ?? Buffer.alloc(0),
  ]);
}

/** Tells what an address's MAC is, asked by nobody. */
export function gratuitousArp(mac: string, ip: string, trailer?: Buffer): Buffer {
  return ethernet({ src: mac, type: etherTypes.arp }, arp({ senderMac: mac, senderIp: ip, targetIp: ip }, trailer));
}

export interface Dissected {
  dst: string;
  src: string;
  tags: Required<Tag>[];
  /** Or a length, below 1536. */
  type: number;
  payload: Buffer;
}

export function dissect(frame: Buffer): Dissected {
  const mac = (at: number) => (frame.toString('hex', at, at + 6).match(/../g) ?? []).join(':');
  const tags: Required<Tag>[] = [];
  let at = 12;
  for (; [0x8100, 0x88a8, 0x9100].includes(frame.readUInt16BE(at)); at += 4) {
    const control = frame.readUInt16BE(at + 2);
    tags.push({ id: control & 0xfff, priority: control >> 13, tpid: frame.readUInt16BE(at) });
  }
  return { dst: mac(0), src: mac(6), tags, type: frame.readUInt16BE(at), payload: frame.subarray(at + 2) };
}

function filled(frame: Buffer): Buffer {
  return frame.length >= SHORTEST ? frame : Buffer.concat([frame, Buffer.alloc(SHORTEST - frame.length)]);
}
