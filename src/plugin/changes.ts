import type { Database, Tx } from '../db/database.ts';
import { isBusy, isUniqueViolation } from '../db/retry.ts';
import type { Context } from '../lib/context.ts';
import { defineErrors } from '../lib/errors.ts';
import type { Input } from './contract.ts';
import type { Outbox, ResourceType, Task } from './outbox/outbox.ts';
import { apiTime } from './parts.ts';
import type { Quotas } from './quota/quotas.ts';
import type { RecentRequests } from './recent-requests.ts';

export const changeErrors = defineErrors({
  RevisionNumberConstraintFailed: [
    'precondition_failed',
    'Constrained to {expected}, but current revision is {current}',
  ],
  ServiceUnavailable: ['unavailable', '{what} at this moment; try again.'],
});

/** One change of the state of the network, while its transaction is open. */
export interface Change {
  readonly tx: Tx;
  readonly context: Context;
  /** The moment of the change, in milliseconds and as the API shows it. */
  readonly nowMs: number;
  readonly time: string;
  /**
   * Before rows of a resource are inserted for their projects: that no limit is exceeded.
   * @param resource the name quotas know it by
   * @throws OverQuota
   */
  quota(resource: string, inputs: readonly Input[]): Promise<void>;
  /** Notes what is to be done after the commit. `known` is for this process only and saves it from reading. */
  todo(
    resourceType: ResourceType,
    id: string,
    action: string,
    payload?: Record<string, unknown>,
    known?: unknown,
  ): Promise<void>;
}

/** Runs changes: one transaction each, done again when a race for an address, MAC or segment was lost. */
export class Changes {
  readonly #database: Database;
  readonly #outbox: Outbox;
  readonly #now: () => number;
  readonly #quotas: Quotas;
  readonly #requests: RecentRequests;
  readonly #onLostRace: () => void;

  constructor(parts: {
    database: Database;
    outbox: Outbox;
    quotas: Quotas;
    now: () => number;
    requests: RecentRequests;
    onLostRace: () => void;
  }) {
    this.#database = parts.database;
    this.#outbox = parts.outbox;
    this.#now = parts.now;
    this.#quotas = parts.quotas;
    this.#requests = parts.requests;
    this.#onLostRace = parts.onLostRace;
  }

  /** @returns what `work` returned, and the tasks it noted, for after the commit */
  async run<T>(context: Context, work: (change: Change) => Promise<T>): Promise<{ result: T; tasks: Task[] }> {
    let tasks: Task[] = [];
    const retryOn = (error: unknown) => {
      if (!isUniqueViolation(error)) return false;
      this.#onLostRace();
      return true;
    };
    const result = await this.#database
      .transaction(
        (tx) => {
          tasks = [];
          const nowMs = this.#now();
          return work({
            tx,
            context,
            nowMs,
            time: apiTime(nowMs),
            quota: (resource, inputs) => this.#quotas.checkInputs(tx, resource, inputs),
            todo: async (resource_type, resource_id, action, payload = {}, known) => {
              tasks.push(await this.#outbox.add(tx, { resource_type, resource_id, action, payload, context, known }));
            },
          });
        },
        { retryOn },
      )
      .catch((error) => {
        if (isBusy(error)) throw changeErrors.ServiceUnavailable({ what: 'The database is busy' }, error);
        if (!isUniqueViolation(error)) throw error;
        throw changeErrors.ServiceUnavailable({ what: 'Too many requests want the same addresses' }, error);
      });
    for (const { resource_type, resource_id } of tasks) {
      if (resource_type === 'port') this.#requests.note(resource_id, context);
    }
    return { result, tasks };
  }
}

/** @throws RevisionNumberConstraintFailed when the client wants to change another revision than there is */
export function checkRevision(expected: number | null | undefined, current: number): void {
  if (expected !== null && expected !== undefined && expected !== current) {
    throw changeErrors.RevisionNumberConstraintFailed({ expected, current });
  }
}
