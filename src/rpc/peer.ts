import { causedBy } from '../lib/cause.ts';
import type { Context } from '../lib/context.ts';
import { NeutronError } from '../lib/errors.ts';
import type { Logger } from '../lib/log.ts';
import { findMethod } from './dispatch.ts';
import {
  decodeReply,
  decodeRequest,
  encodeFailure,
  encodeLargeResult,
  encodeRequest,
  encodeResult,
  newMessageId,
  type Request,
  SeenMessages,
} from './envelope.ts';
import { isLarge } from './large-result.ts';
import type { Link, LinkEvents } from './link.ts';
import { RefusedMessages } from './refused.ts';
import { newStatistics } from './statistics.ts';
import {
  type Endpoint,
  type Listener,
  MessagingTimeout,
  RemoteError,
  type Target,
  type Transport,
} from './transport.ts';

/** `rpc_response_timeout` */
export const CALL_TIMEOUT_MS = 60_000;
/** Calls and casts that may wait for a lost connection; more would only make the flood after it worse. */
const MAX_WAITING = 10_000;

interface Serving {
  readonly topic: string;
  readonly endpoints: readonly Endpoint[];
}

interface PendingCall {
  resolve(result: unknown): void;
  reject(error: Error): void;
  /** Rejects because no answer will come. */
  giveUp(why?: string): void;
}

/** A program on the queue: makes calls, serves methods. All that is not about carrying bytes, over whatever link. */
export class RpcPeer implements Transport {
  readonly statistics = newStatistics();
  readonly #link: Link;
  readonly #logger: Logger;
  readonly #calls = new Map<string, PendingCall>();
  readonly #listeners = new Map<number, Serving>();
  readonly #refused: RefusedMessages;
  readonly #seen = new SeenMessages();
  readonly #reconnected = new Set<() => void>();
  /** Since when there is no connection, in ms of the monotonic clock. */
  #awaySinceMs: number | null = performance.now();
  #lastListener = 0;
  #waiting = 0;
  /** Settles when nothing shall wait for a lost connection any more. */
  readonly #ending = Promise.withResolvers<void>();
  #closed = false;

