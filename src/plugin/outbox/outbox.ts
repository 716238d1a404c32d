import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Database, Tx } from '../../db/database.ts';
import {
  claimOutbox,
  deleteOutbox,
  holdOutbox,
  insertOutbox,
  type OutboxRow,
  outboxCounts,
  remainingOutbox,
} from '../../db/outbox.ts';
import { CauseList, causedBy } from '../../lib/cause.ts';
import { adminContext, type Context } from '../../lib/context.ts';
import type { Logger } from '../../lib/log.ts';

export type ResourceType =
  | 'network'
  | 'subnet'
  | 'port'
  | 'agent'
  | 'security_group'
  | 'security_group_rule'
  | 'address_group'
  | 'trunk'
  | 'qos_policy'
  | 'router'
  | 'floatingip'
  | 'port_forwarding'
  | 'conntrack_helper'
  | 'ndp_proxy'
  | 'metering_label'
  | 'server';

/** Types whose tasks are told by somebody else than agents, in a lane of their own: who is away there holds up nobody here. */
const OTHER_LANES: readonly ResourceType[] = ['server'];

/** Something to do about a committed change, as its row in `outbox` says it. */
export interface Task {
  readonly id: number;
  readonly resource_type: ResourceType;
  readonly resource_id: string;
  readonly action: string;
  readonly payload: Readonly<Record<string, unknown>>;
  /** Who caused it; after a restart an administrator under that request's id. */
  readonly context?: Context;
  /** What this process knows already and would otherwise read again. */
  readonly known?: unknown;
}

/** Does tasks. Both must be repeatable: after a crash nobody knows how far it came. */
export interface TaskWorker {
  /** The part a client waits for (binding); absent actions need none. */
  prepare(task: Task): Promise<void>;
  /**
   * The part nobody waits for: telling agents. Tasks come in order, as many as were waiting. After one that failed those of
   * the same resource fail, too: they are to be told in order.
   */
  tell(tasks: readonly Task[], done: (task: Task, error: unknown) => void): Promise<void>;
}

export interface OutboxParts {
  readonly database: Database;
  readonly logger: Logger;
  readonly now: () => number;
  readonly worker: TaskWorker;
  /** Called after a commit that left tasks in another lane; where nobody is, nothing notes such tasks. */
  readonly wakeLane?: () => void;
}

/** What is older than this is taken up by any server: its own is dead, or failed. */
const TAKE_UP_AFTER_MS = 2_000;
/** How often a server looks at what others left behind, one of them at a time, and at what it is still telling itself. */
export const SWEEP_EVERY_MS = 1_000;
/** So few at a time that they are done before the claim on them lapses. */
const SWEEP_LIMIT = 100;
/** Tasks told and deleted together. */
const BATCH = 64;

/**
 * Tasks are rows written by the transaction that makes the change, so that none is lost. Normally the process that wrote
 * them does them at once, in the order of their commits, and deletes the rows in batches.
 */
