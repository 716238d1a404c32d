import { CauseList, causedBy } from '../../lib/cause.ts';
import type { Logger } from '../../lib/log.ts';
import type { L3PluginApi, SendOptions, WireRouter } from '../../rpc/contract.ts';

/** Routers of one question at first, and at least (upstream's numbers). */
const MOST = 256;
const LEAST = 32;
/** Questions of messages under way at once. */
const CALLS = 4;
const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 10_000;

export interface Answer {
  /** Those that were asked for. */
  readonly ids: readonly string[];
  /** Those of them that are this agent's. */
  readonly routers: readonly WireRouter[];
  /** The agent's count when the question went out. */
  readonly askedAt: number;
}

/** Asks the server for routers: what comes in one burst goes in one question, and what got no answer is asked for again. */
export class Questions {
  readonly #plugin: Pick<L3PluginApi, 'syncRouters'>;
  readonly #logger: Logger;
  readonly #tick: () => number;
  readonly #onAnswer: (answer: Answer) => Promise<void>;
  readonly #pending = new Set<string>();
  readonly #causes = new CauseList();
  #chunk = MOST;
  #calls = 0;
  #isGathering = false;
  #failures = 0;
  #retry: NodeJS.Timeout | null = null;
  #closed = false;

  /** @param tick the agent's count, one further */
  constructor(parts: {
    plugin: Pick<L3PluginApi, 'syncRouters'>;
    logger: Logger;
    tick: () => number;
    onAnswer: (answer: Answer) => Promise<void>;
  }) {
    this.#plugin = parts.plugin;
    this.#logger = parts.logger;
    this.#tick = parts.tick;
    this.#onAnswer = parts.onAnswer;
  }

  /** Of messages: at once, and until it is answered. */
  add(ids: Iterable<string>): void {
    if (this.#closed) return;
    for (const id of ids) this.#pending.add(id);
    this.#causes.add();
    this.#begin();
  }

  /** No longer of interest. */
  forget(id: string): void {
    this.#pending.delete(id);
  }

  /**
   * Of a sync: part by part, each handed on as it comes. Few at first: the host is worked on while the server gathers the rest.
   *
   * @throws what the server answered, or MessagingTimeout
   */
  async askAll(
    ids: readonly string[],
    options: SendOptions,
    onAnswer: (answer: Answer) => Promise<void>,
  ): Promise<void> {
    for (let start = 0, size = LEAST; start < ids.length && !this.#closed; ) {
      const part = ids.slice(start, start + size);
      try {
        const askedAt = this.#tick();
        const routers = await this.#plugin.syncRouters(part, options);
        start += part.length;
        this.#chunk = Math.min(this.#chunk + LEAST, MOST);
        size = Math.min(size * 2, this.#chunk);
        await onAnswer({ ids: part, routers, askedAt });
      } catch (error) {
        if (!isTimeout(error) || size <= LEAST) throw error;
        size = Math.max(LEAST, Math.floor(size / 2));
        this.#chunk = size;
        this.#logger.warn({ routers: this.#chunk }, 'the server needed too long, asking for fewer routers at once');
      }
    }
  }

  close(): void {
    this.#closed = true;
    this.#pending.clear();
    if (this.#retry) clearTimeout(this.#retry);
  }

  #begin(): void {
    if (this.#isGathering || this.#retry || this.#calls >= CALLS || this.#pending.size === 0) return;
    this.#isGathering = true;
    // One turn of the loop: what came in one message, or in one read, goes together.
    setImmediate(() => {
      this.#isGathering = false;
      void this.#ask();
    });
  }

  async #ask(): Promise<void> {
    const ids = [...this.#pending].slice(0, this.#chunk);
    if (this.#closed || ids.length === 0) return;
    for (const id of ids) this.#pending.delete(id);
    const causes = this.#causes.take();
    this.#calls += 1;
    try {
      await causedBy(causes, async () => {
        const askedAt = this.#tick();
        const routers = await this.#plugin.syncRouters(ids);
        this.#failures = 0;
        if (!this.#closed) await this.#onAnswer({ ids, routers, askedAt });
      });
    } catch (error) {
      this.#failed(ids, error);
    } finally {
      this.#calls -= 1;
    }
    this.#begin();
  }

  #failed(ids: readonly string[], error: unknown): void {
    if (this.#closed) return;
    this.#failures += 1;
    if (this.#failures === 1) {
      this.#logger.warn({ routers: ids.length, error: String(error) }, 'asking for routers failed, trying again');
    }
    for (const id of ids) this.#pending.add(id);
    const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** (this.#failures - 1), LONGEST_PAUSE_MS);
    this.#retry ??= setTimeout(() => {
      this.#retry = null;
      this.#begin();
    }, pauseMs);
  }
}

function isTimeout(error: unknown): boolean {
  return error instanceof Error && error.name === 'MessagingTimeout';
}
