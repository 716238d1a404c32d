import type { Config } from '../../src/config/config.ts';
import { ConfigError } from '../../src/config/errors.ts';
import type { CommandCounts } from '../../src/linux/exec/client.ts';
import type { Figures } from '../../src/metrics/figures.ts';
import { metricsOptions, parseListen } from '../../src/metrics/options.ts';
import type { Transport } from '../../src/rpc/transport.ts';
import type { ProgramLogger } from './log.ts';
import { version } from './version.ts';

/**
 * The figures of a program, answered at `[metrics] listen`; null where that is not set: then nothing of it is loaded.
 *
 * @param options.portOffset each of several workers has a port of its own, from the configured one on
 * @throws ConfigError when it cannot listen there
 */
export async function openFigures(
  program: string,
  { config, logger, portOffset = 0 }: { config: Config; logger: ProgramLogger; portOffset?: number },
): Promise<{ figures: Figures; close(): Promise<void> } | null> {
  const { listen } = config.get(metricsOptions);
  if (listen === null) return null;
  const [{ Figures }, { serveMetrics }] = await Promise.all([
    import('../../src/metrics/figures.ts'),
    import('../../src/metrics/server.ts'),
  ]);
  const figures = new Figures({ program, version: version(), logger });
  const { host, port } = parseListen(listen)!;
  const server = await serveMetrics(figures, { host, port: port + portOffset }).catch((cause: Error) => {
    throw new ConfigError(`${config.where('metrics', 'listen')}: cannot listen there: ${cause.message}`, { cause });
  });
  logger.info({ url: server.url }, 'figures for Prometheus');
  return { figures, close: () => server.close() };
}

/** What every program says and hears on the queue. */
export function queueFigures(figures: Figures, transport: Transport): void {
  const { statistics } = transport;
  figures.gauge('neutrino_queue_up', 'Whether there is a connection to the queue.', [], () =>
    transport.awayMs === 0 ? 1 : 0,
  );
  figures.counter(
    'neutrino_queue_reconnects_total',
    'Connections that came back after they were lost.',
    [],
    () => statistics.reconnects,
  );
  figures.counter('neutrino_queue_sent_total', 'Messages sent, by kind.', ['kind'], () =>
    byLabel('kind', statistics.sent),
  );
  figures.counter('neutrino_queue_received_total', 'Messages received, by kind.', ['kind'], () =>
    byLabel('kind', statistics.received),
  );
  figures.gauge('neutrino_queue_calls', 'Calls that wait for their answer.', [], () => transport.callsUnderWay);
  figures.counter('neutrino_queue_timeouts_total', 'Calls that got no answer.', [], () => statistics.timeouts);
  figures.counter('neutrino_rpc_served_total', 'Methods served, by outcome.', ['method', 'outcome'], () =>
    [...statistics.served].flatMap(([method, { done, failed }]) => [
      [{ method, outcome: 'done' }, done] as const,
      [{ method, outcome: 'failed' }, failed] as const,
    ]),
  );
  figures.counter('neutrino_rpc_served_seconds_total', 'Time that serving methods took.', ['method'], () =>
    [...statistics.served].map(([method, { seconds }]) => [{ method }, seconds] as const),
  );
}

/** Commands that an agent ran, by program: those of the helper's list, and no other. */
export function commandFigures(figures: Figures, commands: ReadonlyMap<string, CommandCounts>): void {
  figures.counter('neutrino_commands_total', 'Commands, by program and outcome.', ['command', 'outcome'], () =>
    [...commands].flatMap(([command, { ran, started, failed }]) => [
      [{ command, outcome: 'ran' }, ran] as const,
      [{ command, outcome: 'started' }, started] as const,
      [{ command, outcome: 'failed' }, failed] as const,
    ]),
  );
  figures.counter('neutrino_command_seconds_total', 'Time that commands took.', ['command'], () =>
    [...commands].map(([command, { seconds }]) => [{ command }, seconds] as const),
  );
}

/** @param fullSyncAtMs ms since the epoch, null when there was none */
export function syncFigures(
  figures: Figures,
  read: () => { rounds: number; failed: number; seconds: number; fullSyncAtMs: number | null },
): void {
  figures.counter('neutrino_sync_total', 'Rounds of work on the host, by outcome.', ['outcome'], () => {
    const { rounds, failed } = read();
    return byLabel('outcome', { done: rounds - failed, failed });
  });
  figures.counter('neutrino_sync_seconds_total', 'Time that rounds of work took.', [], () => read().seconds);
  figures.gauge(
    'neutrino_full_sync_timestamp_seconds',
    'When the host last was as the server has it, all of it.',
    [],
    () => {
      const { fullSyncAtMs } = read();
      return fullSyncAtMs === null ? [] : [[{}, fullSyncAtMs / 1000]];
    },
  );
}

/** One sample for each key of an object of numbers. */
export function byLabel(
  name: string,
  counts: Readonly<Record<string, number>>,
): (readonly [Record<string, string>, number])[] {
  return Object.entries(counts).map(([key, value]) => [{ [name]: key }, value] as const);
}
