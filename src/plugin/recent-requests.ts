import type { Cause } from '../lib/cause.ts';

/** Ports that are remembered: those of the last minutes even while many are made. */
const MOST = 4096;

/**
 * Which request made or changed a port last. An agent hears of a new port only when its tap appears, and then asks for it:
 * the answer names the request, so that it can be followed to the agent's commands. A convenience, so in memory only.
 */
export class RecentRequests {
  readonly #ids = new Map<string, string>();

  note(portId: string, { requestId }: Cause): void {
    this.#ids.delete(portId);
    this.#ids.set(portId, requestId);
    if (this.#ids.size > MOST) this.#ids.delete(this.#ids.keys().next().value!);
  }

  of(portId: string): string | undefined {
    return this.#ids.get(portId);
  }
}
