import { type ChannelModel, connect, credentials } from 'amqplib';
import type { AmqpSettings } from './options.ts';
import type { BrokerHost } from './url.ts';

/** The driver gives a connection up after two to three intervals of silence; the option is about all of them. */
const MISSED_BEATS = 3;

/**
 * Opens one connection. Never without `noDelay`: with Nagle's algorithm a call takes 40 ms (22 calls a second instead of
 * thousands).
 * @throws the driver's error
 */
export async function openConnection(
  broker: BrokerHost,
  { settings, vhost, name }: { settings: AmqpSettings; vhost: string; name: string },
): Promise<ChannelModel> {
  const { tls, login, heartbeatS, connectTimeoutMs } = settings;
  const { host, port, user, password } = broker;
  const where = {
    protocol: tls === null ? 'amqp' : 'amqps',
    hostname: host,
    ...(port !== null && { port }),
    vhost: encodeURIComponent(vhost),
    heartbeat: Math.ceil(heartbeatS / MISSED_BEATS),
  };
  return connect(where, {
    noDelay: true,
    keepAlive: true,
    timeout: connectTimeoutMs,
    credentials: signIn[login](user, password),
    clientProperties: { connection_name: name, product: 'neutrino' },
    ...(tls !== null && {
      ...(tls.ca && { ca: tls.ca }),
      ...(tls.cert && { cert: tls.cert }),
      ...(tls.key && { key: tls.key }),
      rejectUnauthorized: tls.ca !== undefined,
      ...(!tls.verifyName && { checkServerIdentity: () => undefined }),
    }),
  });
}

const signIn = {
  PLAIN: credentials.plain,
  AMQPLAIN: credentials.amqplain,
  EXTERNAL: () => credentials.external(),
} as const;

/** Why a broker cannot be used, with the remedy where there is one; never with what signs us in. */
export function whyNoBroker(error: unknown, { host, user }: BrokerHost, vhost: string): string {
  const { message = '', code = '', errors } = error as { message?: string; code?: string; errors?: Error[] };
  if (/ACCESS_REFUSED|403/.test(message)) {
    return `${host} does not let ${user} in; check user and password of transport_url (rabbitmqctl list_users)`;
  }
  if (/vhost|530|NOT_ALLOWED/i.test(message)) {
    return `${user} may not use the vhost ${vhost}, or there is none (rabbitmqctl list_permissions -p ${vhost})`;
  }
  return `${host}: ${(message || errors?.[0]?.message || code || String(error)).split('\n')[0]}`;
}

const CLOSE_MS = 1_000;

/** Closes in order when the broker answers, and otherwise all the same: the driver waits for ever on a socket that is dead. */
export async function closeConnection(connection: ChannelModel): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, CLOSE_MS);
  });
  await Promise.race([connection.close().catch(() => {}), late]);
  clearTimeout(timer);
  (connection.connection as unknown as { stream?: { destroy(): void } }).stream?.destroy();
}
