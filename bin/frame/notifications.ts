import type { Config } from '../../src/config/config.ts';
import { ConfigError } from '../../src/config/errors.ts';
import { commonOptions } from '../../src/config/options/common.ts';
import type { Figures } from '../../src/metrics/figures.ts';
import { rabbitOptions } from '../../src/rpc/amqp/options.ts';
import type { Outlet } from '../../src/rpc/amqp/outlet.ts';
import type { NotificationDriver, Notifier } from '../../src/rpc/notifications/notifier.ts';
import { notificationOptions } from '../../src/rpc/notifications/options.ts';
import type { ProgramLogger } from './log.ts';
import { byLabel } from './metrics.ts';

const SECTION = 'oslo_messaging_notifications';
const KNOWN = ['messagingv2', 'messaging', 'log', 'noop'];

export interface Notifications {
  readonly notices: Notifier;
  /** Null where nothing leaves by RabbitMQ. */
  readonly outlet: Outlet | null;
  close(): Promise<void>;
}

/**
 * Who is told of what the API does, by `[oslo_messaging_notifications] driver`; null where nobody is: then nothing of it is
 * loaded. A driver that is not there is passed over with a line, as upstream does.
 *
 * @param options.service names the publisher: `<service>.<host>`
 * @throws ConfigError for a `transport_url` that cannot be used
 */
export async function openNotifications(
  service: string,
  { config, logger, program }: { config: Config; logger: ProgramLogger; program: string },
): Promise<Notifications | null> {
  const { driver, topics, retry } = config.get(notificationOptions);
  const names = [...new Set(driver)].filter((name) => !['', 'noop', 'test'].includes(name));
  if (names.length === 0) return null;
  const { Notifier, logDriver, messagingDriver } = await import('../../src/rpc/notifications/notifier.ts');
  const drivers: NotificationDriver[] = [];
  let outlet: Outlet | null = null;
  for (const name of names) {
    if (name === 'log') drivers.push(logDriver({ info: logger.later }));
    else if (name === 'messaging' || name === 'messagingv2') {
      outlet ??= await openOutlet(program, { config, logger, retry });
      if (outlet === null) {
        const remedy = `give [${SECTION}] transport_url = rabbit://…, or driver = log`;
        logger.warn({ at: config.where(SECTION, 'driver'), remedy }, 'notifications have no RabbitMQ: none are sent');
      } else drivers.push(messagingDriver(outlet, { topics, envelope: name === 'messagingv2' }));
    } else {
      const at = config.where(SECTION, 'driver');
      logger.warn({ at, driver: name, known: KNOWN }, 'there is no such driver of notifications; it is passed over');
    }
  }
  if (drivers.length === 0) return null;
  const notices = new Notifier(`${service}.${config.get(commonOptions).host}`, drivers);
  return { notices, outlet, close: async () => outlet?.close() };
}

/** Null on the local bus: nobody reads notifications there. */
async function openOutlet(
  program: string,
  { config, logger, retry }: { config: Config; logger: ProgramLogger; retry: number },
): Promise<Outlet | null> {
  const { transport_url: own } = config.get(notificationOptions);
  const { transport_url: common, control_exchange } = config.get(commonOptions);
  const text = own ?? common;
  if (text.startsWith('local:')) return null;
  const [{ parseBrokerUrl }, { amqpSettings }, { Outlet }] = await Promise.all([
    import('../../src/rpc/amqp/url.ts'),
    import('../../src/rpc/amqp/options.ts'),
    import('../../src/rpc/amqp/outlet.ts'),
  ]);
  try {
    const url = parseBrokerUrl(text);
    const settings = amqpSettings(config.get(rabbitOptions), control_exchange, url.query);
    return new Outlet({ url, settings, program, logger, retry });
  } catch (cause) {
    const { message } = cause as Error;
    const where = own === null ? config.where('DEFAULT', 'transport_url') : config.where(SECTION, 'transport_url');
    throw new ConfigError(message.startsWith('[') ? message : `${where}: ${message}`, { cause });
  }
}

export function notificationFigures(figures: Figures, outlet: Outlet): void {
  figures.counter('neutrino_notifications_total', 'Notifications by RabbitMQ, by outcome.', ['outcome'], () =>
    byLabel('outcome', { ...outlet.statistics }),
  );
  figures.gauge('neutrino_notifications_waiting', 'Those that RabbitMQ has not confirmed.', [], () => outlet.waiting);
}
