import { ipBytes, raw, type Segment, u16, u32 } from './bytes.ts';

/** A header between that of IPv6 and what is carried. */
export interface Extension {
  readonly type: number;
  /** From its third byte on, without "next header" and length; 6 bytes, or 8 more each. */
  readonly body: Buffer;
}

export interface Ipv6Header {
  src: string;
  dst: string;
  hopLimit?: number;
  trafficClass?: number;
  extensions?: readonly Extension[];
}

const FRAGMENT = 44;

export function ipv6(header: Ipv6Header, segment: Segment): Buffer {
  return packet(header, segment.protocol, segment.render(addressesOf(header)));
}

export function hopByHop(): Extension {
  return { type: 0, body: padding() };
}

export function destinationOptions(): Extension {
  return { type: 60, body: padding() };
}

/** Type 2 with one address that is not visited (segments left: 0). */
export function routingHeader(address = 'fd00::1'): Extension {
  return { type: 43, body: Buffer.concat([Buffer.from([2, 0, 0, 0, 0, 0]), ipBytes(address)]) };
}

/** One fragment that is the whole packet (RFC 6946), or a piece of one. */
function fragmentHeader(offset: number, more: boolean, id: number): Extension {
  return { type: FRAGMENT, body: Buffer.concat([u16(offset | (more ? 1 : 0)), u32(id)]) };
}

/** An "atomic" fragment: the header of one, and nothing cut off. */
export function atomicFragment(): Extension {
  return fragmentHeader(0, false, 7);
}

/**
 * The same as fragments of at most `size` bytes each. Extensions of the header stand in each of them; `hidden` ones are part of
 * what is cut, so that with long ones the first fragment does not show what is carried.
 */
export function fragmentsOfIpv6(
  header: Ipv6Header,
  segment: Segment,
  size: number,
  { hidden = [], id = 9 }: { hidden?: readonly Extension[]; id?: number } = {},
): Buffer[] {
  if (size % 8 !== 0) throw new Error('fragments are cut at multiples of 8');
  const chain = chained(hidden, segment.protocol);
  const body = Buffer.concat([chain.bytes, segment.render(addressesOf(header))]);
  const starts = Array.from({ length: Math.ceil(body.length / size) }, (_, n) => n * size);
  return starts.map((start) => {
    const fragment = fragmentHeader(start, start + size < body.length, id);
    const extensions = [...(header.extensions ?? []), fragment];
    return packet({ ...header, extensions }, chain.first, body.subarray(start, start + size));
  });
}

/** Destination options so long that they fill a fragment: eight bytes, `words` times. */
export function longOptions(words: number): Extension {
  const bytes = words * 8 - 2;
  const pads: Buffer[] = [];
  for (let left = bytes; left > 0; ) {
    const length = Math.min(left, 2 + 253);
    pads.push(
      length === 1 ? Buffer.from([0]) : Buffer.concat([Buffer.from([1, length - 2]), Buffer.alloc(length - 2)]),
    );
    left -= length;
  }
  return { type: 60, body: Buffer.concat(pads) };
}

/** A carried packet without a next header (59). */
export function nothingNext(): Segment {
  return raw(59, Buffer.alloc(0));
}

function packet(header: Ipv6Header, protocol: number, body: Buffer): Buffer {
  const { hopLimit = 64, trafficClass = 0, extensions = [] } = header;
  const chain = chained(extensions, protocol);
  return Buffer.concat([
    u32((6 << 28) | (trafficClass << 20)),
    u16(chain.bytes.length + body.length),
    Buffer.from([chain.first, hopLimit]),
    addressesOf(header),
    chain.bytes,
    body,
  ]);
}

/** Each header names the next one. */
function chained(extensions: readonly Extension[], protocol: number): { first: number; bytes: Buffer } {
  const next = (at: number) => extensions[at]?.type ?? protocol;
  const parts = extensions.map(({ type, body }, at) => {
    // The one of fragments has no length: its second byte is reserved.
    const length = type === FRAGMENT ? 0 : (body.length + 2) / 8 - 1;
    if (!Number.isInteger(length)) throw new Error('extension headers are multiples of 8 bytes');
    return Buffer.concat([Buffer.from([next(at + 1), length]), body]);
  });
  return { first: next(0), bytes: Buffer.concat(parts) };
}

function addressesOf({ src, dst }: Ipv6Header): Buffer {
  return Buffer.concat([ipBytes(src), ipBytes(dst)]);
}

/** PadN of six bytes. */
function padding(): Buffer {
  return Buffer.from([1, 4, 0, 0, 0, 0]);
}
