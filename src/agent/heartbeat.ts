import { randomUUID } from 'node:crypto';
import { type Logger, silentLogger } from '../lib/log.ts';
import { type AgentState, type ReportAnswer, reportTime, StateReports } from '../rpc/contract.ts';
import type { Transport } from '../rpc/transport.ts';
import type { LastError } from './last-error.ts';

/** Whether an agent and its server hear each other, in words for people. */
export function reportStatus({ awayMs }: Pick<Transport, 'awayMs'>, { isHeard }: Pick<Heartbeat, 'isHeard'>): string {
  if (awayMs > 0) return 'no connection to the message queue, trying again';
  return isHeard ? 'the server takes its reports' : 'waiting for the server to take its reports';
}

export type SyncReason = 'new' | 'revived' | 'back';

/** After so many intervals without an answer the server may have given this agent up, and said so in an answer that was lost. */
const UNHEARD_INTERVALS = 2;
/** After a failed report the next tries come after this, doubling up to the interval. */
const FIRST_RETRY_MS = 1_000;

export interface HeartbeatParts {
  transport: Transport;
  /** What to report now. Read from memory, at once: a beat must not wait for the host. */
  state: () => Omit<AgentState, 'start_flag' | 'uuid'>;
  /** `report_interval` in milliseconds (upstream's default is 30 s; agents count as dead after 75 s). */
  intervalMs: number;
  /**
   * Time to ask for everything again: the server did not know this agent or had given it up, or they did not hear each other
   * for a while. Once for each such while, and when the server knows again that this agent lives.
   */
  onFullSync?: (why: SyncReason) => void;
  /** Told among the agent's configurations: whoever does not know it passes it over. */
  errors?: { readonly last: LastError | null };
  logger?: Logger;
}

/**
 * Tells the server every `intervalMs` that this agent lives, with its configuration. Beats have a timer of their own on a
 * fixed grid and never wait for an answer or for the agent's work. A report that failed is repeated with growing pauses,
 * and at once when the connection is back; the full sync comes after its answer, so that there is one and not two. Until the first answer reports carry `start_flag`.
 */
export class Heartbeat {
  readonly #parts: HeartbeatParts;
  readonly #reports: StateReports;
  readonly #logger: Logger;
  readonly #firstAnswer = Promise.withResolvers<void>();
  #answered = false;
  #failures = 0;
  /** The connection came back since the last answer: what was said meanwhile may be lost. */
  #isBack = false;
  #heardAtMs: number | null = null;
  #closed = false;
  #startedAtMs = 0;
  /** Number of the grid point that the timer waits for. */
  #point = 0;
  #beat: NodeJS.Timeout | null = null;
  #retry: NodeJS.Timeout | null = null;
  #unsubscribe: (() => void) | null = null;

  constructor(parts: HeartbeatParts) {
    this.#parts = parts;
    this.#reports = new StateReports(parts.transport);
    this.#logger = parts.logger ?? silentLogger;
  }

  /** Whether the server took the last report. */
  get isHeard(): boolean {
    return this.#answered && this.#failures === 0;
  }

  /** Starts to beat, now. Settles with the first answer, or when the heartbeat is closed before one came. */
  start(): Promise<void> {
    this.#startedAtMs = performance.now();
    this.#unsubscribe = this.#parts.transport.onReconnect(() => {
      this.#isBack = true;
      void this.reportNow();
    });
    this.#scheduleBeat();
    void this.reportNow();
    return this.#firstAnswer.promise;
  }

  /** Reports once more, outside the grid: after a change worth telling, or at the end of a start-up. Never throws. */
  async reportNow(): Promise<void> {
    if (this.#closed) return;
    if (this.#retry) clearTimeout(this.#retry);
    this.#retry = null;
    try {
      const state: AgentState = { ...this.#withError(this.#parts.state()), uuid: randomUUID() };
      if (!this.#answered) state.start_flag = true;
      const answer = await this.#reports.report(state, reportTime(new Date()), { timeoutMs: this.#parts.intervalMs });
      this.#succeeded(answer);
    } catch (error) {
      this.#failed(error);
    }
  }

  #withError<T extends Pick<AgentState, 'configurations'>>(state: T): T {
    const last = this.#parts.errors?.last ?? null;
    return last === null ? state : { ...state, configurations: { ...state.configurations, last_error: last } };
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#unsubscribe?.();
    if (this.#beat) clearTimeout(this.#beat);
    if (this.#retry) clearTimeout(this.#retry);
    this.#firstAnswer.resolve();
  }

  /** The next point of the grid, so that slow answers and late timers do not add up; missed points are left out. */
  #scheduleBeat(): void {
    const { intervalMs } = this.#parts;
    const sinceStartMs = performance.now() - this.#startedAtMs;
    this.#point = Math.max(this.#point + 1, Math.ceil(sinceStartMs / intervalMs));
    const waitMs = Math.max(0, this.#point * intervalMs - sinceStartMs);
    this.#beat = setTimeout(() => {
      this.#scheduleBeat();
      void this.reportNow();
    }, waitMs);
  }

  #succeeded(answer: ReportAnswer | null): void {
    if (this.#closed) return;
    if (this.#failures > 0) this.#logger.info({ failures: this.#failures }, 'the server takes state reports again');
    this.#failures = 0;
    this.#answered = true;
    const unheardMs = this.#heardAtMs === null ? 0 : performance.now() - this.#heardAtMs;
    const isBack = this.#isBack || unheardMs > UNHEARD_INTERVALS * this.#parts.intervalMs;
    this.#isBack = false;
    this.#heardAtMs = performance.now();
    this.#firstAnswer.resolve();
    if (answer === 'new' || answer === 'revived') this.#parts.onFullSync?.(answer);
    else if (isBack) this.#parts.onFullSync?.('back');
  }

  #failed(error: unknown): void {
    if (this.#closed) return;
    this.#failures += 1;
    if (this.#failures === 1) this.#logger.warn({ error: String(error) }, 'state report failed, trying again');
    const waitMs = Math.min(FIRST_RETRY_MS * 2 ** (this.#failures - 1), this.#parts.intervalMs);
    if (this.#retry) clearTimeout(this.#retry);
    this.#retry = setTimeout(() => void this.reportNow(), waitMs);
  }
}
