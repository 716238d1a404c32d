import { parseCidr } from '../../../lib/ip/cidr.ts';

/** Answers of a provider's server, for tests. */
export const serverId = Buffer.from('00030001020304050607', 'hex');

interface Given {
  type?: 2 | 7;
  transaction?: number;
  prefix?: string;
  t1S?: number;
  t2S?: number;
  preferredS?: number;
  validS?: number;
  /** Of the association; with one there is no prefix. */
  status?: number;
}

export function replyOf(clientId: Buffer, given: Given): Buffer {
  const { type = 7, transaction = 1, prefix = '2001:db8:7::/64', status } = given;
  const { t1S = 50, t2S = 80, preferredS = 100, validS = 200 } = given;
  const block = parseCidr(prefix)!;
  const value = Buffer.from(block.first.toString(16).padStart(32, '0'), 'hex');
  const inner =
    status === undefined
      ? option(26, Buffer.concat([words(preferredS, validS), Buffer.from([block.prefix]), value]))
      : option(13, Buffer.from([0, status]));
  const head = words(transaction & 0xff_ffff);
  head.writeUInt8(type);
  return Buffer.concat([
    head,
    option(1, clientId),
    option(2, serverId),
    option(25, Buffer.concat([words(1, t1S, t2S), inner])),
  ]);
}

function option(code: number, body: Buffer): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt16BE(code);
  head.writeUInt16BE(body.length, 2);
  return Buffer.concat([head, body]);
}

function words(...values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [index, value] of values.entries()) bytes.writeUInt32BE(value, index * 4);
  return bytes;
}
