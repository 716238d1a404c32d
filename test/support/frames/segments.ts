import { checksum, type Segment, summed, u16, u32 } from './bytes.ts';

export interface Ports {
  /** Source port. */
  from: number;
  to: number;
}

export function udp({ from, to }: Ports, data: Buffer = Buffer.alloc(0)): Segment {
  return summed(17, Buffer.concat([u16(from), u16(to), u16(8 + data.length), u16(0), data]), 6);
}

const tcpFlags = { fin: 1, syn: 2, rst: 4, psh: 8, ack: 16, urg: 32 } as const;

export interface Tcp extends Ports {
  /** Default: `syn`. */
  flags?: readonly (keyof typeof tcpFlags)[];
  sequence?: number;
  acknowledged?: number;
}

export function tcp(
  { from, to, flags = ['syn'], sequence = 1, acknowledged = 0 }: Tcp,
  data = Buffer.alloc(0),
): Segment {
  const bits = flags.reduce((sum, flag) => sum | tcpFlags[flag], 0);
  const head = [u16(from), u16(to), u32(sequence), u32(acknowledged), Buffer.from([0x50, bits]), u16(65_535), u32(0)];
  return summed(6, Buffer.concat([...head, data]), 16);
}

/** ICMP of IPv4: its checksum covers no addresses. @param rest from the fifth byte on */
export function icmp(type: number, code: number, rest: Buffer = Buffer.alloc(4)): Segment {
  const bytes = Buffer.concat([Buffer.from([type, code, 0, 0]), rest]);
  bytes.writeUInt16BE(checksum(bytes), 2);
  return { protocol: 1, render: () => bytes };
}

export function icmpv6(type: number, code: number, rest: Buffer = Buffer.alloc(4)): Segment {
  return summed(58, Buffer.concat([Buffer.from([type, code, 0, 0]), rest]), 2);
}

/** SCTP's common header and an INIT chunk; its CRC32c is left 0, as no filter looks at it. */
export function sctp({ from, to }: Ports): Segment {
  const init = Buffer.concat([Buffer.from([1, 0]), u16(20), u32(1), u32(65_535), u16(1), u16(1), u32(1)]);
  return { protocol: 132, render: () => Buffer.concat([u16(from), u16(to), u32(0), u32(0), init]) };
}
