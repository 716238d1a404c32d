import { ipBytes, macBytes, type Segment, u16, u32 } from './bytes.ts';
import { udp } from './segments.ts';

export interface DhcpMessage {
  /** 1 discover, 2 offer, 3 request, 5 ack, 6 nak. */
  type: number;
  /** The client's. */
  mac: string;
  transaction?: number;
  /** What a server offers. */
  yourIp?: string;
  /** Option 54, with which a server signs. */
  server?: string;
}

const SERVER_TYPES = [2, 5, 6];

/** From the port a client or a server uses for that type. */
export function dhcp({ type, mac, transaction = 0x1234, yourIp = '0.0.0.0', server }: DhcpMessage): Segment {
  const isReply = SERVER_TYPES.includes(type);
  const body = Buffer.concat([
    Buffer.from([isReply ? 2 : 1, 1, 6, 0]),
    u32(transaction),
    Buffer.alloc(8),
    ipBytes(yourIp),
    Buffer.alloc(8),
    macBytes(mac),
    Buffer.alloc(10 + 64 + 128),
    Buffer.from([0x63, 0x82, 0x53, 0x63, 53, 1, type]),
    ...(server === undefined ? [] : [Buffer.from([54, 4]), ipBytes(server)]),
    Buffer.from([255]),
  ]);
  return udp(isReply ? { from: 67, to: 68 } : { from: 68, to: 67 }, body);
}

/** @param type 1 solicit, 2 advertise, 3 request, 7 reply */
export function dhcpv6(type: number, mac: string, transaction = 0x123456): Segment {
  const isReply = type === 2 || type === 7;
  const clientId = Buffer.concat([u16(1), u16(10), u16(3), u16(1), macBytes(mac)]);
  const body = Buffer.concat([u32(((type << 24) | transaction) >>> 0), clientId]);
  return udp(isReply ? { from: 547, to: 546 } : { from: 546, to: 547 }, body);
}
