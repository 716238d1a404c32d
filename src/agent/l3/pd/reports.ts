import type { Logger } from '../../../lib/log.ts';
import type { L3PluginApi } from '../../../rpc/contract.ts';

/** What comes of one answer is told in one call. */
const GATHER_MS = 50;
/** After a call that did not reach the server. */
const AGAIN_MS = 1_000;

/** Tells the server which prefixes subnets have: the newest word of each, until it was heard. */
export class PrefixReports {
  readonly #plugin: Pick<L3PluginApi, 'prefixUpdate'>;
  readonly #logger: Logger;
  readonly #waiting = new Map<string, string>();
  #timer: NodeJS.Timeout | null = null;
  #isSending = false;
  #closed = false;

  constructor(plugin: Pick<L3PluginApi, 'prefixUpdate'>, logger: Logger) {
    this.#plugin = plugin;
    this.#logger = logger;
  }

  /** @param prefix a block of 64 bits; `::/64`: none */
  add(subnetId: string, prefix: string): void {
    this.#waiting.set(subnetId, prefix);
    this.#later(GATHER_MS);
  }

  /** Whatever was not told yet is told by the next start. */
  close(): void {
    this.#closed = true;
    if (this.#timer) clearTimeout(this.#timer);
  }

  #later(ms: number): void {
    if (this.#closed || this.#isSending) return;
    this.#timer ??= setTimeout(() => void this.#flush(), ms);
  }

  async #flush(): Promise<void> {
    this.#timer = null;
    this.#isSending = true;
    const told = [...this.#waiting];
    this.#waiting.clear();
    let pauseMs = GATHER_MS;
    try {
      await this.#plugin.prefixUpdate(Object.fromEntries(told));
    } catch (error) {
      this.#logger.warn({ subnets: told.length, error: String(error) }, 'reporting prefixes failed, trying again');
      for (const [id, prefix] of told) if (!this.#waiting.has(id)) this.#waiting.set(id, prefix);
      pauseMs = AGAIN_MS;
    }
    this.#isSending = false;
    if (this.#waiting.size > 0) this.#later(pauseMs);
  }
}
