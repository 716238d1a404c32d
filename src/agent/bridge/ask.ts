import { type Cause, CauseList } from '../../lib/cause.ts';
import type { Logger } from '../../lib/log.ts';
import { type AgentIdentity, PluginApi } from '../../rpc/contract.ts';
import type { Transport } from '../../rpc/transport.ts';
import { dryRunQuestion } from '../dry-run.ts';
import type { Devices } from './devices.ts';

/** So many devices are asked for in one call. */
const DETAILS_CHUNK = 500;
/** While the server cannot be asked, it is asked again after this, doubling up to the longest. */
const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 20_000;

export interface Asked {
  /** How many devices the server told of. */
  asked: number;
  failed: boolean;
  /** Who made the ports of taps that came. */
  causes: readonly Cause[];
}

/** Asks the server for the devices that are new or changed. The host is kept as it is while nobody answers. */
export class DeviceQuestions {
  readonly #plugin: PluginApi;
  readonly #identity: () => AgentIdentity;
  readonly #devices: Devices;
  readonly #logger: Logger;
  /** Devices whose answer is under way and counts. */
  readonly #awaited = new Set<string>();
  #retryMs = FIRST_RETRY_MS;

  constructor(parts: { transport: Transport; identity: () => AgentIdentity; devices: Devices; logger: Logger }) {
    this.#plugin = new PluginApi(parts.transport);
    this.#identity = parts.identity;
    this.#devices = parts.devices;
    this.#logger = parts.logger;
  }

  async ask(): Promise<Asked> {
    const causes = new CauseList();
    causes.add();
    const stale = this.#devices.stale();
    for (let start = 0; start < stale.length; start += DETAILS_CHUNK) {
      const chunk = stale.slice(start, start + DETAILS_CHUNK);
      for (const device of chunk) device.stale = false;
      const names = chunk.map((device) => device.name);
      for (const name of names) this.#awaited.add(name);
      try {
        for (const details of await this.#plugin.getDevicesDetailsList(this.#identity(), names)) {
          if (!this.#awaited.has(details.device)) continue;
          this.#devices.learn(details);
          if (details.request_id) causes.add([{ requestId: details.request_id, globalRequestId: null }]);
        }
        this.#retryMs = FIRST_RETRY_MS;
      } catch (error) {
        for (const device of stale.slice(start)) device.stale = true;
        this.#logger.warn({ devices: stale.length, error: String(error) }, 'The server did not tell of the devices');
        return { asked: start, failed: true, causes: causes.take() };
      } finally {
        this.#awaited.clear();
      }
    }
    return { asked: stale.length, failed: false, causes: causes.take() };
  }

  /** The port of a device is no more: an answer that is under way is older, and does not count. */
  forget(name: string): void {
    this.#awaited.delete(name);
  }

  /**
   * The same without changing anything on the server.
   *
   * @throws MessagingTimeout, RemoteError
   */
  async askForDryRun(): Promise<void> {
    const names = this.#devices.stale().map((device) => device.name);
    for (let start = 0; start < names.length; start += DETAILS_CHUNK) {
      const chunk = names.slice(start, start + DETAILS_CHUNK);
      const answers = await this.#plugin.getDevicesDetailsList(this.#identity(), chunk, dryRunQuestion());
      for (const details of answers) this.#devices.learn(details);
    }
  }

  /** In how many milliseconds to ask again after a failure. */
  nextRetry(): number {
    const waitMs = this.#retryMs;
    this.#retryMs = Math.min(this.#retryMs * 2, LONGEST_RETRY_MS);
    return waitMs;
  }
}
