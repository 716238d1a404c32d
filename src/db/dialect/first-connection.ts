import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../../lib/log.ts';
import { ConnectionError } from '../errors.ts';
import type { StartOptions } from './contract.ts';

/**
 * Opens the first connection of a program, and goes on trying while the server may still be starting, as oslo.db does.
 *
 * @param parts.why what is wrong in one line when trying again does not help, else null
 * @throws ConnectionError
 */
export async function firstConnection<C>(
  open: () => Promise<C>,
  { start, logger, why }: { start: StartOptions; logger: Logger; why: (error: unknown) => string | null },
): Promise<C> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await open();
    } catch (error) {
      if (error instanceof ConnectionError) throw error;
      const reason = why(error);
      if (reason !== null) throw new ConnectionError(`[database] connection: ${reason}`, error);
      const text = `the server does not answer: ${firstLine(error)}`;
      if (start.attempts >= 0 && attempt > start.attempts) {
        throw new ConnectionError(`[database] connection: ${text}; start it, or correct host and port`, error);
      }
      logger.warn({ attempt, of: start.attempts, seconds: start.pauseMs / 1000 }, `database: ${text}; trying again`);
      await delay(start.pauseMs);
    }
  }
}

/** Node gathers the failures of a name's several addresses in an error without a text of its own. */
function firstLine(error: unknown): string {
  const { message, errors, code } = error as { message?: string; errors?: Error[]; code?: string };
  return (message || errors?.[0]?.message || code || String(error)).split('\n')[0]!;
}
