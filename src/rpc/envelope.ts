import { randomUUID } from 'node:crypto';
import type { Context } from '../lib/context.ts';
import { errorOf, failureOf } from './failure.ts';
import { encodeInTurns } from './large-result.ts';
import type { RemoteError } from './transport.ts';
import { contextFromWire, contextToWire } from './wire-context.ts';

/**
 * Messages as oslo.messaging writes them, version 2.0: an inner JSON text (a request or a reply) inside an outer object
 * `{"oslo.version", "oslo.message"}`, so encoded twice on purpose. The local bus carries the inner text as it is; what is
 * around it is for AMQP.
 */
export interface Request {
  method: string;
  args: Record<string, unknown>;
  /** Absent for version 1.0 of methods without history. */
  version?: string;
  /** Used for trunks only. */
  namespace?: string;
  context: Context;
  /** Of this message: a receiver drops what it has seen. */
  uniqueId: string;
  /** Present in calls: where the reply goes. */
  reply?: ReplyAddress;
}

export interface ReplyAddress {
  /** Of the call; the reply repeats it. */
  msgId: string;
  queue: string;
}

export interface Reply {
  msgId: string;
  uniqueId: string;
  result: unknown;
  error: RemoteError | null;
  /** False in a sign of life of a long call (call monitoring), true in the reply itself. */
  ending: boolean;
}

/** 32 hex digits, for `_unique_id`, `_msg_id` and reply queues. */
export function newMessageId(): string {
  return randomUUID().replaceAll('-', '');
}

/** The inner text of a request. */
export function encodeRequest(request: Request): string {
  const { method, args, version, namespace, reply } = request;
  return JSON.stringify({
    method,
    args,
    ...(namespace === undefined ? {} : { namespace }),
    ...(version === undefined ? {} : { version }),
    ...(reply ? { _msg_id: reply.msgId, _reply_q: reply.queue, _timeout: null } : {}),
    _unique_id: request.uniqueId,
    ...contextToWire(request.context),
  });
}

/** The inner text of a reply with a result. `undefined` goes as null, as Python's None would. */
export function encodeResult(msgId: string, result: unknown): string {
  const rest = { failure: null, ending: true, _msg_id: msgId, _unique_id: newMessageId() };
  return JSON.stringify({ result: result ?? null, ...rest });
}

/** The same as UTF-8, written with other work between: for results of thousands of rows. */
export async function encodeLargeResult(msgId: string, result: unknown): Promise<Buffer> {
  const start = '{"result":';
  const rest = encodeResult(msgId, null).slice(start.length + 'null'.length);
  return Buffer.concat([Buffer.from(start), await encodeInTurns(result), Buffer.from(rest)]);
}

/** The inner text of a reply that says what was thrown. */
export function encodeFailure(msgId: string, error: unknown): string {
  const failure = JSON.stringify(failureOf(error));
  return JSON.stringify({ result: null, failure, ending: true, _msg_id: msgId, _unique_id: newMessageId() });
}

/** A text that is no message, or one of another version. */
export class BadMessage extends Error {
  constructor(why: string) {
    super(`not an oslo.messaging 2.0 message: ${why}`);
    this.name = 'BadMessage';
  }
}

/** The inner text as an object. @throws BadMessage */
function parse(text: string): Record<string, unknown> {
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    throw new BadMessage('no JSON');
  }
  if (typeof message !== 'object' || message === null || Array.isArray(message)) throw new BadMessage('no object');
  return message as Record<string, unknown>;
}

/** @throws BadMessage */
export function decodeRequest(text: string): Request {
  const message = parse(text);
  const { method, args = {}, version, namespace } = message;
  if (typeof method !== 'string') throw new BadMessage('no method');
  if (typeof args !== 'object' || args === null || Array.isArray(args)) throw new BadMessage('args is no object');
  const request: Request = {
    method,
    args: args as Record<string, unknown>,
    context: contextFromWire(message),
    uniqueId: typeof message._unique_id === 'string' ? message._unique_id : newMessageId(),
  };
  if (typeof version === 'string') request.version = version;
  if (typeof namespace === 'string') request.namespace = namespace;
  if (typeof message._msg_id === 'string' && typeof message._reply_q === 'string') {
    request.reply = { msgId: message._msg_id, queue: message._reply_q };
  }
  return request;
}

/** @throws BadMessage */
export function decodeReply(text: string): Reply {
  const message = parse(text);
  const { result = null, failure, ending } = message;
  if (typeof message._msg_id !== 'string') throw new BadMessage('no _msg_id');
  return {
    msgId: message._msg_id,
    uniqueId: typeof message._unique_id === 'string' ? message._unique_id : newMessageId(),
    result,
    error: typeof failure === 'string' ? errorOf(failure) : null,
    ending: ending !== false,
  };
}

/** The outer object around an inner text. */
export function wrap(inner: string): string {
  return JSON.stringify({ 'oslo.version': '2.0', 'oslo.message': inner });
}

/** The inner text of an outer one. Any minor of version 2 is taken. @throws BadMessage */
export function unwrap(outer: string): string {
  const envelope = parse(outer);
  const version = envelope['oslo.version'];
  if (typeof version !== 'string' || !version.startsWith('2.')) throw new BadMessage(`version ${String(version)}`);
  const inner = envelope['oslo.message'];
  if (typeof inner !== 'string') throw new BadMessage('no oslo.message');
  return inner;
}

/** As many ids as oslo.messaging remembers of a connection. */
const REMEMBERED_IDS = 512;

/** Remembers the last messages of a connection, because a broker may deliver one twice. */
export class SeenMessages {
  readonly #ids = new Set<string>();

  /** True the first time an id comes. */
  isNew(uniqueId: string): boolean {
    if (this.#ids.has(uniqueId)) return false;
    this.#ids.add(uniqueId);
    if (this.#ids.size > REMEMBERED_IDS) {
      for (const oldest of this.#ids) {
        this.#ids.delete(oldest);
        break;
      }
    }
    return true;
  }
}
