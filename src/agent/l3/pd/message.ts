import { type Cidr, cidrOf } from '../../../lib/ip/cidr.ts';

/** Messages of DHCPv6 as far as prefix delegation needs them (RFC 8415). */
const types = { solicit: 1, advertise: 2, request: 3, renew: 5, rebind: 6, reply: 7, release: 8 } as const;
type MessageType = keyof typeof types;

const options = {
  clientId: 1,
  serverId: 2,
  options: 6,
  preference: 7,
  elapsed: 8,
  status: 13,
  iaPd: 25,
  iaPrefix: 26,
  solMaxRt: 82,
} as const;
const SUCCESS = 0;
/** A message longer than this is nobody's we would listen to. */
const MOST_BYTES = 2_048;
/** What `dibbler` takes for its one association, too: a server goes on giving the same prefix. */
const IAID = 1;

export interface OutgoingMessage {
  readonly type: Exclude<MessageType, 'advertise' | 'reply'>;
  /** 24 bits. */
  readonly transaction: number;
  readonly clientId: Buffer;
  readonly serverId: Buffer | null;
  /** Which one is wanted, held or given back; null: any of 64 bits. */
  readonly prefix: Cidr | null;
}

export interface DelegatedPrefix {
  readonly block: Cidr;
  /** Seconds; 2^32 - 1 is for ever. */
  readonly preferredS: number;
  readonly validS: number;
}

export interface IncomingMessage {
  readonly type: 'advertise' | 'reply';
  readonly serverId: Buffer;
  readonly preference: number;
  /** A number of RFC 8415 §21.13; of the association, or of the whole. */
  readonly status: number;
  /** When to ask that server again, and when any; seconds, 0: the client's choice. */
  readonly t1S: number;
  readonly t2S: number;
  readonly prefixes: readonly DelegatedPrefix[];
}

/** @returns the bytes, and where the time since the first try stands in them */
export function encodeMessage(message: OutgoingMessage): { bytes: Buffer; elapsedAt: number } {
  const head = Buffer.alloc(4);
  head.writeUInt32BE(message.transaction & 0xff_ffff);
  head.writeUInt8(types[message.type]);
  const elapsed = option(options.elapsed, Buffer.alloc(2));
  const bytes = Buffer.concat([
    head,
    elapsed,
    option(options.clientId, message.clientId),
    ...(message.serverId ? [option(options.serverId, message.serverId)] : []),
    option(options.options, numbers(16, options.solMaxRt)),
    option(options.iaPd, Buffer.concat([numbers(32, IAID, 0, 0), wish(message.prefix)])),
  ]);
  return { bytes, elapsedAt: head.length + 4 };
}

/** @returns null for what is malformed, for somebody else, or not spoken by a server */
export function parseMessage(bytes: Buffer, clientId: Buffer): IncomingMessage | null {
  if (bytes.length < 4 || bytes.length > MOST_BYTES) return null;
  const type = ([types.advertise, types.reply] as number[]).includes(bytes[0]!)
    ? bytes[0] === types.advertise
      ? 'advertise'
      : 'reply'
    : null;
  const found = readOptions(bytes.subarray(4));
  const serverId = found?.get(options.serverId)?.[0];
  const forWhom = found?.get(options.clientId)?.[0];
  if (!type || !found || !serverId || serverId.length === 0 || !forWhom?.equals(clientId)) return null;
  const association = (found.get(options.iaPd) ?? []).find((body) => body.length >= 12 && body.readUInt32BE() === IAID);
  const inner = association ? readOptions(association.subarray(12)) : new Map<number, Buffer[]>();
  if (!inner) return null;
  return {
    type,
    serverId,
    preference: found.get(options.preference)?.[0]?.[0] ?? 0,
    status: statusOf(inner) || statusOf(found),
    t1S: association?.readUInt32BE(4) ?? 0,
    t2S: association?.readUInt32BE(8) ?? 0,
    prefixes: (inner.get(options.iaPrefix) ?? []).flatMap((body) => readPrefix(body) ?? []),
  };
}

function wish(prefix: Cidr | null): Buffer {
  const body = Buffer.alloc(25);
  body.writeUInt8(prefix?.prefix ?? 64, 8);
  if (prefix) Buffer.from(prefix.first.toString(16).padStart(32, '0'), 'hex').copy(body, 9);
  return option(options.iaPrefix, body);
}

function option(code: number, body: Buffer): Buffer {
  return Buffer.concat([numbers(16, code, body.length), body]);
}

function numbers(bits: 16 | 32, ...values: number[]): Buffer {
  const size = bits / 8;
  const bytes = Buffer.alloc(values.length * size);
  for (const [index, value] of values.entries()) bytes.writeUIntBE(value, index * size, size);
  return bytes;
}

/** Bodies by code; null where the lengths do not add up. */
function readOptions(bytes: Buffer): Map<number, Buffer[]> | null {
  const found = new Map<number, Buffer[]>();
  for (let at = 0; at < bytes.length; ) {
    if (at + 4 > bytes.length) return null;
    const [code, length] = [bytes.readUInt16BE(at), bytes.readUInt16BE(at + 2)];
    if (at + 4 + length > bytes.length) return null;
    found.set(code, [...(found.get(code) ?? []), bytes.subarray(at + 4, at + 4 + length)]);
    at += 4 + length;
  }
  return found;
}

function statusOf(found: Map<number, Buffer[]>): number {
  const body = found.get(options.status)?.[0];
  return body && body.length >= 2 ? body.readUInt16BE() : SUCCESS;
}

function readPrefix(body: Buffer): DelegatedPrefix | null {
  const prefix = body.length >= 25 ? body.readUInt8(8) : 0;
  if (prefix === 0 || prefix > 128) return null;
  const value = BigInt(`0x${body.subarray(9, 25).toString('hex')}`);
  const [preferredS, validS] = [body.readUInt32BE(0), body.readUInt32BE(4)];
  return preferredS > validS ? null : { block: cidrOf({ value, version: 6 }, prefix), preferredS, validS };
}
