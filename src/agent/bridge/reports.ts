import { type Cause, CauseList, causedBy, currentCauses } from '../../lib/cause.ts';
import type { Logger } from '../../lib/log.ts';
import { type AgentIdentity, PluginApi } from '../../rpc/contract.ts';
import type { Transport } from '../../rpc/transport.ts';

/** So many calls are under way at the same time. */
const CONCURRENCY = 4;
/** So many devices go into one call: Python's server takes up to a tenth of a second for each, and a minute is its limit. */
const LIST_LENGTH = 100;
const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 30_000;

export type DeviceState = 'up' | 'down';

interface Word {
  readonly state: DeviceState;
  readonly causes: readonly Cause[];
}

/**
 * Tells the server which devices are up and which are not: what one pass found out in one call (a transaction of the
 * server's, not one for each device), the newest word on a device only, and again until the server has taken it. Does not
 * hold up the work on the host.
 */
export class DeviceReports {
  readonly #plugin: PluginApi;
  readonly #identity: () => AgentIdentity;
  readonly #logger: Logger;
  readonly #pending = new Map<string, Word>();
  readonly #underWay = new Set<string>();
  #calls = 0;
  #isDraining = false;
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
    if (this.#retry === null) this.#drainSoon();
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

  /** When the pass has said all it has to say. */
  #drainSoon(): void {
    if (this.#isDraining) return;
    this.#isDraining = true;
    queueMicrotask(() => {
      this.#isDraining = false;
      this.#drain();
    });
  }

  #drain(): void {
    if (this.#closed) return;
    if (this.#retry) clearTimeout(this.#retry);
    this.#retry = null;
    while (this.#calls < CONCURRENCY) {
      const words = this.#nextWords();
      if (words.size === 0) return;
      const causes = new CauseList();
      for (const word of words.values()) causes.add(word.causes);
      void causedBy(causes.take(), () => this.#tell(words));
    }
  }

  /** Two words on one device must arrive in order: the second waits for the first. */
  #nextWords(): Map<string, Word> {
    const words = new Map<string, Word>();
    for (const [device, word] of this.#pending) {
      if (this.#underWay.has(device)) continue;
      words.set(device, word);
      if (words.size === LIST_LENGTH) break;
    }
    for (const device of words.keys()) {
      this.#pending.delete(device);
      this.#underWay.add(device);
    }
    return words;
  }

  async #tell(words: ReadonlyMap<string, Word>): Promise<void> {
    this.#calls += 1;
    let again: readonly string[];
    let error = 'it says so';
    try {
      again = await this.#send(words);
    } catch (failure) {
      again = [...words.keys()];
      error = String(failure);
    }
    this.#calls -= 1;
    for (const device of words.keys()) this.#underWay.delete(device);
    if (this.#closed) return;
    for (const device of again) if (!this.#pending.has(device)) this.#pending.set(device, words.get(device)!);
    if (again.length > 0) {
      this.#logger.warn({ devices: again, error }, 'The server did not take the state of devices');
      this.#retryLater();
      return;
    }
    this.#retryMs = FIRST_RETRY_MS;
    if (this.#retry === null) this.#drain();
  }

  /** @returns devices whose state the server did not take. @throws MessagingTimeout, RemoteError */
  async #send(words: ReadonlyMap<string, Word>): Promise<string[]> {
    const [up, down] = (['up', 'down'] as const).map((wanted) =>
      [...words].filter(([, { state }]) => state === wanted).map(([device]) => device),
    ) as [string[], string[]];
    const failed: string[] = [];
    if (words.size > 1) {
      const answer = await this.#plugin.updateDeviceList(this.#identity(), up, down);
      failed.push(
        ...[...answer.failed_devices_up, ...answer.failed_devices_down].filter((device) => words.has(device)),
      );
    } else {
      for (const device of up) await this.#plugin.updateDeviceUp(this.#identity(), device);
      for (const device of down) await this.#plugin.updateDeviceDown(this.#identity(), device);
    }
    const told = (list: string[]) => list.filter((device) => !failed.includes(device));
    this.#logger.debug({ up: told(up), down: told(down) }, 'Told the server the state of devices');
    return failed;
  }

  #retryLater(): void {
    if (this.#retry !== null) return;
    this.#retry = setTimeout(() => this.#drain(), this.#retryMs);
    this.#retryMs = Math.min(this.#retryMs * 2, LONGEST_RETRY_MS);
  }
}
