import { checksum, ipBytes, raw, type Segment, u16 } from './bytes.ts';

export interface Ipv4Header {
  src: string;
  dst: string;
  ttl?: number;
  tos?: number;
  id?: number;
  /** Whole words of four bytes. */
  options?: Buffer;
  dontFragment?: boolean;
  moreFragments?: boolean;
  /** In bytes, a multiple of 8. */
  fragmentOffset?: number;
}

export function ipv4(header: Ipv4Header, segment: Segment): Buffer {
  const { src, dst, ttl = 64, tos = 0, id = 0, options = Buffer.alloc(0) } = header;
  if (options.length % 4 !== 0) throw new Error('options of IPv4 are words of four bytes');
  const addresses = Buffer.concat([ipBytes(src), ipBytes(dst)]);
  const body = segment.render(addresses);
  const length = 20 + options.length;
  const flags = (header.dontFragment ? 0x4000 : 0) | (header.moreFragments ? 0x2000 : 0);
  const start = [
    Buffer.from([0x40 | (length / 4), tos]),
    u16(length + body.length),
    u16(id),
    u16(flags | ((header.fragmentOffset ?? 0) / 8)),
    Buffer.from([ttl, segment.protocol]),
  ];
  const sum = u16(checksum(...start, addresses, options));
  return Buffer.concat([...start, sum, addresses, options, body]);
}

/** The same as fragments, each with at most `size` bytes of what is behind the header. */
export function fragmentsOfIpv4(header: Ipv4Header, segment: Segment, size: number): Buffer[] {
  if (size % 8 !== 0) throw new Error('fragments are cut at multiples of 8');
  const body = segment.render(Buffer.concat([ipBytes(header.src), ipBytes(header.dst)]));
  const starts = Array.from({ length: Math.ceil(body.length / size) }, (_, n) => n * size);
  return starts.map((start) => {
    const moreFragments = start + size < body.length;
    const piece = raw(segment.protocol, body.subarray(start, start + size));
    return ipv4({ id: 1, ...header, moreFragments, fragmentOffset: start }, piece);
  });
}

/** Options of IPv4: no-operations, filled up. A router alert (RFC 2113) in front of them. */
export function routerAlert(): Buffer {
  return Buffer.from([0x94, 4, 0, 0]);
}
