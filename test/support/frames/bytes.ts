import { parseAddress } from '../../../src/lib/ip/address.ts';

/** What an IP packet carries. Rendered by the packet, as checksums cover its addresses. */
export interface Segment {
  /** Of IP: 6 for TCP, 17 for UDP … */
  readonly protocol: number;
  /** @param addresses of source and destination, as they stand in the packet */
  render(addresses: Buffer): Buffer;
}

export function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
}

/** Six bytes of `fa:16:3e:00:00:01`. */
export function macBytes(mac: string): Buffer {
  const bytes = Buffer.from(mac.replaceAll(':', ''), 'hex');
  if (bytes.length !== 6) throw new Error(`not a MAC: ${mac}`);
  return bytes;
}

/** Four or sixteen bytes, as the text is an address of IPv4 or IPv6. */
export function ipBytes(address: string): Buffer {
  const parsed = parseAddress(address);
  if (!parsed) throw new Error(`not an address: ${address}`);
  return Buffer.from(parsed.value.toString(16).padStart(parsed.version === 4 ? 8 : 32, '0'), 'hex');
}

/** The Internet checksum (RFC 1071) of these bytes, one after the other. */
export function checksum(...parts: readonly Buffer[]): number {
  const bytes = Buffer.concat(parts);
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += (bytes[at]! << 8) + (bytes[at + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

/**
 * A segment whose checksum covers the pseudo header: of IPv4 and IPv6 the same sum.
 *
 * @param at where the checksum stands in `bytes`, which hold 0 there
 */
export function summed(protocol: number, bytes: Buffer, at: number): Segment {
  return {
    protocol,
    render(addresses) {
      const sum = checksum(addresses, u32(bytes.length), u32(protocol), bytes);
      const whole = Buffer.from(bytes);
      // UDP says "no checksum" by 0.
      whole.writeUInt16BE(protocol === 17 && sum === 0 ? 0xffff : sum, at);
      return whole;
    },
  };
}

/** Bytes as they are: the rest of a fragment, protocols without a checksum of ours. */
export function raw(protocol: number, bytes: Buffer): Segment {
  return { protocol, render: () => bytes };
}
