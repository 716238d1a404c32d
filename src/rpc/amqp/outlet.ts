import type { ChannelModel } from 'amqplib';
import { causedBy } from '../../lib/cause.ts';
import type { Logger } from '../../lib/log.ts';
import { closeConnection, openConnection, whyNoBroker } from './connection.ts';
import type { AmqpSettings } from './options.ts';
import { Publisher } from './publisher.ts';
import { notificationPlace } from './topology.ts';
import type { BrokerUrl } from './url.ts';

/** What may wait while the broker is away: some minutes of a busy server. Beyond that what is new is dropped. */
const MOST_WAITING = { messages: 10_000, bytes: 64 * 1024 * 1024 };
/** Messages that the broker has not confirmed yet, at most. */
const WINDOW = 500;
/** What waits when the program ends is given this long to leave. */
const LEAVE_MS = 2_000;

export interface OutletParts {
  readonly url: BrokerUrl;
  readonly settings: AmqpSettings;
  readonly program: string;
  readonly logger: Logger;
  /** How often a message is tried again; -1: for ever. */
  readonly retry: number;
  readonly most?: { readonly messages: number; readonly bytes: number };
}

export interface OutletStatistics {
  /** Confirmed by the broker. */
  sent: number;
  dropped: number;
}

interface Waiting {
  readonly queue: string;
  readonly content: Buffer;
  tries: number;
}

/**
 * Messages to queues that others read (notifications), on a connection of its own. `send` takes a message at once; whether the
 * broker is there is nobody's business who sends. They leave in order. What was not confirmed when a connection went is sent
 * again, so one may arrive twice. The log tells of the first failure and of the end of it.
 */
export class Outlet {
  readonly statistics: OutletStatistics = { sent: 0, dropped: 0 };
  readonly #parts: OutletParts;
  readonly #most: { readonly messages: number; readonly bytes: number };
  /** All that the broker has not confirmed, oldest first, and of it what this connection was not given yet. */
  readonly #waiting = new Set<Waiting>();
  #unsent = new Set<Waiting>();
  #bytes = 0;
  #underWay = 0;
  #session: { readonly connection: ChannelModel; readonly publisher: Publisher } | null = null;
  /** Hosts tried in vain, or connections that took nothing, in a row. */
  #attempt = 0;
  #outage: { readonly sinceMs: number; readonly droppedBefore: number } | null = null;
  #retry: NodeJS.Timeout | null = null;
  #connecting: Promise<void>;
  #closed = false;
  #emptied: (() => void) | null = null;

  constructor(parts: OutletParts) {
    this.#parts = parts;
    this.#most = parts.most ?? MOST_WAITING;
    this.#connecting = this.#connect();
  }

  /** How many the broker has not confirmed. */
  get waiting(): number {
    return this.#waiting.size;
  }

  send(queue: string, text: string): void {
    const content = Buffer.from(text);
    const { messages, bytes } = this.#most;
    if (this.#closed || this.#waiting.size >= messages || this.#bytes + content.length > bytes) {
      this.#begins('the broker does not take as many as there are');
      this.statistics.dropped += 1;
      return;
    }
    const waiting = { queue, content, tries: 0 };
    this.#waiting.add(waiting);
    this.#unsent.add(waiting);
    this.#bytes += content.length;
    this.#pump();
  }