export class Outbox {
  /** Tasks since the start: done, and failed at one try. */
  readonly statistics = { done: 0, failed: 0 };
  readonly #parts: OutboxParts;
  readonly #waiting: Task[] = [];
  /** Rows this process is about to do: it renews the claim on them. */
  readonly #mine = new Set<number>();
  /** Rows left to the sweep of some server, with their resources: what failed, and what came behind it and must not overtake it. */
  readonly #left = new Map<number, string>();
  #running: Promise<void> | null = null;
  #sweeping: Promise<void> | null = null;
  #tending: Promise<void> | null = null;
  #timer: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(parts: OutboxParts) {
    this.#parts = parts;
  }

  /** Begins to look after its own rows; does what an earlier life of this server left behind. */
  start(): void {
    this.#timer = setInterval(() => void this.#tend(), SWEEP_EVERY_MS);
    this.#timer.unref();
    void this.sweep();
  }

  /** Waits for what is being told. Rows not done stay for the next start. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#timer) clearInterval(this.#timer);
    await this.#sweeping;
    await this.#tending;
    await this.idle();
  }

  /** Settles when nothing is waiting to be told. */
  async idle(): Promise<void> {
    while (this.#running) await this.#running;
  }

  /** Writes a task's row inside the transaction. Give the result, which has its id by then, to `tellSoon` after the commit. */
  async add(tx: Tx, task: Omit<Task, 'id'>): Promise<Task> {
    const { resource_type, resource_id, action, payload, context } = task;
    const created_at = this.#parts.now();
    const noted = { ...task, id: 0 };
    const row = {
      resource_type,
      resource_id,
      action,
      payload: JSON.stringify(context ? { ...payload, request_id: context.requestId } : payload),
      created_at,
    };
    await insertOutbox(tx, row, (id) => {
      noted.id = id;
    });
    return noted;
  }

  /** Tells agents of committed changes, after those that were waiting; nobody waits for it. */
  tellSoon(tasks: readonly Task[]): void {
    if (this.#closed || tasks.length === 0) return;
    for (const task of tasks) {
      if (OTHER_LANES.includes(task.resource_type)) {
        this.#parts.wakeLane?.();
        continue;
      }
      this.#mine.add(task.id);
      this.#waiting.push(task);
    }
    if (this.#waiting.length > 0) this.#running ??= this.#drain();
  }

  /**
   * Does what was left behind by a server that died, or could not be told before: a duty that one server has.
   * @param goOn asked before more is taken up
   */
  sweep(goOn: () => boolean = () => true): Promise<void> {
    this.#sweeping ??= this.#sweepOnce(goOn).finally(() => {
      this.#sweeping = null;
    });
    return this.#sweeping;
  }

  /** Shows that this server is at its rows still, and forgets those that somebody else has done. */
  #tend(): Promise<void> {
    if (this.#mine.size === 0 && this.#left.size === 0) return Promise.resolve();
    this.#tending ??= this.#parts.database
      .transaction((tx) => this.#tendIn(tx))
      .catch((error) => this.#parts.logger.debug({ error }, 'a claim on tasks could not be renewed'))
      .finally(() => {
        this.#tending = null;
      });
    return this.#tending;
  }

  async #tendIn(tx: Tx): Promise<void> {
    if (this.#left.size > 0) {
      const remaining = new Set(await remainingOutbox(tx, [...this.#left.keys()]));
      for (const id of this.#left.keys()) if (!remaining.has(id)) this.#left.delete(id);
    }
    if (this.#mine.size > 0) await holdOutbox(tx, [...this.#mine], this.#parts.now());
  }

  async #drain(): Promise<void> {
    try {
      while (this.#waiting.length > 0) {
        // Requests first: telling may take a while.
        await nextTurn();
        await this.#tellBatch(this.#withoutOvertakers(this.#waiting.splice(0, BATCH)));
      }
    } catch (error) {
      this.#parts.logger.error({ error }, 'telling agents failed');
    } finally {
      this.#running = null;
    }
  }

  async #tellBatch(tasks: readonly Task[]): Promise<void> {
    const done: number[] = [];
    const note = (task: Task, error: unknown) => {
      if (error === undefined) {
        this.statistics.done += 1;
        done.push(task.id);
        return;
      }
      this.#left.set(task.id, resourceOf(task));
      this.#report(task, error);
    };
    const causes = new CauseList();
    for (const { context } of tasks) if (context) causes.add([context]);
    try {
      await causedBy(causes.take(), () => this.#parts.worker.tell(tasks, note));
      if (done.length > 0) await this.#parts.database.transaction((tx) => deleteOutbox(tx, done));
      for (const id of done) this.#left.delete(id);
    } finally {
      for (const { id } of tasks) this.#mine.delete(id);
    }
  }

  /** A task whose resource has an older one in the table waits there behind it: the sweep keeps their order. */
  #withoutOvertakers(tasks: readonly Task[]): readonly Task[] {
    if (this.#left.size === 0) return tasks;
    const waiting = new Set(this.#left.values());
    return tasks.filter((task) => {
      if (!waiting.has(resourceOf(task))) return true;
      this.#left.set(task.id, resourceOf(task));
      this.#mine.delete(task.id);
      return false;
    });
  }

  async #sweepOnce(goOn: () => boolean): Promise<void> {
    try {
      for (;;) {
        const { total } = await outboxCounts(this.#parts.database.db, OTHER_LANES);
        if (total === 0) this.#left.clear();
        if (total === 0 || this.#closed || !goOn()) return;
        const rows = await this.#claim();
        if (rows.length === 0 || this.#closed) return;
        this.#parts.logger.info({ tasks: rows.length }, 'taking up tasks that were left behind');
        await this.#takeUp(rows);
        if (rows.length < SWEEP_LIMIT) return;
      }
    } catch (error) {
      if (!this.#closed) this.#parts.logger.error({ error }, 'looking after left-behind tasks failed');
    }
  }

  #claim(): Promise<OutboxRow[]> {
    const { database, now } = this.#parts;
    return database.transaction(async (tx) => {
      const nowMs = now();
      await this.#tendIn(tx);
      return claimOutbox(tx, { before: nowMs - TAKE_UP_AFTER_MS, now: nowMs, limit: SWEEP_LIMIT, except: OTHER_LANES });
    });
  }

  async #takeUp(rows: readonly OutboxRow[]): Promise<void> {
    const ready: Task[] = [];
    /** Resources with a task that failed: their later ones wait, so that order holds. */
    const held = new Set<string>();
    for (const row of rows) {
      const key = resourceOf(row);
      if (held.has(key)) continue;
      const task = taskOf(row);
      try {
        await causedBy(task.context ? [task.context] : [], () => this.#parts.worker.prepare(task));
        ready.push(task);
      } catch (error) {
        held.add(key);
        this.#left.set(task.id, key);
        this.#report(task, error);
      }
    }
    if (ready.length > 0) await this.#tellBatch(ready);
  }

  #report(task: Task, error: unknown): void {
    const { resource_type: resource, resource_id: id, action, context } = task;
    const request_id = context?.requestId;
    this.statistics.failed += 1;
    this.#parts.logger.warn({ request_id, resource, id, action, error }, 'task failed; it will be tried again');
  }
}

/** A task as its row has it. */
function taskOf(row: OutboxRow): Task {
  const { request_id, ...payload } = JSON.parse(row.payload) as Record<string, unknown>;
  const context = typeof request_id === 'string' ? { context: adminContext(request_id) } : {};
  return { ...row, resource_type: row.resource_type as ResourceType, payload, ...context };
}

function resourceOf({ resource_type, resource_id }: { resource_type: string; resource_id: string }): string {
  return `${resource_type} ${resource_id}`;
}
