/** What waited in a queue for a server that starts has been delivered by then. */
const DELIVERED_AFTER_MS = 20_000;
/** Reports that come closer than this show no pace. */
const PACE_FROM_MS = 500;

/**
 * Reports that were written before the server started say nothing about now: they waited in a queue (upstream: agents_db.py
 * `START_TIME`). But so does every report of an agent whose clock is behind, and that one lives. Left-overs come all at once,
 * right after the start; who lives reports at the pace of its own clock.
 */
export class LeftOverReports {
  readonly #startedAtMs: number;
  readonly #toleratedMs: number;
  readonly #elapsed: () => number;
  readonly #startedAtElapsed: number;
  /** The last old report of each agent: when it was written by its clock, and when it came by ours. */
  readonly #old = new Map<string, { sentAtMs: number; cameAtMs: number }>();

  /**
   * @param startedAtMs milliseconds since the epoch
   * @param toleratedMs what is older by no more than this is taken in any case
   * @param elapsed milliseconds of a clock that nobody sets
   */
  constructor(startedAtMs: number, toleratedMs: number, elapsed: () => number) {
    this.#startedAtMs = startedAtMs;
    this.#toleratedMs = toleratedMs;
    this.#elapsed = elapsed;
    this.#startedAtElapsed = elapsed();
  }

  /** @param agent its kind and host; @param sentAtMs its own clock, milliseconds since the epoch */
  has(agent: string, sentAtMs: number): boolean {
    const cameAtMs = this.#elapsed();
    const ageMs = this.#startedAtMs + (cameAtMs - this.#startedAtElapsed) - sentAtMs;
    if (sentAtMs >= this.#startedAtMs || ageMs <= this.#toleratedMs) return false;
    if (cameAtMs - this.#startedAtElapsed > DELIVERED_AFTER_MS) return false;
    const before = this.#old.get(agent);
    if (!before) {
      this.#old.set(agent, { sentAtMs, cameAtMs });
      return true;
    }
    const [sent, came] = [sentAtMs - before.sentAtMs, cameAtMs - before.cameAtMs];
    if (came < PACE_FROM_MS && sent < PACE_FROM_MS) return true;
    if (Math.abs(sent - came) <= came / 2) return false;
    this.#old.set(agent, { sentAtMs, cameAtMs });
    return true;
  }
}
