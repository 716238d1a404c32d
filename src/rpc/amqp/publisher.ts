import type { ChannelModel, ConfirmChannel, Options } from 'amqplib';
import type { Logger } from '../../lib/log.ts';
import type { Place } from './topology.ts';

interface Pending {
  /** Null: by the default exchange, which is always there, to the queue `key`. */
  readonly place: Place | null;
  readonly key: string;
  readonly content: Buffer;
  readonly options: Options.Publish;
  readonly settled: PromiseWithResolvers<void>;
  attempts: number;
}

/** As oslo.messaging writes them: persistent JSON. */
const PROPERTIES = {
  contentType: 'application/json',
  contentEncoding: 'utf-8',
  persistent: true,
  priority: 0,
  headers: {},
} as const;

/** A message is sent again when its exchange went away between two messages; more often something else is wrong. */
const MOST_ATTEMPTS = 4;
/** What may wait for the broker's word: beyond that it does not take messages, and senders must know. */
const MOST_PENDING_BYTES = 64 * 1024 * 1024;
const RETURNED_PAUSE_MS = 250;

interface PublisherParts {
  readonly logger: Logger;
  /** How long a reply is kept for a caller whose queue is away. */
  readonly keepReplyMs: number;
  /** A call came back: there is no queue that it could have gone to. */
  readonly unread?: (content: Buffer, key: string) => void;
}

/**
 * Publishes on a channel that confirms. An exchange is declared before its first message, a queue only where the place says so.
 * Fan-out exchanges go with their last queue: a publish to one that went closes the channel (404), which is opened anew, and
 * what was not confirmed goes out again; receivers drop what they have seen. What cannot be declared as we do (406) is given up.
 */
export class Publisher {
  readonly #connection: ChannelModel;
  readonly #logger: Logger;
  readonly #keepReplyMs: number;
  readonly #unread: PublisherParts['unread'];
  readonly #pending = new Set<Pending>();
  /** Places that are declared on this channel, or are being declared with what waits for that. */
  readonly #declared = new Map<string, Pending[] | 'done'>();
  /** Why the last channel was closed. */
  #whyClosed = '';
  #channel: ConfirmChannel | null = null;
  #bytes = 0;
  #ended: Error | null = null;
  readonly #timers = new Set<NodeJS.Timeout>();

  private constructor(connection: ChannelModel, { logger, keepReplyMs, unread }: PublisherParts) {
    this.#connection = connection;
    this.#logger = logger;
    this.#keepReplyMs = keepReplyMs;
    this.#unread = unread;
  }

  static async open(connection: ChannelModel, parts: PublisherParts): Promise<Publisher> {
    const publisher = new Publisher(connection, parts);
    await publisher.#openChannel();
    return publisher;
  }

  /**
   * Settles when the broker has the message (or found nobody to give it to; of a call, which expires, that is told).
   * @throws Error when it is not known
   */
  publish(place: Place, content: Buffer, expirationMs?: number): Promise<void> {
    const ofCall = expirationMs === undefined ? {} : { expiration: String(Math.round(expirationMs)), mandatory: true };
    return this.#take({ place, key: place.key, content, options: { ...PROPERTIES, ...ofCall } });
  }

