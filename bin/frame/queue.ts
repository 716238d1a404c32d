import type { Config } from '../../src/config/config.ts';
import { ConfigError } from '../../src/config/errors.ts';
import { commonOptions } from '../../src/config/options/common.ts';
import type { Logger } from '../../src/lib/log.ts';
import { rabbitOptions } from '../../src/rpc/amqp/options.ts';
import type { Transport } from '../../src/rpc/transport.ts';

/** The way to the queue, and how it ends. */
export interface Queue {
  readonly transport: Transport;
  close(): Promise<void>;
}

interface QueueParts {
  readonly config: Config;
  readonly logger: Logger;
}

/** What the server talks over: with `local://` it serves the bus itself. @throws ConfigError, SocketPathError */
export async function serveQueue(program: string, { config, logger }: QueueParts): Promise<Queue> {
  const socketPath = localSocket(config);
  if (socketPath === null) return connectBroker(program, { config, logger });
  const { serveLocalBus } = await import('../../src/rpc/local/serve.ts');
  return serveLocalBus({ socketPath, logger }).catch((cause: Error) => {
    if (cause.name !== 'SocketPathError') throw cause;
    throw new ConfigError(`${config.where('DEFAULT', 'transport_url')}: ${cause.message}`, { cause });
  });
}

/** What a worker of the server talks over: beside the others, and with `local://` on the bus that their supervisor serves. */
export async function joinQueue(program: string, { config, logger }: QueueParts): Promise<Queue> {
  const socketPath = localSocket(config);
  if (socketPath === null) return connectBroker(program, { config, logger });
  const { connectLocalBus } = await import('../../src/rpc/local/connect.ts');
  const transport = connectLocalBus({ socketPath, logger, program });
  return { transport, close: () => transport.close() };
}

/** Whether the queue is one host's own. */
export function isLocal(config: Config): boolean {
  return localSocket(config) !== null;
}

/**
 * What an agent talks over, made in the background: the server may come later. A server that is too busy to answer is given
 * more time with every call.
 */
export async function connectQueue(program: string, { config, logger }: QueueParts): Promise<Transport> {
  const socketPath = localSocket(config);
  const transport =
    socketPath === null
      ? (await connectBroker(program, { config, logger })).transport
      : (await import('../../src/rpc/local/connect.ts')).connectLocalBus({ socketPath, logger, program });
  const { backingOff } = await import('../../src/rpc/backing-off.ts');
  const { rpc_response_timeout, rpc_response_max_timeout } = config.get(commonOptions);
  return backingOff(transport, { firstMs: rpc_response_timeout * 1000, mostMs: rpc_response_max_timeout * 1000 });
}

/** Path of the socket of a `local://` URL; null for others. */
function localSocket(config: Config): string | null {
  const match = /^local:(?:\/\/)?(.*)$/.exec(config.get(commonOptions).transport_url);
  return match === null ? null : match[1]!;
}

async function connectBroker(program: string, { config, logger }: QueueParts): Promise<Queue> {
  const [{ parseBrokerUrl }, { amqpSettings }, { connectAmqp }] = await Promise.all([
    import('../../src/rpc/amqp/url.ts'),
    import('../../src/rpc/amqp/options.ts'),
    import('../../src/rpc/amqp/connect.ts'),
  ]);
  const { transport_url, control_exchange } = config.get(commonOptions);
  try {
    const url = parseBrokerUrl(transport_url);
    const settings = amqpSettings(config.get(rabbitOptions), control_exchange, url.query);
    const transport = connectAmqp({ url, settings, program, logger });
    return { transport, close: () => transport.close() };
  } catch (cause) {
    const { message } = cause as Error;
    const text = message.startsWith('[') ? message : `${config.where('DEFAULT', 'transport_url')}: ${message}`;
    throw new ConfigError(text, { cause });
  }
}
