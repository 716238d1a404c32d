import { type Channel, type ChannelModel, connect, type GetMessage } from 'amqplib';

/** A message as it lay in the queue. */
export interface QueuedNotification {
  readonly exchange: string;
  readonly routingKey: string;
  readonly properties: Record<string, unknown>;
  /** The text of the body, parsed. */
  readonly body: Record<string, unknown>;
  /** What is in the envelope; the body itself where there is none. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look at what they expect
  readonly message: Record<string, any>;
}

/** Takes out what was published to a queue of notifications. It declares nothing: where there is no such queue, there is nothing. */
export class NotificationQueue implements AsyncDisposable {
  readonly #connection: ChannelModel;
  readonly #queue: string;
  #channel: Channel | null = null;

  private constructor(connection: ChannelModel, queue: string) {
    this.#connection = connection;
    this.#queue = queue;
  }

  static async open(url: string, queue = 'notifications.info'): Promise<NotificationQueue> {
    const connection = await connect(url.replace('rabbit:', 'amqp:'));
    return new NotificationQueue(connection, queue);
  }

  /** The oldest, taken out; null when there is none now. */
  async take(): Promise<QueuedNotification | null> {
    const got = await this.#get();
    if (got === false) return null;
    const body = JSON.parse(got.content.toString());
    const inner = body['oslo.message'];
    const { exchange, routingKey } = got.fields;
    const message = typeof inner === 'string' ? JSON.parse(inner) : body;
    return { exchange, routingKey, properties: { ...got.properties }, body, message };
  }

  async #get(): Promise<GetMessage | false> {
    if (this.#channel === null) {
      this.#channel = await this.#connection.createChannel();
      // Asked for a queue that is not there the broker closes the channel.
      this.#channel.on('error', () => {
        this.#channel = null;
      });
    }
    return this.#channel.get(this.#queue, { noAck: true }).catch((error: Error) => {
      if (/404/.test(error.message)) return false;
      throw error;
    });
  }

  /** All that is there now. */
  async all(): Promise<QueuedNotification[]> {
    const all: QueuedNotification[] = [];
    for (let next = await this.take(); next !== null; next = await this.take()) all.push(next);
    return all;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connection.close();
  }
}
