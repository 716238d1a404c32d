import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Database } from '../../db/database.ts';
import { deleteOutbox, holdOutbox, type OutboxRow } from '../../db/outbox.ts';
import { claimLane, laneWaits, releaseLane, trimLane } from '../../db/outbox-lane.ts';
import { type Cause, CauseList, causedBy } from '../../lib/cause.ts';
import type { Logger } from '../../lib/log.ts';
import type { ServerEvent } from '../../lib/server-event.ts';
import type { ResourceType } from '../outbox/outbox.ts';
import type { StopPoint } from '../outbox/stop-point.ts';
import type { Nova } from './contract.ts';

export const NOVA_LANE: ResourceType = 'server';

/** Events in one request. */
const BATCH = 500;
/** How often a server looks for what others, or an earlier life of it, left behind; and how soon it tries Nova again. */
const LOOK_EVERY_MS = 1_000;
/** It takes twice as long each time, up to this: neither Nova nor Keystone comes back any sooner for being asked. */
const RETRY_MOST_MS = 10_000;
/** A server that holds rows says so each second; one that was silent this long is dead. */
const LAPSES_AFTER_MS = 5_000;
/** What is kept for a Nova that is away. A guest that waits for its port gives up after five minutes, long before. */
const MOST_EVENTS = 10_000;
const MOST_MS = 3_600_000;
/** How long a planned end waits for what is being sent. */
const CLOSE_AFTER_MS = 2_000;

export interface NovaLaneParts {
  readonly database: Database;
  readonly nova: Nova;
  readonly logger: Logger;
  readonly now: () => number;
  readonly stopPoint: StopPoint;
}

/**
 * Sends Nova the events that changes noted: the first at once, what comes after it together when the interval is over
 * (upstream: notifiers/batch_notifier.py). All servers share one lane of the outbox and send from its front, one at a time,
 * so that each guest's events arrive in order; while Nova is away they wait there. Nothing else waits with them.
 */
export class NovaLane {
  readonly #parts: NovaLaneParts;
  #pass: Promise<void> | null = null;
  /** Events came since the last look. */
  #woken = false;
  /** The next request is due then, by `performance.now()`. */
  #dueMs = 0;
  #endWait: (() => void) | null = null;
  #timer: NodeJS.Timeout | null = null;
  #closed = false;
  /** While Nova is away: since when, how often it was tried, and how many events were dropped. */
  #outage: { sinceMs: number; tries: number; dropped: number } | null = null;

  constructor(parts: NovaLaneParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#timer = setInterval(() => void this.#look(), LOOK_EVERY_MS);
    this.#timer.unref();
    this.wake();
  }

