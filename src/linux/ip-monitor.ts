import type { Logger } from '../lib/log.ts';
import type { HelperExec, OpenCommand } from './exec/client.ts';

/** Until the monitor is seen to listen it is nudged this long after the last nudge was over. */
const NUDGE_MS = 20;
/** A monitor that died is started again after this, doubling up to the longest. */
const FIRST_RESTART_MS = 50;
const LONGEST_RESTART_MS = 5_000;

export interface IpMonitorParts {
  exec: HelperExec;
  logger: Logger;
  /** What is followed, in the words of `ip monitor`; `link` must be among it. */
  objects: readonly string[];
  onLine(line: string): void;
  /** It had to be started again: whatever happened meanwhile was not told. */
  onLost(): void;
}

/** Follows `ip -o monitor` and tells its lines; started again when it ends. */
export class IpMonitor {
  readonly #parts: IpMonitorParts;
  #command: OpenCommand | null = null;
  #restart: NodeJS.Timeout | null = null;
  #nudge: NodeJS.Timeout | null = null;
  #restartMs = FIRST_RESTART_MS;
  #listening = Promise.withResolvers<void>();
  #closed = false;

  constructor(parts: IpMonitorParts) {
    this.#parts = parts;
  }

  /** Settles when the monitor is known to hear: what is read from the kernel after that misses nothing. */
  async start(): Promise<void> {
    this.#open();
    await this.#listening.promise;
  }

  async close(): Promise<void> {
    this.#closed = true;
    if (this.#restart) clearTimeout(this.#restart);
    if (this.#nudge) clearTimeout(this.#nudge);
    this.#command?.close();
    this.#listening.resolve();
  }

  #open(): void {
    let rest = '';
    this.#command = this.#parts.exec.open(['ip', '-o', 'monitor', ...this.#parts.objects], {
      onOutput: (text) => {
        this.#heard();
        const lines = (rest + text).split('\n');
        rest = lines.pop() as string;
        for (const line of lines) this.#parts.onLine(line);
      },
      onExit: (stderr) => this.#ended(stderr),
    });
    this.#nudgeLater();
  }

  /** One at a time: where a command takes longer than the pause, they would pile up and be in the way of the monitor's start. */
  #nudgeLater(): void {
    const nudge = setTimeout(
      () => void this.#sendNudge().then(() => this.#nudge === nudge && this.#nudgeLater()),
      NUDGE_MS,
    );
    this.#nudge = nudge;
  }

  /**
   * `ip monitor` does not say when it listens. Setting the loopback device's group to what it is changes nothing and is
   * announced all the same.
   */
  async #sendNudge(): Promise<void> {
    try {
      await this.#parts.exec.run(['ip', 'link', 'set', 'dev', 'lo', 'group', 'default']);
    } catch {
      // Not allowed here, or the helper is away: the safety scan of the caller has to do.
      this.#heard();
    }
  }

  #heard(): void {
    if (this.#nudge === null) return;
    clearTimeout(this.#nudge);
    this.#nudge = null;
    this.#restartMs = FIRST_RESTART_MS;
    this.#listening.resolve();
  }

  #ended(stderr: string): void {
    if (this.#closed) return;
    if (this.#nudge) clearTimeout(this.#nudge);
    this.#nudge = null;
    this.#parts.logger.warn(
      { objects: this.#parts.objects, stderr: stderr.trim(), again_in_ms: this.#restartMs },
      'the monitor of the kernel ended',
    );
    this.#restart = setTimeout(() => {
      this.#listening = Promise.withResolvers<void>();
      this.#open();
      void this.#listening.promise.then(() => this.#closed || this.#parts.onLost());
    }, this.#restartMs);
    this.#restartMs = Math.min(this.#restartMs * 2, LONGEST_RESTART_MS);
  }
}
