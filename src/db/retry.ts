import { setTimeout as delay } from 'node:timers/promises';
import { DatabaseError } from './errors.ts';

/**
 * Thrown inside a transaction to have it rolled back and done again: "what I read was changed under me", or "somebody took
 * the address I chose". After the last attempt `cause` is what the caller gets.
 */
export class RetryRequest extends Error {
  constructor(cause: unknown) {
    super('the transaction should be done again', { cause });
    this.name = 'RetryRequest';
  }
}

export interface RetryOptions {
  /** How often the work is done at most. */
  attempts?: number;
  /** Errors, besides deadlocks and RetryRequest, after which the work is done again: lost unique races, usually. */
  retryOn?: (error: unknown) => boolean;
  /** Told before each further attempt. */
  onRetry?: (why: RetryReason) => void;
}

/** The work asked for it, the database was busy or lost, or a race for a unique key was. */
export type RetryReason = 'requested' | 'busy' | 'race';

const ATTEMPTS = 10;
const FIRST_PAUSE_MS = 2;
const LONGEST_PAUSE_MS = 250;

/** True for a violated unique or primary key; of that table only when one is named. */
export function isUniqueViolation(error: unknown, table?: string): boolean {
  return error instanceof DatabaseError && error.kind === 'unique' && (table === undefined || error.table === table);
}

/** True when a row's parent does not exist, or a row cannot go because it has children. */
export function isForeignKeyViolation(error: unknown): boolean {
  return error instanceof DatabaseError && error.kind === 'foreign_key';
}

/** True for a deadlock or lock wait: nothing was written, and the same work may succeed when done again. */
export function isBusy(error: unknown): boolean {
  return error instanceof DatabaseError && error.kind === 'busy';
}

/**
 * Does `work` (one whole transaction) again while it fails for a reason that may pass. Pauses grow and are random, so that
 * two servers which met once do not meet again; the first attempt after a lost unique race does not wait at all, because
 * the winner has committed by then.
 *
 * @throws what the last attempt threw (of a RetryRequest: its cause)
 */
export async function withRetry<T>(work: () => Promise<T>, options: RetryOptions = {}): Promise<T> {
  const attempts = options.attempts ?? ATTEMPTS;
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      const requested = error instanceof RetryRequest;
      const busy = isBusy(error);
      const wanted = requested || busy || (options.retryOn?.(error) ?? false);
      if (!wanted || attempt >= attempts) throw requested ? error.cause : error;
      options.onRetry?.(requested ? 'requested' : busy ? 'busy' : 'race');
      if (busy || attempt > 1) await delay(pauseMs(attempt));
    }
  }
}

function pauseMs(attempt: number): number {
  return Math.random() * Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** attempt);
}