  /** Sends a reply to a queue; when that is away, again for a while: its program may be connecting anew. */
  reply(queue: string, content: Buffer): void {
    const sentAtMs = performance.now();
    const options = { ...PROPERTIES, mandatory: true, messageId: String(sentAtMs) };
    this.#take({ place: null, key: queue, content, options }).catch((error) =>
      this.#logger.debug({ queue, error: String(error) }, 'a reply was not sent'),
    );
  }

  /** The connection is gone: what was not confirmed is not known to have arrived. */
  end(error: Error): void {
    this.#ended ??= error;
    for (const timer of this.#timers) clearTimeout(timer);
    for (const pending of [...this.#pending]) this.#settle(pending, error);
  }

  #take(message: Omit<Pending, 'settled' | 'attempts'>): Promise<void> {
    if (this.#ended !== null) return Promise.reject(this.#ended);
    if (this.#bytes > MOST_PENDING_BYTES) return Promise.reject(new Error('the broker does not take messages'));
    const pending = { ...message, settled: Promise.withResolvers<void>(), attempts: 0 };
    this.#pending.add(pending);
    this.#bytes += message.content.length;
    this.#send(pending);
    return pending.settled.promise;
  }

  #send(pending: Pending): void {
    const { place } = pending;
    if (this.#channel === null || place === null) {
      if (this.#channel !== null) this.#put(pending);
      return;
    }
    const name = place.queue === undefined ? place.exchange.name : `${place.exchange.name} ${place.key}`;
    const state = this.#declared.get(name);
    if (state === 'done') this.#put(pending);
    else if (state !== undefined) state.push(pending);
    else void this.#declare(name, place, [pending]);
  }

  async #declare(name: string, { exchange, key, queue }: Place, waiting: Pending[]): Promise<void> {
    this.#declared.set(name, waiting);
    const channel = this.#channel!;
    try {
      await channel.assertExchange(exchange.name, exchange.type, exchange.options);
      if (queue !== undefined) {
        await channel.assertQueue(key, queue);
        await channel.bindQueue(key, exchange.name, key);
      }
    } catch (error) {
      // The channel is closed by that; what waits goes out on the next one.
      this.#logger.debug({ place: name, error: String(error) }, 'a place to publish to was not declared');
      for (const pending of waiting) pending.attempts += 1;
      return;
    }
    if (this.#channel !== channel) return;
    this.#declared.set(name, 'done');
    for (const pending of waiting) this.#put(pending);
  }

  #put(pending: Pending): void {
    const channel = this.#channel!;
    pending.attempts += 1;
    const confirmed = (error: unknown) => {
      // On a channel that closed nothing is known: the next one sends it again.
      if (error && this.#channel !== channel) return;
      this.#settle(pending, error ? new Error('the broker refused the message') : null);
    };
    channel.publish(pending.place?.exchange.name ?? '', pending.key, pending.content, pending.options, confirmed);
  }

  #settle(pending: Pending, error: Error | null): void {
    if (!this.#pending.delete(pending)) return;
    this.#bytes -= pending.content.length;
    if (error === null) pending.settled.resolve();
    else pending.settled.reject(error);
  }

  async #openChannel(): Promise<void> {
    const channel = await this.#connection.createConfirmChannel();
    channel.on('error', (error: Error) => {
      this.#whyClosed = error.message;
      this.#logger.debug({ error: String(error) }, 'the publishing channel was closed');
    });
    channel.on('close', () => this.#reopen(channel));
    channel.on('return', ({ content, fields, properties }) => {
      const queue = fields.routingKey;
      if (fields.exchange !== '') {
        this.#unread?.(content, queue);
        return;
      }
      if (performance.now() - Number(properties.messageId) > this.#keepReplyMs) {
        this.#logger.warn({ queue }, 'nobody took a reply; its caller is gone');
        return;
      }
      this.#later(() => {
        const again = { place: null, key: queue, content, options: { ...properties, mandatory: true } };
        this.#take(again as Omit<Pending, 'settled' | 'attempts'>).catch(() => {});
      }, RETURNED_PAUSE_MS);
    });
    this.#channel = channel;
  }

  #later(work: () => void, pauseMs: number): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      if (this.#ended === null) work();
    }, pauseMs);
    this.#timers.add(timer);
  }

  #reopen(closed: ConfirmChannel): void {
    if (this.#ended !== null || this.#channel !== closed) return;
    this.#channel = null;
    this.#declared.clear();
    this.#openChannel().then(
      () => {
        for (const pending of [...this.#pending]) {
          if (pending.attempts < MOST_ATTEMPTS) this.#send(pending);
          else this.#settle(pending, new Error(`the broker closes the channel at this message: ${this.#whyClosed}`));
        }
      },
      (error) => this.end(error as Error),
    );
  }
}
