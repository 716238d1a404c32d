import { type Logger, silentLogger } from '../lib/log.ts';

/** What went wrong last, as the reports of an agent carry it (`configurations.last_error`). */
export interface LastError {
  /** ISO 8601, this host's clock. */
  readonly at: string;
  /** In a line; what the log says, shortened. */
  readonly what: string;
  /** How often something went wrong since this agent started. */
  readonly count: number;
}

/** Upstream's server keeps 4,095 characters of all that an agent reports of itself; most of them are others'. */
const LONGEST = 300;

/**
 * A logger that remembers the last failure: every error, and the warnings that name one. So a part of an agent need only
 * say in the log what went wrong, and whoever looks at the agent from elsewhere sees it, too.
 */
export class ErrorMemory implements Logger {
  readonly #logger: Logger;
  readonly #now: () => number;
  #last: LastError | null = null;

  constructor(logger: Logger = silentLogger, now: () => number = Date.now) {
    this.#logger = logger;
    this.#now = now;
  }

  /** Null: nothing went wrong since the start. */
  get last(): LastError | null {
    return this.#last;
  }

  debug(fields: object, message: string): void {
    this.#logger.debug(fields, message);
  }

  info(fields: object, message: string): void {
    this.#logger.info(fields, message);
  }

  warn(fields: object, message: string): void {
    if (reasonOf(fields) !== null) this.#remember(fields, message);
    this.#logger.warn(fields, message);
  }

  error(fields: object, message: string): void {
    this.#remember(fields, message);
    this.#logger.error(fields, message);
  }

  #remember(fields: object, message: string): void {
    const { resource, id, device } = fields as Record<string, unknown>;
    const subject = [resource, id, device].filter((part) => typeof part === 'string').join(' ');
    const reason = reasonOf(fields);
    const what = [message, ...(subject ? [` (${subject})`] : []), ...(reason ? [`: ${reason}`] : [])].join('');
    const line = what.replace(/\s+/g, ' ').trim();
    const count = (this.#last?.count ?? 0) + 1;
    this.#last = { at: new Date(this.#now()).toISOString(), what: shortened(line), count };
  }
}

/** Why it failed, by the names that log lines of agents have for it. */
function reasonOf(fields: object): string | null {
  const { error, reason, failed } = fields as Record<string, unknown>;
  const why = error ?? reason ?? (Array.isArray(failed) ? failed[0] : failed);
  if (why === undefined || why === null || why === '') return null;
  return why instanceof Error ? why.message : String(why);
}

function shortened(text: string): string {
  const letters = [...text];
  return letters.length <= LONGEST ? text : `${letters.slice(0, LONGEST - 1).join('')}…`;
}
