import type { Database, Tx } from '../db/database.ts';
import { DatabaseError, whyBusy } from '../db/errors.ts';
import { isBusy, isForeignKeyViolation, isUniqueViolation } from '../db/retry.ts';
import { isSerial, type Turn, takeTurn } from '../db/write/turns.ts';
import type { Context } from '../lib/context.ts';
import { defineErrors } from '../lib/errors.ts';
import type { Input } from './contract.ts';
import type { News } from './news/news.ts';
import { type Noted, newsOf } from './news/task-news.ts';
import type { Outbox, ResourceType, Task } from './outbox/outbox.ts';
import { apiTime } from './parts.ts';
import type { CountedInputs, Quotas } from './quota/quotas.ts';
import type { RecentRequests } from './recent-requests.ts';

export const changeErrors = defineErrors({
  RevisionNumberConstraintFailed: [
    'precondition_failed',
    'Constrained to {expected}, but current revision is {current}',
  ],
  ServiceUnavailable: ['unavailable', '{what} at this moment; try again.'],
});

const { ServiceUnavailable: inDoubt } = defineErrors({
  ServiceUnavailable: [
    'unavailable',
    'The connection to the database was lost while the change was being committed; look whether it was made before trying again.',
  ],
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
  /**
   * A resource is new or another now, which means nothing to agents: noted where somebody listens to its objects.
   * @param what what people who look on are told
   */
  changed(resourceType: ResourceType, id: string, what?: 'created' | 'updated'): Promise<void>;
}

/** Runs changes: one transaction each, done again when a race for an address, MAC or segment was lost. */
export class Changes {
  readonly #database: Database;
  readonly #outbox: Outbox;
  readonly #now: () => number;
  readonly #quotas: Quotas;
  readonly #requests: RecentRequests;
  readonly #wanted: (resourceType: ResourceType) => boolean;
  readonly #onLostRace: () => void;
  readonly #news: News | null;

  constructor(parts: {
    database: Database;
    outbox: Outbox;
    quotas: Quotas;
    now: () => number;
    requests: RecentRequests;
    /** Whether somebody listens to objects of a type. */
    wanted: (resourceType: ResourceType) => boolean;
    onLostRace: () => void;
    /** Who looks on; nobody when left out. */
    news?: News;
  }) {
    this.#database = parts.database;
    this.#outbox = parts.outbox;
    this.#now = parts.now;
    this.#quotas = parts.quotas;
    this.#requests = parts.requests;
    this.#wanted = parts.wanted;
    this.#onLostRace = parts.onLostRace;
    this.#news = parts.news ?? null;
  }

  /**
   * @param turn whether other changes may be under way at the same time (db/write/turns.ts); null where that does not
   * matter, as for statuses
   * @returns what `work` returned, and the tasks it noted, for after the commit
   */
  async run<T>(
    context: Context,
    work: (change: Change) => Promise<T>,
    turn: Turn | null = 'alone',
  ): Promise<{ result: T; tasks: Task[] }> {
    let tasks: Task[] = [];
    let noted: Noted[] = [];
    // A parent that went away between reading and writing: the next attempt finds it gone, and says so.
    const lostRace = (error: unknown) => isUniqueViolation(error) || isForeignKeyViolation(error);
    const retryOn = (error: unknown) => {
      if (!lostRace(error)) return false;
      this.#onLostRace();
      return true;
    };
    const result = await this.#database
      .transaction(
        async (tx) => {
          tasks = [];
          noted = [];
          const nowMs = this.#now();
          if (turn !== null) await takeTurn(tx, turn);
          const counted: CountedInputs[] = [];
          const changed = new Set<string>();
          const todo: Change['todo'] = async (resource_type, resource_id, action, payload = {}, known) => {
            noted.push({ type: resource_type, id: resource_id, action, payload });
            tasks.push(await this.#outbox.add(tx, { resource_type, resource_id, action, payload, context, known }));
          };
          const result = await work({
            tx,
            context,
            nowMs,
            time: apiTime(nowMs),
            quota: async (resource, inputs) => {
              if (turn !== 'together' || isSerial(tx)) return this.#quotas.checkInputs(tx, resource, inputs);
              if (await this.#quotas.checkBeside(tx, { resource, inputs })) counted.push({ resource, inputs });
            },
            todo,
            changed: async (type, id, what = 'updated') => {
              noted.push({ type, id, action: what });
              if (!this.#wanted(type) || changed.has(`${type} ${id}`)) return;
              changed.add(`${type} ${id}`);
              await todo(type, id, 'changed');
            },
          });
          // Others may have been adding at the same time: whoever counts last, with the rows in place, knows.
          if (counted.length > 0) await this.#quotas.recount(tx, counted);
          return result;
        },
        { retryOn },
      )
      .catch((error) => {
        if (isBusy(error)) throw changeErrors.ServiceUnavailable({ what: whyBusy(error) }, error);
        if (error instanceof DatabaseError && error.kind === 'in_doubt') throw inDoubt({}, error);
        if (!isUniqueViolation(error)) throw error;
        throw changeErrors.ServiceUnavailable({ what: 'Too many requests want the same addresses' }, error);
      });
    if (this.#news?.wanted) this.#news.note(newsOf(noted, context));
    // What an agent reports is its own doing.
    const isAsked = context.projectId !== null || context.userId !== null;
    for (const { resource_type, resource_id, action } of isAsked ? tasks : []) {
      if (resource_type === 'port' && action !== 'changed') this.#requests.note(resource_id, context);
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
