import type { Logger } from '../../lib/log.ts';
import type { L3PluginApi } from '../../rpc/contract.ts';
import type { Questions } from './questions.ts';
import { isRouterId } from './remove.ts';
import type { Routers } from './routers.ts';
import { priorities } from './worker.ts';

/** What full syncs did since the agent started. */
export interface SyncStatistics {
  /** Full syncs with the server, and those of them that failed. */
  readonly syncs: number;
  readonly failed: number;
  readonly seconds: number;
  /** When the last one that was done ended, in ms since the epoch. */
  readonly fullSyncAtMs: number | null;
}

export interface RouterSyncParts {
  plugin: Pick<L3PluginApi, 'routerIds'>;
  questions: Pick<Questions, 'askAll'>;
  routers: Pick<Routers, 'tick' | 'hand' | 'keepOnly' | 'dropIdle'>;
  /** Routers of whom something is on this host. */
  left: () => Promise<string[]>;
  logger: Logger;
  onDone: () => void;
  onFailed: (reason: string) => void;
}

/** Compares all routers with the server's word: those it has are made, all others go. */
export class RouterSync {
  readonly #parts: RouterSyncParts;
  readonly #statistics = { syncs: 0, failed: 0, seconds: 0, fullSyncAtMs: null as number | null };
  #closed = false;

  constructor(parts: RouterSyncParts) {
    this.#parts = parts;
  }

  get statistics(): SyncStatistics {
    return this.#statistics;
  }

  close(): void {
    this.#closed = true;
  }

  /** Never throws: what failed is told, and tried again by whoever is told. */
  async run(): Promise<void> {
    if (this.#closed) return;
    const { logger, onDone, onFailed } = this.#parts;
    const startedMs = performance.now();
    try {
      const routers = await this.#compare();
      if (routers === null) return;
      const tookMs = Math.round(performance.now() - startedMs);
      this.#statistics.syncs += 1;
      this.#statistics.seconds += tookMs / 1000;
      this.#statistics.fullSyncAtMs = Date.now();
      logger.info({ routers, took_ms: tookMs }, 'synchronized with the server');
      onDone();
    } catch (error) {
      this.#statistics.syncs += 1;
      this.#statistics.failed += 1;
      logger.warn({ error: String(error) }, 'sync failed, trying again');
      onFailed(String(error));
    }
  }

  /** @returns how many routers the server has for this host; null when it was closed meanwhile */
  async #compare(): Promise<number | null> {
    const { plugin, questions, routers, left } = this.#parts;
    const askedAt = routers.tick();
    const ids = (await plugin.routerIds()).filter(isRouterId);
    const work: Promise<unknown>[] = [];
    await questions.askAll(ids, {}, async (answer) => {
      work.push(...(await routers.hand(answer, priorities.sync)));
    });
    if (this.#closed) return null;
    work.push(...routers.keepOnly(new Set(ids), await left(), askedAt));
    await Promise.all(work);
    routers.dropIdle();
    return ids.length;
  }
}
