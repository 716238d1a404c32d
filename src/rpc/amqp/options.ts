import { readFileSync } from 'node:fs';
import { declareOptions, option } from '../../lib/options.ts';

/** oslo.messaging's options of RabbitMQ. Those that have no meaning without Python's threads are read over. */
export const rabbitOptions = declareOptions('oslo_messaging_rabbit', {
  amqp_durable_queues: option.bool({
    default: false,
    help: 'topics outlive a restart of the broker; all peers must agree',
  }),
  amqp_auto_delete: option.bool({ default: false, help: 'topics go with their last listener; all peers must agree' }),
  rabbit_quorum_queue: option.bool({ default: false, help: 'topics are quorum queues; all peers must agree' }),
  rabbit_quorum_delivery_limit: option.int({
    default: 0,
    min: 0,
    help: 'x-delivery-limit of quorum queues; 0 is none',
  }),
  rabbit_quroum_max_memory_length: option.int({
    default: 0,
    min: 0,
    help: 'x-max-in-memory-length of quorum queues (spelled as upstream does); 0 is none',
  }),
  rabbit_quroum_max_memory_bytes: option.int({
    default: 0,
    min: 0,
    help: 'x-max-in-memory-bytes of quorum queues (spelled as upstream does); 0 is none',
  }),
  rabbit_ha_queues: option.bool({
    default: false,
    help: 'topics are mirrored by their own argument; all peers must agree',
  }),
  rabbit_transient_queues_ttl: option.int({
    default: 1800,
    min: 1,
    help: 'seconds after which the broker removes queues of fan-out and replies that nobody reads',
  }),
  rabbit_qos_prefetch_count: option.int({
    default: 0,
    min: 0,
    help: 'messages under way to a listener; 0 is no limit',
  }),
  heartbeat_timeout_threshold: option.int({
    default: 60,
    min: 0,
    help: 'seconds of silence after which the connection is given up; 0 never',
  }),
  rabbit_retry_interval: option.int({ default: 1, min: 0, help: 'seconds before the first attempt to connect again' }),
  rabbit_retry_backoff: option.int({ default: 2, min: 0, help: 'seconds more before each further attempt' }),
  rabbit_interval_max: option.int({ default: 30, min: 1, help: 'seconds between attempts at most' }),
  rabbit_login_method: option.string({
    default: 'AMQPLAIN',
    choices: ['PLAIN', 'AMQPLAIN', 'EXTERNAL'],
    help: 'how to sign in',
  }),
  kombu_missing_consumer_retry_timeout: option.int({
    default: 60,
    min: 0,
    help: 'seconds for which an answer is kept for a caller whose queue is away',
    deprecated: [{ name: 'kombu_reconnect_timeout' }],
  }),
  ssl: option.bool({ default: false, help: 'TLS to the broker', deprecated: [{ name: 'rabbit_use_ssl' }] }),
  ssl_ca_file: option.string({
    default: '',
    help: 'file of the authorities that vouch for the broker; empty takes any certificate, as upstream does',
    deprecated: [{ name: 'kombu_ssl_ca_certs' }],
  }),
  ssl_cert_file: option.string({ default: '', help: 'own certificate', deprecated: [{ name: 'kombu_ssl_certfile' }] }),
  ssl_key_file: option.string({ default: '', help: 'its key', deprecated: [{ name: 'kombu_ssl_keyfile' }] }),
  ssl_enforce_hostname_verification: option.bool({ default: true, help: 'the certificate must name the host' }),
});

const CONNECT_TIMEOUT_MS = 10_000;

/** What a link needs to know besides the URL. Times in ms. */
export interface AmqpSettings {
  readonly exchange: string;
  readonly durable: boolean;
  readonly autoDelete: boolean;
  /** Arguments of topic queues (`x-queue-type: quorum` …). */
  readonly topicArguments: Readonly<Record<string, string | number>>;
  readonly transientTtlMs: number;
  readonly prefetch: number;
  readonly heartbeatS: number;
  readonly connectTimeoutMs: number;
  readonly retry: { readonly firstMs: number; readonly moreMs: number; readonly mostMs: number };
  readonly login: 'PLAIN' | 'AMQPLAIN' | 'EXTERNAL';
  readonly keepReplyMs: number;
  readonly tls: {
    readonly ca?: Buffer;
    readonly cert?: Buffer;
    readonly key?: Buffer;
    readonly verifyName: boolean;
  } | null;
}

type Values = { [K in keyof typeof rabbitOptions.options]: unknown };

/**
 * The settings from the options and the URL's parameters (`?ssl=1` beside `[oslo_messaging_rabbit] ssl`).
 * @throws Error naming the option whose file cannot be read
 */
export function amqpSettings(options: Values, exchange: string, query: Readonly<Record<string, string>>): AmqpSettings {
  const seconds = (name: keyof Values) => (options[name] as number) * 1000;
  const quorum = options.rabbit_quorum_queue === true;
  const secure = options.ssl === true || /^(1|true|yes|on)$/i.test(query.ssl ?? '');
  const file = (name: 'ssl_ca_file' | 'ssl_cert_file' | 'ssl_key_file', key: string) => {
    const path = options[name] as string;
    return path === '' ? {} : { [key]: readTlsFile(name, path) };
  };
  return {
    exchange,
    durable: quorum || options.amqp_durable_queues === true,
    autoDelete: options.amqp_auto_delete === true,
    topicArguments: topicArguments(options, quorum),
    transientTtlMs: seconds('rabbit_transient_queues_ttl'),
    prefetch: options.rabbit_qos_prefetch_count as number,
    heartbeatS: options.heartbeat_timeout_threshold as number,
    connectTimeoutMs: CONNECT_TIMEOUT_MS,
    retry: {
      firstMs: seconds('rabbit_retry_interval'),
      moreMs: seconds('rabbit_retry_backoff'),
      mostMs: seconds('rabbit_interval_max'),
    },
    login: options.rabbit_login_method as AmqpSettings['login'],
    keepReplyMs: seconds('kombu_missing_consumer_retry_timeout'),
    tls: secure
      ? {
          ...file('ssl_ca_file', 'ca'),
          ...file('ssl_cert_file', 'cert'),
          ...file('ssl_key_file', 'key'),
          verifyName: options.ssl_enforce_hostname_verification === true,
        }
      : null,
  };
}

function topicArguments(options: Values, quorum: boolean): Record<string, string | number> {
  const more: Record<string, string | number> = {};
  if (options.rabbit_ha_queues === true) more['x-ha-policy'] = 'all';
  if (!quorum) return more;
  more['x-queue-type'] = 'quorum';
  for (const [name, key] of [
    ['rabbit_quorum_delivery_limit', 'x-delivery-limit'],
    ['rabbit_quroum_max_memory_length', 'x-max-in-memory-length'],
    ['rabbit_quroum_max_memory_bytes', 'x-max-in-memory-bytes'],
  ] as const) {
    const value = options[name] as number;
    if (value > 0) more[key] = value;
  }
  return more;
}

function readTlsFile(name: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new Error(`[oslo_messaging_rabbit] ${name} = ${path}: ${(cause as Error).message}`, { cause });
  }
}