  /** Events were committed. */
  wake(): void {
    if (this.#closed) return;
    this.#woken = true;
    // For all that wait, not for whoever came first.
    this.#pass ??= causedBy([], () => this.#run());
  }

  /** Settles when what was noted has been sent, or could not be. */
  async idle(): Promise<void> {
    while (this.#pass) await this.#pass;
  }

  /** Sends what waits for its interval, unless Nova is away. What is left stays for the next start. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#timer) clearInterval(this.#timer);
    this.#endWait?.();
    const giveUp = setTimeout(() => this.#parts.nova.close(), CLOSE_AFTER_MS);
    await this.idle();
    clearTimeout(giveUp);
    this.#parts.nova.close();
  }

  async #look(): Promise<void> {
    if (this.#pass) return;
    // A database that is away is complained of by those who need it now.
    if (await laneWaits(this.#parts.database.db, NOVA_LANE).catch(() => false)) this.wake();
  }

  async #run(): Promise<void> {
    try {
      while (this.#woken) {
        await nextTurn();
        await this.#untilDue();
        if (this.#closed && this.#outage) return;
        this.#woken = false;
        if (await this.#sendNext()) this.#woken = !this.#closed;
      }
    } catch (error) {
      this.#parts.logger.error({ error }, 'sending events to Nova failed');
    } finally {
      this.#pass = null;
    }
  }

  async #untilDue(): Promise<void> {
    const restMs = this.#dueMs - performance.now();
    if (restMs <= 0 || this.#closed) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, restMs);
      this.#endWait = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#endWait = null;
  }

  /** @returns whether more wait */
  async #sendNext(): Promise<boolean> {
    const { database, nova, now, stopPoint } = this.#parts;
    const claim = { before: now() - LAPSES_AFTER_MS, now: now(), limit: BATCH };
    const rows = await database.transaction((tx) => claimLane(tx, NOVA_LANE, claim));
    if (rows.length === 0) return false;
    stopPoint('before_nova');
    const ids = rows.map(({ id }) => id);
    const hold = this.#hold(ids);
    try {
      await causedBy(causesOf(rows), () => nova.send(rows.map(eventOf), requestOf(rows)));
    } catch (error) {
      await hold.end();
      await this.#failed(ids, error);
      return false;
    }
    await hold.end();
    await database.transaction((tx) => deleteOutbox(tx, ids));
    this.#succeeded();
    const more = rows.length === BATCH;
    this.#dueMs = more ? 0 : performance.now() + nova.intervalMs;
    return more;
  }

  /** Says, while rows are being sent, that somebody is at it. */
  #hold(ids: readonly number[]): { end(): Promise<void> } {
    const { database, logger, now } = this.#parts;
    let renewing: Promise<void> = Promise.resolve();
    const renew = () =>
      database
        .transaction((tx) => holdOutbox(tx, ids, now()))
        .catch((error) => logger.debug({ error }, 'a claim on events could not be renewed'));
    const timer = setInterval(() => {
      renewing = renew();
    }, LOOK_EVERY_MS);
    return {
      end() {
        clearInterval(timer);
        return renewing;
      },
    };
  }

  async #failed(ids: readonly number[], error: unknown): Promise<void> {
    const { database, logger, now, nova } = this.#parts;
    if (!this.#outage && !this.#closed) logger.warn({ error }, 'Nova cannot be told; events wait');
    this.#outage ??= { sinceMs: now(), tries: 0, dropped: 0 };
    const retryMs = Math.max(nova.intervalMs, LOOK_EVERY_MS) * 2 ** this.#outage.tries++;
    this.#dueMs = performance.now() + Math.min(retryMs, RETRY_MOST_MS);
    const dropped = await database.transaction(async (tx) => {
      await releaseLane(tx, ids);
      return trimLane(tx, NOVA_LANE, { newerThan: now() - MOST_MS, rows: MOST_EVENTS });
    });
    if (dropped > 0 && this.#outage.dropped === 0) {
      const kept = { events: MOST_EVENTS, hours: MOST_MS / 3_600_000 };
      logger.error({ dropped, kept }, 'events for Nova are dropped: more wait than are kept, or for longer');
    }
    this.#outage.dropped += dropped;
  }

  #succeeded(): void {
    if (!this.#outage) return;
    const { sinceMs, dropped } = this.#outage;
    const seconds = Math.round((this.#parts.now() - sinceMs) / 1000);
    this.#parts.logger.info({ seconds, dropped }, 'Nova is told again');
    this.#outage = null;
  }
}

function eventOf({ action, resource_id, payload }: OutboxRow): ServerEvent {
  const { port_id, status } = JSON.parse(payload) as { port_id: string; status?: ServerEvent['status'] };
  return { name: action as ServerEvent['name'], server_uuid: resource_id, tag: port_id, ...(status && { status }) };
}

function causesOf(rows: readonly OutboxRow[]): readonly Cause[] {
  const causes = new CauseList();
  for (const row of rows) {
    const requestId = requestOf([row]);
    if (requestId !== null) causes.add([{ requestId, globalRequestId: null }]);
  }
  return causes.take();
}

/** The request that caused the newest of them. */
function requestOf(rows: readonly OutboxRow[]): string | null {
  return (JSON.parse(rows.at(-1)!.payload) as { request_id?: string }).request_id ?? null;
}
