import type { Channel, ChannelModel } from 'amqplib';
import { silentLogger } from '../../src/lib/log.ts';
import { defaultValues } from '../../src/lib/options.ts';
import { closeConnection, openConnection } from '../../src/rpc/amqp/connection.ts';
import { type AmqpSettings, amqpSettings, rabbitOptions } from '../../src/rpc/amqp/options.ts';
import { Publisher } from '../../src/rpc/amqp/publisher.ts';
import { declareListener, declareReplies, placeOf } from '../../src/rpc/amqp/topology.ts';
import { type BrokerUrl, parseBrokerUrl } from '../../src/rpc/amqp/url.ts';
import { newMessageId, type ReplyAddress, unwrap, wrap } from '../../src/rpc/envelope.ts';
import type { Link, LinkEvents, Route } from '../../src/rpc/link.ts';

/**
 * Two connections that many agents share, one to publish and one to read. A broker with 2,000 connections on one machine
 * would measure itself; what is to be measured are queues, consumers and deliveries, and those each agent has of its own.
 */
export class SharedWire implements AsyncDisposable {
  readonly url: BrokerUrl;
  readonly settings: AmqpSettings;
  readonly consuming: ChannelModel;
  readonly publisher: Publisher;
  readonly peers: Set<LinkEvents>;
  readonly #publishing: ChannelModel;

  private constructor(
    parts: Pick<SharedWire, 'url' | 'settings' | 'consuming' | 'publisher' | 'peers'>,
    publishing: ChannelModel,
  ) {
    this.url = parts.url;
    this.settings = parts.settings;
    this.consuming = parts.consuming;
    this.publisher = parts.publisher;
    this.peers = parts.peers;
    this.#publishing = publishing;
  }

  static async open(transportUrl: string, name: string): Promise<SharedWire> {
    const url = parseBrokerUrl(transportUrl);
    const settings = amqpSettings(defaultValues(rabbitOptions), 'neutron', {});
    const open = () => openConnection(url.hosts[0]!, { settings, vhost: url.vhost, name });
    const [publishing, consuming] = await Promise.all([open(), open()]);
    for (const connection of [publishing, consuming]) {
      // A load program without its broker measures nothing.
      connection.on('error', (error) => {
        throw new Error('the broker closed a connection of the simulated agents', { cause: error });
      });
    }
    const peers = new Set<LinkEvents>();
    const publisher = await Publisher.open(publishing, {
      logger: silentLogger,
      keepReplyMs: settings.keepReplyMs,
      unread: (content, key) => {
        const { _msg_id } = JSON.parse(unwrap(content.toString())) as { _msg_id: string };
        // Whose call it is knows it; the others do not.
        for (const events of peers) events.undeliverable(_msg_id, `nobody listens on ${key}`);
      },
    });
    return new SharedWire({ url, settings, consuming, publisher, peers }, publishing);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.publisher.end(new Error('the load is over'));
    await Promise.all([closeConnection(this.#publishing), closeConnection(this.consuming)]);
  }
}

/** A message that arrived. @returns whether the agent reads it; reading is what its own host would have the CPU for */
export type Glance = (topic: string, content: Buffer) => boolean;

/** One agent on a shared wire: queues as its own program would declare them, all read on one channel. */
export class SharedLink implements Link {
  readonly replyQueue: string;
  readonly isUp = true;
  readonly #wire: SharedWire;
  readonly #events: LinkEvents;
  readonly #glance: Glance;
  readonly #channel: Channel;

  private constructor(parts: {
    wire: SharedWire;
    events: LinkEvents;
    glance: Glance;
    channel: Channel;
    replyQueue: string;
  }) {
    this.replyQueue = parts.replyQueue;
    this.#wire = parts.wire;
    this.#events = parts.events;
    this.#glance = parts.glance;
    this.#channel = parts.channel;
  }

  /** Its channel, and its queue of replies: what a peer needs before it is made. */
  static async open(wire: SharedWire, glance: Glance): Promise<(events: LinkEvents) => SharedLink> {
    const channel = await wire.consuming.createChannel();
    const replyQueue = `reply_${newMessageId()}`;
    let events: LinkEvents | null = null;
    await declareReplies(channel, wire.settings, replyQueue);
    await channel.consume(replyQueue, (message) => {
      if (message === null) return;
      channel.ack(message);
      events?.reply(unwrap(message.content.toString()));
    });
    return (peer) => {
      events = peer;
      wire.peers.add(peer);
      return new SharedLink({ wire, events, glance, channel, replyQueue });
    };
  }

  async whenUp(): Promise<void> {}

  publish(route: Route, text: string): Promise<void> {
    const place = placeOf(this.#wire.settings, route);
    return this.#wire.publisher.publish(place, Buffer.from(wrap(text)), route.call?.timeoutMs);
  }

  reply({ queue }: ReplyAddress, text: string | Buffer): void {
    this.#wire.publisher.reply(queue, Buffer.from(wrap(text.toString())));
  }

  async listen(id: number, topic: string, server: string): Promise<void> {
    const fanoutQueue = `${topic}_fanout_${newMessageId()}`;
    const queues = await declareListener(this.#channel, this.#wire.settings, { topic, server, fanoutQueue });
    for (const queue of queues) {
      await this.#channel.consume(queue, (message) => {
        if (message === null) return;
        this.#channel.ack(message);
        if (!this.#glance(topic, message.content)) return;
        this.#events.request(id, unwrap(message.content.toString()));
      });
    }
  }

  unlisten(): void {}

  /** Its queues end with the broker, which is thrown away. */
  async close(): Promise<void> {
    this.#wire.peers.delete(this.#events);
    await this.#channel.close();
  }
}