  constructor(openLink: (events: LinkEvents) => Link, logger: Logger) {
    this.#logger = logger;
    this.#refused = new RefusedMessages(logger);
    this.#link = openLink({
      request: (listenerId, text) => void this.#serve(listenerId, text),
      reply: (text) => this.#settle(text),
      unreadable: (queue, why) => this.#drop(queue, why),
      undeliverable: (msgId, why) => this.#calls.get(msgId)?.giveUp(why),
      lost: () => {
        this.#awaySinceMs ??= performance.now();
        this.#giveUpAll('the connection to the queue was lost');
      },
      missed: () => this.#tellReconnected(),
      back: () => {
        this.#awaySinceMs = null;
        this.statistics.reconnects += 1;
        this.#tellReconnected();
      },
    });
    void this.#link.whenUp().then(() => {
      this.#awaySinceMs = null;
    });
  }

  async call(
    target: Target,
    method: string,
    args: Record<string, unknown>,
    context: Context,
    options: { timeoutMs?: number } = {},
  ): Promise<unknown> {
    const timeoutMs = options.timeoutMs ?? CALL_TIMEOUT_MS;
    if (this.#closed) throw new MessagingTimeout(method, target, timeoutMs, 'the transport is closed');
    this.#logger.debug({ request_id: context.requestId, method, ...route(target) }, 'calls');
    const msgId = newMessageId();
    const answer = this.#expect(msgId, (why) => new MessagingTimeout(method, target, timeoutMs, why), timeoutMs);
    const reply = { msgId, queue: this.#link.replyQueue };
    const text = encodeRequest(request(target, method, args, context, { reply }));
    const send = () => {
      const call = this.#calls.get(msgId);
      if (call === undefined) return;
      if (!this.#link.isUp) return call.giveUp('there is no connection to the queue');
      this.statistics.sent.call += 1;
      const sent = this.#link.publish({ ...route(target), call: { msgId, timeoutMs } }, text);
      sent?.catch((error: Error) => this.#calls.get(msgId)?.giveUp(error.message));
    };
    if (this.#link.isUp) send();
    else if (this.#waiting >= MAX_WAITING) this.#calls.get(msgId)?.giveUp('too many messages wait for the connection');
    else this.#whenUp().then(send);
    const startedMs = performance.now();
    const result = await answer;
    this.#logger.debug({ request_id: context.requestId, method, ms: msSince(startedMs) }, 'was answered');
    return result;
  }

  async cast(
    target: Target & { fanout?: boolean },
    method: string,
    args: Record<string, unknown>,
    context: Context,
  ): Promise<void> {
    const refuse = (why: string) => new MessagingTimeout(method, target, CALL_TIMEOUT_MS, why);
    if (this.#closed) throw refuse('the transport is closed');
    this.#logger.debug({ request_id: context.requestId, method, ...route(target) }, 'casts');
    const text = encodeRequest(request(target, method, args, context));
    if (!this.#link.isUp) {
      if (this.#waiting >= MAX_WAITING) throw refuse('too many messages wait for the connection');
      await inTime(this.#whenUp(), CALL_TIMEOUT_MS, () => refuse('there is no connection to the queue'));
      if (!this.#link.isUp || this.#closed) throw refuse('the transport is closed');
    }
    this.statistics.sent[target.fanout ? 'fanout' : 'cast'] += 1;
    try {
      await this.#link.publish({ ...route(target), ...(target.fanout ? { fanout: true } : {}) }, text);
    } catch (error) {
      throw refuse((error as Error).message);
    }
  }

  async listen(topic: string, server: string, endpoints: readonly Endpoint[]): Promise<Listener> {
    this.#lastListener += 1;
    const id = this.#lastListener;
    this.#listeners.set(id, { topic, endpoints });
    await this.#link.listen(id, topic, server);
    return {
      close: async () => {
        if (this.#listeners.delete(id)) this.#link.unlisten(id);
      },
    };
  }

  get awayMs(): number {
    return this.#awaySinceMs === null ? 0 : performance.now() - this.#awaySinceMs;
  }

  get callsUnderWay(): number {
    return this.#calls.size;
  }

  hears(topic: string): boolean {
    return this.#link.hears?.(topic) ?? true;
  }

  onReconnect(callback: () => void): () => void {
    this.#reconnected.add(callback);
    return () => this.#reconnected.delete(callback);
  }

  waitNoMore(): void {
    this.#ending.resolve();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#ending.resolve();
    this.#giveUpAll('the transport is closed');
    this.#listeners.clear();
    this.#reconnected.clear();
    this.#refused.close();
    await this.#link.close();
  }

  /** Enters a call as pending; the promise settles with its reply, or with `failure` when none comes in time. */
  #expect(msgId: string, failure: (why?: string) => Error, timeoutMs: number): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const giveUp = (why?: string) => {
        this.statistics.timeouts += 1;
        finish(() => reject(failure(why)));
      };
      const timer = setTimeout(giveUp, timeoutMs);
      const finish = (settle: () => void) => {
        clearTimeout(timer);
        this.#calls.delete(msgId);
        settle();
      };
      this.#calls.set(msgId, {
        resolve: (result) => finish(() => resolve(result)),
        reject: (error) => finish(() => reject(error)),
        giveUp,
      });
    });
  }

  async #whenUp(): Promise<void> {
    this.#waiting += 1;
    try {
      await Promise.race([this.#link.whenUp(), this.#ending.promise]);
    } finally {
      this.#waiting -= 1;
    }
  }

  #settle(text: string): void {
    try {
      const reply = decodeReply(text);
      this.statistics.received.reply += 1;
      if (!reply.ending) return;
      const call = this.#calls.get(reply.msgId);
      if (!call) this.#logger.debug({ msg_id: reply.msgId }, 'a reply came after its caller gave up');
      else if (reply.error) call.reject(reply.error);
      else call.resolve(reply.result);
    } catch (error) {
      this.#drop(this.#link.replyQueue, (error as Error).message);
    }
  }

  #giveUpAll(why: string): void {
    for (const call of [...this.#calls.values()]) call.giveUp(why);
  }

  #tellReconnected(): void {
    for (const callback of [...this.#reconnected]) {
      try {
        callback();
      } catch (error) {
        this.#logger.error({ error: String(error) }, 'a reconnect callback failed');
      }
    }
  }

  /** Runs the method a request asks for, on behalf of whoever caused it, and replies if it is a call. Never throws. */
  async #serve(listenerId: number, text: string): Promise<void> {
    const serving = this.#listeners.get(listenerId);
    if (!serving) return;
    let asked: Request;
    try {
      asked = decodeRequest(text);
    } catch (error) {
      this.#drop(serving.topic, (error as Error).message);
      return;
    }
    // The id alone would drop a fan-out that reaches two listeners of this program.
    if (!this.#seen.isNew(`${listenerId}:${asked.uniqueId}`)) return;
    this.statistics.received.request += 1;
    await causedBy([asked.context], () => this.#run(serving, asked));
  }

  #drop(queue: string, why: string): void {
    this.statistics.received.unreadable += 1;
    this.#refused.note('dropped a message that cannot be read', queue, why);
  }

  async #run({ topic, endpoints }: Serving, asked: Request): Promise<void> {
    const { reply, method } = asked;
    const startedMs = performance.now();
    let isServed = false;
    try {
      const run = findMethod(endpoints, asked);
      isServed = true;
      const result = await run(asked.args, asked.context);
      this.#note(method, 'done', startedMs);
      this.#logger.debug({ method, ms: msSince(startedMs) }, 'served an RPC');
      if (!reply) return;
      const large = isLarge(result);
      this.statistics.sent.reply += 1;
      this.#link.reply(reply, large ? await encodeLargeResult(reply.msgId, result) : encodeResult(reply.msgId, result));
    } catch (error) {
      // A method that nobody serves is whatever the sender wrote: that is no name to count by.
      if (isServed) this.#note(method, 'failed', startedMs);
      if (isServed || reply) this.#logFailure(asked, error);
      else this.#refused.note('refused a message that no method here serves', topic, (error as Error).message);
      if (reply) this.#link.reply(reply, encodeFailure(reply.msgId, error));
    }
  }

  #note(method: string, outcome: 'done' | 'failed', startedMs: number): void {
    const { served } = this.statistics;
    const counts = served.get(method) ?? { done: 0, failed: 0, seconds: 0 };
    counts[outcome] += 1;
    counts.seconds += (performance.now() - startedMs) / 1000;
    served.set(method, counts);
  }

  /** What the API's users may cause is the caller's matter; anything else is a fault of this program. */
  #logFailure({ method, context, reply }: Request, error: unknown): void {
    const fields = { method, request_id: context.requestId, error: String(error) };
    if (reply && (error instanceof NeutronError || error instanceof RemoteError)) {
      this.#logger.debug(fields, 'an RPC method refused');
    } else {
      const stack = error instanceof Error ? error.stack : undefined;
      this.#logger.error({ ...fields, stack }, 'an RPC method failed');
    }
  }
}

function request(
  target: Target,
  method: string,
  args: Record<string, unknown>,
  context: Context,
  extra: Pick<Request, 'reply'> = {},
): Request {
  const { version, namespace } = target;
  return {
    ...{ method, args, context, uniqueId: newMessageId() },
    ...(version !== undefined && { version }),
    ...(namespace !== undefined && { namespace }),
    ...extra,
  };
}

function route({ topic, server }: Target): { topic: string; server?: string } {
  return server === undefined ? { topic } : { topic, server };
}

function msSince(startedMs: number): number {
  return Math.round((performance.now() - startedMs) * 10) / 10;
}

async function inTime(promise: Promise<void>, timeoutMs: number, failure: () => Error): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(failure()), timeoutMs);
  });
  try {
    await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
