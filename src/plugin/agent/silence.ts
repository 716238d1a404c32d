import { newestHeartbeat } from '../../db/write/agents.ts';
import { isAlive } from '../dhcp/scheduler.ts';
import type { Shared } from '../parts.ts';

/** What a dead agent served moves after this many times `agent_down_time`. */
const DEAD_AFTER = 2;

/**
 * Whether the silence of agents means that they are dead. It does not when this server, its clock, the queue or the database
 * was held up: then agents get the time to report that makes the difference. Asked at regular intervals.
 */
export class Silence {
  /** How long an agent must be silent before what it serves moves. */
  readonly limitMs: number;
  /** So often is best asked. */
  readonly everyMs: number;
  readonly #shared: Shared;
  readonly #downMs: number;
  /** Both clocks at the last look, and until when nothing is moved, by the one that nobody sets. */
  #lastLook: { wallMs: number; elapsedMs: number };
  #quietUntilMs: number;

  constructor(shared: Shared) {
    const { agent_down_time } = shared.options.core;
    this.#shared = shared;
    this.#downMs = agent_down_time * 1000;
    this.limitMs = DEAD_AFTER * this.#downMs;
    this.everyMs = Math.max(Math.floor(agent_down_time / 2), 1) * 1000;
    this.#lastLook = { wallMs: shared.now(), elapsedMs: shared.elapsed() };
    // Where every server was away, agents need the time to report to the first that is there.
    this.#quietUntilMs = shared.elapsed() + this.#downMs;
  }

  /** @param wallMs the moment to judge by: the clock may be set at any time */
  async isTrusted(wallMs: number): Promise<boolean> {
    const { database, elapsed, logger, options } = this.#shared;
    const elapsedMs = elapsed();
    const since = { wallMs: wallMs - this.#lastLook.wallMs, elapsedMs: elapsedMs - this.#lastLook.elapsedMs };
    this.#lastLook = { wallMs, elapsedMs };
    const late = since.elapsedMs > this.everyMs + this.#downMs;
    // Backwards makes nobody dead.
    const jumped = since.wallMs - since.elapsedMs > this.#downMs;
    const newest = await newestHeartbeat(database.db);
    const allSilent = newest !== null && !isAlive(newest, wallMs, options.core);
    if (late || jumped || allSilent) {
      const why = jumped ? 'the clock was set' : late ? 'this server did not look for long' : 'no agent reports at all';
      if (this.#quietUntilMs < elapsedMs)
        logger.warn({ why }, 'waiting for agents to report before any counts as dead');
      this.#quietUntilMs = Math.max(this.#quietUntilMs, elapsedMs + this.limitMs);
    }
    return elapsedMs >= this.#quietUntilMs;
  }
}
