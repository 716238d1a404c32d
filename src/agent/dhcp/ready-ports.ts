import { CauseList, causedBy } from '../../lib/cause.ts';
import { type Logger, silentLogger } from '../../lib/log.ts';
import type { PluginApi } from '../../rpc/contract.ts';

/** Most ports of one call (upstream's number). */
const BATCH = 64;
const RETRY_MS = 200;

/**
 * Tells the server which ports have their reservation: until then they do not become ACTIVE. The first goes out at once;
 * what comes while a call is under way goes with the next one. Failed calls are repeated, with what came since.
 */
export class ReadyPorts {
  readonly #plugin: PluginApi;
  readonly #logger: Logger;
  readonly #first = new Set<string>();
  readonly #rest = new Set<string>();
  /** Of what was added since the last call. */
  readonly #causes = new CauseList();
  #sending: Promise<void> | null = null;
  #wake: (() => void) | null = null;
  #closed = false;

  constructor(plugin: PluginApi, logger: Logger = silentLogger) {
    this.#plugin = plugin;
    this.#logger = logger;
  }

  /** Ports somebody waits for (`first`: just created or changed) and those of a sync. */
  add(first: Iterable<string>, rest: Iterable<string> = []): void {
    for (const id of first) this.#first.add(id);
    for (const id of rest) if (!this.#first.has(id)) this.#rest.add(id);
    this.#causes.add();
    if (this.#first.size + this.#rest.size > 0 && !this.#closed) this.#sending ??= this.#send();
  }

  /** A deleted port needs no report. */
  forget(portId: string): void {
    this.#first.delete(portId);
    this.#rest.delete(portId);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#wake?.();
    await this.#sending;
  }

  async #send(): Promise<void> {
    // One turn of the loop, so that ports of one burst go together.
    await new Promise((resolve) => setImmediate(resolve));
    let failures = 0;
    while (!this.#closed) {
      const ids = this.#take();
      if (ids.length === 0) break;
      const causes = this.#causes.take();
      try {
        await causedBy(causes, () => this.#plugin.dhcpReadyOnPorts(ids));
        failures = 0;
      } catch (error) {
        failures += 1;
        if (failures === 1)
          this.#logger.warn({ ports: ids.length, error: String(error) }, 'reporting ready ports failed, trying again');
        for (const id of ids) this.#rest.add(id);
        this.#causes.add(causes);
        await this.#pause(Math.min(RETRY_MS * 2 ** (failures - 1), 5_000));
      }
    }
    this.#sending = null;
  }

  #take(): string[] {
    const ids = [...this.#first, ...this.#rest].slice(0, BATCH);
    for (const id of ids) this.forget(id);
    return ids;
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
