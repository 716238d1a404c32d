import { randomUUID } from 'node:crypto';
import type { Context } from '../../lib/context.ts';
import { newMessageId } from '../envelope.ts';
import { contextToWire, wireTimestamp } from '../wire-context.ts';

/** What happened, as all drivers are told of it. */
export interface Notification {
  readonly message_id: string;
  /** `network.<host>` */
  readonly publisher_id: string;
  /** `network.create.end` */
  readonly event_type: string;
  readonly priority: 'INFO';
  /** Finished JSON: mostly it is the text of an answer, which need not be written twice. */
  readonly payload: string;
  readonly timestamp: string;
}

export function newNotification(publisherId: string, eventType: string, payload: string): Notification {
  return {
    message_id: randomUUID(),
    publisher_id: publisherId,
    event_type: eventType,
    priority: 'INFO',
    payload,
    timestamp: wireTimestamp(new Date()),
  };
}

/**
 * The text of a message, inside the envelope of version 2 or alone (upstream: notify/messaging.py, _drivers/amqpdriver.py). Each
 * has an id of its own, by which a listener drops what it has seen: of two topics, too.
 */
export function notificationText({ payload, ...about }: Notification, context: Context): string {
  const head = JSON.stringify(about);
  const tail = JSON.stringify({ _unique_id: newMessageId(), ...contextToWire(context) });
  return `${head.slice(0, -1)},"payload":${payload},${tail.slice(1)}`;
}
