import type { Channel, Options } from 'amqplib';
import type { Route } from '../link.ts';
import type { AmqpSettings } from './options.ts';

/**
 * Exchanges and queues exactly as oslo.messaging declares them: a broker refuses to see the same name declared in two ways
 * (406), so in a mixed deployment every flag counts. Observed with oslo.messaging 14 at its defaults.
 *
 *     topic      exchange `neutron` (topic)          queue `<topic>`, `<topic>.<server>`
 *     fan-out    exchange `<topic>_fanout` (fanout)  queue `<topic>_fanout_<32 hex>` of each listener, expires
 *     replies    default exchange                    queue `reply_<32 hex>` of each program, expires
 *     notifications  exchange `neutron` (topic)      queue `notifications.info`, declared by who publishes as well
 */
export interface Exchange {
  readonly name: string;
  readonly type: 'topic' | 'fanout';
  readonly options: Options.AssertExchange;
}

export function topicExchange({ exchange, durable, autoDelete }: AmqpSettings): Exchange {
  return { name: exchange, type: 'topic', options: { durable, autoDelete } };
}

export function fanoutExchange(topic: string): Exchange {
  return { name: `${topic}_fanout`, type: 'fanout', options: { durable: false, autoDelete: true } };
}

/** Where a message goes: the exchange, and by which key. */
export interface Place {
  readonly exchange: Exchange;
  readonly key: string;
  /** A queue of the key's name that whoever publishes declares as well: what is said before anybody reads is kept. */
  readonly queue?: Options.AssertQueue;
}

/** Notifications go through the exchange of topics, into a queue that is declared by whoever comes first. */
export function notificationPlace(settings: AmqpSettings, queue: string): Place {
  return { exchange: topicExchange(settings), key: queue, queue: topicQueue(settings) };
}

function topicQueue({ durable, autoDelete, topicArguments }: AmqpSettings): Options.AssertQueue {
  return { durable, autoDelete, exclusive: false, arguments: { ...topicArguments } };
}

/** Where a message of this route is published. The routing key of fan-out is empty, as the captures have it. */
export function placeOf(settings: AmqpSettings, { topic, server, fanout }: Route): Place {
  if (fanout) return { exchange: fanoutExchange(topic), key: '' };
  return { exchange: topicExchange(settings), key: server === undefined ? topic : `${topic}.${server}` };
}

function transient({ transientTtlMs }: AmqpSettings): Options.AssertQueue {
  return { durable: false, autoDelete: false, exclusive: false, expires: transientTtlMs };
}

/** Declares what a listener reads. @returns the queues to consume */
export async function declareListener(
  channel: Channel,
  settings: AmqpSettings,
  { topic, server, fanoutQueue }: { topic: string; server: string; fanoutQueue: string },
): Promise<string[]> {
  const { name, type, options } = topicExchange(settings);
  await channel.assertExchange(name, type, options);
  for (const queue of [topic, `${topic}.${server}`]) {
    await channel.assertQueue(queue, topicQueue(settings));
    await channel.bindQueue(queue, name, queue);
  }
  const fanout = fanoutExchange(topic);
  await channel.assertExchange(fanout.name, fanout.type, fanout.options);
  await channel.assertQueue(fanoutQueue, transient(settings));
  await channel.bindQueue(fanoutQueue, fanout.name, topic);
  return [topic, `${topic}.${server}`, fanoutQueue];
}

export async function declareReplies(channel: Channel, settings: AmqpSettings, queue: string): Promise<void> {
  await channel.assertQueue(queue, transient(settings));
}
