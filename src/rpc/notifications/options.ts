import { declareOptions, type OptionValues, option } from '../../lib/options.ts';

/** Who else is told of what the API did (upstream: oslo.messaging's notifier). Without a driver nobody is. */
export const notificationOptions = declareOptions('oslo_messaging_notifications', {
  driver: option.multi({
    default: [],
    help: 'messagingv2 (RabbitMQ), messaging (the same without an envelope), log, noop; may stand several times',
    deprecated: [{ section: 'DEFAULT', name: 'notification_driver' }],
  }),
  transport_url: option.maybe({
    secret: 'url',
    help: 'another RabbitMQ than that of [DEFAULT] transport_url: rabbit://user:password@host:port/vhost',
    deprecated: [{ section: 'DEFAULT', name: 'notification_transport_url' }],
  }),
  topics: option.list({
    default: ['notifications'],
    help: 'queues are called <topic>.info',
    deprecated: [
      { section: 'rpc_notifier2', name: 'topics' },
      { section: 'DEFAULT', name: 'notification_topics' },
    ],
    check: (topics) =>
      topics.every((topic) => /^[\x21-\x7e]{1,200}$/.test(topic))
        ? null
        : 'must be names of 1 to 200 printable characters without blanks',
  }),
  retry: option.int({
    default: -1,
    min: -1,
    help: 'how often a notification is sent again that could not be; 0 never, -1 as often as it takes',
  }),
});
export type NotificationOptions = OptionValues<typeof notificationOptions>;
