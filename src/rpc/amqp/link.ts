import type { ChannelModel } from 'amqplib';
import type { Logger } from '../../lib/log.ts';
import { newMessageId, type ReplyAddress, unwrap, wrap } from '../envelope.ts';
import type { Link, LinkEvents, Route } from '../link.ts';
import { closeConnection, openConnection, whyNoBroker } from './connection.ts';
import { type Consumer, openConsumer } from './consumer.ts';
import type { AmqpSettings } from './options.ts';
import { Publisher } from './publisher.ts';
import { declareListener, declareReplies, placeOf } from './topology.ts';
import type { BrokerUrl } from './url.ts';

/** A request larger than this is nobody's of Neutron's; answers hold whole networks. */
const MOST_REQUEST_BYTES = 32 * 1024 * 1024;
const MOST_REPLY_BYTES = 256 * 1024 * 1024;
/** Before a queue that was deleted by hand is declared anew. */
const REDECLARE_PAUSE_MS = 100;

export interface AmqpLinkParts {
  readonly url: BrokerUrl;
  readonly settings: AmqpSettings;
  readonly program: string;
  readonly logger: Logger;
}

interface Listening {
  readonly topic: string;
  readonly server: string;
  /** The same after every reconnect: what was said meanwhile is still in it. */
  readonly fanoutQueue: string;
  readonly confirmed: PromiseWithResolvers<void>;
  consumer: Consumer | null;
}

/** What there is while it is up. Publishers and consumers never share a connection: a broker holds back who publishes too much. */
interface Session {
  readonly publishing: ChannelModel;
  readonly consuming: ChannelModel;
  readonly publisher: Publisher;
  replies: Consumer | null;
}

/** Messages over RabbitMQ. Connects in the background and again whenever the connection is lost, to one host after the other. */
export class AmqpLink implements Link {
  readonly replyQueue = `reply_${newMessageId()}`;
  readonly #parts: AmqpLinkParts;
  readonly #events: LinkEvents;
  readonly #listening = new Map<number, Listening>();
  /** Listeners whose queues are being declared anew. */
  readonly #mending = new Set<number>();
  #session: Session | null = null;
  #up = Promise.withResolvers<void>();
  #isUp = false;
  #wasUp = false;
  #closed = false;
  #attempt = 0;
  #retry: NodeJS.Timeout | null = null;
  #connecting: Promise<void> = Promise.resolve();

