import type { Context } from '../../lib/context.ts';
import type { Logger } from '../../lib/log.ts';
import { wrap } from '../envelope.ts';
import { type Notification, newNotification, notificationText } from './message.ts';

/** One way to tell of something. It takes what it is given at once, whatever becomes of it: requests do not wait. */
export interface NotificationDriver {
  notify(notification: Notification, context: Context): void;
}

/** What messages leave by (`amqp/outlet.ts`). */
export interface MessageOutlet {
  send(queue: string, text: string): void;
}

/** Tells all drivers of what happened, in the order in which it is told. */
export class Notifier {
  readonly #publisherId: string;
  readonly #drivers: readonly NotificationDriver[];

  constructor(publisherId: string, drivers: readonly NotificationDriver[]) {
    this.#publisherId = publisherId;
    this.#drivers = drivers;
  }

  /** @param payload finished JSON */
  tell(context: Context, eventType: string, payload: string): void {
    const notification = newNotification(this.#publisherId, eventType, payload);
    for (const driver of this.#drivers) driver.notify(notification, context);
  }
}

/** `messagingv2` with the envelope, `messaging` without: to the queue `<topic>.info` of each topic. */
export function messagingDriver(
  outlet: MessageOutlet,
  { topics, envelope }: { topics: readonly string[]; envelope: boolean },
): NotificationDriver {
  return {
    notify(notification, context) {
      for (const topic of topics) {
        const text = notificationText(notification, context);
        outlet.send(`${topic}.${notification.priority.toLowerCase()}`, envelope ? wrap(text) : text);
      }
    },
  };
}

/** `log`: a line for each. Secrets in it are masked by whoever writes the log. */
export function logDriver(logger: Pick<Logger, 'info'>): NotificationDriver {
  return {
    notify({ payload, ...about }, { requestId: request_id }) {
      const { event_type } = about;
      logger.info({ request_id, event_type, notification: { ...about, payload: JSON.parse(payload) } }, 'notification');
    },
  };
}
