import { classOf } from '../../lib/durations.ts';
import type { Logger } from '../../lib/log.ts';
import { LOAD_STEP_MS, type Load } from '../../plugin/usage/usage.ts';
import type { Answered } from '../answered.ts';

/** What is no use of the API: load balancers, and the dashboard's own files and streams. */
const NOT_COUNTED = new Set(['healthcheck', 'dashboard', 'docs', 'versions']);

/** Counts what this process answers, and has it noted once a step, when there was anything. */
export class LoadMeter {
  readonly #note: (load: Load) => Promise<void>;
  readonly #logger: Logger;
  readonly #stepMs: number;
  #requests = 0;
  #errors = 0;
  #durations: Record<string, number> = {};
  #timer: NodeJS.Timeout | null = null;

  constructor(parts: { note: (load: Load) => Promise<void>; logger: Logger; stepMs?: number }) {
    this.#note = parts.note;
    this.#logger = parts.logger;
    this.#stepMs = parts.stepMs ?? LOAD_STEP_MS;
  }

  count({ resource, status, ms }: Pick<Answered, 'resource' | 'status' | 'ms'>): void {
    if (NOT_COUNTED.has(resource)) return;
    this.#requests += 1;
    if (status >= 500) this.#errors += 1;
    const name = classOf(ms);
    this.#durations[name] = (this.#durations[name] ?? 0) + 1;
    this.#timer ??= setTimeout(() => this.#tell(), this.#stepMs).unref();
  }

  /** What was counted last is not told: the database may go at the same time. */
  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #tell(): void {
    this.#timer = null;
    const load = { requests: this.#requests, errors: this.#errors, durations: this.#durations };
    this.#requests = 0;
    this.#errors = 0;
    this.#durations = {};
    this.#note(load).catch((error) => this.#logger.debug({ error }, 'a sample of the load was not written'));
  }
}