  constructor(parts: AmqpLinkParts, events: LinkEvents) {
    this.#parts = parts;
    this.#events = events;
    this.#connect();
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  whenUp(): Promise<void> {
    return this.#up.promise;
  }

  publish(route: Route, text: string): Promise<void> {
    const session = this.#session;
    if (session === null) return Promise.reject(new Error('there is no connection to the broker'));
    const place = placeOf(this.#parts.settings, route);
    return session.publisher.publish(place, Buffer.from(wrap(text)), route.call?.timeoutMs);
  }

  reply({ queue }: ReplyAddress, text: string | Buffer): void {
    this.#session?.publisher.reply(queue, Buffer.from(wrap(text.toString())));
  }

  async listen(id: number, topic: string, server: string): Promise<void> {
    const confirmed = Promise.withResolvers<void>();
    const fanoutQueue = `${topic}_fanout_${newMessageId()}`;
    const listening = { topic, server, fanoutQueue, confirmed, consumer: null };
    this.#listening.set(id, listening);
    if (this.#isUp) this.#begin(id).catch((error) => this.#broken(id, String(error)));
    await confirmed.promise;
  }

  unlisten(id: number): void {
    const listening = this.#listening.get(id);
    this.#listening.delete(id);
    listening?.confirmed.resolve();
    void listening?.consumer?.close([listening.fanoutQueue]);
  }

  /** Takes its own queues along: nobody will read them. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#up.resolve();
    if (this.#retry) clearTimeout(this.#retry);
    for (const { confirmed } of this.#listening.values()) confirmed.resolve();
    await this.#connecting.catch(() => {});
    const session = this.#session;
    this.#session = null;
    this.#isUp = false;
    if (session === null) return;
    for (const { consumer, fanoutQueue } of this.#listening.values()) await consumer?.close([fanoutQueue]);
    await session.replies?.close([this.replyQueue]);
    session.publisher.end(new Error('the transport is closed'));
    await Promise.all([closeConnection(session.publishing), closeConnection(session.consuming)]);
  }

  #connect(): void {
    this.#connecting = this.#open().catch((error) => this.#failed(error));
  }

  /** One attempt: the next host, both connections, everything declared anew. */
  async #open(): Promise<void> {
    const { url, settings, program, logger } = this.#parts;
    const broker = url.hosts[this.#attempt % url.hosts.length]!;
    const name = `${program}:${process.pid}:${newMessageId()}`;
    const opened: ChannelModel[] = [];
    let lost: string | null = null;
    const open = async () => {
      const connection = await openConnection(broker, { settings, vhost: url.vhost, name });
      opened.push(connection);
      connection.on('error', (error) => {
        lost ??= String(error);
      });
      connection.on('close', () => {
        lost ??= 'closed by the broker';
        this.#lost(lost, opened);
      });
      connection.on('blocked', (reason) =>
        logger.warn({ host: broker.host, reason }, 'the broker takes no messages now'),
      );
      connection.on('unblocked', () => logger.info({ host: broker.host }, 'the broker takes messages again'));
      return connection;
    };
    try {
      const [publishing, consuming] = [await open(), await open()];
      const publisher = await Publisher.open(publishing, {
        logger,
        keepReplyMs: settings.keepReplyMs,
        unread: (content, key) => this.#unread(content, key),
      });
      this.#session = { publishing, consuming, publisher, replies: null };
      await this.#readReplies();
      for (const id of [...this.#listening.keys()]) await this.#begin(id);
      if (lost !== null) throw new Error(lost);
    } catch (error) {
      this.#session = null;
      lost ??= String(error);
      for (const connection of opened) void closeConnection(connection);
      throw error;
    }
    this.#arrived(broker.host);
  }

  #arrived(host: string): void {
    if (this.#closed) return;
    const isReturn = this.#wasUp;
    this.#isUp = true;
    this.#wasUp = true;
    this.#attempt = 0;
    this.#up.resolve();
    // A listener that came while the others were being declared.
    for (const [id, { consumer }] of this.#listening) {
      if (consumer === null) this.#begin(id).catch((error) => this.#broken(id, String(error)));
    }
    this.#parts.logger.info({ host }, isReturn ? 'connected to RabbitMQ again' : 'connected to RabbitMQ');
    if (isReturn) this.#events.back();
  }

  #failed(error: unknown): void {
    if (this.#closed) return;
    const { url, logger, settings } = this.#parts;
    const broker = url.hosts[this.#attempt % url.hosts.length]!;
    this.#attempt += 1;
    // All hosts in a row, then a pause that grows.
    const round = Math.floor(this.#attempt / url.hosts.length);
    const { firstMs, moreMs, mostMs } = settings.retry;
    const pauseMs = this.#attempt % url.hosts.length === 0 ? Math.min(firstMs + (round - 1) * moreMs, mostMs) : 0;
    const level = this.#attempt <= url.hosts.length ? 'warn' : 'debug';
    logger[level]({ error: whyNoBroker(error, broker, url.vhost) }, 'no connection to RabbitMQ, trying again');
    this.#retry = setTimeout(() => this.#connect(), pauseMs);
  }

  /** A connection closed. The other one goes, too: half a link is none. */
  #lost(cause: string, connections: readonly ChannelModel[]): void {
    const session = this.#session;
    if (session === null || !connections.includes(session.publishing)) return;
    this.#session = null;
    session.publisher.end(new Error('the connection to the broker was lost'));
    for (const listening of this.#listening.values()) listening.consumer = null;
    this.#mending.clear();
    for (const connection of connections) void closeConnection(connection);
    if (!this.#isUp || this.#closed) return;
    this.#isUp = false;
    this.#up = Promise.withResolvers();
    this.#parts.logger.warn({ error: cause }, 'lost the connection to RabbitMQ');
    this.#events.lost();
    this.#retry = setTimeout(() => this.#connect(), 0);
  }

  /** A broker that was started anew has no queue until the other side is back: who calls tries again soon. */
  #unread(content: Buffer, key: string): void {
    const { _msg_id } = JSON.parse(unwrap(content.toString())) as { _msg_id: string };
    this.#events.undeliverable(_msg_id, `nobody listens on ${key}`);
  }

  async #readReplies(): Promise<void> {
    const session = this.#session!;
    const { settings, logger } = this.#parts;
    session.replies = await openConsumer(session.consuming, {
      declare: async (channel) => {
        await declareReplies(channel, settings, this.replyQueue);
        return [this.replyQueue];
      },
      take: (text) => this.#events.reply(text),
      prefetch: settings.prefetch,
      mostBytes: MOST_REPLY_BYTES,
      unreadable: (queue, why) => this.#events.unreadable(queue, why),
      broken: (why) => {
        if (this.#session !== session) return;
        logger.warn({ why }, 'answers do not arrive; declaring their queue anew');
        this.#again(session, () => this.#readReplies());
      },
    });
  }

  async #begin(id: number): Promise<void> {
    const session = this.#session;
    const listening = this.#listening.get(id);
    if (session === null || listening === undefined) return;
    const { settings } = this.#parts;
    const consumer = await openConsumer(session.consuming, {
      declare: (channel) => declareListener(channel, settings, listening),
      take: (text) => this.#events.request(id, text),
      prefetch: settings.prefetch,
      mostBytes: MOST_REQUEST_BYTES,
      unreadable: (queue, why) => this.#events.unreadable(queue, why),
      broken: (why) => {
        if (this.#session === session) this.#broken(id, why);
      },
    });
    if (this.#listening.get(id) !== listening) {
      await consumer.close([listening.fanoutQueue]);
      return;
    }
    listening.consumer = consumer;
    listening.confirmed.resolve();
  }

  #broken(id: number, why: string): void {
    const session = this.#session;
    const listening = this.#listening.get(id);
    if (session === null || listening === undefined) return;
    listening.consumer = null;
    this.#mending.add(id);
    this.#parts.logger.warn({ topic: listening.topic, why }, 'a listener hears nothing; declaring its queues anew');
    this.#again(session, async () => {
      await this.#begin(id);
      if (this.#session !== session) return;
      this.#mending.delete(id);
      // Who deletes one of a program's queues deletes others: told once, when the last is there again.
      if (this.#mending.size === 0) this.#events.missed();
    });
  }

  #again(session: Session, work: () => Promise<void>): void {
    setTimeout(() => {
      if (this.#session !== session || this.#closed) return;
      work().catch(() => this.#again(session, work));
    }, REDECLARE_PAUSE_MS);
  }
}