  /** Lets leave what waits, if the broker is there. */
  async close(): Promise<void> {
    if (this.#session !== null && this.#waiting.size > 0) {
      const emptied = Promise.withResolvers<void>();
      this.#emptied = emptied.resolve;
      const late = setTimeout(emptied.resolve, LEAVE_MS);
      await emptied.promise;
      clearTimeout(late);
    }
    this.#closed = true;
    if (this.#retry !== null) clearTimeout(this.#retry);
    await this.#connecting;
    const session = this.#session;
    this.#session = null;
    session?.publisher.end(new Error('the program ends'));
    if (this.#waiting.size > 0) {
      this.statistics.dropped += this.#waiting.size;
      this.#parts.logger.warn({ dropped: this.#waiting.size }, 'notifications that waited are lost with this program');
    }
    if (session !== null) await closeConnection(session.connection);
  }

  #pump(): void {
    const session = this.#session;
    if (session === null) return;
    for (const waiting of this.#unsent) {
      if (this.#underWay >= WINDOW) return;
      this.#unsent.delete(waiting);
      this.#underWay += 1;
      session.publisher.publish(notificationPlace(this.#parts.settings, waiting.queue), waiting.content).then(
        () => this.#left(waiting),
        (error: Error) => {
          if (this.#session === session) this.#broke(refusal(error));
        },
      );
    }
  }

  #left(waiting: Waiting): void {
    this.#forget(waiting);
    this.#underWay -= 1;
    this.#attempt = 0;
    this.statistics.sent += 1;
    this.#ends();
    this.#pump();
  }

  #forget(waiting: Waiting): void {
    this.#waiting.delete(waiting);
    this.#unsent.delete(waiting);
    this.#bytes -= waiting.content.length;
    if (this.#waiting.size === 0) this.#emptied?.();
  }

  /** One attempt, at the next host. */
  async #connect(): Promise<void> {
    const { url, settings, program, logger } = this.#parts;
    const broker = url.hosts[this.#attempt % url.hosts.length]!;
    let connection: ChannelModel | null = null;
    let lost: string | null = null;
    try {
      const name = `${program}:${process.pid}:notifications`;
      connection = await openConnection(broker, { settings, vhost: url.vhost, name });
      connection.on('error', (error) => {
        lost ??= String(error);
      });
      connection.on('close', () => {
        lost ??= 'closed by the broker';
        if (this.#session?.connection === connection) this.#broke(`${broker.host}: ${lost}`);
      });
      const publisher = await Publisher.open(connection, { logger, keepReplyMs: 0 });
      if (lost !== null) throw new Error(lost);
      this.#session = { connection, publisher };
    } catch (error) {
      if (connection !== null) void closeConnection(connection);
      this.#broke(whyNoBroker(lost ?? error, broker, url.vhost));
      return;
    }
    if (this.#waiting.size === 0) {
      this.#attempt = 0;
      this.#ends();
    }
    this.#pump();
  }

  /** Nothing leaves by this connection any more, or there was none. */
  #broke(why: string): void {
    const session = this.#session;
    this.#session = null;
    this.#underWay = 0;
    if (session !== null) {
      session.publisher.end(new Error(why));
      void closeConnection(session.connection);
    }
    if (this.#closed) return;
    this.#begins(why);
    this.#countTries();
    this.#unsent = new Set(this.#waiting);
    const { hosts } = this.#parts.url;
    const { firstMs, moreMs, mostMs } = this.#parts.settings.retry;
    // A connection that had taken something is made again at once; then all hosts in a row, and pauses that grow.
    const round = Math.floor(this.#attempt / hosts.length);
    const pauses = this.#attempt > 0 && this.#attempt % hosts.length === 0;
    this.#attempt += 1;
    this.#retry = setTimeout(
      () => {
        this.#connecting = this.#connect();
      },
      pauses ? Math.min(firstMs + (round - 1) * moreMs, mostMs) : 0,
    );
  }

  #countTries(): void {
    const { retry } = this.#parts;
    for (const waiting of this.#waiting) {
      waiting.tries += 1;
      if (retry < 0 || waiting.tries <= retry) continue;
      this.#forget(waiting);
      this.statistics.dropped += 1;
    }
  }

  #begins(why: string): void {
    if (this.#outage !== null || this.#closed) return;
    this.#outage = { sinceMs: performance.now(), droppedBefore: this.statistics.dropped };
    const fields = { error: why, keeps: this.#most.messages };
    // Of no request, though one of them may find it out.
    causedBy([], () => this.#parts.logger.warn(fields, 'notifications cannot be sent; they wait'));
  }

  #ends(): void {
    if (this.#outage === null) return;
    const { sinceMs, droppedBefore } = this.#outage;
    this.#outage = null;
    const seconds = Math.round((performance.now() - sinceMs) / 1000);
    const dropped = this.statistics.dropped - droppedBefore;
    const fields = { after_s: seconds, dropped, waiting: this.#waiting.size };
    causedBy([], () => this.#parts.logger.info(fields, 'notifications are sent again'));
  }
}

/** A queue that somebody else declared in another way is the operator's to mend. */
function refusal({ message }: Error): string {
  if (!/PRECONDITION|406/.test(message)) return message;
  return `${message}; amqp_durable_queues, amqp_auto_delete and rabbit_quorum_queue of [oslo_messaging_rabbit] must be what the readers of the queue have`;
}
