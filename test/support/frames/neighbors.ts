import { ipBytes, macBytes, type Segment, u16, u32 } from './bytes.ts';
import { icmpv6 } from './segments.ts';

/** Neighbour discovery (RFC 4861) and listeners (RFC 2710, 3810). Its packets have a hop limit of 255, or nobody minds them. */
export const ND_HOP_LIMIT = 255;

export interface Advertisement {
  /** Whose MAC is told. */
  target: string;
  /** The MAC told; without it no option. */
  mac?: string;
  router?: boolean;
  solicited?: boolean;
  override?: boolean;
}

export function neighborAdvertisement({ target, mac, ...flags }: Advertisement): Segment {
  const bits = (flags.router ? 0x80 : 0) | (flags.solicited ? 0x40 : 0) | (flags.override === false ? 0 : 0x20);
  const option = mac === undefined ? [] : [linkLayerOption(2, mac)];
  return icmpv6(136, 0, Buffer.concat([Buffer.from([bits, 0, 0, 0]), ipBytes(target), ...option]));
}

/** @param mac of the sender; left out when it looks whether somebody has the address */
export function neighborSolicitation(target: string, mac?: string): Segment {
  const option = mac === undefined ? [] : [linkLayerOption(1, mac)];
  return icmpv6(135, 0, Buffer.concat([Buffer.alloc(4), ipBytes(target), ...option]));
}

export function routerSolicitation(mac?: string): Segment {
  return icmpv6(133, 0, Buffer.concat([Buffer.alloc(4), ...(mac === undefined ? [] : [linkLayerOption(1, mac)])]));
}

/** @param prefix 64 bits of it are told as on the link and good for addresses */
export function routerAdvertisement({ mac, prefix }: { mac: string; prefix?: string }): Segment {
  const head = Buffer.concat([Buffer.from([64, 0]), u16(1800), u32(0), u32(0)]);
  const information =
    prefix === undefined ? [] : [Buffer.from([3, 4, 64, 0xc0]), u32(86_400), u32(14_400), u32(0), ipBytes(prefix)];
  return icmpv6(134, 0, Buffer.concat([head, linkLayerOption(1, mac), ...information]));
}

/** A router's word that another next hop is better. */
export function redirect({ target, destination, mac }: { target: string; destination: string; mac: string }): Segment {
  const parts = [Buffer.alloc(4), ipBytes(target), ipBytes(destination), linkLayerOption(2, mac)];
  return icmpv6(137, 0, Buffer.concat(parts));
}

/** 130 asks, 131 reports, 132 leaves (MLDv1). */
export function listenerMessage(type: 130 | 131 | 132, group: string): Segment {
  return icmpv6(type, 0, Buffer.concat([Buffer.alloc(4), ipBytes(group)]));
}

/** MLDv2: "I listen to all of this group" (a change to excluding nobody). */
export function listenerReport(group: string): Segment {
  return icmpv6(143, 0, Buffer.concat([u16(0), u16(1), Buffer.from([4, 0]), u16(0), ipBytes(group)]));
}

/** ff02::1:ffXX:XXXX, where solicitations of an address are sent to. */
export function solicitedNodeGroup(address: string): string {
  const end = ipBytes(address).toString('hex', 13);
  return `ff02::1:ff${end.slice(0, 2)}:${end.slice(2)}`;
}

/** 33:33 and the last four bytes. */
export function multicastMac(group: string): string {
  return ['33', '33', ...(ipBytes(group).toString('hex', 12).match(/../g) ?? [])].join(':');
}

/** 1 is the sender's, 2 the target's. */
function linkLayerOption(kind: 1 | 2, mac: string): Buffer {
  return Buffer.concat([Buffer.from([kind, 1]), macBytes(mac)]);
}
