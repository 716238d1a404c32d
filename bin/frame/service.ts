import type { Logger } from '../../src/lib/log.ts';
import { Notifier } from '../../src/linux/exec/notifier.ts';

/** Who started the program and waits for news of it: systemd, for a unit of `Type=notify`; otherwise nobody. */
export interface Service {
  /** Its own set-up is done: it serves, or waits for others who may come later. Only the first call counts. */
  readonly ready: () => void;
  /** How it is, in words for people (`systemctl status`); asked for now and then. */
  describe(status: () => string): void;
  stopping(): void;
  /** Resolves when all has been told. */
  close(): Promise<void>;
}

/** A start may take long where it waits for others (a database): it is given more time as long as it goes on. */
const EXTEND_MS = 30_000;
/** … but not for ever: what has not started by then never will. */
const EXTEND_LIMIT_MS = 600_000;
/** How often the words are looked at, where no watchdog asks more often. */
const STATUS_MS = 15_000;

const nobody: Service = { ready() {}, describe() {}, stopping() {}, async close() {} };

/**
 * The service manager of this process, as the environment names it. Takes the names out of it, so that no program started
 * later speaks in our name.
 */
export function openService(logger: Logger, env: NodeJS.ProcessEnv = process.env): Service {
  const { NOTIFY_SOCKET: socket, WATCHDOG_USEC: usec, WATCHDOG_PID: pid } = env;
  for (const name of ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID']) delete env[name];
  // A program that `neutrino up` started is a part of that, not the service.
  if (!socket || env.NEUTRINO_END_WITH_STDIN === '1') return nobody;
  const watchdogMs = usec !== undefined && (pid === undefined || Number(pid) === process.pid) ? Number(usec) / 1000 : 0;
  return new NotifiedService(new Notifier(socket, logger), watchdogMs > 0 ? watchdogMs : null);
}

class NotifiedService implements Service {
  readonly #notifier: Notifier;
  readonly #extending: NodeJS.Timeout;
  readonly #beating: NodeJS.Timeout;
  #status = () => '';
  #told = '';
  #phase: 'starting' | 'ready' | 'stopping' = 'starting';

  /** The timers are the loop's: one that hangs tells nothing, and is ended by the watchdog. */
  constructor(notifier: Notifier, watchdogMs: number | null) {
    this.#notifier = notifier;
    const startMs = performance.now();
    const extend = () => {
      if (performance.now() - startMs < EXTEND_LIMIT_MS)
        notifier.tell({ EXTEND_TIMEOUT_USEC: EXTEND_MS * 1000, ...this.#news() });
    };
    this.#extending = setInterval(extend, EXTEND_MS / 3).unref();
    const beat: Record<string, number> = watchdogMs === null ? {} : { WATCHDOG: 1 };
    const beatMs = watchdogMs === null ? STATUS_MS : Math.min(watchdogMs / 2, STATUS_MS);
    this.#beating = setInterval(() => this.#tell(beat), beatMs).unref();
  }

  readonly ready = (): void => {
    if (this.#phase !== 'starting') return;
    this.#phase = 'ready';
    clearInterval(this.#extending);
    this.#tell({ READY: 1 });
  };

  describe(status: () => string): void {
    this.#status = status;
    this.#tell({});
  }

  stopping(): void {
    if (this.#phase === 'stopping') return;
    this.#phase = 'stopping';
    clearInterval(this.#extending);
    this.#notifier.tell({ STOPPING: 1, STATUS: 'stopping' });
  }

  async close(): Promise<void> {
    clearInterval(this.#extending);
    clearInterval(this.#beating);
    await this.#notifier.close();
  }

  #tell(assignments: Record<string, string | number>): void {
    const all = { ...assignments, ...this.#news() };
    if (Object.keys(all).length > 0) this.#notifier.tell(all);
  }

  /** The status where it is another than the one told last. */
  #news(): { STATUS?: string } {
    const status = this.#phase === 'stopping' ? this.#told : this.#status();
    if (status === this.#told) return {};
    this.#told = status;
    return { STATUS: status };
  }
}
