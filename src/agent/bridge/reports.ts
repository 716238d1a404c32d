import { type Cause, causedBy, currentCauses } from '../../lib/cause.ts';
import type { Logger } from '../../lib/log.ts';
import { type AgentIdentity, PluginApi } from '../../rpc/contract.ts';
import type { Transport } from '../../rpc/transport.ts';

/** So many devices are reported at the same time. */
const CONCURRENCY = 16;
const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 30_000;

export type DeviceState = 'up' | 'down';

interface Word {
  readonly state: DeviceState;
  readonly causes: readonly Cause[];
}

/**
 * Tells the server which devices are up and which are not: side by side, the newest word on a device only, and again
 * until the server has taken it. Does not hold up the work on the host.
 */
export class DeviceReports {
  readonly #plugin: PluginApi;
  readonly #identity: () => AgentIdentity;
  readonly #logger: Logger;
  readonly #pending = new Map<string, Word>();
  readonly #underWay = new Set<string>();
  readonly #unsubscribe: () => void;
  #retryMs = FIRST_RETRY_MS;
  #retry: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(parts: { transport: Transport; identity: () => AgentIdentity; logger: Logger }) {
    this.#plugin = new PluginApi(parts.transport);
    this.#identity = parts.identity;
    this.#logger = parts.logger;
    this.#unsubscribe = parts.transport.onReconnect(() => this.#drain());
  }

  report(device: string, state: DeviceState): void {
    this.#pending.set(device, { state, causes: currentCauses() });
    if (this.#retry === null) this.#drain();
  }

  /** Drops what was not told yet: the server will be asked for details of it anew. */
  forget(device: string): void {
    this.#pending.delete(device);
  }

  /** How many words are not with the server yet. */
  get waiting(): number {
    return this.#pending.size + this.#underWay.size;
  }

  close(): void {
    this.#closed = true;
    this.#unsubscribe();
    if (this.#retry) clearTimeout(this.#retry);
  }

  #drain(): void {
    if (this.#closed) return;
    if (this.#retry) clearTimeout(this.#retry);
    this.#retry = null;
    for (const [device, word] of this.#pending) {
      if (this.#underWay.size >= CONCURRENCY) return;
      // Two words on one device must arrive in order: the second waits for the first.
      if (this.#underWay.has(device)) continue;
      this.#pending.delete(device);
      this.#underWay.add(device);
      void causedBy(word.causes, () => this.#tell(device, word));
    }
  }

  async #tell(device: string, word: Word): Promise<void> {
    const { state } = word;
    try {
      if (state === 'up') await this.#plugin.updateDeviceUp(this.#identity(), device);
      else await this.#plugin.updateDeviceDown(this.#identity(), device);
      this.#retryMs = FIRST_RETRY_MS;
      this.#underWay.delete(device);
      this.#logger.debug({ device, state }, 'Told the server the state of a device');
    } catch (error) {
      this.#underWay.delete(device);
      if (this.#closed) return;
      if (!this.#pending.has(device)) this.#pending.set(device, word);
      this.#logger.warn({ device, state, error: String(error) }, 'The server did not take the state of a device');
      this.#retryLater();
      return;
    }
    if (this.#retry === null) this.#drain();
  }

  #retryLater(): void {
    if (this.#retry !== null) return;
    this.#retry = setTimeout(() => this.#drain(), this.#retryMs);
    this.#retryMs = Math.min(this.#retryMs * 2, LONGEST_RETRY_MS);
  }
}
