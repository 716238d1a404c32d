import type { Logger } from '../../lib/log.ts';
import type { L3PluginApi } from '../../rpc/contract.ts';
import type { Statuses } from './statuses.ts';

const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 10_000;

/** Tells the server what became of floating IPs; of each router the newest word, until it was heard. */
export class StatusReports {
  readonly #plugin: Pick<L3PluginApi, 'updateFloatingIpStatuses'>;
  readonly #logger: Logger;
  readonly #pending = new Map<string, Statuses>();
  readonly #sending = new Map<string, Promise<void>>();
  readonly #closing = new AbortController();

  constructor(plugin: Pick<L3PluginApi, 'updateFloatingIpStatuses'>, logger: Logger) {
    this.#plugin = plugin;
    this.#logger = logger;
  }

  add(routerId: string, statuses: Statuses): void {
    if (this.#closing.signal.aborted) return;
    this.#pending.set(routerId, { ...this.#pending.get(routerId), ...statuses });
    if (this.#sending.has(routerId)) return;
    const sending = this.#send(routerId).finally(() => this.#sending.delete(routerId));
    this.#sending.set(routerId, sending);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all(this.#sending.values());
  }

  async #send(routerId: string): Promise<void> {
    for (let failures = 0; ; ) {
      const statuses = this.#pending.get(routerId);
      if (!statuses) return;
      this.#pending.delete(routerId);
      try {
        await this.#plugin.updateFloatingIpStatuses(routerId, statuses);
        failures = 0;
      } catch (error) {
        failures += 1;
        if (this.#closing.signal.aborted) return;
        if (failures === 1) {
          const fields = { resource: 'router', id: routerId, error: String(error) };
          this.#logger.warn(fields, 'reporting floating IPs failed, trying again');
        }
        this.#pending.set(routerId, { ...statuses, ...this.#pending.get(routerId) });
        await this.#pause(Math.min(FIRST_PAUSE_MS * 2 ** (failures - 1), LONGEST_PAUSE_MS));
      }
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#closing.signal.addEventListener('abort', () => {
        clearTimeout(timer);
        resolve();
      });
    });
  }
}
